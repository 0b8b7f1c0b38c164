"""The service as a `keras.losses.Loss`, on the backends PyTorch, JAX and TensorFlow.

    from styleloss.keras import StyleLoss
    model.compile("adam", loss=StyleLoss("http://host:8080", range="0..1"), jit_compile=False)

`jit_compile=False` is needed on TensorFlow alone, whose XLA cannot call back. Second derivatives
cannot be had on any backend.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import keras

from ._evaluator import Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LossOptions


@keras.saving.register_keras_serializable(package="styleloss")
class StyleLoss(keras.losses.Loss):
    """Losses of a batch, one a sample, which Keras weighs and reduces as it does any."""

    def __init__(
        self,
        url: str | None = None,
        *,
        masked: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "style_loss",
        dtype: Any = None,
        key: str | None = None,
        timeout: float = 60.0,
        **options: Unpack[LossOptions],
    ) -> None:
        """Asks nothing of the service yet.

        Args:
            url: As `styleloss.Client` takes it.
            masked: Whether the last channel of `y_true` is a mask, 1 where pixels are given, since
                Keras hands a loss no third argument.
            reduction: As Keras' losses take it.
            name: The loss's.
            dtype: As Keras' losses take it.
            key: An API key; it is not saved with the model.
            timeout: Seconds for a request with all its attempts.
            **options: `styleloss.options.LossOptions`; `range` is needed for floats, `layout` is
                that of `keras.config.image_data_format()` unless it is said, `out_of_range` is
                `allow`.
        """
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        is_last = keras.config.image_data_format() == "channels_last"
        options.setdefault("layout", "nhwc" if is_last else "nchw")
        self._masked = masked
        self._settings = Settings.of(url, key, timeout, options)
        self._is_last = options["layout"] == "nhwc"
        self._loss = _backend(url, key, timeout, options)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The losses, `(N,)`; of images `(N, H, W, 3)` or `(N, 3, H, W)`."""
        if not self._masked:
            return self._loss(y_pred, y_true)
        if self._is_last:
            return self._loss(y_pred, y_true[..., :-1], y_true[..., -1:])
        return self._loss(y_pred, y_true[:, :-1], y_true[:, -1:])

    def get_config(self) -> dict[str, Any]:
        """What it is made of, the key left out."""
        config = super().get_config()
        config.pop("dtype", None)
        return {
            **config,
            "url": self._settings.url,
            "masked": self._masked,
            "timeout": self._settings.timeout,
            **json.loads(self._settings.options),
        }


def _backend(url: str | None, key: str | None, timeout: float, options: LossOptions) -> Any:
    name = keras.backend.backend()
    if name == "torch":
        from .torch import StyleLoss as TorchLoss

        return TorchLoss(url, key=key, timeout=timeout, **options)
    if name == "jax":
        from .jax import StyleLoss as JaxLoss

        return JaxLoss(url, key=key, timeout=timeout, **options)
    if name == "tensorflow":
        from .tensorflow import StyleLoss as TensorFlowLoss

        return TensorFlowLoss(url, key=key, timeout=timeout, **options)
    raise NotImplementedError(f"Keras on {name} has no gradients to train with")
