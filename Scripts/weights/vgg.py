"""The table of VGG, the tensors that the service reads, and one walk through them in PyTorch."""

from dataclasses import dataclass, field

import numpy as np

BLOCKS = {"vgg16": [2, 2, 3, 3, 3], "vgg19": [2, 2, 4, 4, 4]}
CHANNELS = [64, 128, 256, 512, 512]
# order, range, mean, std, as the service's metadata spells them
PREPROCESSING = {
    "caffe": ("BGR", "0..255", [103.939, 116.779, 123.68], [1.0, 1.0, 1.0]),
    "torchvision": ("RGB", "0..1", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
}


@dataclass
class Source:
    """What a file holds: convolutions in order, weights (O, I, 3, 3), and what they are fed with."""

    convolutions: list  # (weight, bias)
    preprocessing: tuple | None = None
    format: str = ""
    notes: list = field(default_factory=list)
    # x (1, 3, H, W), as the network is fed, to the features before each ReLU, or None where the
    # framework is not there
    forward: object = None


class Refusal(Exception):
    """The file cannot be converted; the sentence says why."""


def layers(architecture):
    """(name, torchvision's feature index, inputs, outputs, whether a pool follows)."""
    feature, inputs = 0, 3
    for block, count in enumerate(BLOCKS[architecture], 1):
        outputs = CHANNELS[block - 1]
        for index in range(1, count + 1):
            yield f"conv{block}_{index}", feature, inputs, outputs, index == count
            inputs = outputs
            feature += 2
        feature += 1


def architecture_of(convolutions):
    shapes = [weight.shape for weight, _ in convolutions]
    for architecture in BLOCKS:
        if shapes == [(o, i, 3, 3) for _, _, i, o, _ in layers(architecture)]:
            return architecture
    raise Refusal(
        f"{len(shapes)} convolutions are no VGG-16 (13) and no VGG-19 (16); the shapes are "
        + ", ".join("x".join(map(str, shape)) for shape in shapes))


def tensors(convolutions):
    architecture = architecture_of(convolutions)
    result = {}
    for (_, feature, _, outputs, _), (weight, bias) in zip(layers(architecture), convolutions):
        if bias.shape != (outputs,):
            raise Refusal(f"a bias has shape {bias.shape}, not ({outputs},)")
        for part, values in (("weight", weight), ("bias", bias)):
            if not np.isfinite(values).all():
                raise Refusal(f"features.{feature}.{part} holds infinity or NaN")
            result[f"features.{feature}.{part}"] = np.ascontiguousarray(values, np.float32)
    return architecture, result


def fold(weight, bias, scale, shift, mean, variance, eps):
    """A convolution with the batch normalisation behind it (Ioffe & Szegedy, arXiv:1502.03167)."""
    factor = scale / np.sqrt(variance.astype(np.float64) + eps)
    bias = np.zeros_like(mean) if bias is None else bias
    return weight * factor[:, None, None, None], (bias - mean) * factor + shift


def walk(architecture, converted, x):
    """{name: features before the ReLU} of the converted tensors, in float64."""
    import torch
    import torch.nn.functional as F

    current, features = torch.from_numpy(x.astype(np.float64)), {}
    for name, feature, _, _, ends in layers(architecture):
        weight, bias = (
            torch.from_numpy(converted[f"features.{feature}.{part}"].astype(np.float64))
            for part in ("weight", "bias"))
        current = F.conv2d(current, weight, bias, padding=1)
        features[name] = current.numpy()
        current = F.relu(current)
        if ends:
            current = F.max_pool2d(current, 2)
    return features
