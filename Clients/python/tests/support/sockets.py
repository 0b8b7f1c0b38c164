"""Servers that misbehave as they are told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@dataclass(frozen=True)
class Cut:
    """After how many bytes of the request or of the answer a connection is cut; None for never."""

    request: int | None = None
    answer: int | None = None


@dataclass
class Relay:
    """Passes connections on to a service, and cuts the first ones as it is told."""

    path: str
    cuts: list[Cut]
    port: int = 0
    connections: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            cut = self.cuts[self.connections] if self.connections < len(self.cuts) else Cut()
            self.connections += 1
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            self._sockets += [near, far]
            for source, sink, most in ((near, far, cut.request), (far, near, cut.answer)):
                threading.Thread(target=self._pump, args=(source, sink, most), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, most: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while most is None or passed < most:
                data = source.recv(65536 if most is None else min(65536, most - passed))
                if not data:
                    break
                sink.sendall(data)
                passed += len(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in self._sockets:
            end.close()


@contextlib.contextmanager
def relay(url: str, *cuts: Cut) -> Iterator[Relay]:
    """A relay to the Unix socket of `url`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(url.removeprefix("unix:"), list(cuts), server.getsockname()[1])
        thread = threading.Thread(target=relay.serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            relay.close()


Answer = Callable[[bytes], bytes]


@contextlib.contextmanager
def scripted(*answers: bytes | Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server whose connections give one answer each: its URL, and the heads that came."""
    heads: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(65536)
                    if not data:
                        break
                    head += data
                heads.append(head)
                connection.sendall(answer(head) if callable(answer) else answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", heads
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(status: str, body: bytes = b"{}", **fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
