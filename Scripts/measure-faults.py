#!/usr/bin/env python3
"""Does to a running styleloss what slow, hostile and departing clients do, and measures who suffers.

    Scripts/measure-faults.py [SCENARIO] ...       all, when none is named

Each scenario has a service of its own on a free port, ends with good requests whose answers are what
they were, and prints one line: what became of the clients, how long a health check took meanwhile
(the slowest of one every 10 ms), and the service's memory, descriptors and threads before and after.
Needs Python and nothing else; Scripts/build makes what it runs.
"""

import argparse
import sys
from pathlib import Path

from faults.scenarios import SCENARIOS
from faults.service import Service

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/styleloss")
    arguments = parser.parse_args()
    failed = []
    for name in arguments.scenarios or SCENARIOS:
        flags, limits, run = SCENARIOS[name]
        with Service(arguments.binary, flags, limits) as service:
            faults = service.examine(name, run)
        if faults:
            failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
