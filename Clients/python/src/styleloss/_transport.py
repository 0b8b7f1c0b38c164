"""Requests with retries, a deadline, and a way to cancel them."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from ._address import Address
from ._connection import Buffer, Connection, Deadline, Response
from ._pool import Pool
from ._retry import Retries
from .errors import (
    BusyError,
    CancelledError,
    ConnectionFailedError,
    ServiceError,
    TimedOutError,
    UnavailableError,
    error_of,
)

USER_AGENT = "styleloss-python"
# What the service takes as X-Request-Timeout-Ms.
_TIMEOUT_MS = (100, 600_000)


class Call:
    """One call, to be cancelled from any thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._connection: Connection | None = None

    def cancel(self) -> None:
        """Ends the call: its connection closes, which makes the service drop the job."""
        self._cancelled.set()
        connection = self._connection
        if connection is not None:
            connection.abort()

    def check(self) -> None:
        """Raises CancelledError: the call was cancelled."""
        if self._cancelled.is_set():
            raise CancelledError("the call was cancelled")

    def sleep(self, seconds: float) -> None:
        """Waits, unless the call is cancelled."""
        self._cancelled.wait(seconds)
        self.check()

    def use(self, connection: Connection | None) -> None:
        """Says which connection to close on `cancel`."""
        self._connection = connection
        if connection is not None:
            self.check()


CURRENT: ContextVar[Call | None] = ContextVar("styleloss_call", default=None)
"""The call that requests of this thread belong to."""


class Transport:
    """Sends requests to one service. Safe among threads and forks, and it can be pickled."""

    def __init__(
        self,
        url: str | None,
        *,
        key: str | None,
        timeout: float,
        retries: Retries,
        connections: int,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        if key is not None and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ValueError("a key has letters, digits and signs alone: no blank, no line's end")
        self.timeout = timeout
        self.refusals = 0
        """How many answers were 429, tried again or not."""
        self._settings = (url, key, timeout, retries, connections)
        self._context = ssl_context
        self._retries = retries
        self._key = key
        self._address = Address.parse(url)
        self._pool = Pool(self._address, ssl_context, connections)

    def __getstate__(self) -> tuple[object, ...]:
        if self._context is not None:
            raise TypeError("a client with an SSLContext of its own cannot be pickled")
        return self._settings

    def __setstate__(self, state: tuple[str | None, str | None, float, Retries, int]) -> None:
        url, key, timeout, retries, connections = state
        Transport.__init__(
            self,
            url,
            key=key,
            timeout=timeout,
            retries=retries,
            connections=connections,
            ssl_context=None,
        )

    def close(self) -> None:
        """Closes idle connections; the next request opens new ones."""
        self._pool.close()

    def request(
        self,
        method: str,
        target: str,
        fields: Mapping[str, str] | None = None,
        body: Sequence[Buffer] = (),
        *,
        timeout: float | None = None,
    ) -> Response:
        """Sends a request until it is answered with success.

        Args:
            method: The HTTP method.
            target: Path and query, percent-encoded.
            fields: Header fields beside those that every request has.
            body: The body, in pieces, which are sent from where they lie.
            timeout: Seconds that all of it may take; None for the transport's.

        Raises:
            ServiceError: the answer was an error, after the last attempt.
            ConnectionFailedError: no attempt brought an answer.
            TimedOutError: the time is over.
            CancelledError: it was cancelled.
        """
        call = CURRENT.get() or Call()
        seconds = self.timeout if timeout is None else timeout
        deadline = Deadline(seconds)
        failures = refusals = 0
        while True:
            call.check()
            retry_after = None
            error: ServiceError | ConnectionFailedError
            try:
                return self._attempt(method, target, fields or {}, body, deadline, call)
            except TimeoutError as cause:
                if isinstance(cause, ServiceError):
                    raise
                call.check()
                raise TimedOutError(f"no answer within {seconds:g} s") from cause
            except (BusyError, UnavailableError) as cause:
                refusals += 1
                self.refusals += isinstance(cause, BusyError)
                error, retry_after, left = cause, cause.retry_after, self._retries.busy - refusals
            except (OSError, http.client.HTTPException) as cause:
                call.check()
                if isinstance(cause, ServiceError):
                    raise
                failures += 1
                left = self._retries.connection - failures
                why = str(cause) or type(cause).__name__
                error = ConnectionFailedError(f"no answer from {self._where}: {why}")
                error.__cause__ = cause
            wait = self._retries.wait(failures + refusals, retry_after)
            if left <= 0 or wait >= deadline.remaining:
                raise error
            call.sleep(wait)

    @property
    def _where(self) -> str:
        address = self._address
        return address.path if address.scheme == "unix" else f"{address.host}:{address.port}"

    def _attempt(
        self,
        method: str,
        target: str,
        fields: Mapping[str, str],
        body: Sequence[Buffer],
        deadline: Deadline,
        call: Call,
    ) -> Response:
        connection = self._pool.take(deadline.check())
        was_idle = not connection.is_fresh
        identifier = uuid.uuid4().hex
        head = self._head(method, target, identifier, fields, body, deadline)
        try:
            response = self._exchange(connection, method, [head, *body], deadline, call)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            if not was_idle:
                raise
            # An idle connection may end at any moment, the very one of the request included.
            call.check()
            connection = self._pool.take(deadline.check(), fresh=True)
            response = self._exchange(connection, method, [head, *body], deadline, call)
        if response.headers.get("X-Request-Id", identifier) != identifier:
            connection.close()
            raise ConnectionError("the answer of another request came")
        if response.keeps:
            self._pool.give(connection)
        else:
            connection.close()
        if response.status >= 300:
            retry_after = response.headers.get("Retry-After")
            raise error_of(response.status, bytes(response.body), retry_after)
        return response

    @staticmethod
    def _exchange(
        connection: Connection,
        method: str,
        buffers: Sequence[Buffer],
        deadline: Deadline,
        call: Call,
    ) -> Response:
        try:
            call.use(connection)
            return connection.exchange(method, buffers, deadline)
        except BaseException:
            connection.close()
            raise
        finally:
            call.use(None)

    def _head(
        self,
        method: str,
        target: str,
        identifier: str,
        fields: Mapping[str, str],
        body: Sequence[Buffer],
        deadline: Deadline,
    ) -> bytes:
        least, most = _TIMEOUT_MS
        lines = [
            f"{method} {self._address.prefix}{target} HTTP/1.1",
            f"Host: {self._address.authority}",
            f"User-Agent: {USER_AGENT}",
            f"X-Request-Id: {identifier}",
            f"X-Request-Timeout-Ms: {min(max(int(deadline.remaining * 1000), least), most)}",
        ]
        if self._key is not None:
            lines.append(f"Authorization: Bearer {self._key}")
        lines += [f"{name}: {value}" for name, value in fields.items()]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {sum(len(memoryview(b).cast('B')) for b in body)}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")
