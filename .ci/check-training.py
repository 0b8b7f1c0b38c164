"""Runs the README's training in PyTorch against a service of its own: the loss goes down.

    check-training.py BINARY

Needs torch, safetensors and requests.
"""

import re
import socket
import subprocess
import sys
import time
import urllib.request

with open("README.md", encoding="utf-8") as file:
    blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
(training,) = [block for block in blocks if "autograd.Function" in block]

with socket.create_server(("127.0.0.1", 0)) as free:
    address = f"127.0.0.1:{free.getsockname()[1]}"
service = subprocess.Popen([sys.argv[1], "serve", f"--listen={address}", "--log-level=error"])
try:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://{address}/readyz", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    # What is printed, with its loss noted at every step.
    program = training.replace("localhost:8080", address).replace(
        "    optimizer.zero_grad()", "    losses.append(loss.item())\n    optimizer.zero_grad()")
    losses = []
    exec(compile(program, "README.md", "exec"), {"losses": losses})
finally:
    service.terminate()
    service.wait()
assert len(losses) == 20, losses
assert losses[-1] < losses[0] / 2, losses
print(f"the loss went from {losses[0]:.4} to {losses[-1]:.4} in {len(losses)} steps")
