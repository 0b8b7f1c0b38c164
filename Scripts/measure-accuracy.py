#!/usr/bin/env python3
"""Prints how exact a built styleloss is, with PyTorch and Keras beside it: the README's figures.

    Scripts/measure-accuracy.py .build/release/styleloss [--keras]

Needs what Scripts/make-fixtures.py needs, and with --keras tensorflow. The golden values must be there.
"""

import argparse
import json
from pathlib import Path

import torch
from fixtures import accuracy, similar
from fixtures.images import make_images
from fixtures.weights import load_network

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--keras", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fixtures = ROOT / "Tests/Fixtures"
    images = make_images(fixtures / "images")
    network = load_network(ROOT / "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors")
    print("Unlike photographs, every tap:\n")
    accuracy.report(network, images, fixtures, arguments.binary, arguments.keras)
    print("\nSimilar images, every tap:\n")
    values = json.loads((fixtures / "similar.json").read_text())
    similar.report(values, images, fixtures / "images", arguments.binary)


if __name__ == "__main__":
    main()
