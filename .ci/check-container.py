"""Checks what is cheap about Dockerfile and Deploy/ without building an image.

Every path that is copied or run exists and is let in by .dockerignore, no image is untagged, the run
stage is not root, checks itself, and the probes of the manifest are paths of openapi.yaml.
"""

import os
import re
import shlex
import sys

import yaml

faults = []


def expect(is_so, fault):
    if not is_so:
        faults.append(fault)


with open("Dockerfile", encoding="utf-8") as file:
    text = re.sub(r"\\\n", " ", file.read())
with open(".dockerignore", encoding="utf-8") as file:
    let_in = {line[1:].strip() for line in file if line.startswith("!")}

instructions = []
for line in text.splitlines():
    if line.strip() and not line.startswith("#"):
        keyword, _, rest = line.partition(" ")
        instructions.append((keyword, rest.strip()))

stages = [i for i, (keyword, _) in enumerate(instructions) if keyword == "FROM"]
run_stage = dict(instructions[stages[-1] :])

for keyword, rest in instructions:
    if keyword == "FROM":
        image = rest.split()[0]
        expect(":" in image and not image.endswith(":latest"), f"FROM {image}: name a version")
    if keyword == "COPY" and "--from=" not in rest:
        for source in shlex.split(rest)[:-1]:
            expect(os.path.exists(source), f"COPY {source}: there is no such file")
            expect(source.split("/")[0] in let_in, f"COPY {source}: .dockerignore keeps it out")
    if keyword == "RUN":
        for script in re.findall(r"Scripts/[\w-]+", rest):
            expect(os.access(script, os.X_OK), f"RUN {script}: not an executable file")

user = run_stage.get("USER", "root").split(":")[0]
expect(user.isdigit() and int(user) > 0, f"USER {user}: the run stage needs a number above 0")
expect("styleloss" in run_stage.get("HEALTHCHECK", ""), "HEALTHCHECK: the image checks itself")
expect(run_stage.get("ENV") == "STYLELOSS_LISTEN=0.0.0.0:8080", "ENV: STYLELOSS_LISTEN is missing")
expect(run_stage.get("EXPOSE") == "8080", "EXPOSE: the port of STYLELOSS_LISTEN")

with open("openapi.yaml", encoding="utf-8") as file:
    paths = yaml.safe_load(file)["paths"]
with open("Deploy/styleloss.yaml", encoding="utf-8") as file:
    deployment, service = yaml.safe_load_all(file)
pod = deployment["spec"]["template"]
(container,) = pod["spec"]["containers"]
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    path = container[probe]["httpGet"]["path"]
    expect(path in paths, f"{probe}: {path} is not in openapi.yaml")
environment = {variable["name"]: variable["value"] for variable in container["env"]}
stop_ms = sum(int(value) for name, value in environment.items() if name.endswith("_MS"))
grace_seconds = pod["spec"]["terminationGracePeriodSeconds"]
expect(grace_seconds * 1000 > stop_ms, "terminationGracePeriodSeconds: less than a graceful stop")
selector = service["spec"]["selector"].items()
expect(selector <= pod["metadata"]["labels"].items(), "Service: it selects no pod of the Deployment")

if faults:
    sys.exit("\n".join(faults))
print("Dockerfile and Deploy/styleloss.yaml: OK")
