#!/usr/bin/env python3
"""Makes Sources/Inference/Losses/Learned: the published factors of LPIPS and DISTS as Swift tables.

    Scripts/make-heads.py DIRECTORY_OF_lpips DISTS_weights.pt

The first is the installed package lpips 0.1.4 (weights/v0.1/vgg.pth), the second the file weights.pt of
the package DISTS-pytorch 0.1. Needs torch. A number is the shortest decimal that gives the float back.
"""

import sys
from pathlib import Path

import numpy as np
import torch

LAYERS = ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"]
CHANNELS = [64, 128, 256, 512, 512]
OUT = Path(__file__).resolve().parent.parent / "Sources/Inference/Losses/Learned"


def table(name, comment, layers):
    lines = [f"/// {line}" for line in comment] + [
        "enum " + name + " {", "    // swift-format-ignore: as many a line as fit",
        "    static let factors: [String: [Float]] = ["]
    for layer, values in layers.items():
        lines.append(f'        "{layer}": [')
        row = "           "
        for value in values:
            text = f" {np.format_float_positional(np.float32(value), unique=True, trim='0')},"
            if len(row) + len(text) > 100:
                lines.append(row)
                row = "           "
            row += text
        lines += [row, "        ],"]
    lines += ["    ]", "}"]
    (OUT / f"{name}.swift").write_text("\n".join(lines) + "\n")


def main():
    lpips, dists = map(Path, sys.argv[1:])
    OUT.mkdir(exist_ok=True)
    lins = torch.load(lpips / "weights/v0.1/vgg.pth", map_location="cpu")
    table(
        "LPIPSFactors",
        ["The linear layers of LPIPS 0.1 on VGG-16, one factor a channel, by Zhang, Isola, Efros,",
         "Shechtman & Wang (package lpips 0.1.4, weights/v0.1/vgg.pth; BSD 2-Clause, see NOTICE).",
         "Made by Scripts/make-heads.py."],
        {layer: lins[f"lin{i}.model.1.weight"].flatten().numpy() for i, layer in enumerate(LAYERS)})
    weights = torch.load(dists, map_location="cpu")
    names = [("alpha", "DISTSMeanFactors", "α, of means"),
             ("beta", "DISTSCovarianceFactors", "β, of variances and covariances")]
    for key, name, what in names:
        parts = np.split(weights[key].detach().flatten().numpy(), np.cumsum([3] + CHANNELS)[:-1])
        table(
            name,
            [f"DISTS' {what}, by Ding, Ma, Wang & Simoncelli (package DISTS-pytorch 0.1, weights.pt; MIT,",
             "see NOTICE). Made by Scripts/make-heads.py."],
            dict(zip(["input"] + LAYERS, parts)))


if __name__ == "__main__":
    main()
