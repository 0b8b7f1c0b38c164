"""The service as a loss of JAX.

    from styleloss.jax import StyleLoss
    loss = StyleLoss("http://host:8080", range="0..1")
    value, gradient = jax.value_and_grad(lambda x: loss(x, target).mean())(output)

It works under `jit`, `grad` and `vmap`, on the host: one callback a call, with the gradient only
where one is taken. It cannot do second or forward-mode derivatives, which JAX refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ._evaluator import Settings, evaluator, register
from ._wire import Array
from .results import Losses

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LossOptions

Inputs = tuple[Any, Any, Any, Any]
"""output, target, mask and style_target; the last three may be None."""


class StyleLoss:
    """Losses of a batch, one a sample, with the gradient by `output` in the same request.

    A function: jitted code can close over it, and it can be pickled. Floats travel as float32,
    integers (0 to 255) as they are, and the gradient has the dtype of `output`. `target` and `mask`
    get none.
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
                `nchw` unless it is said to be `nhwc`, `out_of_range` is `allow`.
        """
        options.setdefault("layout", "nchw")
        self._settings = Settings.of(url, key, timeout, options)
        self._layout = options["layout"]
        self._make()

    def __call__(
        self, output: Any, target: Any, mask: Any = None, style_target: Any = None
    ) -> jax.Array:
        """The losses, float32, of the shape of `output` less its last three dimensions.

        Args:
            output: `(N, 3, H, W)`, or `(3, H, W)` for one, with values in `range`.
            target: The same, or one for all; None for style terms alone.
            mask: With one channel, or one for all, in [0, 1].
            style_target: Targets of style terms instead, of any size.

        Raises:
            ValueError: `output` has less than three dimensions, or a target has samples and not as
                many as `output`.
        """
        inputs = [
            None if x is None else _plain(jnp.asarray(x)) for x in (target, mask, style_target)
        ]
        output = jnp.asarray(output)
        if output.ndim < 3:
            raise ValueError(f"output has {output.ndim} dimensions; it is (N, 3, H, W)")
        for x in inputs:
            if x is not None:
                np.broadcast_shapes(x.shape[:-3], output.shape[:-3])
        loss: jax.Array = self._loss(output, *inputs)
        return loss

    @property
    def last(self) -> tuple[Losses, ...]:
        """The answers to the latest call in this process, one a request."""
        return evaluator(self._handle).last

    def __getstate__(self) -> tuple[Settings, str]:
        return self._settings, self._layout

    def __setstate__(self, state: tuple[Settings, str]) -> None:
        self._settings, layout = state
        self._layout = "nhwc" if layout == "nhwc" else "nchw"
        self._make()

    def _make(self) -> None:
        self._handle = register(self._settings)
        self._loss = _differentiable(self._handle, self._layout)


def _differentiable(handle: str, layout: str) -> Callable[..., Any]:
    @jax.custom_vjp
    def loss(output: Any, target: Any, mask: Any, style_target: Any) -> Any:
        (total,) = _ask(handle, layout, False, (output, target, mask, style_target))
        return total

    def forward(output: Any, target: Any, mask: Any, style_target: Any) -> Any:
        total, gradient = _ask(handle, layout, True, (output, target, mask, style_target))
        # An empty array, since residuals are arrays and what is needed of it is its dtype.
        return total, (gradient, jnp.empty(0, output.dtype))

    def backward(residuals: Any, by_total: Any) -> Any:
        gradient, like = residuals
        return (gradient * by_total[..., None, None, None]).astype(like.dtype), None, None, None

    loss.defvjp(forward, backward)
    return loss


def _ask(handle: str, layout: str, wants_gradient: bool, inputs: Inputs) -> tuple[Any, ...]:
    """One callback: the totals and, where it is wanted, the gradient."""
    plain: tuple[Any, ...] = (_plain(inputs[0]), *inputs[1:])
    shapes = [jax.ShapeDtypeStruct(plain[0].shape[:-3], jnp.float32)]
    if wants_gradient:
        shapes.append(jax.ShapeDtypeStruct(plain[0].shape, jnp.float32))

    def host(*arrays: Any) -> tuple[Array, ...]:
        return _evaluate(handle, layout, wants_gradient, arrays)

    # A dimension of vmap comes in front, of size 1 where an input has none.
    answer: tuple[Any, ...] = jax.pure_callback(
        host, tuple(shapes), *plain, vmap_method="expand_dims"
    )
    return answer


def _evaluate(
    handle: str, layout: str, wants_gradient: bool, arrays: tuple[Any, ...]
) -> tuple[Array, ...]:
    """The callback: NumPy alone, since JAX inside would wait for itself."""
    given = [None if x is None else np.asarray(x) for x in arrays]
    leads = [x.shape[:-3] for x in given if x is not None]
    lead = np.broadcast_shapes(*leads)

    def samples(x: Array | None) -> Array | None:
        if x is None:
            return None
        if x.size == np.prod(x.shape[-3:]):
            return x.reshape(1, *x.shape[-3:])
        return np.broadcast_to(x, lead + x.shape[-3:]).reshape(-1, *x.shape[-3:])

    output, *rest = (samples(x) for x in given)
    if output is not None and len(output) != np.prod(lead):
        output = np.broadcast_to(output, (int(np.prod(lead)), *output.shape[1:]))
    total, gradient = evaluator(handle)(output, *rest, gradient=wants_gradient, layout=layout)
    values: list[Array] = [total.astype(np.float32).reshape(lead)]
    if gradient is not None:
        values.append(gradient.reshape(lead + gradient.shape[1:]))
    return tuple(values)


def _plain(x: Any) -> Any:
    return x.astype(jnp.float32) if jnp.issubdtype(x.dtype, jnp.floating) else x
