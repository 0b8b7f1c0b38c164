"""The same losses in the process: VGG-16 in PyTorch, with the service's own weights.

Written from the formulas in the README, and used by tests alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv2d, l1_loss, max_pool2d, pad, relu

from .tensors import load

MEAN = (103.939, 116.779, 123.68)  # BGR
BLOCKS = (2, 2, 3)


@cache
def weights(path: Path, dtype: torch.dtype) -> tuple[tuple[Tensor, Tensor], ...]:
    tensors = load(path)
    names = sorted({int(name.split(".")[1]) for name in tensors})
    return tuple(
        (
            torch.from_numpy(tensors[f"features.{n}.weight"]).to(dtype),
            torch.from_numpy(tensors[f"features.{n}.bias"]).to(dtype),
        )
        for n in names
    )


def pools(path: Path, x: Tensor) -> dict[str, Tensor]:
    """pool1, pool2 and pool3 of images (N, 3, H, W) in [0, 1]."""
    mean = torch.tensor(MEAN, dtype=x.dtype)
    h = x.flip(1) * 255 - mean[:, None, None]
    layers = iter(weights(path, x.dtype))
    features = {}
    for block, count in enumerate(BLOCKS, 1):
        for _ in range(count):
            weight, bias = next(layers)
            h = relu(conv2d(h, weight, bias, padding=1))
        h = features[f"pool{block}"] = max_pool2d(h, 2)
    return features


def gram(f: Tensor) -> Tensor:
    rows = f.flatten(2)
    return rows @ rows.transpose(1, 2) / f[0].numel()


class PConvLoss(torch.nn.Module):
    """The preset `pconv`, with the weights of terms that the service has in force."""

    def __init__(self, path: Path, term_weights: dict[str, float]) -> None:
        super().__init__()
        self.path = path
        self.term_weights = term_weights
        # Features of the one target there is, where they are to be computed once.
        self.known: dict[str, Tensor] | None = None

    def forward(self, output: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        terms = self.features("", output, target)
        if mask is not None:
            composite = mask * target + (1 - mask) * output
            terms |= self.features("_comp", composite, target)
            terms["pixel_valid"] = per_sample(mask * target, mask * output)
            terms["pixel_hole"] = per_sample((1 - mask) * target, (1 - mask) * output)
            terms["tv"] = hole_variation(composite, mask)
        return sum(self.term_weights[key] * value for key, value in terms.items())

    def features(self, suffix: str, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        ours, theirs = pools(self.path, output), self.known or pools(self.path, target.detach())
        return {
            "style" + suffix: sum(per_sample(gram(f), gram(theirs[n])) for n, f in ours.items()),
            "perceptual" + suffix: sum(per_sample(f, theirs[n]) for n, f in ours.items()),
        }


def per_sample(a: Tensor, b: Tensor) -> Tensor:
    return l1_loss(a, b.expand_as(a), reduction="none").flatten(1).mean(1)


def hole_variation(composite: Tensor, mask: Tensor) -> Tensor:
    """Mean differences of neighbours of the composite, in the hole widened by a pixel."""
    mask = mask.expand_as(composite)
    hole = (max_pool2d(pad(1 - mask, (1, 1, 1, 1)), 3, stride=1) > 0).to(mask.dtype)
    p = hole * composite
    rows = (p[:, :, 1:] - p[:, :, :-1]).abs().flatten(1).mean(1)
    columns = (p[:, :, :, 1:] - p[:, :, :, :-1]).abs().flatten(1).mean(1)
    return rows + columns
