"""Recordings of known origin through the verdict that ships, at a size that takes seconds; docs/trust.md has the whole table."""
import json
import os
import subprocess
import sys

from support.running import RUMBLE, SOURCE, place, tests

TRUTH = os.path.join(SOURCE, "bench", "truth.py")
SMALL = ["--neurons", "48", "--frames", "1500", "--noise", "0.5", "--families", "symmetric,latent,shuffled"]


def truth(here, what, *more):
    said = subprocess.run([sys.executable, TRUTH, what, "--out", here.file("truth"), *SMALL, *more], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def verdict(here, origin):
    with open(os.path.join(here.file("truth"), f"48-0.5-{origin}-1", "verdict.json"), encoding="utf-8") as f:
        found = json.load(f)
    rows = zip(found["family"], found["statistic"], found["distance"], found["p"])
    return found, {family: (distance, p) for family, statistic, distance, p in rows if statistic == "all"}


def test_verdicts_on_recordings_of_known_origin():
    own = {"symmetric": "symmetric", "latent": "latent", "independent": "shuffled"}
    with place() as here:
        said = truth(here, "run", "--rumble", RUMBLE, "--origins", ",".join(own))
        assert "nothing left" in said, said
        for origin, family in own.items():
            found, together = verdict(here, origin)
            print(origin, found["sentence"])
            # The true family is ruled out in one draw of twenty, but not by much even then, and no other is ever the only one left.
            assert found["nearest"] == family and together[family][0] < 3.5
            assert found["decision"] != "compatible" or together[family][1] > 0.05
            far = [f for f in ("symmetric", "latent", "shuffled") if f != family and not (origin == "independent" and f == "symmetric")]
            assert all(together[f][1] <= 0.05 for f in far), together
        assert "nothing left" in truth(here, "run", "--rumble", "/nonexistent", "--origins", ",".join(own)), "what is there is not run again"
        page = truth(here, "table", "--origins", ",".join(own))
        assert page.startswith("3 recordings.") and "| latent | 1 |" in page, page


tests(globals())
