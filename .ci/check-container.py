"""Checks what is cheap about Dockerfile and Deploy/ without building an image.

Every path that is copied or run exists and is let in by .dockerignore, no image is untagged and ours has one
tag everywhere, the run stage is not root, checks itself and names its licences. The manifests are what
Kubernetes takes, select the pods there are, and ask for paths and metrics that exist.
"""

import os
import re
import shlex
import sys

import kubernetes_validate
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

expect("org.opencontainers.image.licenses" in run_stage.get("LABEL", ""), "LABEL: name the licences")

with open("openapi.yaml", encoding="utf-8") as file:
    contract = yaml.safe_load(file)
paths, version = contract["paths"], contract["info"]["version"]

# One tag everywhere, which is the version of the code.
for name in ("README.md", "Dockerfile", "Deploy/styleloss.yaml", "Deploy/compose.yaml"):
    with open(name, encoding="utf-8") as file:
        tags = re.findall(r"(?:image:|--tag|8080:8080) styleloss(?::(\S+))?", file.read())
    expect(tags, f"{name}: it names no image")
    expect(set(tags) == {version}, f"{name}: image tags {tags}, not {version}")
expect(f'image.version="{version}"' in run_stage.get("LABEL", ""), f"LABEL: version {version}")

with open("Deploy/styleloss.yaml", encoding="utf-8") as file:
    objects = {item["kind"]: item for item in yaml.safe_load_all(file)}
with open("Deploy/keda.yaml", encoding="utf-8") as file:
    scaled = yaml.safe_load(file)
for kind, item in objects.items():
    # The newest Kubernetes the package knows, with its own schemas.
    kubernetes_validate.validate(item, "1.37", strict=True)
deployment = objects["Deployment"]
pod = deployment["spec"]["template"]
(container,) = pod["spec"]["containers"]
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    path = container[probe]["httpGet"]["path"]
    expect(path in paths, f"{probe}: {path} is not in openapi.yaml")
environment = {variable["name"]: variable["value"] for variable in container["env"]}
stop_ms = sum(int(value) for name, value in environment.items() if name.endswith("_MS"))
grace_seconds = pod["spec"]["terminationGracePeriodSeconds"]
expect(grace_seconds * 1000 > stop_ms, "terminationGracePeriodSeconds: less than a graceful stop")
labels = pod["metadata"]["labels"].items()
selectors = {
    "Service": objects["Service"]["spec"]["selector"],
    "PodDisruptionBudget": objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    "NetworkPolicy": objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    "topologySpreadConstraints":
        pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
}
for kind, selector in selectors.items():
    expect(selector.items() <= labels, f"{kind}: it selects no pod of the Deployment")
expect(scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"],
       "keda.yaml: it scales another Deployment")
metric = re.search(r"styleloss_\w+", scaled["spec"]["triggers"][0]["metadata"]["query"])[0]
with open("Sources/Service/Endpoints/MetricsEndpoint.swift", encoding="utf-8") as file:
    expect(f'"{metric}"' in file.read(), f"keda.yaml: there is no metric {metric}")

# What compose starts: the instances that nginx.conf names.
with open("Deploy/compose.yaml", encoding="utf-8") as file:
    compose = yaml.safe_load(file)
with open("Deploy/nginx.conf", encoding="utf-8") as file:
    upstreams = re.findall(r"server (127\.0\.0\.1:\d+)", file.read())
started = [word.removeprefix("--listen=") for name in ("one", "two")
           for word in compose["services"][name]["command"] if word.startswith("--listen=")]
expect(started == upstreams, f"compose.yaml: {started}, but nginx.conf asks {upstreams}")
# On 127.0.0.1 they meet in one network namespace only.
modes = {service["network_mode"] for service in compose["services"].values()}
expect(modes == {"host"}, f"compose.yaml: network modes {modes}")

if faults:
    sys.exit("\n".join(faults))
print("Dockerfile and Deploy: OK")
