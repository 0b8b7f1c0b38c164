#!/usr/bin/env python3
"""Sends what takes most memory to a styleloss in a container of 512 MiB, with its defaults.

    sudo Scripts/measure-container.py [--limit-mib 512] [--binary FILE]

The container is a memory cgroup, version 1 or 2, so root is needed and nothing is installed. After
each load a line: the statuses of the answers, the resident memory of the process, its peak so far
(both with the pages of the weights that are mapped) and how many processes the kernel has killed.
The exit status is 1 when one was killed or the service no longer answers.
"""

import argparse
import base64
import contextlib
import os
import random
import struct
import sys
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults.client import FORM, form, head, pair, post
from faults.service import Service

ROOT = Path(__file__).resolve().parent.parent
CGROUPS = Path("/sys/fs/cgroup")
MIB = 1 << 20


class MemoryGroup:
    """A cgroup with a limit, of which a process can become a member."""

    def __init__(self, limit):
        self.is_unified = (CGROUPS / "cgroup.controllers").exists()
        parent = CGROUPS if self.is_unified else CGROUPS / "memory"
        self.path = parent / f"styleloss-{os.getpid()}"
        self.path.mkdir()
        if self.is_unified:
            (self.path / "memory.swap.max").write_text("0")
        name = "memory.max" if self.is_unified else "memory.limit_in_bytes"
        (self.path / name).write_text(str(limit))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.path.rmdir()

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def kills(self):
        name = "memory.events" if self.is_unified else "memory.oom_control"
        numbers = dict(line.split() for line in (self.path / name).read_text().splitlines())
        return int(numbers.get("oom_kill", 0))


def npy(kind, shape, data):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def noise(height, width, seed):
    return npy("|u1", (height, width, 3), random.Random(seed).randbytes(height * width * 3))


def png(height, width):
    row = b"\0" + random.Random(1).randbytes(3 * width)
    chunk = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * height, 0)) + chunk(b"IEND", b""))


def losses(height, width, seed):
    parts = form(output=noise(height, width, seed), target=noise(height, width, seed + 1))
    return post("/v1/losses?layout=hwc", FORM, parts)


def all_at_once(service, requests):
    with ThreadPoolExecutor(len(requests)) as pool:
        return Counter(pool.map(lambda request: service.ask(request)[0], requests))


def base64_body(service):
    text = base64.b64encode(png(6144, 8192))
    body = b'{"output":[{"png":"' + text + b'"}],"target":[{"png":"' + text[:64] + b'"}]}'
    return all_at_once(service, [post("/v1/losses", "application/json", body)])


def forms_at_once(service):
    return all_at_once(service, [losses(2048, 4096, seed) for seed in range(0, 16, 2)])


def targets_one_by_one(service):
    answers = (service.ask(losses(2048, 3840, seed))[0] for seed in range(100, 112, 2))
    return Counter(answers)


def wide_features(service):
    body = form(**{"features.pool1": npy("<f4", (1, 12288, 1, 1), bytes(4 * 12288))})
    return all_at_once(service, [post("/v1/gram?layout=nchw", FORM, body)])


def mixed_pairs(service):
    rng, statuses = random.Random(4), Counter()
    for number in range(20):
        sizes = [(rng.randrange(32, 900), rng.randrange(32, 900)) for _ in range(8)]
        statuses += all_at_once(
            service, [losses(*size, 1000 + 16 * number + 2 * i) for i, size in enumerate(sizes)])
    return statuses


LOADS = {
    "a PNG of 144 MiB, base64": base64_body,
    "eight forms of 48 MiB at once": forms_at_once,
    "six forms of 45 MiB in turn": targets_one_by_one,
    "48 KiB of features, their Gram matrix": wide_features,
    "160 pairs of mixed sizes, eight at once": mixed_pairs,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit-mib", type=int, default=512)
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/styleloss")
    arguments = parser.parse_args()
    with MemoryGroup(arguments.limit_mib * MIB) as group, contextlib.ExitStack() as stack:
        service = stack.enter_context(Service(arguments.binary, [], None, prepare=group.join))
        for name, load in LOADS.items():
            try:
                outcome = dict(load(service))
            except OSError as error:
                outcome = f"FAILED: {error}"
            print(
                f"{name:40} {outcome}; {service.footprint()[0]} MiB, peak {service.peak()}, "
                f"killed {group.kills()}", flush=True)
        time.sleep(30)
        print(f"{'30 s later':40} {service.footprint()[0]} MiB")
        is_well = group.kills() == 0 and service.ask(pair(16))[0] == 200
        stack.close()
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
