#!/usr/bin/env python3
"""Every input that Weft carries passes the schema that Weft prints for it, and wrong ones do not.

schemas.py WEFT SOURCE_FOLDER
"""
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

weft, source = sys.argv[1], Path(sys.argv[2])
failures, checked, refused = [], 0, 0


class Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: 1e-6 is one, 1:30 and 0o7 are not."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in (
        "tag:yaml.org,2002:float", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?[0-9]+$"), list("-0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$"),
                             list("-0123456789"))


def printed(*arguments):
    return subprocess.run([weft, *arguments], check=True, capture_output=True, text=True).stdout


def validator(kind):
    schema = json.loads(printed("schema", kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def wrong(schema, path):
    with open(path, encoding="utf-8") as text:
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in
                schema.iter_errors(yaml.load(text, Loader))]


folders = {"scenario": "workloads/scenarios", "cluster": "platforms/clusters", "node": "platforms/nodes",
           "accelerator": "platforms/accelerators", "location": "platforms/locations", "model": "workloads/models",
           "stack": "workloads/stacks", "plan": "workloads/plans", "claim": "analysis/claims", "published-runs": "analysis/published"}
files = {"worlds": "analysis/claims/worlds.yaml", "pairs": "analysis/isolating_pairs.yaml", "fits": "analysis/fits.yaml",
         "calibration-errors": "analysis/calibration_errors.yaml", "export-rules": "platforms/export_rules.yaml",
         "left-out": "platforms/left_out.yaml", "power": "platforms/power.yaml"}
kinds = [line.split()[0] for line in printed("schema").splitlines()]
schemas = {kind: validator(kind) for kind in kinds}
for kind in kinds:
    paths = sorted((source / folders[kind]).glob("*.yaml")) if kind in folders else [source / files[kind]] if kind in files else []
    for path in paths:
        if path.name == "worlds.yaml" and kind != "worlds":
            continue
        checked += 1
        failures += [f"{path}: {message}" for message in wrong(schemas[kind], path)]
if unseen := set(kinds) - set(folders) - set(files) - {"training"}:
    failures.append(f"no file of {unseen} is checked")

# What the reader refuses for a key or a missing field, a word that is none of its words, or a wrong unit, an editor
# marks too. Marked: the reader's message says so; what depends on two fields at once is the reader's alone.
for text in sorted((source / "tests/wrong_inputs/cases").glob("*.txt")):
    message = text.read_text(encoding="utf-8", errors="replace")
    if not re.search(r"unknown key|lacks `|is not one of|unknown unit|has no unit|unknown (cluster|model|stack) ", message):
        continue
    if re.search(r"model lacks `ffn`", message):  # needed where some layer is dense
        continue
    path = text.with_suffix(".yaml")
    refused += 1
    if not wrong(schemas["scenario"], path):
        failures.append(f"{path} is wrong ({message.splitlines()[0]}) and passes")

# A catalog entry with a key misspelt, or without one that it needs.
for kind, folder in folders.items():
    path = sorted((source / folder).glob("*.yaml"))[0]
    with open(path, encoding="utf-8") as opened:
        entry = yaml.load(opened, Loader)
    spelt = dict(entry)
    first = next(iter(spelt))  # the first key is needed or known, misspelt it is neither
    spelt[first + "x"] = spelt.pop(first)
    refused += 1
    if not list(schemas[kind].iter_errors(spelt)):
        failures.append(f"{path}: `{first}x` passes")

print(f"{checked} files pass {len(kinds)} schemas, {refused} wrong ones do not")
if checked < 150 or refused < 15:
    failures.append("too few were tried")
print("\n".join(failures), file=sys.stderr)
sys.exit(bool(failures))
