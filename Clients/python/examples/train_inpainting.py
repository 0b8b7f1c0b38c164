"""Trains a small network of partial convolutions (Liu et al. 2018) with its loss, by a service.

    python train_inpainting.py [--url URL] [--steps 200] IMAGE...

The network sees crops with holes and fills them. All of the loss, VGG included, is the service's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from styleloss.torch import StyleLoss

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


class PartialConvolution(nn.Module):
    """A convolution of what is given, and the mask of what is given after it (equations 1, 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.register_buffer("ones", torch.ones(1, 1, 3, 3))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        given = conv2d(mask, self.ones, stride=self.convolution.stride, padding=1)
        scale = torch.where(given > 0, 9 / given.clamp(min=1), 0)
        after = (given > 0).to(x.dtype)
        return (self.convolution(x * mask) * scale + self.bias) * after, after


class Inpainting(nn.Module):
    """Two halvings, two doublings, and a skip for each: some 60,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [
                PartialConvolution(3, 24),
                PartialConvolution(24, 32, 2),
                PartialConvolution(32, 48, 2),
            ]
        )
        self.up = nn.ModuleList([PartialConvolution(48 + 32, 32), PartialConvolution(32 + 24, 24)])
        self.last = PartialConvolution(24 + 3, 3)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        x, m = image, mask
        skips = []
        for layer in self.down:
            x, m = layer(x, m)
            x = torch.relu(x)
            skips.append((x, m))
        skips.pop()
        for layer in self.up:
            skip, skip_mask = skips.pop()
            x, m = interpolate(x, scale_factor=2), interpolate(m, scale_factor=2)
            x, m = layer(torch.cat([x * m, skip * skip_mask], 1), torch.maximum(m, skip_mask))
            x = torch.relu(x)
        x, _ = self.last(torch.cat([x, image * mask], 1), torch.ones_like(mask))
        return torch.sigmoid(x)


def batches(
    paths: Sequence[Path], count: int, size: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Crops (count, 3, size, size) in [0, 1], and masks (count, 1, size, size), 1 where given."""
    random = np.random.default_rng(seed)
    pictures = []
    for path in paths:
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB"), np.float32) / 255)
    while True:
        images = np.empty((count, size, size, 3), np.float32)
        masks = np.ones((count, size, size, 1), np.float32)
        for sample in range(count):
            picture = pictures[random.integers(len(pictures))]
            top, left = (random.integers(side - size + 1) for side in picture.shape[:2])
            images[sample] = picture[top : top + size, left : left + size]
            for _ in range(3):
                height, width = random.integers(size // 8, size // 3, 2)
                top, left = random.integers(size - height), random.integers(size - width)
                masks[sample, top : top + height, left : left + width] = 0
        yield tuple(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) for x in (images, masks))


def train(
    loss: Loss,
    paths: Sequence[Path],
    steps: int,
    *,
    count: int = 2,
    size: int = 64,
    seed: int = 0,
    report: Callable[[int, float], None] | None = None,
) -> tuple[Inpainting, list[float]]:
    """The trained network and the loss of each step; the same for the same seed."""
    torch.manual_seed(seed)
    network = Inpainting()
    # Steps in proportion to the gradient: Adam's are not, and make much of what is next to nothing.
    optimizer = torch.optim.SGD(network.parameters(), lr=5e-5, momentum=0.9)
    curve = []
    for step, (image, mask) in zip(range(steps), batches(paths, count, size, seed), strict=False):
        optimizer.zero_grad()
        value = loss(network(image * mask, mask), image, mask).mean()
        value.backward()
        optimizer.step()
        curve.append(value.item())
        if report is not None:
            report(step, curve[-1])
    return network, curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--url")
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    loss = StyleLoss(arguments.url, timeout=600, preset="pconv", range="0..1")
    train(
        loss,
        arguments.images,
        arguments.steps,
        report=lambda step, value: print(f"step {step:4}  loss {value:.4f}", flush=True),
    )


if __name__ == "__main__":
    main()
