"""`rumble inspect --json` of one path, as dicts."""
import json
import subprocess

import numpy as np

from support.running import RUMBLE


def inspect(path, *words, status=0, **more):
    done = subprocess.run([RUMBLE, "inspect", "--json", path, *words], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == status, f"inspect {path} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert event["event"] == "inspected" and event["path"] == path
    return event


def facts(seen):
    return {fact["name"]: fact.get("text", fact.get("number")) for fact in seen["facts"]}


def warned(seen, *words):
    """The first caution that says all the words."""
    found = [row for row in seen["cautions"] if all(word in row["text"] for word in words)]
    assert found, f"nobody warns of {words}: {seen['cautions']}"
    return found[0]


def missing(seen):
    return {row["name"]: row["value"] for row in seen["settings"] if "why" in row}


def near(a, b, tolerance=1e-6):
    return np.allclose(a, b, rtol=tolerance, atol=tolerance)
