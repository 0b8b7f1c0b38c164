"""Times loss and gradient in PyTorch on the standard workloads of `Benchmarks`, what is known of the
target computed once.

    gradients.py ENGINE WORKLOAD [THREADS]  prints the median in milliseconds

ENGINE is torch, torch_cl (channels_last) or torch_compile (channels_last, compiled); WORKLOAD is
W1 ... W4, large-SIDE, or features: (8, 256, 64, 64), the target given as well. Held to AVX2 with
ATEN_CPU_CAPABILITY=avx2 and ONEDNN_MAX_CPU_ISA=avx2 in the environment.
"""

import torch

from engines import POOLS, WORKLOADS, Extractor, gram, time_runner


class Total(torch.nn.Module):
    """The sum of the totals of a batch, from features and what is known of the target."""

    def __init__(self, extractor):
        super().__init__()
        self.extractor = extractor

    def forward(self, output, known):
        features = self.extractor(output)
        style = sum((gram(f) - g).abs().mean((1, 2)) for f, (g, _) in zip(features, known))
        perceptual = sum((f - t).abs().mean((1, 2, 3)) for f, (_, t) in zip(features, known))
        return (120 * style + 0.05 * perceptual).sum()


def features_runner():
    output = torch.rand(8, 256, 64, 64, requires_grad=True)
    target = torch.rand(8, 256, 64, 64)

    def run():
        output.grad = None
        style = (gram(output) - gram(target)).abs().mean((1, 2))
        perceptual = (output - target).abs().mean((1, 2, 3))
        (120 * style + 0.05 * perceptual).sum().backward()

    return run


def runner(engine, workload):
    if workload == "features":
        return features_runner()
    if workload.startswith("large-"):
        architecture, taps, side, pairs = "vgg16", POOLS, int(workload[6:]), 1
    else:
        architecture, taps, side, pairs = WORKLOADS[workload]
    total = Total(Extractor(architecture, taps)).eval().requires_grad_(False)
    output, target = (torch.rand(pairs, 3, side, side) for _ in range(2))
    if engine != "torch":
        total = total.to(memory_format=torch.channels_last)
        output, target = (
            image.contiguous(memory_format=torch.channels_last) for image in (output, target))
    with torch.no_grad():
        known = [(gram(f), f) for f in total.extractor(target)]
    function = torch.compile(total) if engine == "torch_compile" else total
    output.requires_grad_()

    def run():
        output.grad = None
        function(output, known).backward()

    return run


if __name__ == "__main__":
    time_runner(runner)
