// The engine at any size, set of taps, stack and number of workers: the bits of one image do not
// depend on the others or on who computes them.

import Inference
import TestSupport

private let extractor = Extractor(network: TestNetworks.vgg16)
private let pools = (1...4).map { WorkerPool(workers: $0) }

func test(_ bytes: [UInt8]) {
    guard bytes.count >= 6 else { return }
    let (width, height) = (1 + Int(bytes[0]) % 96, 1 + Int(bytes[1]) % 96)
    let images = (0..<1 + Int(bytes[2]) % 3).map {
        TestNetworks.image(width: width, height: height, seed: $0)
    }
    // As far as pool2: deeper layers are the same code with other numbers of channels.
    let known = VGG.taps(.vgg16).prefix { $0.description != "conv3_1" }
    let mask = Int(bytes[3]) | Int(bytes[4]) << 8
    let taps = known.enumerated().compactMap { mask >> $0.offset & 1 == 1 ? $0.element : nil }
    let pool = pools[Int(bytes[5]) % pools.count]
    guard let alone = features(Array(images[..<1]), taps, pools[0]) else { return }
    precondition(features(images, taps, pool) == alone)
}

/// The maps of the first image; nil where it is too small for a tap.
private func features(_ images: [Image], _ taps: [Tap], _ pool: WorkerPool) -> [[Float]]? {
    let results = try? pool.runAndWait { team in
        try extractor.run(
            images: images, demands: taps.map { TapDemand(tap: $0, FeatureDemand(maps: [0])) },
            team: team)
    }
    return results?.compactMap { result in
        result.maps[0].map { map in
            let count = map.channels * map.height * map.width
            return [Float](unsafeUninitializedCapacity: count) { values, initializedCount in
                map.copyCHW(into: UnsafeMutableBufferPointer(rebasing: values[..<count]), check: {})
                initializedCount = count
            }
        }
    }
}
