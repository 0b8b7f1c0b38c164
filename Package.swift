// swift-tools-version: 6.2
import PackageDescription

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "styleloss",
    products: [
        .executable(name: "styleloss", targets: ["styleloss"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // C: what Swift cannot say.
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16"), .linkedLibrary("z")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CResources", exclude: ["LICENSE-weights.md", "page"]),
        .target(name: "CKernels"),
        .target(name: "CMalloc"),
        // For Benchmarks alone.
        .target(name: "CPeak"),

        // Leaves that know nothing of each other.
        .target(
            name: "HTTP", dependencies: [httpTypes], swiftSettings: [.strictMemorySafety()]),
        .target(
            name: "Codecs", dependencies: ["CJPEG", "CPNG", "CZlib"],
            swiftSettings: [.strictMemorySafety()]),
        .target(name: "Inference", dependencies: ["CKernels"]),

        // The composition, and the programs on top of it.
        .target(
            name: "Service",
            dependencies: [
                "CMalloc", "CResources", "Codecs", "HTTP", "Inference", crypto, httpTypes, logging,
            ], swiftSettings: [.strictMemorySafety()]),
        .executableTarget(
            name: "styleloss", dependencies: ["Codecs", "HTTP", "Inference", "Service"]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["CMalloc", "CPeak", "Codecs", "HTTP", "Inference", "Service"]),

        // Optimised in debug builds too: the slow twins are slow enough as it is.
        .target(
            name: "TestSupport", dependencies: ["Inference"], path: "Tests/TestSupport",
            swiftSettings: [.unsafeFlags(["-O"])]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport", httpTypes]),
        .testTarget(
            name: "CodecsTests", dependencies: ["Codecs", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["CKernels", "Codecs", "Inference", "TestSupport"]),
        .testTarget(
            name: "ServiceTests",
            dependencies: ["Codecs", "HTTP", "Inference", "Service", "TestSupport", crypto]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets {
    switch target.type {
    case .executable, .regular, .test:
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
        target.cSettings = [.treatAllWarnings(as: .error)]
    default: break
    }
}
