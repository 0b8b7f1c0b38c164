"""The service as a loss of PyTorch.

    from styleloss.torch import StyleLoss
    loss = StyleLoss("http://host:8080", range="0..1")
    loss(output, target).mean().backward()

It cannot do second derivatives, `torch.vmap` or `torch.func.grad`: each raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from ._evaluator import Settings, evaluator, register
from ._pending import Pending
from ._wire import Array
from .results import Losses

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LossOptions

Reduction = Literal["none", "mean", "sum"]

_SECOND = "the service has first derivatives only: its gradient cannot be differentiated again"


class StyleLoss(torch.nn.Module):
    """Losses of a batch, one a sample, with the gradient by `output`.

    The gradient comes with the values, in one request, and only where it is needed: not under
    `torch.no_grad()`, nor for an output that requires none. Modules can be compiled, pickled, and
    used in forked and spawned workers. Tensors may be of any dtype, device and memory format:
    floats travel as float32, integers (0 to 255) as they are, and the gradient comes back as
    `output` is. `target` and `mask` get none.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        reduction: Reduction = "none",
        key: str | None = None,
        timeout: float = 60.0,
        **options: Unpack[LossOptions],
    ) -> None:
        """Asks nothing of the service yet.

        Args:
            url: As `styleloss.Client` takes it.
            reduction: What becomes of the N values: kept, their mean, or their sum.
            key: An API key.
            timeout: Seconds for a request with all its attempts.
            **options: `styleloss.options.LossOptions`; `range` is needed for floats, `layout` is
                `nchw` unless it is said to be `nhwc`, `out_of_range` is `allow`.
        """
        super().__init__()
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction is none, mean or sum, not {reduction}")
        options.setdefault("layout", "nchw")
        self.reduction = reduction
        self._settings = Settings.of(url, key, timeout, options)
        self._layout = options["layout"]
        self._handle = register(self._settings)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        register(self._settings)

    def forward(
        self,
        output: Tensor,
        target: Tensor | None,
        mask: Tensor | None = None,
        style_target: Tensor | None = None,
    ) -> Tensor:
        """The losses, `(N,)` float32 (float64 of float64), or what `reduction` makes of them.

        Args:
            output: `(N, 3, H, W)` with values in `range`.
            target: The same, or one sample for all; None for style terms alone.
            mask: `(N, 1, H, W)` or one for all, in [0, 1].
            style_target: Targets of style terms instead, of any size.

        Raises:
            styleloss.StyleLossError: the service refuses, or cannot be asked.
            TypeError: something is no tensor.
            ValueError: `output` has not four dimensions, or another tensor wants a gradient.
        """
        inputs = (target, mask, style_target)
        self._check(output, inputs)
        wants = torch.is_grad_enabled() and output.requires_grad
        total, _ = _loss(output, *inputs, self._handle, self._layout, wants)
        return self._reduced(total)

    def start(
        self,
        output: Tensor,
        target: Tensor | None,
        mask: Tensor | None = None,
        style_target: Tensor | None = None,
    ) -> PendingLoss:
        """Sends the request and returns; `wait()` joins the result to autograd.

        Not for compiled code. Tensors on the CPU are sent from where they lie: do not change them
        in place until then.
        """
        inputs = (target, mask, style_target)
        self._check(output, inputs)
        wants = torch.is_grad_enabled() and output.requires_grad
        is_last = _is_channels_last(output, self._layout)
        arrays = _arrays(output, inputs, is_last)
        layout = "nhwc" if is_last else self._layout
        loss = evaluator(self._handle)
        pending = loss.client.start(loss, *arrays, gradient=wants, layout=layout)
        return PendingLoss(self, output, pending, is_last)

    @property
    def last(self) -> tuple[Losses, ...]:
        """The answers to the latest call in this process, one a request: terms, warnings."""
        return evaluator(self._handle).last

    def extra_repr(self) -> str:
        """The service and the options."""
        return f"{self._settings.url}, {self._settings.options}, reduction={self.reduction}"

    def _check(self, output: Tensor, inputs: tuple[Tensor | None, ...]) -> None:
        for tensor in (output, *inputs):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(f"images and masks are tensors, not {type(tensor).__name__}")
        if output.dim() != 4:
            raise ValueError(f"output has {output.dim()} dimensions; it is (N, 3, H, W)")
        if any(tensor is not None and tensor.requires_grad for tensor in inputs):
            raise ValueError("only output gets a gradient; detach target and mask")

    def _reduced(self, total: Tensor) -> Tensor:
        if self.reduction == "none":
            return total
        return total.mean() if self.reduction == "mean" else total.sum()


class PendingLoss:
    """A loss under way."""

    def __init__(
        self,
        loss: StyleLoss,
        output: Tensor,
        pending: Pending[tuple[Array, Array | None]],
        is_last: bool,
    ) -> None:
        self._loss = loss
        self._output = output
        self._pending = pending
        self._is_last = is_last

    def wait(self) -> Tensor:
        """What `StyleLoss` returns, once it is there."""
        total, gradient = _tensors(self._output, self._is_last, *self._pending.result())
        joined: Tensor = _Join.apply(self._output, total, gradient)
        return self._loss._reduced(joined)

    def cancel(self) -> None:
        """Drops the request; the service drops its job."""
        self._pending.cancel()


@torch.library.custom_op("styleloss::loss", mutates_args=())
def _loss(
    output: Tensor,
    target: Tensor | None,
    mask: Tensor | None,
    style_target: Tensor | None,
    handle: str,
    layout: str,
    wants_gradient: bool,
) -> tuple[Tensor, Tensor]:
    is_last = _is_channels_last(output, layout)
    arrays = _arrays(output, (target, mask, style_target), is_last)
    layout = "nhwc" if is_last else layout
    answer = evaluator(handle)(*arrays, gradient=wants_gradient, layout=layout)
    return _tensors(output, is_last, *answer)


@_loss.register_fake
def _(
    output: Tensor,
    target: Tensor | None,
    mask: Tensor | None,
    style_target: Tensor | None,
    handle: str,
    layout: str,
    wants_gradient: bool,
) -> tuple[Tensor, Tensor]:
    total = output.new_empty(output.shape[0], dtype=_total_dtype(output))
    if not wants_gradient:
        return total, output.new_empty(0, dtype=torch.float32)
    form = torch.channels_last if _is_channels_last(output, layout) else torch.contiguous_format
    return total, torch.empty_like(output, dtype=torch.float32, memory_format=form)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.set_materialize_grads(False)
    ctx.dtype = inputs[0].dtype
    ctx.save_for_backward(output[1])


def _backward(ctx: Any, by_total: Tensor | None, by_gradient: Tensor | None) -> tuple[Any, ...]:
    if by_gradient is not None:
        raise NotImplementedError(_SECOND)
    (gradient,) = ctx.saved_tensors
    nothing = (None,) * 6
    if by_total is None:
        return (None, *nothing)
    return (_scaled(gradient, by_total, ctx.dtype), *nothing)


_loss.register_autograd(_backward, setup_context=_setup)


@_loss.register_vmap
def _(info: Any, in_dims: Any, *args: Any) -> Any:
    raise NotImplementedError("a batch is one request: give all samples at once, without vmap")


class _Join(torch.autograd.Function):
    """Values that are there already, with their gradient."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, total: Tensor, gradient: Tensor) -> Tensor:
        ctx.dtype = output.dtype
        ctx.save_for_backward(gradient)
        return total.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, by_total: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return _scaled(gradient, by_total, ctx.dtype), None, None


def _scaled(gradient: Tensor, by_total: Tensor, dtype: torch.dtype) -> Tensor:
    # In float32: a GradScaler's factor and a small gradient meet before they are rounded.
    return (gradient * by_total.reshape(-1, 1, 1, 1).to(gradient.dtype)).to(dtype)


def _total_dtype(output: Tensor) -> torch.dtype:
    return torch.float64 if output.dtype == torch.float64 else torch.float32


def _is_channels_last(output: Tensor, layout: str) -> bool:
    return (
        layout == "nchw"
        and output.is_contiguous(memory_format=torch.channels_last)
        and not output.is_contiguous()
    )


def _arrays(output: Tensor, inputs: tuple[Tensor | None, ...], is_last: bool) -> list[Array | None]:
    """Arrays of the tensors' own memory, where they are float32 or integers, on the CPU."""

    def array(tensor: Tensor | None) -> Array | None:
        if tensor is None:
            return None
        dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
        plain = tensor.detach().to("cpu", dtype)
        return (plain.permute(0, 2, 3, 1) if is_last else plain).numpy()

    return [array(tensor) for tensor in (output, *inputs)]


def _tensors(
    output: Tensor, is_last: bool, total: Array, gradient: Array | None
) -> tuple[Tensor, Tensor]:
    device = output.device
    values = torch.from_numpy(total).to(device, _total_dtype(output))
    if gradient is None:
        return values, torch.empty(0, dtype=torch.float32, device=device)
    tensor = torch.from_numpy(np.asarray(gradient)).to(device)
    return values, tensor.permute(0, 3, 1, 2) if is_last else tensor
