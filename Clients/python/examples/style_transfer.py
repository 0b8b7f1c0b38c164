"""Style transfer after Gatys, Ecker & Bethge (2016) through a service: there is no VGG in here.

    python style_transfer.py CONTENT STYLE RESULT.png [--url URL] [--size 512] [--steps 80]

The pixels are what is learned: squared Gram matrices of the style picture at five layers, squared
features of the content at one. Prints the loss and the seconds a step, and writes the picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from styleloss.torch import StyleLoss

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
# Equations 4 and 5 of the paper with F Fᵀ/(H·W), so that a style picture may have any size, and
# 1/C² a layer, as the paper has it.
CHANNELS = dict(zip(LAYERS, (64, 128, 256, 512, 512), strict=True))
LOSS = {
    "terms": [
        {
            "key": "style",
            "weight": 3e-2,
            "layers": {name: 1000 / channels**2 for name, channels in CHANNELS.items()},
            "statistic": {"kind": "gram", "normaliser": "hw"},
            "distance": {"kind": "squared"},
        },
        {
            "key": "perceptual",
            "weight": 1.0,
            "layers": {"relu4_2": 1},
            "distance": {"kind": "squared"},
        },
        {"key": "tv", "measure": "variation", "weight": 1e7, "distance": {"kind": "squared"}},
    ]
}


def load(path: Path, size: int) -> torch.Tensor:
    """A picture as (1, 3, size, size) in [0, 1]: its middle, scaled."""
    with Image.open(path) as image:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
    pixels = np.array(square.resize((size, size), Image.Resampling.LANCZOS), np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def transfer(
    loss: torch.nn.Module,
    content: torch.Tensor,
    style: torch.Tensor,
    steps: int,
    rate: float = 0.03,
    report: Callable[[int, float, float], None] | None = None,
) -> torch.Tensor:
    """Changes the content's pixels until the loss is small; the result is like the content."""
    pixels = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=rate)
    for step in range(steps):
        began = time.perf_counter()
        optimizer.zero_grad()
        value = loss(pixels, content, None, style).sum()
        value.backward()
        optimizer.step()
        with torch.no_grad():
            pixels.clamp_(0, 1)
        if report is not None:
            report(step, value.item(), time.perf_counter() - began)
    return pixels.detach()


def save(pixels: torch.Tensor, path: Path) -> None:
    """Writes a picture."""
    values = (pixels[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(values).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=80)
    arguments = parser.parse_args()
    seconds = []

    def report(step: int, value: float, elapsed: float) -> None:
        seconds.append(elapsed)
        print(f"step {step:4}  loss {value:12.1f}  {elapsed:.3f} s", flush=True)

    content, style = (load(p, arguments.size) for p in (arguments.content, arguments.style))
    loss = StyleLoss(arguments.url, timeout=600, loss=LOSS, range="0..1")
    save(transfer(loss, content, style, arguments.steps, report=report), arguments.result)
    print(f"{np.median(seconds):.3f} s a step of {arguments.size}² (median)")


if __name__ == "__main__":
    main()
