"""Where a service is, and sockets to it."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Address:
    """A service's address: over TCP, with TLS or without, or over a Unix socket."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str | None) -> Address:
        """Reads `http://host:port`, `https://host/prefix` or `unix:/path/of/socket`.

        Args:
            url: None for the environment's `STYLELOSS_URL`, else `http://127.0.0.1:8080`.

        Raises:
            TypeError: it is no text.
            ValueError: it is none of these.
        """
        url = url or os.environ.get("STYLELOSS_URL") or DEFAULT_URL
        if not isinstance(url, str):
            raise TypeError(f"a service's address is text such as {DEFAULT_URL}, not {url!r}")
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path.startswith("/"):
            return cls("unix", "localhost", 0, unquote(parts.path))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            meant = "" if "/" in url else f"; did you mean http://{url}?"
            raise ValueError(f"{url!r} is no http://, https:// or unix:/ address{meant}")
        if not re.fullmatch(r"[\x21-\x7e]+", url):
            raise ValueError(f"{url!r} has characters that need percent-encoding, or IDNA")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError(f"{url!r} has more than a host, a port and a path")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))

    @property
    def prefix(self) -> str:
        """What stands before the paths of requests: a proxy's path."""
        return "" if self.scheme == "unix" else self.path

    @property
    def authority(self) -> str:
        """The field `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443, "unix": 0}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"

    def connect(self, timeout: float, context: ssl.SSLContext | None) -> socket.socket:
        """A connected socket, without Nagle's delay; the caller closes it.

        Raises:
            OSError: there is nobody, or not within `timeout` seconds.
        """
        if self.scheme == "unix":
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.settimeout(timeout)
                sock.connect(self.path)
            except BaseException:
                sock.close()
                raise
            return sock
        sock = socket.create_connection((self.host, self.port), timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.scheme == "https":
                context = context or ssl.create_default_context()
                sock = context.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
        return sock
