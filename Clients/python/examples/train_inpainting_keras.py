"""Trains a small inpainting network in Keras, on any backend, with the loss of a service.

    KERAS_BACKEND=jax python train_inpainting_keras.py [--url URL] [--steps 50] IMAGE...

The network sees images with holes and their masks. The loss gets the mask as a fourth channel of
what is to be predicted, since Keras hands it no third argument.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from styleloss.keras import StyleLoss

Floats = NDArray[np.float32]
COUNT, SIZE = 2, 64


def batches(paths: Sequence[Path], seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Masked crops with their masks, (N, H, W, 4), and crops with the same masks, (N, H, W, 4)."""
    random = np.random.default_rng(seed)
    pictures = []
    for path in paths:
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB"), np.float32) / 255)
    while True:
        crops = np.empty((COUNT, SIZE, SIZE, 3), np.float32)
        masks = np.ones((COUNT, SIZE, SIZE, 1), np.float32)
        for sample in range(COUNT):
            picture = pictures[random.integers(len(pictures))]
            top, left = (random.integers(side - SIZE + 1) for side in picture.shape[:2])
            crops[sample] = picture[top : top + SIZE, left : left + SIZE]
            height, width = random.integers(SIZE // 4, SIZE // 2, 2)
            top, left = random.integers(SIZE - height), random.integers(SIZE - width)
            masks[sample, top : top + height, left : left + width] = 0
        yield np.concatenate([crops * masks, masks], -1), np.concatenate([crops, masks], -1)


def network() -> keras.Model:
    """A few convolutions, on half the resolution in the middle."""
    layers = keras.layers
    given = layers.Input((SIZE, SIZE, 4))
    fine = layers.Conv2D(24, 3, padding="same", activation="relu")(given)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(fine)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.UpSampling2D()(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu")(layers.Concatenate()([x, fine]))
    return keras.Model(given, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


def train(loss: keras.losses.Loss, paths: Sequence[Path], steps: int, seed: int = 0) -> list[float]:
    """The loss of each step, before it."""
    keras.utils.set_random_seed(seed)
    model = network()
    # TensorFlow's XLA cannot call back; JAX' can.
    is_compiled = keras.backend.backend() == "jax"
    optimizer = keras.optimizers.SGD(1e-4, momentum=0.9)
    model.compile(optimizer, loss=loss, jit_compile=is_compiled)
    curve = []
    for step, (given, wanted) in zip(range(steps), batches(paths, seed), strict=False):
        model.reset_metrics()
        curve.append(float(model.train_on_batch(given, wanted)))
        print(f"step {step:4}  loss {curve[-1]:.8g}", flush=True)
    return curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--url")
    parser.add_argument("--steps", type=int, default=50)
    arguments = parser.parse_args()
    loss = StyleLoss(arguments.url, timeout=600, masked=True, preset="pconv", range="0..1")
    train(loss, arguments.images, arguments.steps)


if __name__ == "__main__":
    main()
