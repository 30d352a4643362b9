"""recipes/three-areas.yaml from end to end on the stand-ins that ship, whose origin is known: with few replicates, so that it takes seconds."""
import glob
import os

import h5py
import numpy as np
import yaml
from scipy import stats

from support.areas import ALONE, NETWORKS, RECIPE, summary, verdicts
from support.running import SOURCE, place, tests


def test_independent_neurons_are_told_apart_from_critical_networks():
    with place() as here:
        said = here.run("run", RECIPE, "--set", "vars.replicates=3", "--set", "vars.test=normal", "--out", "out")
        assert said.rstrip().endswith("report.html"), said
        found, areas = verdicts(here.file("out")), {}
        assert len(found) == 15, sorted(found)
        for recording, (row, one) in found.items():
            area = recording.split("-")[2]
            like, unlike = (ALONE, NETWORKS) if area == "CA1" else (NETWORKS, ALONE)
            far = {family: row[family, "all"]["distance"] for family in like + unlike}
            assert one["nearest"] in like, (recording, one)
            assert min(far[f] for f in unlike) > 2 * min(far[f] for f in like), (recording, far)
            areas.setdefault(area, []).append({family: row[family, "all"]["p"] > 0.05 for family in far})
        # three replicates: of fifteen recordings one or two may well miss the family that they are of
        right = sum(r["independent"] or r["shuffled"] for r in areas["CA1"]) + sum(r["symmetric"] for a in ("V1", "brainwide") for r in areas[a])
        apart = sum(not r["symmetric"] for r in areas["CA1"]) + sum(not r["shuffled"] for a in ("V1", "brainwide") for r in areas[a])
        print("of 15 recordings", right, "are compatible with what they are,", apart, "not with what they are not")
        assert right >= 11 and apart >= 11

        # the report: verdicts first, then areas, then numbers; warnings that differ in numbers alone stand once; nothing of what was let go
        with open(here.file("out/report.html"), encoding="utf-8") as f:
            page = f.read()
        order = [page.index(f'<section id="{part}"') for part in ("verdicts", "s1", "summary", "s2")]
        assert order == sorted(order) and page.count("<caption>verdict: which family") == 1
        assert "<caption>symmetric: a recording" not in page and "<caption>alpha: exponent" in page[order[2]:order[3]]
        one = page[order[3]:page.index('<section id="s3"')]
        minds = one[one.index("Mind when reading"):one.index("</aside>")]
        assert minds.count("beyond half of the") == 1 and "#1" not in minds and "the numbers are those of the first" in minds, minds
        assert one.index("verdict: values, alpha.exponent") < one.index("svca2: spectrum") < one.index("alpha: fit")

        # what is said of areas, from exponents that do not depend on draws; recomputed from the results themselves
        exponent = {area: [] for area in areas}
        for recording in sorted(found):
            with h5py.File(here.file(f"out/results/{recording}/alpha@z.h5")) as f:
                exponent[recording.split("-")[2]].append(f["exponent"][()])
        means, between = summary(here.file("out"), "exponents")
        for area, values in exponent.items():
            assert len(values) == 5 and np.isclose(means[area, "z"], np.mean(values), rtol=1e-12)
        assert means["CA1", "z"] < 0.6 < 0.9 < min(means["V1", "z"], means["brainwide", "z"])
        assert abs(means["CA1", "z"] - means["CA1", "shuffled"]) < 0.05 and means["brainwide", "z"] - means["brainwide", "shuffled"] > 0.2
        for other in ("V1", "brainwide"):  # all ten recordings are parted: 2 of 252 ways to deal them, three tests
            assert np.isclose(between[other, "CA1"][0], 2 / 252) and np.isclose(between[other, "CA1"][1], 6 / 252) and between[other, "CA1"][2] == "*"
        assert between["V1", "brainwide"][1] > 0.05
        welch = summary(here.file("out"), "exponents_paper")[1]
        assert np.isclose(welch["V1", "CA1"][0], stats.ttest_ind(exponent["CA1"], exponent["V1"], equal_var=False).pvalue, rtol=1e-9)
        # components of a symmetric network decay one by one, fewer are needed than where nothing is shared
        decay, size = summary(here.file("out"), "timescales")[0], summary(here.file("out"), "dimensions")[0]
        assert max(decay["V1", "z"], decay["brainwide", "z"]) < -0.6 < -0.5 < decay["CA1", "z"]
        assert 3 * max(size["V1", "z"], size["brainwide", "z"]) < size["CA1", "z"]

        assert here.events("plan", RECIPE, "--set", "vars.replicates=3", "--set", "vars.test=normal")[-1]["run"] == 0


def test_the_stand_ins_are_what_fixtures_say():
    with open(RECIPE) as f:
        patterns = [r["glob"] for r in yaml.safe_load(f)["recordings"]]
    for pattern in patterns:
        paths = sorted(glob.glob(os.path.join(SOURCE, "recipes", pattern)))
        assert len(paths) == 5, (pattern, paths)
        for path in paths:
            with np.load(path) as f:
                x = f["spks" if "brainwide" in path else "sp"].astype(float)
            assert x.shape == (120, 3600) and os.path.getsize(path) < 250_000
            z = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
            largest = np.linalg.eigvalsh(z @ z.T / 3600)[-1]
            # neurons on their own: at most (1 + sqrt(120 / 3600))^2 = 1.4 without memory, some more with it
            assert largest < 4 if "CA1" in path else largest > 8, (path, largest)


tests(globals())
