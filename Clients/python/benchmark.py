#!/usr/bin/env python3
"""Times the client beside a raw socket and beside PyTorch in the process, in one run.

    python benchmark.py [--rounds 15] [--threads 2]

W1: VGG-16 to pool3, one pair of 256², the preset pconv; float32 both ways. The features of the
target are computed once, by the service and by PyTorch. All are asked once a round, in an order of
its own, so that none always follows another: the service alone (its own timings), through a raw
socket that sends one prepared request, through `Client.losses`, through
`styleloss.torch.StyleLoss` with backward, and VGG in the process with backward, plain and
channels_last. Medians are printed, of differences those of rounds. The processor's time is this
process's, without the service's. Needs torch; the binary is STYLELOSS_BINARY or on the PATH.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

import styleloss
from styleloss._images import parts
from styleloss._wire import json_part, multipart
from styleloss.torch import StyleLoss
from tests.conftest import IMAGES, WEIGHTS, find_binary
from tests.support.sockets import free_port
from tests.support.vgg import PConvLoss, pools

OPTIONS = {"layout": "nchw", "range": "0..1"}


def picture(name: str) -> np.ndarray:
    with Image.open(IMAGES / name) as image:
        pixels = np.asarray(image.convert("RGB"), np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None] / 255)


class RawSocket:
    """One request, prepared once; the answer is read into one buffer and not looked at."""

    def __init__(self, port: int, output: np.ndarray, target: np.ndarray) -> None:
        options = json_part("options", {**OPTIONS, "gradient": "output"})
        kind, pieces = multipart([options, *parts("output", output), *parts("target", target)])
        body = b"".join(pieces)
        head = (
            f"POST /v1/losses HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n"
            f"Accept: application/safetensors\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.request = head.encode() + body
        self.port = port
        self.socket: socket.socket | None = None
        self.buffer = bytearray(1 << 22)

    def __call__(self) -> None:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(self.request)
        view = memoryview(self.buffer)
        count = self.socket.recv_into(view)
        head_end = self.buffer.index(b"\r\n\r\n", 0, count) + 4
        head = bytes(self.buffer[:head_end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while count < head_end + length:
            count += self.socket.recv_into(view[count:])


def median(times: list[float]) -> float:
    return float(np.median(times)) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    output, target = picture("astronaut-256.png"), picture("rocket-256.png")
    address = f"127.0.0.1:{free_port()}"
    workers = ["--workers", str(arguments.threads)]
    with (
        styleloss.serve(address, workers, path=find_binary()) as service,
        service.client() as client,
    ):
        raw = RawSocket(int(address.rpartition(":")[2]), output, target)
        plain = service.client(cache_targets=False)
        loss = StyleLoss(service.url, range="0..1")
        tensors = torch.from_numpy(output), torch.from_numpy(target)
        loss(*tensors)
        weights = {key: term.weight for key, term in loss.last[0].terms.items()}
        vgg = PConvLoss(WEIGHTS, weights)
        vgg.known = pools(WEIGHTS, tensors[1])
        service_ms: list[float] = []

        def step(function: Callable[..., torch.Tensor], form: torch.memory_format) -> None:
            leaf = tensors[0].clone(memory_format=form).requires_grad_()
            function(leaf, tensors[1].contiguous(memory_format=form)).sum().backward()

        def ask(asked: styleloss.Client) -> None:
            losses = asked.losses(output, target, gradient=True, **OPTIONS)
            service_ms.append(losses.timings_ms["total"] / 1000)

        contiguous, last = torch.contiguous_format, torch.channels_last
        rows: dict[str, Callable[[], None]] = {
            "raw socket": raw,
            "Client.losses, target sent": lambda: ask(plain),
            "Client.losses, target named": lambda: ask(client),
            "styleloss.torch, with backward": lambda: step(loss, contiguous),
            "PyTorch in the process": lambda: step(vgg, contiguous),
            "PyTorch in the process, channels_last": lambda: step(vgg, last),
        }
        times: dict[str, list[float]] = {name: [] for name in rows}
        processor: dict[str, list[float]] = {name: [] for name in rows}
        order = random.Random(0)
        for number in range(arguments.rounds + 3):
            for name in order.sample(list(rows), len(rows)):
                run = rows[name]
                began, used = time.perf_counter(), time.process_time()
                run()
                if number >= 3:
                    times[name].append(time.perf_counter() - began)
                    processor[name].append(time.process_time() - used)
    base = np.array(times["raw socket"])
    torch_ms = min(median(times[name]) for name in rows if name.startswith("PyTorch"))
    print(
        f"W1, loss and gradient, {arguments.threads} threads, medians of {arguments.rounds} rounds"
    )
    print("\n| | ms | over the raw socket | processor, ms | the faster PyTorch is slower by |")
    print("|---|---|---|---|---|")
    print(f"| the service alone | {median(service_ms[6:]):.1f} | | | |")
    for name in rows:
        value, used = median(times[name]), median(processor[name])
        over = median((np.array(times[name]) - base).tolist())
        print(f"| {name} | {value:.1f} | {over:+.2f} | {used:.2f} | {torch_ms / value:.2f} x |")


if __name__ == "__main__":
    main()
