"""A styleloss under test, and what can be seen of it from outside."""

import json
import os
import resource
import subprocess
import threading
import time

from .client import Client, head, pair


class Service:
    def __init__(self, binary, flags, open_files, prepare=lambda: None):
        def limit():
            if open_files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
            prepare()

        self.process = subprocess.Popen(
            [binary, "serve", "--listen=127.0.0.1:0", "--log-format=json", *flags],
            stderr=subprocess.PIPE, preexec_fn=limit)
        self.port = None
        self.is_leaving = False
        for line in self.process.stderr:
            event = json.loads(line) if line.startswith(b"{") else {}
            if event.get("message") == "listening":
                self.port = int(event["address"].rsplit(":", 1)[1])
            if event.get("message") == "ready":
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def connect(self, **options):
        return Client(self.port, **options)

    def ask(self, request):
        with self.connect() as client:
            client.send(request)
            return client.read()

    def metric(self, name):
        for line in self.ask(head("GET", "/metrics"))[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return 0.0

    def wait(self, name, value):
        end = time.monotonic() + 60
        while self.metric(name) != value:
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is {self.metric(name)}, not {value}")
            time.sleep(0.01)

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def footprint(self):
        """Resident MiB, descriptors, threads."""
        status = self._status()
        return (
            int(status["VmRSS"].split()[0]) // 1024, len(os.listdir(f"/proc/{self.process.pid}/fd")),
            int(status["Threads"]))

    def peak(self):
        """The most MiB that were ever resident."""
        return int(self._status()["VmHWM"].split()[0]) // 1024

    def _status(self):
        lines = open(f"/proc/{self.process.pid}/status").read().splitlines()
        return dict(line.split(":", 1) for line in lines)

    def examine(self, name, run):
        """Runs a scenario with a health check every 10 ms beside it; returns its faults."""
        expected = self.results()
        before, health = self.footprint(), Health(self)
        faults = []
        try:
            outcome = run(self)
        except (AssertionError, OSError) as error:
            outcome = f"FAILED: {type(error).__name__} {error}"
            faults.append(outcome)
        slowest = health.stop()
        if self.process.poll() is None:
            if self.results() != expected:
                faults.append("FAILED: other answers than before")
            self.settle(before)
            after = self.footprint()
        else:
            after = ("-", "-", "-")
        print(
            f"{name:28} {outcome}; health at worst {slowest:.0f} ms; MB, descriptors, threads "
            f"{before} -> {after}" + "".join(f" {fault}" for fault in faults[1:]), flush=True)
        return faults

    def results(self):
        status, _, body = self.ask(pair(16))
        assert status == 200, body
        return json.loads(body)["results"][0]["total"]

    def settle(self, before):
        end = time.monotonic() + 10
        while self.footprint()[1] > before[1] and time.monotonic() < end:
            time.sleep(0.05)


class Health:
    def __init__(self, service):
        self.service, self.slowest, self.is_over = service, 0.0, False
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.is_over and not self.service.is_leaving:
            start = time.monotonic()
            try:
                if self.service.ask(head("GET", "/healthz"))[0] != 200:
                    self.slowest = float("inf")
            except OSError:
                if not self.service.is_leaving:
                    self.slowest = float("inf")
            self.slowest = max(self.slowest, (time.monotonic() - start) * 1000)
            time.sleep(0.01)

    def stop(self):
        self.is_over = True
        self.thread.join()
        return self.slowest
