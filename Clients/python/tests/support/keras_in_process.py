"""The Keras example with VGG in the process instead of a service; Keras on PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path

import keras

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[2] / "examples")]

import train_inpainting_keras as example  # noqa: E402

from styleloss.torch import StyleLoss  # noqa: E402
from tests.conftest import WEIGHTS  # noqa: E402
from tests.support.vgg import PConvLoss  # noqa: E402

url, steps, *images = sys.argv[2], int(sys.argv[4]), *map(Path, sys.argv[5:])


class InProcess(keras.losses.Loss):
    """`StyleLoss(masked=True)` by the formulas, with the weights of terms that the service has."""

    def __init__(self) -> None:
        super().__init__(name="in_process")
        self.loss = None

    def call(self, y_true, y_pred):
        target, mask = y_true[..., :3].permute(0, 3, 1, 2), y_true[..., 3:].permute(0, 3, 1, 2)
        output = y_pred.permute(0, 3, 1, 2)
        if self.loss is None:
            remote = StyleLoss(url, range="0..1")
            remote(target, target, mask)
            terms = remote.last[0].terms
            self.loss = PConvLoss(WEIGHTS, {key: term.weight for key, term in terms.items()})
        return self.loss(output, target, mask)


example.train(InProcess(), images, steps)
