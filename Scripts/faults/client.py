"""Clients on plain sockets, which do exactly what a scenario says."""

import socket
import struct


class Client:
    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """The status, the fields in lower case and the body of the next response."""
        while b"\r\n\r\n" not in self.received:
            self._receive()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        length = int(fields.get("content-length", 0))
        while len(self.received) < length:
            self._receive()
        body, self.received = self.received[:length], self.received[length:]
        return int(lines[0].split()[1]), fields, body

    def _receive(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("closed without an answer")
        self.received += data

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def head(method, path, fields=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"] + [f"{k}: {v}" for k, v in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(path, content_type, body, fields=()):
    length = [("Content-Type", content_type), ("Content-Length", len(body))]
    return head("POST", path, length + list(fields)) + body


FORM = "multipart/form-data; boundary=b"


def form(**parts):
    body = b""
    for name, data in parts.items():
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
        body += data + b"\r\n"
    return body + b"--b--\r\n"


def array(height, width, seed):
    """An npy file of noise that is the same every time."""
    state, values = seed, bytearray()
    for _ in range(height * width * 3):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        values.append(state >> 16 & 0xFF)
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({height}, {width}, 3), }}\n"
    length = struct.pack("<H", len(header))
    return b"\x93NUMPY\x01\x00" + length + header.encode() + bytes(values)


def pair(side, layers="relu1_1", fields=()):
    body = form(output=array(side, side, 1), target=array(side, side, 2))
    return post(f"/v1/losses?layout=hwc&layers={layers}", FORM, body, fields)
