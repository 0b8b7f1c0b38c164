#!/usr/bin/env python3
"""Makes Tests/Fixtures: small images of every kind and the losses they must give.

The losses are computed in float64, with PyTorch for the network and NumPy for the rest, from the
embedded weights and from generated ones (Tests/TestSupport/GeneratedWeights.swift is the other half).
Needs torch, numpy, pillow and safetensors; the tests need none of them.
"""

import argparse
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = {"vgg16": [2, 2, 3, 3, 3], "vgg19": [2, 2, 4, 4, 4]}
CHANNELS = [64, 128, 256, 512, 512]
GRAMS = ["raw", "normalized", "covariance", "correlation"]
PREPROCESSING = {  # order of channels, scale, mean, std
    "caffe": ([2, 1, 0], 255.0, [103.939, 116.779, 123.68], [1.0, 1.0, 1.0]),
    "torchvision": ([0, 1, 2], 1.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "custom": ([0, 1, 2], 255.0, [120.0, 110.0, 100.0], [60.0, 61.0, 62.0]),
}


# PNG, written here so that 16-bit samples, palettes and tRNS are exactly what is asked for.


def write_png(path, samples, palette=None):
    """samples is (H, W) or (H, W, C) of uint8 or uint16; with a palette, 4-bit indices."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if palette is not None:
        depth, color = 4, 3
        padded = np.pad(samples, ((0, 0), (0, width % 2)))
        rows = (padded[:, 0::2] << 4 | padded[:, 1::2]).astype(np.uint8)
    else:
        depth, color = samples.itemsize * 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels]
        rows = samples.reshape(height, -1).astype(samples.dtype.newbyteorder(">"))
    data = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind, body):
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header)]
    if palette is not None:
        parts.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += [chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")]
    path.write_bytes(b"".join(parts))


def unit_rgb(samples, palette=None):
    """RGB in [0, 1] as (3, H, W) float64, by the rules of the service: alpha is dropped."""
    if palette is not None:
        samples = palette[samples].astype(np.uint8)
    x = samples.astype(np.float64) / (65535.0 if samples.dtype == np.uint16 else 255.0)
    if x.ndim == 2 or x.shape[2] == 2:
        x = np.repeat(x.reshape(*x.shape[:2], -1)[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(x[:, :, :3].transpose(2, 0, 1))


# The network.


def layers(architecture):
    """(block, index, torchvision feature index) of every convolution."""
    feature = 0
    for block, count in enumerate(BLOCKS[architecture], 1):
        for index in range(1, count + 1):
            yield block, index, feature
            feature += 2
        feature += 1


def load_network(path):
    tensors = {name: torch.from_numpy(t.astype(np.float64)) for name, t in load_file(path).items()}
    return {"architecture": "vgg16", "preprocessing": "caffe", "tensors": tensors}


def walk(network, x):
    """{tap: (C, H, W) float64} of every tap, in network order."""
    order, scale, mean, std = PREPROCESSING[network["preprocessing"]]
    column = lambda values: np.array(values)[:, None, None]
    current = torch.from_numpy((x[order] * scale - column(mean)) / column(std))[None]
    taps = {}
    for block, index, feature in layers(network["architecture"]):
        stem = f"features.{feature}"
        weight, bias = (network["tensors"][f"{stem}.{part}"] for part in ("weight", "bias"))
        current = F.conv2d(current, weight, bias, padding=1)
        taps[f"conv{block}_{index}"] = current
        current = F.relu(current)
        taps[f"relu{block}_{index}"] = current
        if index == BLOCKS[network["architecture"]][block - 1]:
            current = F.max_pool2d(current, 2)
            taps[f"pool{block}"] = current
    return {name: features[0].numpy() for name, features in taps.items()}


# Generated weights: SplitMix64 (Steele, Lea & Flood 2014) fills a table of 65537 values in [-1, 1),
# a prime, so that repeating it gives every output channel other weights.

TABLE = 65537


def generated_table(seed):
    with np.errstate(over="ignore"):
        steps = np.arange(1, TABLE + 1, dtype=np.uint64)
        z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z = z ^ z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def rounded(values, dtype):
    """float64 rounded to float32 and then to the dtype, as float64."""
    values = values.astype(np.float32)
    if dtype == "F16":
        values = values.astype(np.float16)
    if dtype == "BF16":
        bits = values.view(np.uint32)
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)
        values = bits.astype(np.uint32).view(np.float32)
    return values.astype(np.float64)


def generated_network(architecture, seed, dtype, preprocessing):
    tensors = {}
    channels = 3
    for number, (block, _, feature) in enumerate(layers(architecture)):
        table = generated_table(seed + number)
        bound = np.sqrt(6.0 / (9 * channels))  # He et al. 2015, uniform
        out = CHANNELS[block - 1]
        weight = np.resize(rounded(table * bound, dtype), (out, channels, 3, 3))
        bias = rounded(table[-out:] * 0.25, dtype)
        tensors[f"features.{feature}.weight"] = torch.from_numpy(weight)
        tensors[f"features.{feature}.bias"] = torch.from_numpy(bias)
        channels = out
    return {"architecture": architecture, "preprocessing": preprocessing, "tensors": tensors}


# The losses.


def gram(features, kind="normalized"):
    rows = features.reshape(features.shape[0], -1)
    channels, positions = rows.shape
    if kind in ("covariance", "correlation"):
        rows = rows - rows.mean(axis=1, keepdims=True)
    matrix = rows @ rows.T
    if kind == "normalized":
        return matrix / (channels * positions)
    if kind == "raw":
        return matrix
    matrix = matrix / positions
    if kind == "correlation":
        sigma = np.sqrt(np.diag(matrix))
        alive = sigma > 1e-12 * sigma.max()
        scale = np.where(alive, 1 / np.where(alive, sigma, 1), 0)
        matrix = matrix * scale[:, None] * scale[None, :]
    return matrix


def style(a, b, kind="normalized"):
    return {tap: np.abs(gram(a[tap], kind) - gram(b[tap], kind)).mean() for tap in a}


def perceptual(a, b):
    return {tap: np.abs(a[tap] - b[tap]).mean() for tap in a}


def pconv_pixel_terms(output, target, mask):
    """valid, hole and tv of PConv-Keras; (3, H, W) each, mask 1 = valid."""
    valid = np.abs(mask * target - mask * output).mean()
    hole = np.abs((1 - mask) * target - (1 - mask) * output).mean()
    # D: convolution of 1 - M with ones over 3 x 3 and all channels, 'same' padding, above zero.
    padded = np.pad((1 - mask).sum(axis=0), 1)
    height, width = mask.shape[1:]
    dilated = sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3)) > 0
    p = dilated * (mask * target + (1 - mask) * output)
    tv = np.abs(p[:, 1:] - p[:, :-1]).mean() + np.abs(p[:, :, 1:] - p[:, :, :-1]).mean()
    return {"pixel_valid": valid, "pixel_hole": hole, "tv": tv}


# The images.


def crop(photo, width, height, x, y):
    return np.ascontiguousarray(photo[y : y + height, x : x + width])


def make_images(directory):
    """Writes the PNG files; returns {name: samples in [0, 1] as (3, H, W)}."""
    images = {}

    def save(name, samples, palette=None):
        write_png(directory / f"{name}.png", samples, palette)
        images[name] = unit_rgb(samples, palette)

    photo = {}
    for name in ("astronaut", "rocket"):
        photo[name] = np.asarray(Image.open(directory / f"{name}-256.png").convert("RGB"))
        images[f"{name}-256"] = unit_rgb(photo[name])
    astronaut, rocket = photo["astronaut"], photo["rocket"]

    for width, height, x, y in [(97, 61, 80, 20), (33, 200, 120, 30), (49, 35, 90, 40), (37, 51, 60, 70)]:
        save(f"crop-{width}x{height}-output", crop(astronaut, width, height, x, y))
        save(f"crop-{width}x{height}-target", crop(rocket, width, height, x, y))

    # A scene, another one, and the first damaged a little: where losses are small, errors show.
    scene = crop(astronaut, 70, 53, 90, 30)
    save("scene", scene)
    save("other", crop(rocket, 70, 53, 110, 100))
    noise = (np.indices(scene.shape).sum(axis=0) * 37 % 23 - 11).astype(int)
    damaged = np.clip(scene.astype(int) + noise, 0, 255).astype(np.uint8)
    save("damaged", damaged)

    luma = (scene.astype(int) @ [299, 587, 114] // 1000).astype(np.uint8)
    ramp = (np.indices(luma.shape).sum(axis=0) * 2 % 256).astype(np.uint8)
    # Low bytes that 8 bits could not hold.
    low = (np.indices(scene.shape).sum(axis=0) * 91 % 256).astype(np.uint16)
    save("gray", luma)
    save("gray-alpha", np.dstack([luma, ramp]))
    save("rgba", np.dstack([damaged, ramp]))
    save("rgb16", (scene.astype(np.uint16) << 8 | low))
    save("gray16", (luma.astype(np.uint16) << 8 | low[:, :, 1]))
    palette = np.array([[i % 4 * 85, i // 4 * 85, (i * 5 % 16) * 17] for i in range(16)])
    distance = ((scene[:, :, None, :].astype(int) - palette) ** 2).sum(axis=3)
    save("palette", distance.argmin(axis=2).astype(np.uint8), palette)

    hole = np.full(luma.shape, 255, np.uint8)
    hole[10:31, 20:47] = 0
    hole[40:, 60:] = 0  # a hole at the border
    hole[8:10, 20:47] = 128  # and a soft edge
    save("mask", hole)
    channels = np.dstack([hole, np.roll(hole, 7, axis=1), np.full_like(hole, 255)])
    save("mask-rgb-hole", 255 - channels)
    return images


# The golden values.


def case(name, network, images, output, target, kind="normalized", mask=None, polarity="valid"):
    a, b = walk(network, images[output]), walk(network, images[target])
    result = {
        "name": name, "output": output, "target": target, "mask": mask, "polarity": polarity,
        "gram": kind, "style": style(a, b, kind), "perceptual": perceptual(a, b),
        # What the compared numbers themselves are like: mean |G| and mean |F| of the target.
        "gram_scale": {tap: np.abs(gram(b[tap], kind)).mean() for tap in b},
        "feature_scale": {tap: np.abs(b[tap]).mean() for tap in b},
    }
    if mask:
        m = images[mask] if polarity == "valid" else 1 - images[mask]
        composite = m * images[target] + (1 - m) * images[output]
        c = walk(network, composite)
        result["style_comp"], result["perceptual_comp"] = style(c, b, kind), perceptual(c, b)
        taps = ["pool1", "pool2", "pool3"]
        layered = ("style", "style_comp", "perceptual", "perceptual_comp")
        terms = pconv_pixel_terms(images[output], images[target], m)
        terms |= {term: sum(result[term][tap] for tap in taps) for term in layered}
        result["terms"] = terms
    return result


def goldens(network, images):
    pairs = [
        ("photographs", "astronaut-256", "rocket-256"),
        ("crop 97x61", "crop-97x61-output", "crop-97x61-target"),
        ("crop 33x200", "crop-33x200-output", "crop-33x200-target"),
        ("gray", "gray", "other"),
        ("gray with alpha", "gray-alpha", "other"),
        ("RGBA", "rgba", "other"),
        ("16-bit RGB", "rgb16", "other"),
        ("16-bit gray", "other", "gray16"),
        ("palette", "palette", "other"),
    ]
    cases = [case(name, network, images, a, b) for name, a, b in pairs]
    for kind in GRAMS:
        if kind != "normalized":
            cases.append(case(f"gram {kind}", network, images, "scene", "other", kind))
    cases.append(case("mask", network, images, "other", "scene", mask="mask"))
    cases.append(
        case(
            "three-channel mask of holes", network, images, "rgba", "other",
            mask="mask-rgb-hole", polarity="hole"))
    return cases


def close_goldens(network, images):
    """Pairs that are nearly equal: their losses are differences of much larger numbers."""
    return [
        case("small damage", network, images, "damaged", "scene"),
        case("16-bit precision", network, images, "rgb16", "scene"),
        case("damage in a hole", network, images, "damaged", "scene", mask="mask"),
    ]


def generated_goldens(images):
    result = []
    for seed, dtype, preprocessing in [
        (1000, "F32", "torchvision"), (2000, "BF16", "caffe"), (3000, "F16", "custom"),
    ]:
        network = generated_network("vgg19", seed, dtype, preprocessing)
        cases = [
            case(f"{dtype} {size}", network, images, f"crop-{size}-output", f"crop-{size}-target")
            for size in ("49x35", "37x51")
        ]
        result.append(
            {"architecture": "vgg19", "seed": seed, "dtype": dtype,
             "preprocessing": preprocessing, "cases": cases})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", type=Path,
        default=ROOT / "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "Tests/Fixtures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = make_images(arguments.fixtures / "images")
    network = load_network(arguments.weights)
    values = {
        "embedded": goldens(network, images),
        "close": close_goldens(network, images),
        "generated": generated_goldens(images),
    }
    text = json.dumps(values, indent=1, default=float)
    (arguments.fixtures / "goldens.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
