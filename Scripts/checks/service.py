"""A styleloss on a free port, as a check starts and stops it."""

import json
import signal
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGES = ROOT / "Tests/Fixtures/images"
BINARY = ROOT / ".build/release/styleloss"


class Service:
    """Ready once it is made; ended as SIGTERM ends it."""

    def __init__(self, binary=BINARY, *flags, port=0):
        self.process = subprocess.Popen(
            [binary, "serve", f"--listen=127.0.0.1:{port}", "--log-format=json", *flags],
            stderr=subprocess.PIPE)
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line.decode())
            event = json.loads(line) if line.startswith(b"{") else {}
            if event.get("message") == "listening":
                self.port = int(event["address"].rsplit(":", 1)[1])
            if event.get("message") == "ready":
                break
        else:
            raise RuntimeError(f"{binary} did not start: {''.join(self.lines)}")
        # Nobody may make it wait for its log.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        """As an orchestrator stops it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
