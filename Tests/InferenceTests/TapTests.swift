import Inference
import Testing

struct TapTests {
    @Test(arguments: Architecture.allCases)
    func `every tap's name gives the tap back`(architecture: Architecture) {
        for tap in VGG.taps(architecture) {
            #expect(Tap(tap.description) == tap)
        }
    }

    @Test(arguments: [
        "", "conv", "conv1", "conv1_", "conv1_0", "conv1_5", "conv6_1", "conv0_1", "conv1_1_1",
        "conv+1_1", "conv01_1", "conv1_+1", "pool", "pool0", "pool6", "pool1_1", "pool1_",
        "Relu1_1",
        "relu1-1", "fc6", "conv1_1 ", "conv99999999999999999999_1", "pool１",
    ])
    func `what is not a layer name is no tap`(name: String) {
        #expect(Tap(name) == nil)
    }

    @Test func `a convolution is before its ReLU`() {
        let tap = Tap("conv3_2")
        #expect(tap?.kind == .conv)
        #expect(tap?.block == 3)
        #expect(tap?.index == 2)
        #expect(Tap(kind: .relu, block: 3, index: 2)?.description == "relu3_2")
        #expect(Tap(kind: .pool, block: 3)?.description == "pool3")
        #expect(Tap(kind: .pool, block: 3, index: 1) == nil)
    }
}

struct VGGTests {
    // torchvision/models/vgg.py, configurations D and E.
    @Test func `convolutions have torchvision's indices`() {
        #expect(
            VGG.convolutions(.vgg16).map(\.featureIndex)
                == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28])
        #expect(
            VGG.convolutions(.vgg19).map(\.featureIndex)
                == [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34])
    }

    @Test func `channels are those of the paper`() {
        let shapes = VGG.convolutions(.vgg16)
        #expect(
            shapes.map(\.outChannels)
                == [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512])
        #expect(shapes.map(\.inChannels) == [3] + shapes.map(\.outChannels).dropLast())
    }

    @Test func `taps are in the order of the network`() {
        let names = VGG.taps(.vgg16).map(\.description)
        #expect(names.count == 31)
        #expect(
            names.prefix(6) == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1"])
        #expect(names.last == "pool5")
        #expect(VGG.taps(.vgg19).count == 37)
        #expect(Tap("conv3_4").flatMap { VGG.position(of: $0, in: .vgg16) } == nil)
        #expect(Tap("conv3_4").flatMap { VGG.position(of: $0, in: .vgg19) } != nil)
    }

    @Test(arguments: [
        ("conv1_1", 1, 64, 97, 61), ("pool1", 2, 64, 48, 30), ("relu2_2", 2, 128, 48, 30),
        ("pool3", 8, 256, 12, 7), ("conv5_3", 16, 512, 6, 3), ("pool5", 32, 512, 3, 1),
    ])
    func `sizes halve and round down at each pool`(
        name: String, minimum: Int, channels: Int, height: Int, width: Int
    ) throws {
        let tap = try #require(Tap(name))
        #expect(NetworkVariant(.vgg19).minimumSide(for: tap) == minimum)
        #expect(
            NetworkVariant(.vgg19).shape(of: tap, height: 97, width: 61) == (
                channels, height, width
            ))
        #expect(NetworkVariant(.vgg19).shape(of: tap, height: minimum, width: minimum).height == 1)
    }
}
