"""What can go wrong, as exceptions: one for each kind of answer a program treats differently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class StyleLossError(Exception):
    """Whatever this package raises of its own accord."""


class ConnectionFailedError(StyleLossError, ConnectionError):
    """No answer came: the service cannot be reached, or the connection broke at every attempt."""


class TimedOutError(StyleLossError, TimeoutError):
    """The call was not over within its `timeout`."""


class CancelledError(StyleLossError):
    """The call was cancelled; its connection is closed, and the service drops its job."""


class ServiceError(StyleLossError):
    """The service answered with an error.

    Attributes:
        status: The HTTP status.
        code: The service's word for it, such as `shape_mismatch`; `http_<status>` where something
            between here and the service answered.
        detail: One sentence that says what to change.
        limit: The limit that was passed, where one was.
        actual: What was over it.
        option: The option of the service that sets it.
        retry_after: Seconds after which it is worth trying again, where the answer says so.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        limit: int | None = None,
        actual: int | None = None,
        option: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.limit = limit
        self.actual = actual
        self.option = option
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.__dict__))


class InvalidRequestError(ServiceError, ValueError):
    """What was sent is wrong (400, 411, 413, 415, 422): the same again is refused again."""


class NotAllowedError(ServiceError, PermissionError):
    """A key is missing, or a name is not one of the service's own (401, 403, 421)."""


class NotFoundError(ServiceError, LookupError):
    """There is no such path (404)."""


class TargetNotFoundError(NotFoundError):
    """No target is kept under the digest (404 `target_not_found`)."""


class BusyError(ServiceError):
    """More work waits than the service takes (429), still at the last attempt."""


class UnavailableError(ServiceError):
    """The service starts or leaves, a proxy finds none, or the request came too slowly.

    Status 503, 502 or 408, still at the last attempt.
    """


class DeadlineExceededError(ServiceError, TimeoutError):
    """The service was not done by the deadline it was given (504)."""


class InternalServiceError(ServiceError):
    """A fault of the service (500)."""


_BY_STATUS: dict[int, type[ServiceError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    408: UnavailableError,
    421: NotAllowedError,
    429: BusyError,
    502: UnavailableError,
    503: UnavailableError,
    504: DeadlineExceededError,
}


def error_of(status: int, body: bytes, retry_after: str | None) -> ServiceError:
    """The exception for an answer that is none of success.

    Args:
        status: The HTTP status.
        body: `application/problem+json` (RFC 9457), or what a proxy wrote instead.
        retry_after: The field `Retry-After`; seconds are understood, dates are not.
    """
    problem = _problem(body)
    code = str(problem.get("code", f"http_{status}"))
    detail = problem.get("detail") or body[:200].decode("utf-8", "replace") or f"HTTP {status}"
    kind = _BY_STATUS.get(status, InvalidRequestError if status < 500 else InternalServiceError)
    if code == "target_not_found":
        kind = TargetNotFoundError
    return kind(
        status,
        code,
        str(detail),
        limit=problem.get("limit"),
        actual=problem.get("actual"),
        option=problem.get("option"),
        retry_after=float(retry_after) if retry_after and retry_after.isdigit() else None,
    )


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _rebuild(kind: type[ServiceError], fields: dict[str, Any]) -> ServiceError:
    error = kind(fields["status"], fields["code"], fields["detail"])
    error.__dict__.update(fields)
    return error
