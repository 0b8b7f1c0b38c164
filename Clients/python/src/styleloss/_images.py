"""What callers have for images, as parts of a form."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union, runtime_checkable

import numpy as np

from ._wire import Array, Part, npy

NPY = "application/x-npy"
PNG = "image/png"
# PNG, JPEG or npy by its first bytes.
UNKNOWN = "application/octet-stream"


@runtime_checkable
class SupportsArray(Protocol):
    """Whatever numpy makes an array of: tensors of PyTorch on the CPU, of JAX, of TensorFlow."""

    def __array__(self) -> Array:
        """The array."""
        ...


@runtime_checkable
class PillowImage(Protocol):
    """`PIL.Image.Image`, of which nothing more is needed."""

    @property
    def mode(self) -> str:
        """Such as `RGB` or `L`."""
        ...

    def save(self, fp: Any, format: str, **options: Any) -> None:
        """Writes it."""
        ...


Image: TypeAlias = Union[Array, SupportsArray, PillowImage, bytes, str, "os.PathLike[str]"]
"""An image, or several in one array: `(H, W)` gray, `(H, W, C)` or `(C, H, W)`, `(N, …)` of N.

An array of three or four dimensions needs the option `layout`, one of floats the option `range`. A
`str` or path names a file of PNG, JPEG or npy, `bytes` are such a file.
"""

Images: TypeAlias = Image | Sequence[Image]
"""One image, or a list of them, whose sizes may differ."""

_PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})


def parts(name: str, images: Images) -> list[Part]:
    """The parts of a form that carry images.

    Raises:
        TypeError: it is nothing that an image is made of.
        OSError: a file cannot be read.
    """
    if isinstance(images, (list, tuple)):
        return [part(name, image) for image in images]
    return [part(name, images)]  # type: ignore[arg-type]


def masks(name: str, images: Images) -> list[Part]:
    """The parts of a form that carry masks.

    Raises:
        ValueError: integers end at 1 where they mean parts of 255: nearly nothing would be masked.
    """
    for image in images if isinstance(images, (list, tuple)) else [images]:
        array = np.asarray(image) if hasattr(image, "__array__") else None
        if array is not None and array.dtype.kind in "iu" and array.size and array.max() == 1:
            raise ValueError(
                f"integers in a {name} are parts of 255; make this one of 0 and 1 bool or float"
            )
    return parts(name, images)


def part(name: str, image: Image) -> Part:
    """The part of a form that carries one image or array."""
    if isinstance(image, np.ndarray):
        return Part(name, NPY, npy(_sendable(image)))
    if isinstance(image, bytes):
        return Part(name, UNKNOWN, [image])
    if isinstance(image, (str, os.PathLike)):
        return Part(name, UNKNOWN, [Path(image).read_bytes()])
    if isinstance(image, PillowImage):
        return Part(name, PNG, [_png(image)])
    if hasattr(image, "__array__"):
        return Part(name, NPY, npy(_sendable(np.asarray(image))))
    raise TypeError(
        f"{name} is {type(image).__name__}; an image is an array, a PIL image, bytes or a path"
    )


def is_one(images: Images) -> bool:
    """Whether it is one image, not a list and no array of several."""
    return not isinstance(images, (list, tuple)) and getattr(images, "ndim", 0) < 4


def _sendable(array: Array) -> Array:
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise TypeError(f"an array of {array.dtype} is no image; make it float32 or uint8")
    return array


def _png(image: PillowImage) -> bytes:
    if image.mode not in _PNG_MODES:
        raise TypeError(f"a PIL image of mode {image.mode} is not sent; use convert('RGB') first")
    file = io.BytesIO()
    # Not compressed: the way is shorter than the work.
    image.save(file, format="PNG", compress_level=0)
    return file.getvalue()
