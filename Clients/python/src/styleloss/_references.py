"""Targets of one request: sent whole, or named by their digests when they came before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from . import _images
from ._targets import Targets, digest
from ._wire import Part
from .errors import ServiceError
from .results import Target

# Digests remembered; one takes about 200 bytes.
_DIGESTS_MAX = 4096

Key: TypeAlias = tuple[str, Any, Any]
"""A digest, and the layout and range that the bytes are read with."""

State: TypeAlias = Literal["sent", "put", "refused"]


class Seen:
    """What was sent as a target: what comes a second time is worth putting.

    Once is not: a shuffled data set would put every batch that it never sends again. The service
    keeps what it computed of a target in both cases; what a reference saves is the way there.
    """

    def __init__(self) -> None:
        self._states: dict[Key, State] = {}

    def state(self, key: Key) -> State | None:
        """What became of it; None for one not seen before."""
        return self._states.get(key)

    def note(self, key: Key, state: State) -> None:
        """Remembers it as the latest, and lets go of the oldest when there are many."""
        self._states.pop(key, None)
        self._states[key] = state
        if len(self._states) > _DIGESTS_MAX:
            self._states.pop(next(iter(self._states)), None)


class TargetParts:
    """The parts of one request that are targets."""

    def __init__(
        self,
        targets: Targets,
        seen: Seen | None,
        given: Mapping[str, _images.Images | Target | None],
        options: Mapping[str, Any],
    ) -> None:
        """Hashes what may have come before.

        Args:
            targets: Where to put them.
            seen: What came before; None to send everything as it is.
            given: Targets by the name of their part.
            options: The request's.
        """
        self._targets = targets
        self._seen = seen or Seen()
        self._options = options
        self._known: dict[str, Target] = {}
        self._parts: dict[str, list[Part]] = {}
        self._keys: dict[str, Key] = {}
        for name, value in given.items():
            if isinstance(value, Target):
                self._known[name] = value
            elif value is not None:
                parts = self._parts[name] = _images.parts(name, value)
                if seen is not None and _may_be_put(value):
                    meaning = (options.get("layout"), options.get("range"))
                    self._keys[name] = (digest(parts[0]), *meaning)

    def parts(self) -> list[Part]:
        """What to send. What comes for the second time is put, and named from then on."""
        sent = [_reference(name, target.digest) for name, target in self._known.items()]
        for name, parts in self._parts.items():
            key = self._keys.get(name)
            if key is not None and self._is_put(name, key):
                sent.append(_reference(name, key[0]))
            else:
                sent += parts
        return sent

    @property
    def fields(self) -> dict[str, str]:
        """Header fields by which a proxy leads requests with one target to one instance's cache."""
        known = [target.digest for target in self._known.values()]
        known += [key[0] for key in self._keys.values()]
        return {"X-Target-Digest": known[0]} if known else {}

    def renew(self, attempt: int) -> bool:
        """Mends a reference that the service did not know; False when that cannot be done.

        At first all are put again; what is not known even then, to a service that keeps nothing,
        is sent whole.
        """
        if attempt == 0:
            for target in self._known.values():
                self._targets.put_again(target)
            for name in list(self._keys):
                self._put(name)
            return True
        had_keys = bool(self._keys)
        self._keys.clear()
        return had_keys and not self._known

    def _is_put(self, name: str, key: Key) -> bool:
        state = self._seen.state(key)
        if state is None:
            self._seen.note(key, "sent")
        return state == "put" or (state == "sent" and self._put(name))

    def _put(self, name: str) -> bool:
        key = self._keys[name]
        try:
            self._targets.put_part(self._parts[name][0], key[0], self._options)
        except ServiceError:
            # Too large for the cache, or several images in a file: it goes with every request.
            del self._keys[name]
            self._seen.note(key, "refused")
            return False
        self._seen.note(key, "put")
        return True


def _may_be_put(target: _images.Images) -> bool:
    """Whether it is one image, as what is kept under a digest must be."""
    return _images.is_one(target) or getattr(target, "shape", (0,))[0] == 1


def _reference(name: str, value: str) -> Part:
    return Part(f"{name}_ref", "text/plain", [value.encode("ascii")])
