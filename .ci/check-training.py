"""Runs the README's training in PyTorch against a service: the loss goes down.

    check-training.py ADDRESS           host and port of the service

Without PyTorch it says so and checks nothing.
"""

import importlib.util
import re
import sys

needed = ("torch", "safetensors", "requests")
missing = [name for name in needed if importlib.util.find_spec(name) is None]
if missing:
    print(f"not run: {', '.join(missing)} not installed")
    sys.exit(0)

with open("README.md", encoding="utf-8") as file:
    blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
(training,) = [block for block in blocks if "autograd.Function" in block]
# What is printed, with its loss noted at every step.
program = training.replace("localhost:8080", sys.argv[1]).replace(
    "    optimizer.zero_grad()", "    losses.append(loss.item())\n    optimizer.zero_grad()")
losses = []
exec(compile(program, "README.md", "exec"), {"losses": losses})
assert len(losses) == 20, losses
assert losses[-1] < losses[0] / 2, losses
print(f"the loss went from {losses[0]:.4} to {losses[-1]:.4} in {len(losses)} steps")
