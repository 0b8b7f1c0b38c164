"""Targets that the service keeps under the digests of their bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from . import _images
from ._transport import Transport
from ._wire import Part
from .errors import NotFoundError, TargetNotFoundError
from .options import ArrayOptions
from .results import Target


def digest(part: Part) -> str:
    """The digest that the service knows a part's content by."""
    state = hashlib.sha256()
    for buffer in part.buffers:
        state.update(buffer)
    return f"sha256:{state.hexdigest()}"


class Targets:
    """The targets that the service keeps; `Client.targets`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        image: _images.Image,
        *,
        layout: str | None = None,
        range: str | None = None,
        timeout: float | None = None,
    ) -> Target:
        """Puts a target, to be given wherever one is: it is then not sent again.

        The service drops what was least recently used when its cache is full; a target given after
        that is put again without a word.

        Args:
            image: One image.
            layout: The order of an array's dimensions; needed for three and four.
            range: The range of a float array's values, ends included; needed for floats.
            timeout: Seconds; None for the client's.
        """
        part = _images.part("target", image)
        options = {k: v for k, v in (("layout", layout), ("range", range)) if v is not None}
        target = Target(digest(part), b"".join(part.buffers), part.type, (), options)
        answer = self._put(part, target.digest, options, timeout)
        shape = tuple(answer.get("shape", ()))
        return Target(target.digest, target.content, target.type, shape, options)

    def put_part(self, part: Part, name: str, options: Mapping[str, Any]) -> None:
        """Puts the content of a part under its digest."""
        known = {key: options[key] for key in ArrayOptions.__annotations__ if key in options}
        self._put(part, name, known, None)

    def put_again(self, target: Target) -> None:
        """Puts a target that the service has forgotten.

        Raises:
            TargetNotFoundError: its bytes are not here.
        """
        if target.content is None:
            raise TargetNotFoundError(
                404, "target_not_found", f"The target {target.digest} is not kept, nor its bytes."
            )
        self._put(
            Part("target", target.type, [target.content]), target.digest, target.options, None
        )

    def get(self, target: Target | str, *, timeout: float | None = None) -> dict[str, Any] | None:
        """What the service keeps under a digest; None for nothing."""
        options = target.options if isinstance(target, Target) else {}
        try:
            response = self._transport.request("GET", _path(target, options), timeout=timeout)
        except NotFoundError:
            return None
        value: dict[str, Any] = json.loads(bytes(response.body))
        return value

    def delete(self, target: Target | str, *, timeout: float | None = None) -> bool:
        """Forgets a target; False when it was not there."""
        try:
            self._transport.request("DELETE", _path(target, {}), timeout=timeout)
        except NotFoundError:
            return False
        return True

    def _put(
        self, part: Part, name: str, options: Mapping[str, Any], timeout: float | None
    ) -> dict[str, Any]:
        response = self._transport.request(
            "PUT", _path(name, options), {"Content-Type": part.type}, part.buffers, timeout=timeout
        )
        answer: dict[str, Any] = json.loads(bytes(response.body))
        return answer


def _path(target: Target | str, options: Mapping[str, Any]) -> str:
    name = target.digest if isinstance(target, Target) else target
    query = f"?{urlencode(options)}" if options else ""
    return f"/v1/targets/{quote(name, safe=':')}{query}"
