"""Pairs as they are given, and the rows that come of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .._images import Images
from ..results import Losses, Target

GivenPair: TypeAlias = tuple[Any, ...] | Mapping[str, Any]
"""`(output, target)`, `(id, output, target)`, or a mapping with `output`, `target` and, where they
are, `id`, `mask`, `style_target` and `perceptual_target`."""

_ROLES = ("output", "target", "mask", "style_target", "perceptual_target")


@dataclass(frozen=True)
class Pair:
    """One pair under its id."""

    id: str
    images: Mapping[str, Images | Target]


@dataclass(frozen=True)
class Row:
    """What one pair scored.

    Attributes:
        id: The pair's id.
        values: `total`, each term by its key, each layer as `term.layer`; empty where it failed.
        error: Why it failed: the service's code, or the exception's name, and the sentence.
    """

    id: str
    values: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A flat row."""
        return {"id": self.id, **self.values, "error": self.error}


def pair(given: GivenPair, index: int) -> Pair:
    """A pair as it was given; without an id it is the output's path, else its number.

    Raises:
        TypeError: it is none of the forms.
    """
    if isinstance(given, Mapping):
        images = {role: given[role] for role in _ROLES if given.get(role) is not None}
        name = given.get("id")
    elif isinstance(given, tuple) and len(given) in (2, 3):
        name = given[0] if len(given) == 3 else None
        images = dict(zip(("output", "target"), given[-2:], strict=True))
    else:
        raise TypeError("a pair is (output, target), (id, output, target) or a mapping")
    if "output" not in images:
        raise TypeError("a pair has no output")
    if name is None:
        output = images["output"]
        name = os.fspath(output) if isinstance(output, (str, os.PathLike)) else index
    return Pair(str(name), images)


def values(losses: Losses) -> dict[str, float]:
    """The numbers of one pair: `total`, its terms, and their layers."""
    flat = {"total": float(losses.total)}
    for key, term in losses.terms.items():
        flat[key] = float(term.loss)
        flat.update({f"{key}.{name}": float(value) for name, value in term.layers.items()})
    return flat
