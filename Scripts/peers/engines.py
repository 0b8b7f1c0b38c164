"""Times what people would use instead, in the process, on the standard workloads of `Benchmarks`.

    engines.py ENGINE WORKLOAD [THREADS]    prints the median in milliseconds

ENGINE is torch, torch_cl (channels_last), ort (ONNX Runtime), ov or ov_bf16 (OpenVINO), or numpy
(features only); WORKLOAD is W1 ... W4, large-SIDE, or features. Weights are He-normal: speed does not
depend on them.
"""

import os
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn

CHANNELS = {
    "vgg16": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "vgg19": [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512,
              512, 512, "M"],
}
POOLS = ["pool1", "pool2", "pool3"]
WORKLOADS = {
    "W1": ("vgg16", POOLS, 256, 1),
    "W2": ("vgg16", ["relu1_2", "relu2_2", "relu3_3", "relu4_3"], 256, 1),
    "W3": ("vgg19", ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"], 512, 1),
    "W4": ("vgg16", ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"], 224, 8),
}


class Extractor(nn.Module):
    def __init__(self, architecture, taps):
        super().__init__()
        layers, names, channels, block, index = [], [], 3, 1, 1
        generator = torch.Generator().manual_seed(0)
        for width in CHANNELS[architecture]:
            if width == "M":
                layers.append(nn.MaxPool2d(2))
                names.append(f"pool{block}")
                block, index = block + 1, 1
                continue
            convolution = nn.Conv2d(channels, width, 3, padding=1)
            deviation = (2 / (9 * channels)) ** 0.5
            convolution.weight.data = deviation * torch.randn(
                convolution.weight.shape, generator=generator)
            convolution.bias.data.zero_()
            layers.append(nn.Sequential(convolution, nn.ReLU(inplace=True)))
            names.append(f"relu{block}_{index}")
            channels, index = width, index + 1
        last = max(names.index(tap) for tap in taps)
        self.names, self.taps = names[: last + 1], set(taps)
        self.layers = nn.ModuleList(layers[: last + 1])

    def forward(self, x):
        features = []
        for name, layer in zip(self.names, self.layers):
            x = layer(x)
            if name in self.taps:
                features.append(x)
        return features


def gram(features):
    b, c, h, w = features.shape
    features = features.reshape(b, c, h * w)
    return torch.bmm(features, features.transpose(1, 2)) / (c * h * w)


class Losses(nn.Module):
    def __init__(self, architecture, taps):
        super().__init__()
        self.extractor = Extractor(architecture, taps)

    def forward(self, output, target):
        n = output.shape[0]
        if n == 1 and output.shape[2] >= 1024:
            # One image after the other: a pair of 4096x4096 at once took more than 24 GB.
            pairs = zip(self.extractor(output), self.extractor(target))
            features = [torch.cat(pair) for pair in pairs]
        else:
            features = self.extractor(torch.cat([output, target]))
        style = [(gram(f[:n]) - gram(f[n:])).abs().mean((1, 2)) for f in features]
        perceptual = [(f[:n] - f[n:]).abs().mean((1, 2, 3)) for f in features]
        return torch.stack(style), torch.stack(perceptual)


def runner(engine, workload):
    if workload == "features":
        return features_runner(engine)
    if workload.startswith("large-"):
        architecture, taps, side, pairs = "vgg16", POOLS, int(workload[6:]), 1
    else:
        architecture, taps, side, pairs = WORKLOADS[workload]
    model = Losses(architecture, taps).eval()
    output, target = (torch.rand(pairs, 3, side, side) for _ in range(2))
    if engine == "torch":
        return lambda: model(output, target)
    if engine == "torch_cl":
        model = model.to(memory_format=torch.channels_last)
        output = output.contiguous(memory_format=torch.channels_last)
        target = target.contiguous(memory_format=torch.channels_last)
        return lambda: model(output, target)
    arrays = output.numpy(), target.numpy()
    if engine == "ort":
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "losses.onnx")
            torch.onnx.export(
                model, (output, target), path, dynamo=False, input_names=["output", "target"])
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"output": arrays[0], "target": arrays[1]})
    if engine in ("ov", "ov_bf16"):
        import openvino

        converted = openvino.convert_model(model, example_input=(output, target))
        compiled = openvino.Core().compile_model(converted, "CPU", {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "f32" if engine == "ov" else "bf16",
        })
        return lambda: compiled(arrays)
    sys.exit(f"unknown engine {engine}")


def features_runner(engine):
    """Gram + L1 of a given (8, 256, 64, 64) pair."""
    output, target = (torch.rand(8, 256, 64, 64) for _ in range(2))
    if engine == "numpy":
        a, b = (t.numpy().reshape(8, 256, 4096) for t in (output, target))

        def run():
            difference = a @ a.transpose(0, 2, 1) - b @ b.transpose(0, 2, 1)
            return np.abs(difference).mean((1, 2)), np.abs(a - b).mean((1, 2))

        return run
    return lambda: (
        (gram(output) - gram(target)).abs().mean((1, 2)), (output - target).abs().mean((1, 2, 3)))


def time_runner(runner):
    """Prints the median time of what `runner` makes of the command line's engine and workload."""
    engine, workload = sys.argv[1:3]
    torch.set_num_threads(int(sys.argv[3]) if len(sys.argv) > 3 else os.cpu_count())
    run = runner(engine, workload)
    warm_ups, runs = (0, 1) if workload.startswith("large-") else (2, 7)
    for _ in range(warm_ups):
        run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    print(f"{sorted(times)[len(times) // 2]:.1f}")


if __name__ == "__main__":
    with torch.inference_mode():
        time_runner(runner)
