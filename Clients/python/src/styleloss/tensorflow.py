"""The service as a loss of TensorFlow.

    from styleloss.tensorflow import StyleLoss
    loss = StyleLoss("http://host:8080", range="0..1")
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(loss(output, target))

It works eagerly and in `tf.function`, on the host. It cannot be compiled by XLA, which has no
callbacks and says so with the operation's name; a second derivative is None.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ._evaluator import Settings, evaluator, register
from ._wire import Array
from .results import Losses

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LossOptions

# XLA names the operation that it cannot compile, and this is then what to do.
_OPERATION = "styleloss_cannot_be_compiled_by_XLA__set_jit_compile_to_False"


class StyleLoss:
    """Losses of a batch, one a sample, with the gradient by `output` in the same request.

    Floats travel as float32, integers (0 to 255) as they are, and the gradient has the dtype of
    `output`. `target` and `mask` get none.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout: float = 60.0,
        **options: Unpack[LossOptions],
    ) -> None:
        """Asks nothing of the service yet.

        Args:
            url: As `styleloss.Client` takes it.
            key: An API key.
            timeout: Seconds for a request with all its attempts.
            **options: `styleloss.options.LossOptions`; `range` is needed for floats, `layout` is
                `nhwc` unless it is said to be `nchw`, `out_of_range` is `allow`.
        """
        options.setdefault("layout", "nhwc")
        self._settings = Settings.of(url, key, timeout, options)
        self._layout = options["layout"]
        self._handle = register(self._settings)

    def __call__(
        self, output: Any, target: Any, mask: Any = None, style_target: Any = None
    ) -> tf.Tensor:
        """The losses, `(N,)` float32.

        Args:
            output: `(N, H, W, 3)` with values in `range`.
            target: The same, or one sample for all; None for style terms alone.
            mask: `(N, H, W, 1)` or one for all, in [0, 1].
            style_target: Targets of style terms instead, of any size.
        """
        given = [None if x is None else _plain(x) for x in (target, mask, style_target)]
        kept = [x for x in given if x is not None]

        def ask(x: tf.Tensor, *, gradient: bool) -> list[tf.Tensor]:
            call = self._host([x is not None for x in given], gradient)
            types = [tf.float32, tf.float32] if gradient else tf.float32
            answer = tf.numpy_function(call, [x, *kept], types, name=_OPERATION)
            tensors: list[tf.Tensor] = list(answer) if gradient else [answer]
            for tensor, shape in zip(tensors, (x.shape[:1], x.shape), strict=False):
                tensor.set_shape(shape)
            return tensors

        @tf.custom_gradient
        def loss(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            answer = ask(x, gradient=_is_recorded())

            def backward(by_total: tf.Tensor) -> tf.Tensor:
                gradient = answer[1] if len(answer) == 2 else ask(x, gradient=True)[1]
                return tf.stop_gradient(gradient) * by_total[:, None, None, None]

            return answer[0], backward

        return loss(_plain(output))

    @property
    def last(self) -> tuple[Losses, ...]:
        """The answers to the latest call in this process, one a request."""
        return evaluator(self._handle).last

    def _host(self, is_given: list[bool], gradient: bool) -> Callable[..., Any]:
        handle, layout = self._handle, self._layout

        def call(output: Array, *kept: Array) -> Any:
            rest = iter(kept)
            arrays = [next(rest) if is_one else None for is_one in is_given]
            total, by_output = evaluator(handle)(output, *arrays, gradient=gradient, layout=layout)
            single = total.astype(np.float32)
            return (single, by_output) if gradient else single

        return call

    def __getstate__(self) -> Settings:
        return self._settings

    def __setstate__(self, settings: Settings) -> None:
        options = json.loads(settings.options)
        StyleLoss.__init__(
            self, settings.url, key=settings.key, timeout=settings.timeout, **options
        )


def _plain(x: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(x)
    return tf.cast(tensor, tf.float32) if tensor.dtype.is_floating else tensor


def _is_recorded() -> bool:
    """Whether a tape may ask for a gradient; where that cannot be told, it may.

    A wrong no costs a second request, a wrong yes a gradient that nobody needs.
    """
    try:
        from tensorflow.python.eager import record
    except ImportError:
        return True
    return bool(record.could_possibly_record())
