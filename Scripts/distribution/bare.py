"""What is handed on, used where nothing else is."""

import json
import os
import subprocess
import tempfile
import urllib.request
import venv
from pathlib import Path

from checks.forms import FORM, pair
from checks.service import IMAGES, Service

OUTPUT, TARGET = IMAGES / "astronaut-256.png", IMAGES / "rocket-256.png"


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def mirror():
    """Where this machine has its Debian from."""
    return run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
               "Codename: bookworm").split()[0]


def try_in_bare_system(archive, wheel, name):
    """Serves and compares from the archive in a bare Debian, and from the wheel in a new environment."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        venv.create(environment, with_pip=True)
        run(environment / "bin/pip", "install", "--quiet", "--no-index", "--disable-pip-version-check",
            wheel)
        expected = compare([environment / "bin/styleloss"])
        print(f"the wheel: pip install, compare says {expected}")

        root = Path(folder) / "root"
        run("debootstrap", "--variant=minbase", "bookworm", root, mirror())
        run("tar", "--extract", "--file", archive, "--directory", root / "opt")
        for image in (OUTPUT, TARGET):
            (root / "opt" / image.name).write_bytes(image.read_bytes())
        program = f"/opt/{name}/styleloss"
        # Every system has it; Swift's runtime reads the command line there.
        run("mount", "-t", "proc", "proc", root / "proc")
        try:
            total = compare(["chroot", root, program], Path("/opt"))
            served = serve(root, program)
        finally:
            run("umount", root / "proc")
        assert (total, served) == (expected, expected), (total, served, expected)
        print(f"the archive in a bare Debian: compare and serve say {total}")


def compare(command, folder=IMAGES):
    answer = run(*command, "compare", folder / OUTPUT.name, folder / TARGET.name, "--json")
    return json.loads(answer)["results"][0]["total"]


def serve(root, program):
    """A request to a service that sees nothing but the bare system."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as script:
        script.write(f'#!/bin/sh\nexec chroot "{root}" "{program}" "$@"\n')
    os.chmod(script.name, 0o755)
    try:
        with Service(script.name) as service:
            return post(service.url)
    finally:
        os.unlink(script.name)


def post(url):
    request = urllib.request.Request(f"{url}/v1/losses", pair(OUTPUT, TARGET), {"Content-Type": FORM})
    with urllib.request.urlopen(request) as response:
        return json.load(response)["results"][0]["total"]
