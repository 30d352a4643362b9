"""split: one recording becomes several, area by area; what each of them gives is what a recipe for that area alone would."""
import json
import os
import subprocess

import h5py
import numpy as np

import support.running as running
from support.running import place, tests

AREAS = {"m1": ["CP"] * 60 + ["LS"] * 55 + ["VISp2/3"] * 12 + ["VISp5"] * 40 + ["H*F"] * 51 + [""] * 3, "m2": ["CP"] * 50 + ["VISp5"] * 64 + ["LS"] * 49}
STAGES = """
stages:
  raw:      {stage: load}
  units:    {stage: select, recording: raw, min_quality: 0.1}
  region:   {stage: select, recording: units}
  z:        {stage: zscore, recording: region}
  shuffled: {stage: shuffle, recording: z}
  svca2:    {stage: svca2, recording: [z, shuffled], halves: random}
  alpha:    {stage: powerlaw, spectrum: svca2.spectrum, ranks: 2..15, reach: 1}
"""
SPLIT = STAGES + "  areas:    {stage: split, value: alpha.exponent, of: units, vary: {region.area: all}}\n"
BOTH = "seed: 1\nrecordings:\n  - {name: m1, path: m1.npz, rate: 22 Hz}\n  - {name: m2, path: m2.npz, rate: 22 Hz}"


def make(p, **more):
    """Recordings with the areas above, three neurons of which are of low quality."""
    for name, areas in {**AREAS, **more}.items():
        rng = np.random.default_rng(len(name) + len(areas))
        n = len(areas)
        x = rng.standard_normal((n, 20)) * np.arange(1, 21) ** -0.6 @ rng.standard_normal((20, 900)) + 0.5 * rng.standard_normal((n, 900))
        quality = np.ones(n)
        quality[[0, 1, n - 1]] = 0
        np.savez(p.file(name + ".npz"), sp=x.astype("f4"), areas=np.array(areas), snr=quality, iprobe=np.arange(n) % 2, iplane=np.arange(n) % 3 * 5)


def outputs(p, node, out="recipe"):
    with h5py.File(p.file(f"{out}/results/{node}.h5"), "r") as f:
        found = {k: f[k][()] for k in f if isinstance(f[k], h5py.Dataset)}
    found["part"] = [t.decode().rstrip("\0") for t in found["part"]] if "part" in found else None
    return found


def scalar(p, node, output, out="recipe"):
    with h5py.File(p.file(f"{out}/results/{node}.h5"), "r") as f:
        return f[output][()]


def refused(p, text, *says, status=2):
    said = p.run("run", p.recipe(BOTH + text, "refused.yaml"), status=status)
    for words in says:
        assert words in said, f"should say {words!r}:\n{said}"


def test_every_area_with_enough_neurons_is_analysed_as_by_hand():
    with place() as p:
        make(p)
        said = p.run("run", p.recipe(BOTH + SPLIT))
        assert "left out, for want of 50 neurons or because they are not listed: VISp5 (40), VISp2/3 (12)" in said, said
        assert "neurons without any area, which belong to no part: 2" in said, said
        one, two = outputs(p, "m1/areas@z"), outputs(p, "m2/areas@z")
        assert one["part"] == ["CP", "H*F", "LS"] and one["neurons"].tolist() == [58, 51, 55] and one["n"].tolist() == [1, 1, 1], one
        assert two["part"] == ["VISp5"] and two["neurons"].tolist() == [64], "CP has lost two to quality"
        for area, name in (("CP", "CP"), ("LS", "LS"), ('"H*F"', "H-F")):
            hand = p.recipe(BOTH + STAGES.replace("recording: units}", f"recording: units, area: {json.dumps(area)}}}"), "hand.yaml")
            events = p.events("run", hand, "--only", "m1/alpha@z")
            assert not [e for e in events if e["event"] == "done"], f"{area} by hand has other keys"
            value = one["value"][one["part"].index(area.strip('"'))]
            assert value == scalar(p, "m1/alpha@z", "exponent", "hand") == scalar(p, f"m1/alpha@areas+{name},z", "exponent")
        with open(p.file("recipe/report.html")) as f:
            page = f.read()
        figures = os.listdir(p.file("recipe/figures"))
        assert "areas+CP,z" in page and "m1-areas@z-parts.svg" in figures and not any("raster" in f and "+" in f for f in figures), figures
        # again: nothing runs, and the page can be made from the cache alone
        before = p.objects()
        assert p.events("plan", "recipe.yaml")[-1]["run"] == 0
        p.run("run", "recipe.yaml")
        p.run("report", "recipe.yaml")
        p.run("export", "recipe.yaml", "m1/region@areas+LS", "--format", "npy", "--out", "ls.npy")
        assert np.load(p.file("ls.npy")).shape == (55, 900) and p.objects() == before


def test_listed_areas_may_be_joined_and_planes_and_probes_split_too():
    with place() as p:
        make(p)
        split = "  %s: {stage: split, value: alpha.exponent, of: units, min_neurons: 40, vary: {region.%s: %s}}\n"
        p.run("run", p.recipe(BOTH + STAGES + split % ("areas", "area", '["VISp*", CP|LS, V1]') + split % ("probes", "probe", "all") + split % ("planes", "plane", "[[0, 10], [7]]")))
        for node, recording, part, neurons in (("areas", "m1", ["VISp*", "CP|LS"], [52, 113]), ("areas", "m2", ["VISp*", "CP|LS"], [64, 96]),
                                               ("probes", "m1", ["0", "1"], [109, 109]), ("planes", "m2", ["0, 10"], [107])):
            found = outputs(p, f"{recording}/{node}@shuffled")
            counts = np.array(AREAS[recording])
            assert found["part"] == part and np.isfinite(found["value"]).all(), (node, found)
            if node != "areas":
                n = np.arange(len(counts))
                good = ~np.isin(n, [0, 1, len(n) - 1])
                neurons = [int((good & (n % 2 == k)).sum()) for k in (0, 1)] if node == "probes" else [int((good & (n % 3 != 1)).sum())]
            assert found["neurons"].tolist() == neurons, (node, found["neurons"])


def test_branches_are_split_by_their_own_areas():
    with place() as p:
        make(p)
        p.run("run", p.recipe(BOTH + """
stages:
  raw:    {stage: load}
  most:   {stage: select, recording: raw, min_quality: 0.1}
  left:   {stage: select, recording: raw, where: area != CP and quality > 0.1}
  region: {stage: select, recording: [most, left]}
  z:      {stage: zscore, recording: region}
  direct: {stage: spectrum, recording: z}
  alpha:  {stage: powerlaw, spectrum: direct.spectrum, ranks: 2..15}
  units:  {stage: select, recording: region}
  areas:  {stage: split, value: alpha.exponent, of: units, vary: {region.area: all}}
"""))
        most, left = outputs(p, "m1/areas@most"), outputs(p, "m1/areas@left")
        assert most["part"] == ["CP", "H*F", "LS"] and left["part"] == ["H*F", "LS"], (most, left)
        assert np.array_equal(most["value"][1:], left["value"]) and most["value"][0] != most["value"][1]
        assert scalar(p, "m1/alpha@areas+left+LS,left", "exponent") == left["value"][1]


def test_summarize_groups_the_parts_of_all_recordings():
    with place() as p:
        make(p)
        p.run("run", p.recipe(BOTH + SPLIT.replace("region.area: all}", "region.area: all}, min_neurons: 45")
                              + "  summary: {stage: summarize, value: areas.value, part: areas.part, first: z}\n"))
        with h5py.File(p.file("recipe/results/summary.h5"), "r") as f:
            text = lambda name: [t.decode().rstrip("\0") for t in f[name][()]]
            rows = list(zip(text("mean_of"), text("mean_condition"), f["count"][()].tolist(), f["mean"][()]))
            assert {g for g, *_ in rows} == {"CP", "H*F", "LS", "VISp5"}
            mean = {(g, c): (n, m) for g, c, n, m in rows}
            values = {r: dict(zip(outputs(p, f"{r}/areas@z")["part"], outputs(p, f"{r}/areas@z")["value"])) for r in ("m1", "m2")}
            assert mean["CP", "z"][0] == 2 and np.isclose(mean["CP", "z"][1], (values["m1"]["CP"] + values["m2"]["CP"]) / 2)
            assert mean["VISp5", "z"] == (1, values["m2"]["VISp5"]) and mean["H*F", "shuffled"][0] == 1
            assert "m1 CP" in text("recording")
            test = {(a, b): (how, n, d, p) for a, b, how, n, d, p in zip(text("left"), text("right"), text("test"), f["recordings"][()].tolist(),
                                                                         f["difference"][()], f["p"][()])}
            how, n, difference, chance = test["CP z", "LS z"]  # both recordings have both
            by_hand = [values[r]["CP"] - values[r]["LS"] for r in ("m1", "m2")]
            assert how == "all signs of the differences of parts" and n == 2 and np.isclose(difference, np.mean(by_hand)), test
            assert chance == (0.5 if by_hand[0] * by_hand[1] > 0 else 1), (by_hand, chance)
            assert test["CP z", "VISp5 z"][:2] == ("all ways to deal recordings", 3), "only m2 has enough of VISp5"
        p.run("run", p.recipe(BOTH + SPLIT + "  summary: {stage: summarize, value: areas.value}\n", "unnamed.yaml"), status=1)
        assert "what its parts are (part: NODE.part)" in p.run("run", "unnamed.yaml", status=1)


def test_the_recipe_for_regions_runs():
    with place() as p:
        rng = np.random.default_rng(4)
        for name, areas in (("a", ["CP"] * 40 + ["LS"] * 30 + ["HPF"] * 60 + ["V1"] * 30), ("b", ["HPF"] * 70 + ["TH"] * 25 + ["SC"] * 30)):
            n = len(areas)
            counts = rng.poisson(np.exp(0.5 * rng.standard_normal((n, 20)) @ rng.standard_normal((20, 3000)) / 4 - 1))
            np.savez(p.file(name + "_spks_face.npz"), spks=counts.astype("u1"), areas=np.array(areas, object), ypos=20.0 * np.arange(n), iprobe=np.zeros(n, int))
        p.recipe(f"include: {os.path.join(running.SOURCE, 'recipes/paper-regions.yaml')}\n")
        p.run("run", "recipe.yaml", "--set", f"vars.data={p.file('*_spks_face.npz')}", "--set", "stages.alpha.ranks=2..500")
        assert outputs(p, "a_spks_face/regions@z")["part"] == ["CP|LS", "HPF"] and outputs(p, "b_spks_face/regions@z")["part"] == ["HPF", "MB|SC|TH"]
        with h5py.File(p.file("recipe/results/summary.h5"), "r") as f:
            assert {t.decode().rstrip("\0") for t in f["mean_of"][()]} == {"CP|LS", "HPF", "MB|SC|TH"}
        p.run("run", "recipe.yaml", "--set", f"vars.data={p.file('a_*.npz')}", "--set", "stages.alpha.ranks=2..500", "--set", "stages.regions.vary.region.area=all")
        assert outputs(p, "a_spks_face/regions@z")["part"] == ["HPF"]


def test_what_cannot_be_split_is_said():
    with place() as p:
        make(p, none=[""] * 30)
        np.savez(p.file("bare.npz"), sp=np.random.default_rng(1).standard_normal((60, 400)).astype("f4"), snr=np.ones(60))
        one = lambda name: f"seed: 1\nrecordings:\n  - {{name: a, path: {name}.npz, rate: 22 Hz}}"
        for name, text, says in (("bare", SPLIT, "the recording has no areas for its neurons, so it cannot be split by them; name the array of its file that holds them where it is "
                                                  "loaded, as `raw: {stage: load, area: NAME}`"),
                                 ("none", SPLIT, "the recording has no areas for its neurons"),
                                 ("m1", SPLIT.replace("all}", "all}, min_neurons: 70"), "none of the areas has 70 neurons (min_neurons); there are CP (58), LS (55), H*F (51)"),
                                 ("m1", SPLIT.replace("all}", "[V1, V2]}"), "none of the listed areas has 50 neurons")):
            said = p.run("run", p.recipe(one(name) + text, f"{name}.yaml"), status=1)
            assert says in said and "alpha@z" in str(os.listdir(p.file(f"{name}/results/a"))), said
        # one recording that cannot be split does not stop the others
        p.run("run", p.recipe(BOTH + "\n  - {name: bare, path: bare.npz, rate: 22 Hz}" + SPLIT
                              + "  summary: {stage: summarize, value: areas.value, part: areas.part}\n"), status=1)
        assert outputs(p, "m1/areas@z")["part"] == ["CP", "H*F", "LS"] and os.path.exists(p.file("recipe/results/summary.h5"))
        # an area that fails in its analysis is left out
        said = p.run("run", p.recipe(BOTH + SPLIT.replace("region:   {stage: select, recording: units}", "region:   {stage: select, recording: units, min_neurons: 52}")
                              + "  summary: {stage: summarize, value: areas.value, part: areas.part}\n", "fails.yaml"), status=1)
        assert np.isfinite(outputs(p, "m1/areas@z", "fails")["value"]).tolist() == [True, False, True] and "set 2 (region.area: " in said, said
        with h5py.File(p.file("fails/results/summary.h5"), "r") as f:  # and its recording's other areas are summarized
            recordings = [t.decode().rstrip("\0") for t in f["recording"][()]]
            assert "m1 CP" in recordings and "m1 LS" in recordings and "m2 VISp5" in recordings, recordings
        for vary, says in (("{region.min_quality: [0.1]}", "split varies one setting, `area`, `plane` or `probe` of a select"),
                           ("{region.area: some}", "expects a list of values in brackets, or all; found"),
                           ("{region.area: ['CP||LS']}", "a text is missing"),
                           ("{region.area: all, region.probe: all}", "split varies one setting")):
            refused(p, SPLIT.replace("{region.area: all}", vary), says)
        refused(p, STAGES + "  widths: {stage: sweep, value: alpha.exponent, vary: {region.area: all}}\n", "expects a list of values in brackets; found")
        refused(p, SPLIT.replace(", of: units", ""), "of")


def test_the_schema_knows_all():
    done = subprocess.run([running.RUMBLE, "schema"], capture_output=True, text=True, check=True)
    import jsonschema
    schema = json.loads(done.stdout)
    recipe = lambda stage: {"rumble": 1, "recordings": [{"path": "a.npz"}], "stages": {"a": {"stage": "load"}, "b": stage}}
    jsonschema.validate(recipe({"stage": "split", "value": "x", "of": "a", "vary": {"region.area": "all"}}), schema)
    jsonschema.validate(recipe({"stage": "split", "value": "x", "of": "a", "vary": {"region.area": ["CP"]}}), schema)
    try:
        jsonschema.validate(recipe({"stage": "sweep", "value": "x", "vary": {"region.area": "all"}}), schema)
    except jsonschema.ValidationError:
        return
    raise AssertionError("a sweep of all passes")


tests(globals())
