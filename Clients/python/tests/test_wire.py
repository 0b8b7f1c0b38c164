"""The formats, against numpy and safetensors' own description."""

from __future__ import annotations

import email
import email.policy
import io
import json

import numpy as np
import pytest

from styleloss._wire import Part, array_bytes, json_part, multipart, npy, safetensors


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1", "i4", ">f4"])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4, 5), (1, 1)])
def test_numpy_reads_what_npy_writes(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    body = b"".join(npy(array))
    read = np.load(io.BytesIO(body))
    assert read.dtype == array.dtype
    assert np.array_equal(read, array)
    assert body.index(b"\n") % 64 == 63


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_arrays_that_are_not_contiguous_are_written_in_c_order(order: tuple[int, ...]) -> None:
    array = np.arange(60, dtype=np.float32).reshape(3, 4, 5).transpose(order)[::-1]
    assert np.array_equal(np.load(io.BytesIO(b"".join(npy(array)))), array)


def test_a_contiguous_array_is_sent_from_where_it_lies() -> None:
    array = np.zeros((2, 3), np.float32)
    view = array_bytes(array)
    array[1, 2] = 1
    assert view[-4:] == np.float32(1).tobytes()


def test_the_email_package_reads_what_multipart_writes() -> None:
    parts = [
        Part("output", "application/x-npy", [b"a\r\n--", b"b"]),
        json_part("options", {"x": 1}),
    ]
    kind, pieces = multipart(parts)
    message = email.message_from_bytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + b"".join(pieces), policy=email.policy.HTTP
    )
    first, second = message.iter_parts()
    assert first.get_param("name", header="content-disposition") == "output"
    assert first.get_payload(decode=True) == b"a\r\n--b"
    assert json.loads(second.get_payload(decode=True)) == {"x": 1}


def test_json_options_refuse_what_json_has_not() -> None:
    with pytest.raises(ValueError):
        json_part("options", {"term_weights": {"style": float("nan")}})


def _file(entries: dict[str, object], data: bytes, padding: int = 0) -> memoryview:
    header = json.dumps(entries).encode() + b" " * padding
    return memoryview(len(header).to_bytes(8, "little") + header + data)


@pytest.mark.parametrize("padding", range(8))
def test_tensors_are_aligned_wherever_they_lie(padding: int) -> None:
    data = np.arange(6, dtype=np.float32).tobytes() + np.float64(2.5).tobytes()
    entries = {
        "__metadata__": {"model": "m"},
        "gradient": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "total": {"dtype": "F64", "shape": [1], "data_offsets": [24, 32]},
    }
    tensors, metadata = safetensors(_file(entries, data, padding))
    assert metadata == {"model": "m"}
    assert np.array_equal(tensors["gradient"], [[0, 1, 2], [3, 4, 5]])
    assert tensors["total"] == [2.5]
    assert all(tensor.flags.aligned for tensor in tensors.values())


def test_a_type_that_no_answer_has_is_named() -> None:
    entries = {"x": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}
    with pytest.raises(ValueError, match="F8_E4M3"):
        safetensors(_file(entries, b"\0"))
