"""Answers of the service as results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._wire import Array
from .results import Gradient, Losses, Notice, Term, Values


def losses(answer: Mapping[str, Any], tensors: Mapping[str, Array], *, is_one: bool) -> Losses:
    """Losses from the service's answer.

    Args:
        answer: The JSON answer.
        tensors: The tensors beside it, gradients among them.
        is_one: Whether one pair was asked about: values then have the shape `()`.
    """
    results: Sequence[Mapping[str, Any]] = answer["results"]

    def values(numbers: Sequence[float]) -> Values:
        return np.asarray(numbers[0] if is_one else numbers, np.float64)

    def term(key: str) -> Term:
        entries = [result[key] for result in results]
        layers = entries[0].get("layers", {})
        return Term(
            loss=values([entry["loss"] for entry in entries]),
            weight=entries[0]["weight"],
            layers={n: values([entry["layers"][n] for entry in entries]) for n in layers},
            precision=tuple(e["precision"] for e in entries if "precision" in e),
        )

    keys = [
        k for k, v in results[0].items() if isinstance(v, dict) and {"loss", "weight"} <= set(v)
    ]
    return Losses(
        id=answer["id"],
        preset=answer["preset"],
        model=answer.get("model", {}),
        options=answer["options"],
        total=values([result["total"] for result in results]),
        terms={key: term(key) for key in keys},
        gradients=gradients(tensors, is_one=is_one, is_of_features=not answer.get("model")),
        maps=maps(tensors, is_one=is_one),
        gradient_norms=_norms(results, values),
        warnings=tuple(Notice(w["code"], w["detail"]) for w in answer["warnings"]),
        timings_ms=answer["timings_ms"],
        target_digests=tuple(result.get("target_digest") for result in results),
        targets_cached=tuple(result.get("target_cached", False) for result in results),
    )


def gradients(
    tensors: Mapping[str, Array], *, is_one: bool, is_of_features: bool = False
) -> dict[str, Gradient]:
    """The gradients in an answer by what follows `gradient.`, `total` where nothing does.

    Those of float16 are multiplied by their samples' scales, and are float32 as all others.

    Args:
        tensors: The answer's.
        is_one: Whether one image was asked about: its gradient is then `(3, H, W)`.
        is_of_features: Whether names are of layers, which may end in `.0`; else `gradient.0`,
            `gradient.1`, … are of outputs that differ in size, and become a tuple.
    """
    found: dict[str, Gradient] = {}
    for key, value in _grouped(tensors, "gradient", has_pieces=not is_of_features).items():
        scale = tensors.get(f"gradient_scale.{key}" if key else "gradient_scale")
        if isinstance(value, tuple):
            scales = (
                [None] * len(value)
                if scale is None
                else [scale[n, None] for n in range(len(value))]
            )
            found[key or "total"] = tuple(map(_widened, value, scales))
        else:
            wide = _widened(value, scale)
            is_single = is_one and wide.ndim == 4 and not is_of_features
            found[key or "total"] = wide[0] if is_single else wide
    return found


def maps(tensors: Mapping[str, Array], *, is_one: bool) -> dict[str, Gradient]:
    """The maps in an answer by `term.layer`, `term` or `gradient`."""
    return {
        key: value[0] if is_one and not isinstance(value, tuple) else value
        for key, value in _grouped(tensors, "map", has_pieces=True).items()
    }


def notices(metadata: Mapping[str, str]) -> tuple[Notice, ...]:
    """The warnings beside tensors: lines of `code: detail`."""
    lines = metadata.get("warnings", "").splitlines()
    return tuple(Notice(*line.split(": ", 1)) for line in lines)


def _grouped(
    tensors: Mapping[str, Array], kind: str, *, has_pieces: bool
) -> dict[str, Array | tuple[Array, ...]]:
    """Tensors `kind` and `kind.key` by key; `kind.key.0`, `kind.key.1`, … as one tuple."""
    whole: dict[str, Array | tuple[Array, ...]] = {}
    pieces: dict[str, dict[int, Array]] = {}
    for name, array in tensors.items():
        start, _, key = name.partition(".")
        if start != kind:
            continue
        stem, _, last = key.rpartition(".")
        if has_pieces and last.isdigit():
            pieces.setdefault(stem, {})[int(last)] = array
        else:
            whole[key] = array
    return {**whole, **{key: tuple(of[n] for n in sorted(of)) for key, of in pieces.items()}}


def _widened(array: Array, scale: Array | None) -> Array:
    if scale is None:
        return array
    # Powers of two: the product is exact.
    factors = scale.astype(np.float32)
    if len(factors) > 1:
        factors = factors.reshape(-1, *[1] * (array.ndim - 1))
    widened: Array = array.astype(np.float32) * factors
    return widened


def _norms(results: Sequence[Mapping[str, Any]], values: Any) -> dict[str, Values]:
    norms: list[Any] = [result.get("gradient_norm") for result in results]
    if norms[0] is None:
        return {}
    if isinstance(norms[0], dict):
        return {key: values([norm[key] for norm in norms]) for key in norms[0]}
    return {"total": values(norms)}
