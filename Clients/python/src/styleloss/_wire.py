"""The formats on the wire, written and read without copying what is large.

npy: numpy/lib/format.py, version 1.0. safetensors: its own description, 8 bytes of length, a JSON
header, the data. multipart/form-data: RFC 7578.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._connection import Buffer

Array = NDArray[Any]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "U8": np.dtype("u1"),
}


def array_bytes(array: Array) -> memoryview:
    """An array's own memory in C order; a copy only of what is not contiguous."""
    contiguous = np.ascontiguousarray(array)
    return contiguous.reshape(-1).view(np.uint8).data


def npy(array: Array) -> list[Buffer]:
    """An array as npy: the header, and the array's own bytes."""
    shape = f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    # Magic, version and length are 10 bytes; all of it is padded to a multiple of 64 with an end of
    # line.
    padded = text + " " * (-(len(text) + 11) % 64) + "\n"
    head = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode("latin-1")
    return [head, array_bytes(array)]


def safetensors(body: memoryview) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors of a body, as views of it, and its metadata; what is not aligned is copied.

    Raises:
        ValueError: it is no safetensors file, or has an element type that no answer has.
    """
    length = int.from_bytes(body[:8], "little")
    header = json.loads(bytes(body[8 : 8 + length]))
    metadata: dict[str, str] = header.pop("__metadata__", {})
    data = body[8 + length :]
    tensors: dict[str, Array] = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise ValueError(f"the tensor {name} has the element type {entry['dtype']}")
        array = np.frombuffer(data[begin:end], dtype).reshape(entry["shape"])
        tensors[name] = array if array.flags.aligned else array.copy()
    return tensors, metadata


@dataclass(frozen=True)
class Part:
    """One part of a form: its field's name, its media type, its bytes in pieces."""

    name: str
    type: str
    buffers: list[Buffer]


def multipart(parts: Iterable[Part]) -> tuple[str, list[Buffer]]:
    """A form: its Content-Type and its body in pieces.

    The boundary is 122 random bits, which no content holds.

    Raises:
        ValueError: a part's name is none that the service knows, and would not be one in its head.
    """
    boundary = uuid.uuid4().hex
    pieces: list[Buffer] = []
    lead = ""
    for part in parts:
        if not re.fullmatch(r"[\w.-]+", part.name, re.ASCII):
            raise ValueError(f"{part.name!r} is no name: it has letters, digits, _, . and - alone")
        head = (
            f"{lead}--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{part.name}"\r\n'
            f"Content-Type: {part.type}\r\n\r\n"
        )
        pieces += [head.encode("ascii"), *part.buffers]
        lead = "\r\n"
    pieces.append(f"{lead}--{boundary}--\r\n".encode("ascii"))
    return f"multipart/form-data; boundary={boundary}", pieces


def json_part(name: str, value: Mapping[str, Any]) -> Part:
    """A part that is a JSON object."""
    return Part(name, "application/json", [json_text(value).encode()])


def json_text(value: Mapping[str, Any]) -> str:
    """An object as JSON, with numpy's numbers and arrays as plain ones.

    Raises:
        TypeError: there is something in it that JSON has not.
        ValueError: there is a number that JSON has not: NaN or infinity.
    """
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)
    except ValueError:
        raise ValueError(f"numbers of options are finite, not NaN or infinite: {value}") from None


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} in an option cannot be sent; make it text, a number or a list")
