"""What the frameworks' modules share: arrays in, totals and a gradient out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._wire import Array, json_text
from .client import Client
from .errors import InvalidRequestError
from .options import encoded
from .results import Losses, Values

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """A service and a loss, as plain data: what a module is pickled as.

    Attributes:
        url: As `Client` takes it.
        key: An API key.
        timeout: Seconds for a request with all its attempts.
        options: The loss's options, JSON.
    """

    url: str | None
    key: str | None
    timeout: float
    options: str

    @classmethod
    def of(
        cls, url: str | None, key: str | None, timeout: float, options: Mapping[str, Any]
    ) -> Settings:
        """Settings with options as they are given to `Client.losses`.

        Raises:
            ValueError: an option is not for a loss that is trained with.
        """
        for name in ("gradient", "gradient_of", "cotangent"):
            if name in options:
                raise ValueError(f"{name} is asked for by itself, when it is needed")
        # A network that is trained overshoots: that is no reason to end the training.
        known = {"out_of_range": "allow", **encoded(options)}
        return cls(url, key, timeout, json_text(known))

    @property
    def handle(self) -> str:
        """A name for them that says nothing of the key: compiled graphs hold it."""
        text = json.dumps([self.url, self.key, self.timeout, self.options])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Evaluator:
    """One loss of one service. Safe among threads and forks."""

    def __init__(self, settings: Settings) -> None:
        self.client = Client(settings.url, key=settings.key, timeout=settings.timeout)
        self.last: tuple[Losses, ...] = ()
        """The answers to the latest call, one a request."""
        self._options: dict[str, Any] = json.loads(settings.options)
        self._pairs_max = 0

    def __call__(
        self,
        output: Array | None,
        target: Array | None,
        mask: Array | None = None,
        style_target: Array | None = None,
        *,
        gradient: bool,
        layout: str,
    ) -> tuple[Values, Floats | None]:
        """Totals `(N,)`, float64, and their gradients in the shape of `output`, float32.

        Args:
            output: N samples, four dimensions as `layout` says.
            target: N or one, of `output`'s size; None for a loss that has style terms alone.
            mask: N or one, with one channel or three.
            style_target: N or one, of any size.
            gradient: Whether the gradients are needed.
            layout: The order of dimensions, `nchw` or `nhwc`.
        """
        if output is None:
            raise TypeError("there is no output")
        options = {**self._options, "layout": layout}

        def ask(part: slice) -> Losses:
            return self.client.losses(
                output[part],
                _part(target, part),
                _part(mask, part),
                style_target=_part(style_target, part),
                gradient=gradient,
                **options,
            )

        answers = self._in_parts(len(output), ask)
        self.last = tuple(answers)
        totals = np.concatenate([answer.total for answer in answers])
        if not gradient:
            return totals, None
        gradients = [answer.gradient for answer in answers]
        return totals, gradients[0] if len(gradients) == 1 else np.concatenate(gradients)

    def _in_parts(self, count: int, ask: Callable[[slice], Losses]) -> list[Losses]:
        """As many requests as it takes: how many pairs one may have, the first refusal says."""
        step = min(count, self._pairs_max or count) or 1
        try:
            return [ask(slice(start, start + step)) for start in range(0, count, step)]
        except InvalidRequestError as error:
            if error.code != "batch_too_large" or not error.limit or error.limit >= step:
                raise
            self._pairs_max = error.limit
        return self._in_parts(count, ask)


_evaluators: dict[str, Evaluator] = {}


def register(settings: Settings) -> str:
    """Makes settings known in this process, under their handle."""
    handle = settings.handle
    if handle not in _evaluators:
        _evaluators[handle] = Evaluator(settings)
    return handle


def evaluator(handle: str) -> Evaluator:
    """The evaluator of settings that were registered in this process.

    Raises:
        LookupError: none were: what was compiled in another process is called here.
    """
    try:
        return _evaluators[handle]
    except KeyError:
        raise LookupError("this loss was made in another process; make it here too") from None


def _part(array: Array | None, part: slice) -> Array | None:
    return array if array is None or len(array) == 1 else array[part]
