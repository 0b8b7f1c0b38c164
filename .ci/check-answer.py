"""Checks an answer of POST /v1/losses: against openapi.yaml, and that its numbers add up."""

import json
import math
import sys

import jsonschema
import yaml


def refuse_constant(name):
    sys.exit(f"the answer has {name}, which is no JSON")


with open("openapi.yaml", encoding="utf-8") as file:
    contract = yaml.safe_load(file)
with open(sys.argv[1], encoding="utf-8") as file:
    answer = json.load(file, parse_constant=refuse_constant)

ok = contract["paths"]["/v1/losses"]["post"]["responses"]["200"]
schema = ok["content"]["application/json"]["schema"]
jsonschema.Draft202012Validator({**schema, "components": contract["components"]}).validate(answer)

assert answer["preset"] == "pconv", answer["preset"]
(result,) = answer["results"]
total = 0.0
for term in ("style", "perceptual"):
    layers = result[term]["layers"]
    assert list(layers) == ["pool1", "pool2", "pool3"], layers
    assert all(math.isfinite(loss) and loss > 0 for loss in layers.values()), layers
    assert math.isclose(result[term]["loss"], sum(layers.values()), rel_tol=1e-12), term
    total += result[term]["weight"] * result[term]["loss"]
assert math.isclose(result["total"], total, rel_tol=1e-12), result["total"]
print(f"total {result['total']}, as openapi.yaml says and the sum of its terms")
