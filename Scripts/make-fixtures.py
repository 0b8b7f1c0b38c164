#!/usr/bin/env python3
"""Makes Tests/Fixtures: small images of every kind and the losses they must give.

    Scripts/make-fixtures.py [TOPIC...]        all, when none is named

Everything is computed in float64, with PyTorch for the network and NumPy for the rest, from the
embedded weights and from generated ones (Tests/TestSupport/GeneratedWeights.swift is the other half).
Needs torch, numpy, pillow and safetensors, for presets and maps also piq, lpips, torchmetrics and
torchvision; the tests need none of them.
"""

import argparse
import json
from pathlib import Path

import torch
from fixtures import (
    feature_gradients, goldens, gradients, maps, offsets, presets, regions, resamples, similar,
    variants,
)
from fixtures.images import make_images
from fixtures.weights import load_network
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parent.parent
TOPICS = {
    "goldens": goldens.make, "variants": variants.make, "presets": presets.make,
    "similar": similar.make, "gradients": gradients.make, "maps": maps.make,
    "offsets": offsets.make, "feature-gradients": feature_gradients.make,
    "regions": regions.make, "resamples": resamples.make,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}")
    parser.add_argument(
        "--weights", type=Path,
        default=ROOT / "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "Tests/Fixtures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    pictures = arguments.fixtures / "images"
    images = make_images(pictures)
    network = load_network(arguments.weights)
    for topic in arguments.topics or TOPICS:
        values = TOPICS[topic](network, images, pictures)
        if isinstance(values, tuple):  # JSON, and what would be too long in it
            values, tensors = values
            path = arguments.fixtures / f"{topic}.safetensors"
            save_file(tensors, path)
            path.chmod(0o644)
        if values:
            text = json.dumps(values, indent=1, default=float)
            (arguments.fixtures / f"{topic}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
