"""The Keras example with VGG in the process instead of a service, on the backend it is run with."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[2] / "examples")]

import train_inpainting_keras as example  # noqa: E402

import styleloss  # noqa: E402
from tests.conftest import WEIGHTS  # noqa: E402
from tests.support.tensors import load  # noqa: E402
from tests.support.vgg import BLOCKS, MEAN  # noqa: E402

url, steps, *images = sys.argv[2], int(sys.argv[4]), *map(Path, sys.argv[5:])


class InProcess(keras.losses.Loss):
    """`StyleLoss(masked=True)` by the formulas, with the weights of terms that the service has."""

    def __init__(self) -> None:
        super().__init__(name="in_process")
        self.layers = [tuple(map(ops.convert_to_tensor, layer)) for layer in convolutions()]
        with styleloss.Client(url) as client:
            gray = np.zeros((32, 32), np.uint8)
            terms = client.losses(gray, gray, gray, preset="pconv").terms
        self.weights = {key: term.weight for key, term in terms.items()}

    def call(self, y_true, y_pred):
        target, mask = y_true[..., :3], y_true[..., 3:]
        composite = mask * target + (1 - mask) * y_pred
        theirs = self.pools(target)
        terms = {
            "pixel_valid": mean_absolute(mask * (y_pred - target)),
            "pixel_hole": mean_absolute((1 - mask) * (y_pred - target)),
            "tv": hole_variation(composite, mask),
        }
        for suffix, image in (("", y_pred), ("_comp", composite)):
            pairs = list(zip(self.pools(image), theirs, strict=True))
            terms["perceptual" + suffix] = sum(mean_absolute(f - t) for f, t in pairs)
            terms["style" + suffix] = sum(mean_absolute(gram(f) - gram(t)) for f, t in pairs)
        return sum(self.weights[key] * value for key, value in terms.items())

    def pools(self, x):
        h = ops.flip(x, -1) * 255 - ops.convert_to_tensor(MEAN, x.dtype)
        layers = iter(self.layers)
        features = []
        for count in BLOCKS:
            for _ in range(count):
                kernel, bias = next(layers)
                h = ops.relu(ops.conv(h, kernel, padding="same") + bias)
            h = ops.max_pool(h, 2, strides=2)
            features.append(h)
        return features


def convolutions() -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels (3, 3, in, out) and biases."""
    tensors = load(WEIGHTS)
    numbers = sorted({int(name.split(".")[1]) for name in tensors})[: sum(BLOCKS)]
    return [
        (tensors[f"features.{n}.weight"].transpose(2, 3, 1, 0), tensors[f"features.{n}.bias"])
        for n in numbers
    ]


def absolute(x):
    # JAX' own derivative at 0 is 1; that of the service and of the other frameworks is 0.
    return x * ops.stop_gradient(ops.sign(x))


def mean_absolute(x):
    """The mean of each sample's absolute values."""
    return ops.mean(absolute(x), axis=tuple(range(1, len(x.shape))))


def gram(f):
    rows = ops.reshape(f, (-1, f.shape[1] * f.shape[2], f.shape[3]))
    return ops.matmul(ops.transpose(rows, (0, 2, 1)), rows) / (rows.shape[1] * rows.shape[2])


def hole_variation(composite, mask):
    """Mean differences of neighbours of the composite, in the hole widened by a pixel."""
    wide = ops.max_pool(1 - mask, 3, strides=1, padding="same")
    p = ops.cast(wide > 0, composite.dtype) * composite
    return mean_absolute(p[:, 1:] - p[:, :-1]) + mean_absolute(p[:, :, 1:] - p[:, :, :-1])


example.train(InProcess(), images, steps)
