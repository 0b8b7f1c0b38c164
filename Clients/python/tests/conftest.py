"""A real service for all tests, its images, and clients of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import styleloss

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "Tests/Fixtures/images"
WEIGHTS = ROOT / "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors"


def find_binary() -> Path:
    named = os.environ.get("STYLELOSS_BINARY") or shutil.which("styleloss")
    path = Path(named) if named else ROOT / ".build/release/styleloss"
    if not path.exists():
        pytest.exit("no styleloss binary: build one, or name it in STYLELOSS_BINARY", returncode=2)
    return path


@pytest.fixture(scope="session")
def binary() -> Path:
    return find_binary()


@pytest.fixture(scope="session")
def service(binary: Path) -> Iterator[styleloss.Service]:
    with styleloss.serve(path=binary) as service:
        yield service


@pytest.fixture(scope="session")
def http_service(binary: Path) -> Iterator[styleloss.Service]:
    from .support.sockets import free_port

    with styleloss.serve(f"127.0.0.1:{free_port()}", path=binary) as service:
        yield service


@pytest.fixture
def client(service: styleloss.Service) -> Iterator[styleloss.Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two samples of 48² in [0, 1], float32, nchw."""
    random = np.random.default_rng(7)
    output = random.random((2, 3, 48, 48), np.float32)
    return output, np.clip(output + random.normal(0, 0.2, output.shape), 0, 1).astype(np.float32)
