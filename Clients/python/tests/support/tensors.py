"""Tensors of a safetensors file, as views of it."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from styleloss._wire import safetensors


def load(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return {name: np.array(tensor) for name, tensor in safetensors(memoryview(body))[0].items()}
