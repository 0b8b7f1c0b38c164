"""Asks a running service for losses and gradients of one pair again and again: W1, float32 both ways.

    gradient_load.py URL [REQUESTS]         prints two p50s in milliseconds: of all, and of what the
                                            engine had no part in, by the answer's Server-Timing

The target is registered first and named by its digest, as a training job does it. One connection.
"""

import hashlib
import http.client
import json
import random
import struct
import sys
import time
import urllib.parse
from array import array

SIDE = 256
QUERY = "/v1/losses?layout=nchw&range=0..1&gradient=output"


def image(seed):
    generator = random.Random(seed)
    return array("f", (generator.random() for _ in range(3 * SIDE * SIDE))).tobytes()


def npy(data):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, {SIDE}, {SIDE}), }}"
    header += " " * (117 - len(header)) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def multipart(parts):
    body = b""
    for name, data in parts:
        body += (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n').encode() + data + b"\r\n"
    return body + b"--b--\r\n"


def main():
    address = urllib.parse.urlsplit(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    connection = http.client.HTTPConnection(address.hostname, address.port)

    def ask(method, path, body, kind):
        connection.request(method, path, body, {"Content-Type": kind})
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {answer[:300]!r}")
        return answer, response.getheader("Server-Timing")

    target = npy(image(1))
    digest = "sha256:" + hashlib.sha256(target).hexdigest()
    ask("PUT", f"/v1/targets/{digest}?layout=nchw&range=0..1", target, "application/x-npy")
    body = multipart([("output", npy(image(2))), ("target_ref", digest.encode())])
    times, rests = [], []
    for number in range(count + 10):
        start = time.perf_counter()
        answer, timing = ask("POST", QUERY, body, "multipart/form-data; boundary=b")
        if number >= 10:
            times.append((time.perf_counter() - start) * 1000)
            stages = dict(stage.split(";dur=") for stage in timing.split(", "))
            rests.append(times[-1] - float(stages["features"]) - float(stages["gradient"]))
    (length,) = struct.unpack("<Q", answer[:8])
    header = json.loads(answer[8 : 8 + length])
    assert header["gradient"]["shape"] == [1, 3, SIDE, SIDE], header
    print(*(f"{sorted(values)[len(values) // 2]:.2f}" for values in (times, rests)))


if __name__ == "__main__":
    main()
