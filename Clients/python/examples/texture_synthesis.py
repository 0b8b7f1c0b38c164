"""Texture synthesis after Gatys, Ecker & Bethge (2015): L-BFGS in numpy, the gradient by a service.

    python texture_synthesis.py TEXTURE RESULT.npy [--url URL] [--size 128] [--steps 60]

No autograd is needed, nor here: any language that can send an array can do this. Pixels are the
logistic function of what is optimised, so that they stay within [0, 1].
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

import styleloss

Vector = NDArray[np.float64]
Function = Callable[[Vector], tuple[float, Vector]]

LAYERS = {"relu1_1": 64, "pool1": 64, "pool2": 128, "pool3": 256, "pool4": 512}
LOSS = {
    "terms": [
        {
            "key": "style",
            "layers": {name: 1 / channels**2 for name, channels in LAYERS.items()},
            "statistic": {"kind": "gram", "normaliser": "hw"},
            "distance": {"kind": "squared"},
        }
    ]
}


def lbfgs(
    function: Function, x: Vector, steps: int, memory: int = 10
) -> Iterator[tuple[float, Vector]]:
    """Minimises a function by L-BFGS with backtracking (Nocedal & Wright, algorithms 3.1, 7.4).

    Args:
        function: Gives the value and the gradient.
        x: Where to start.
        steps: How many steps to take.
        memory: How many of them to remember.

    Yields:
        The value and the point after each step.
    """
    pairs: deque[tuple[Vector, Vector]] = deque(maxlen=memory)
    value, gradient = function(x)
    for _ in range(steps):
        direction = -two_loops(gradient, pairs)
        slope = gradient @ direction
        length = 1.0 if pairs else 1 / np.linalg.norm(gradient)
        while True:
            new_x = x + length * direction
            new_value, new_gradient = function(new_x)
            if new_value <= value + 1e-4 * length * slope:
                break
            length /= 2
            if length < 1e-10:
                return
        s, y = new_x - x, new_gradient - gradient
        if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            pairs.append((s, y))
        x, value, gradient = new_x, new_value, new_gradient
        yield value, x


def two_loops(gradient: Vector, pairs: deque[tuple[Vector, Vector]]) -> Vector:
    """The inverse Hessian's product with the gradient."""
    q = gradient.copy()
    factors = []
    for s, y in reversed(pairs):
        factor = (s @ q) / (s @ y)
        factors.append(factor)
        q -= factor * y
    if pairs:
        s, y = pairs[-1]
        q *= (s @ y) / (y @ y)
    for (s, y), factor in zip(pairs, reversed(factors), strict=True):
        q += s * (factor - (y @ q) / (s @ y))
    return q


def pixels(x: Vector, size: int) -> NDArray[np.float32]:
    """(size, size, 3) in [0, 1]."""
    return (1 / (1 + np.exp(-x))).astype(np.float32).reshape(size, size, 3)


def synthesize(
    client: styleloss.Client, texture: styleloss.Image, size: int, steps: int, seed: int = 0
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Makes noise into a texture; yields the loss and the picture after each step."""
    target = client.targets.put(texture)

    def function(x: Vector) -> tuple[float, Vector]:
        image = pixels(x, size)
        losses = client.losses(image, target, gradient=True, loss=LOSS, layout="hwc", range="0..1")
        p = image.reshape(-1).astype(np.float64)
        return float(losses.total), losses.gradient.reshape(-1) * p * (1 - p)

    noise = np.random.default_rng(seed).normal(0, 0.5, size * size * 3)
    for value, x in lbfgs(function, noise, steps):
        yield value, pixels(x, size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texture", help="a PNG")
    parser.add_argument("result", help="an npy file, (size, size, 3) in [0, 1]")
    parser.add_argument("--url")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    with styleloss.Client(arguments.url) as client:
        steps = synthesize(client, arguments.texture, arguments.size, arguments.steps)
        for step, (value, image) in enumerate(steps):
            print(f"step {step:4}  loss {value:14.4f}", flush=True)
            np.save(arguments.result, image)


if __name__ == "__main__":
    main()
