"""One question each: a form or nothing there, JSON or tensors back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._transport import Transport
from ._wire import Array, Part, json_part, multipart, safetensors
from .options import encoded

_SAFETENSORS = "application/safetensors"


class Asking:
    """Questions to one service."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def json(self, path: str, timeout: float | None) -> dict[str, Any]:
        """A JSON object."""
        response = self._transport.request("GET", path, timeout=timeout)
        value: dict[str, Any] = json.loads(bytes(response.body))
        return value

    def losses(
        self,
        path: str,
        parts: list[Part],
        options: Mapping[str, Any],
        timeout: float | None,
        fields: Mapping[str, str] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """The JSON answer, and the tensors beside it where there are any."""
        accept = f"{_SAFETENSORS}, application/json;q=0.9"
        body = self._post(path, parts, options, timeout, {**(fields or {}), "Accept": accept})
        if bytes(body[:1]) == b"{":
            return json.loads(bytes(body)), {}
        tensors, _ = safetensors(body)
        return json.loads(bytes(tensors.pop("json").data)), tensors

    def tensors(
        self,
        path: str,
        parts: list[Part],
        options: Mapping[str, Any],
        prefix: str,
        timeout: float | None,
    ) -> tuple[dict[str, Array], dict[str, str]]:
        """Tensors, by their names without the prefix, and metadata."""
        body = self._post(path, parts, encoded(options), timeout, {"Accept": _SAFETENSORS})
        tensors, metadata = safetensors(body)
        return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}, metadata

    def _post(
        self,
        path: str,
        parts: list[Part],
        options: Mapping[str, Any],
        timeout: float | None,
        fields: Mapping[str, str],
    ) -> memoryview:
        kind, body = multipart([json_part("options", options), *parts] if options else parts)
        fields = {**fields, "Content-Type": kind}
        return self._transport.request("POST", path, fields, body, timeout=timeout).body
