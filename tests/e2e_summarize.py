"""Summaries over recordings through the program: means and tests against scipy, order and names, missing and unfit values."""
import os

import h5py
import numpy as np
from scipy import stats

from support.running import place, tests

AREAS = {"a1": "V1", "a2": "V1", "a10": "V1", "b1": "CA1", "b2": "CA1", "c": "probes"}
STAGES = """
stages:
  raw:      {stage: load}
  z:        {stage: zscore, recording: raw}
  shuffled: {stage: shuffle, recording: z, repeat: 2}
  s:        {stage: spectrum, recording: [z, shuffled]}
  alpha:    {stage: powerlaw, spectrum: s, ranks: 2..15}
"""


def recordings(p, names, broken=()):
    lines = ["recordings:"]
    for i, name in enumerate(AREAS):
        rng = np.random.default_rng(i)
        x = rng.standard_normal((20, 300)) + (1 + (AREAS[name] == "V1")) * rng.standard_normal((20, 3)) @ rng.standard_normal((3, 300))
        if name in broken:
            x[:] = 1
        np.save(p.file(name + ".npy"), x.astype("f4"))
    lines += [f"  - {{name: {n}, path: {n}.npy, rate: 22 Hz, format: npy, area: {AREAS[n]}}}" for n in names]
    return "\n".join(lines)


def result(p, node, name):
    with h5py.File(p.file(f"recipe/results/{node}.h5")) as f:
        value = f[name][()]
        return value.decode() if isinstance(value, bytes) else [v.decode() for v in value] if value.dtype.kind in "SO" else value


def exponents(p):
    """[recording][condition], replicates averaged, from the objects of each recording."""
    def one(name, node):
        with h5py.File(p.file(f"recipe/results/{name}/{node}.h5")) as f:
            return float(f["exponent"][()])
    return {n: (one(n, "alpha@z"), np.mean([one(n, f"alpha@shuffled#{k}") for k in (1, 2)])) for n in AREAS}


def test_means_and_tests_are_those_of_scipy():
    with place() as p:
        p.recipe(recordings(p, AREAS) + STAGES + """
  areas:   {stage: summarize, value: alpha.exponent, by: area}
  paper:   {stage: summarize, value: alpha.exponent, variant: paper}
  revised: {stage: summarize, value: alpha.exponent, variant: revised, interval: bootstrap}
  turned:  {stage: summarize, value: alpha.exponent, first: shuffled}
""")
        said = p.run("run", "recipe.yaml")
        assert "3 recordings of V1: whatever they are, the exact test within it gives no p below 0.25" in said
        e = exponents(p)
        group = {a: np.array([e[n] for n in AREAS if AREAS[n] == a]) for a in ("V1", "CA1", "probes")}
        assert result(p, "areas", "mean_of") == ["V1", "V1", "CA1", "CA1", "probes", "probes"]
        assert result(p, "areas", "mean_condition") == ["z", "shuffled"] * 3
        assert result(p, "areas", "count").tolist() == [3, 3, 2, 2, 1, 1]
        mean, low, high, sd = (result(p, "areas", n) for n in ("mean", "low", "high", "sd"))
        for i, a in enumerate(("V1", "CA1")):
            for c in range(2):
                v = group[a][:, c]
                assert np.isclose(mean[2 * i + c], v.mean(), rtol=1e-13) and np.isclose(sd[2 * i + c], v.std(ddof=1), rtol=1e-9)
                wanted = stats.t.interval(0.95, len(v) - 1, v.mean(), stats.sem(v))
                assert np.allclose((low[2 * i + c], high[2 * i + c]), wanted, rtol=1e-8)
        assert np.isnan(sd[4]) and mean[4] == e["c"][0]
        assert result(p, "areas", "left") == ["V1 z", "CA1 z", "probes z", "V1 z", "V1 z", "CA1 z"]
        assert result(p, "areas", "right") == ["V1 shuffled", "CA1 shuffled", "probes shuffled", "CA1 z", "probes z", "probes z"]
        # every V1 value is above its shuffle: 2 of the 8 signs; of the 10 ways to deal 5 recordings one is as extreme
        assert result(p, "areas", "p")[[0, 2]].tolist() == [0.25, 1]
        exact = stats.permutation_test((group["V1"][:, 0], group["CA1"][:, 0]), lambda x, y: abs(x.mean() - y.mean()), alternative="greater", n_resamples=np.inf)
        assert np.isclose(result(p, "areas", "p")[3], exact.pvalue, rtol=1e-12)
        for node, alternative in (("paper", "greater"), ("revised", "two-sided")):
            found = result(p, node, "p")
            for i, a in enumerate(("V1", "CA1")):
                assert np.isclose(found[i], stats.ttest_rel(*group[a].T, alternative=alternative).pvalue, rtol=1e-8), node
            assert np.isnan(found[2]), "one recording"
            assert np.isclose(found[3], stats.ttest_ind(group["V1"][:, 0], group["CA1"][:, 0], equal_var=False).pvalue, rtol=1e-8)
        assert result(p, "turned", "left")[0] == "V1 shuffled"
        assert np.allclose(result(p, "turned", "difference")[:3], -result(p, "areas", "difference")[:3], rtol=1e-12)
        low, high = result(p, "revised", "low")[0], result(p, "revised", "high")[0]
        assert group["V1"][:, 0].min() <= low < group["V1"][:, 0].mean() < high <= group["V1"][:, 0].max()
        assert result(p, "areas", "recording") == [n for n in ("a1", "a2", "a10", "b1", "b2", "c") for _ in range(2)]
        assert np.allclose(result(p, "areas", "value"), [v for n in AREAS for v in e[n]], rtol=1e-13)
        assert result(p, "areas", "key") == "1: V1, 2: CA1, 3: probes; within each, from the left: z, shuffled"
        with open(p.file("recipe/report.html"), encoding="utf-8") as f:
            page = f.read()
        part = page[page.index("<h2>All recordings</h2>"):]
        assert part.count("areas: by group") and part.count("areas: by test") and "all signs of the differences" in part
        assert "1: V1, 2: CA1, 3: probes; within each" in part


def test_groups_stand_in_the_recipes_order():
    with place() as p:
        text = STAGES + "  areas: {stage: summarize, value: alpha.exponent}\n"
        p.recipe(recordings(p, AREAS) + text)
        p.run("run", "recipe.yaml")
        before = p.objects()
        mean = dict(zip(result(p, "areas", "mean_of")[::2], result(p, "areas", "mean")[::2]))
        p.recipe(recordings(p, ["c", "b2", "a10", "a2", "a1", "b1"]) + text)
        p.run("run", "recipe.yaml")
        assert len(set(p.objects()) - set(before)) == 1, "the summary alone"
        assert result(p, "areas", "mean_of")[::2] == ["probes", "CA1", "V1"]
        assert result(p, "areas", "key") == "1: probes, 2: CA1, 3: V1; within each, from the left: z, shuffled"
        assert result(p, "areas", "recording")[::2] == ["c", "b2", "a10", "a2", "a1", "b1"]
        assert all(np.isclose(mean[g], m, rtol=1e-14) for g, m in zip(result(p, "areas", "mean_of")[::2], result(p, "areas", "mean")[::2]))
        before = p.objects()
        p.recipe(recordings(p, ["c", "b2", "a10", "a2", "a1", "b1"]).replace("area: probes", "area: CA1") + text)
        p.run("run", "recipe.yaml")
        assert len(set(p.objects()) - set(before)) == 1
        assert result(p, "areas", "count").tolist() == [3, 3, 3, 3]


def test_a_recording_that_failed_is_left_out():
    with place() as p:
        text = STAGES + "  areas: {stage: summarize, value: alpha.exponent}\n"
        p.recipe(recordings(p, AREAS, broken=["a2", "c"]) + text)
        said = p.run("run", "recipe.yaml", status=1)
        assert "failed recordings are left out: a2, c" in said
        assert result(p, "areas", "recording") == [n for n in ("a1", "a10", "b1", "b2") for _ in range(2)]
        assert result(p, "areas", "count").tolist() == [2, 2, 2, 2]
        before = p.objects()
        with open(p.file("recipe/report.html"), encoding="utf-8") as f:
            page = f.read()
        assert "areas: by group" in page and "Not everything is here" in page
        # the report alone knows it too, and nothing is computed anew
        os.remove(p.file("recipe/report.html"))
        p.run("report", "recipe.yaml")
        with open(p.file("recipe/report.html"), encoding="utf-8") as f:
            assert "areas: by group" in f.read()
        said = p.run("run", "recipe.yaml", status=1)
        assert p.objects() == before
        # mended, it is there again
        recordings(p, AREAS)
        p.run("run", "recipe.yaml")
        assert result(p, "areas", "count").tolist() == [3, 3, 2, 2, 1, 1]
        # all failed: nothing is left to summarize
        p.recipe(recordings(p, AREAS, broken=AREAS) + text)
        assert "not all done" in p.run("run", "recipe.yaml", status=1)
        with open(p.file("recipe/report.html"), encoding="utf-8") as f:
            page = f.read()
        problems = page[page.index("Not everything is here"):page.index("</aside>")]
        assert "areas: by group" not in page and "which failed" in problems, problems
        assert ".yaml:" not in problems, problems  # a sentence without its place, so that equal ones stand once


def test_what_cannot_be_summarized_is_told():
    with place() as p:
        head = recordings(p, AREAS)
        for line, text, code in (
            ("value: alpha.normalized", "reads", 2),
            ("value: alpha.exponent, first: nothing", "'first' is 'nothing', but the values have no such branch; the first is 'z'", 1),
            ("value: alpha.exponent, by: species", "no recording has a label 'species'; they have area", 2),
            ("value: alpha.exponent, by: arae", "did you mean 'area'?", 2),
            ("value: alpha.exponent, by: name", "report.html", 0),
            ("value: alpha.exponent, confidence: 2", "confidence", 2),
        ):
            p.recipe(head + STAGES + f"  areas: {{stage: summarize, {line}}}\n")
            said = p.run("run", "recipe.yaml", status=code)
            assert text in said, said
        p.recipe(head + STAGES + "  one: {stage: summarize, value: alpha.exponent}\n  areas: {stage: summarize, value: alpha@z.exponent}\n")
        p.run("run", "recipe.yaml")
        assert result(p, "areas", "left") == ["V1", "V1", "CA1"]


if __name__ == "__main__":
    tests(globals())
