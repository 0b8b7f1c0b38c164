"""What the service answers, typed. Losses are float64; gradients and features float32."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._wire import Array

Values: TypeAlias = NDArray[np.float64]
"""One number a pair: `(N,)`; `()` where one pair was asked about, not a list or array of one."""

Gradient: TypeAlias = Array | tuple[Array, ...]
"""An array in the shape of the outputs; one each where they differ in size."""


@dataclass(frozen=True)
class Term:
    """One term of a loss.

    Attributes:
        loss: The sum of its layers' losses with the layers' weights, or of what it has for layers.
        weight: Its factor in the total.
        layers: Each layer's loss before any weight; empty for pixels and total variation.
        precision: How features were compared, `plain` or `difference`, a word a pair; empty where
            nothing had to be decided.
    """

    loss: Values
    weight: float
    layers: Mapping[str, Values]
    precision: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain floats and lists."""
        return {
            "loss": self.loss.tolist(),
            "weight": self.weight,
            "layers": {name: values.tolist() for name, values in self.layers.items()},
            "precision": list(self.precision),
        }


@dataclass(frozen=True)
class Notice:
    """Something that the service did and the caller may not expect.

    Attributes:
        code: A word for it, such as `rescaled_weights`.
        detail: A sentence.
    """

    code: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """As the service says it."""
        return {"code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class Losses:
    """Losses of one or many pairs.

    Attributes:
        id: The request's id, which the service's log has too.
        preset: The loss's name; None for a loss of one's own.
        model: Name, sha256 and preprocessing of the network; empty for losses of features.
        options: The full set of options in force.
        total: The sum of `weight · loss` over the terms, a pair.
        terms: The terms by their keys.
        gradients: The gradients asked for, by term, `total` among them: in the units, the shape and
            the order of the outputs sent; of PNG and integers with respect to the values in [0, 1]
            that they stand for, of files `(3, H, W)` or `(N, 3, H, W)`.
        gradient_norms: Their Euclidean norms, a pair.
        maps: Where the images differ, `(N, H, W)` by `term.layer` (`(H, W)` of one pair), where the
            option `maps` asked for it.
        warnings: What the caller may not expect.
        timings_ms: Milliseconds by stage.
        target_digests: The digest of each pair's target, where it has one.
        targets_cached: Whether each target's statistics were there already.
    """

    id: str
    preset: str | None
    model: Mapping[str, str]
    options: Mapping[str, Any]
    total: Values
    terms: Mapping[str, Term]
    gradients: Mapping[str, Gradient] = field(default_factory=dict)
    gradient_norms: Mapping[str, Values] = field(default_factory=dict)
    maps: Mapping[str, Gradient] = field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    target_digests: tuple[str | None, ...] = ()
    targets_cached: tuple[bool, ...] = ()

    @property
    def gradient(self) -> Array:
        """The gradient of `total` with respect to the outputs, float32, in their shape.

        Raises:
            ValueError: none was asked for, or the outputs differ in size: see `gradients`.
        """
        gradient = self.gradients.get("total")
        if gradient is None:
            raise ValueError("no gradient of the total was asked for")
        if isinstance(gradient, tuple):
            raise ValueError("the outputs differ in size: gradients['total'] has one for each")
        return gradient

    def to_dict(self) -> dict[str, Any]:
        """Plain floats, lists and strings, for JSON or a table; gradients and maps stay arrays."""
        return {
            "id": self.id,
            "preset": self.preset,
            "model": dict(self.model),
            "options": dict(self.options),
            "total": self.total.tolist(),
            "terms": {key: term.to_dict() for key, term in self.terms.items()},
            "gradients": dict(self.gradients),
            "gradient_norms": {k: v.tolist() for k, v in self.gradient_norms.items()},
            "maps": dict(self.maps),
            "warnings": [notice.to_dict() for notice in self.warnings],
            "timings_ms": dict(self.timings_ms),
            "target_digests": list(self.target_digests),
            "targets_cached": list(self.targets_cached),
        }


@dataclass(frozen=True)
class Features:
    """Feature maps.

    Attributes:
        layers: `(N, C, H, W)` float32 by layer.
        metadata: The model, its sha256 and preprocessing, the layout.
        warnings: What the caller may not expect.
    """

    layers: Mapping[str, Array]
    metadata: Mapping[str, str]
    warnings: tuple[Notice, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same, the features as arrays."""
        return {
            "layers": dict(self.layers),
            "metadata": dict(self.metadata),
            "warnings": [notice.to_dict() for notice in self.warnings],
        }


@dataclass(frozen=True)
class GramMatrices:
    """Gram matrices.

    Attributes:
        layers: `(N, C, C)` float32 by layer.
        warnings: What the caller may not expect.
    """

    layers: Mapping[str, Array]
    warnings: tuple[Notice, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same, the matrices as arrays."""
        return {
            "layers": dict(self.layers),
            "warnings": [notice.to_dict() for notice in self.warnings],
        }


@dataclass(frozen=True)
class Info:
    """What runs there.

    Attributes:
        version: The service's version.
        model: Name, sha256, architecture and preprocessing of the network that serves whatever asks
            for none.
        models: The same of all networks, that one first, each with its `layers`.
        layers: The layers of `model`, in order.
        presets: The names of presets.
        limits: Every limit by its option's name, bytes and milliseconds.
        raw: All of the answer.
    """

    version: str
    model: Mapping[str, Any]
    models: tuple[Mapping[str, Any], ...]
    layers: tuple[str, ...]
    presets: tuple[str, ...]
    limits: Mapping[str, int]
    raw: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The answer as it came."""
        return dict(self.raw)


@dataclass(frozen=True)
class Target:
    """A target that the service keeps, to be given wherever a target is.

    Attributes:
        digest: `sha256:` and 64 hexadecimal digits, of its bytes.
        content: Its bytes, to put it again when the service has forgotten it; None where another
            put it.
        type: Their media type.
        shape: The array's shape, (H, W, C) of a file; empty where it is not known.
        options: `layout` and `range` that it is read with.
    """

    digest: str
    content: bytes | None = field(default=None, repr=False)
    type: str = "application/octet-stream"
    shape: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Without its bytes."""
        return {"digest": self.digest, "type": self.type, "shape": list(self.shape)}
