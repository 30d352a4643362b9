"""Drivers: what `vary` makes of a recipe, sweeps, and searches of several rounds (by a program with a search of the tests' own)."""
import json
import os
import subprocess

import h5py
import numpy as np

import support.running as running
from support.running import TWO_RATS, place, searching, tests

RATS = "seed: 1" + TWO_RATS + """stages:
  raw:      {stage: load}
  units:    {stage: select, recording: raw, min_quality: 0.5, min_rate: 0.01 Hz}
  frames:   {stage: bin, recording: units, width: 50 ms}
  z:        {stage: zscore, recording: frames}
"""
SWEEP = RATS + """
  shuffled: {stage: shuffle, recording: z, repeat: 2}
  direct:   {stage: spectrum, recording: [z, shuffled]}
  alpha:    {stage: powerlaw, spectrum: direct, ranks: 2..50}
  widths:   {stage: sweep, value: alpha.exponent, vary: {frames.width: [25 ms, 50 ms, 0.1 s]}}
"""
NOISE = """
seed: 3
recordings:
  - {name: noise, format: npy, path: noise.npy, rate: 10 Hz, orientation: neurons-first}
stages:
  raw:  {stage: load}
"""


def here_with_noise(here):
    np.save(here.file("noise.npy"), np.random.default_rng(1).standard_normal((8, 400), dtype=np.float32))


def scalar(here, name, output, out="recipe"):
    with h5py.File(here.file(f"{out}/results/{name}.h5")) as f:
        return f[output][()]


def asked(here, *words, status=0):
    """The JSON events of a command that looks at no cache."""
    done = subprocess.run([running.RUMBLE, *words, "--json"], cwd=here.path, capture_output=True, text=True)
    assert done.returncode == status, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def graph(here, recipe):
    return {e["node"] for e in asked(here, "graph", recipe)}


# ---- sweeps

def test_a_sweep_gathers_what_recipes_by_hand_would_give():
    with place() as here:
        here.run("run", here.recipe(SWEEP))
        swept = {}
        for node in ("widths@z", "widths@shuffled"):
            with h5py.File(here.file(f"recipe/results/T181/{node}.h5")) as f:
                swept[node] = {name: f[name][()] for name in ("value", "spread", "n", "setting", "text", "linear")}
                assert f["linear"].attrs["units"] in (b"s", "s"), dict(f["linear"].attrs)
        assert np.array_equal(swept["widths@z"]["setting"], [[0.025, 0.05, 0.1]]), swept
        assert [t.decode() for t in swept["widths@z"]["text"][0]] == ["25 ms", "50 ms", "100 ms"]
        assert swept["widths@z"]["n"].tolist() == [1, 1, 1] and swept["widths@shuffled"]["n"].tolist() == [2, 2, 2]
        for i, width in enumerate(("25 ms", "50 ms", "0.1 s")):
            alone = here.recipe(SWEEP.replace("width: 50 ms", f"width: {width}").split("  widths:")[0], f"by_hand{i}.yaml")
            events = here.events("run", alone)
            assert not [e for e in events if e["event"] == "done"], f"the nodes of set {i + 1} have other keys than by hand"
            out = f"by_hand{i}"
            assert swept["widths@z"]["value"][i] == scalar(here, "T181/alpha@z", "exponent", out)
            both = np.array([scalar(here, f"T181/alpha@shuffled#{k}", "exponent", out) for k in (1, 2)])
            np.testing.assert_allclose([swept["widths@shuffled"]["value"][i], swept["widths@shuffled"]["spread"][i]], [both.mean(), both.std()], rtol=1e-12)
            assert scalar(here, f"T181/alpha@widths+{i + 1},z", "exponent") == scalar(here, "T181/alpha@z", "exponent", out)


def test_a_set_equal_to_the_recipe_is_the_same_object_and_nothing_above_is_made_twice():
    with place() as here:
        recipe = here.recipe(SWEEP)
        events = here.events("run", recipe)
        done = [e for e in events if e["event"] == "done"]
        assert len({e["key"] for e in done}) == len(done)
        names = {e["node"] for e in done}
        assert not any(n.split("/")[1].startswith(("raw@", "units@")) or "widths+2" in n for n in names), names
        same = os.path.realpath(here.file("recipe/results/T219/z@widths+2.h5"))
        assert same == os.path.realpath(here.file("recipe/results/T219/z.h5"))
        assert here.events("plan", recipe)[-1]["run"] == 0
        before = here.objects()
        here.run("run", here.recipe(SWEEP.replace("[25 ms, 50 ms, 0.1 s]", "[25 ms, 0.050 s, 100 ms]"), "written.yaml"))
        assert here.objects() == before, "the way a value is written is in a key"


def test_names_without_a_set_mean_the_nodes_of_the_recipe():
    with place() as here:
        recipe = here.recipe(SWEEP)
        nodes = graph(here, recipe)
        assert {"T181/alpha@widths+1,z", "T181/alpha@widths+3,shuffled#2", "T181/frames@widths+1", "T181/widths@z"} <= nodes, nodes
        ran = {e["node"] for e in here.events("run", recipe, "--until", "T181/alpha@z") if e["event"] == "done"}
        assert ran == {f"T181/{n}" for n in ("raw", "units", "frames", "z", "direct@z", "alpha@z")}, ran
        ran = {e["node"] for e in here.events("run", recipe, "--only", "T181/widths@z") if e["event"] == "done"}
        assert ran == {f"T181/{n}@widths+{s}{b}" for s in (1, 3) for n, b in (("frames", ""), ("z", ""), ("direct", ",z"), ("alpha", ",z"))} | {"T181/widths@z"}, ran
        here.run("export", recipe, "T181/alpha@widths+3,z.exponent", "--format", "npy", "--out", "x.npy")
        assert np.load(here.file("x.npy")) == scalar(here, "T181/alpha@widths+3,z", "exponent")
        assert "can be" not in here.run("export", recipe, "T181/alpha@z.exponent", "--format", "npy", "--out", "y.npy")
        assert "no node" in here.run("export", recipe, "T181/alpha@widths+4,z", "--format", "npy", "--out", "x.npy", status=2)


def test_the_report_shows_the_driver_and_not_its_sets():
    with place() as here:
        here.run("run", here.recipe(SWEEP))
        with open(here.file("recipe/report.html")) as f:
            page = f.read()
        figures = os.listdir(here.file("recipe/figures"))
        assert any("widths-sweep" in name for name in figures) and not any("widths+" in name for name in figures), figures
        assert "frames.width (s)" in page and "alpha.exponent for each value of frames.width: from " in page


def test_a_sweep_of_a_sweep_that_lost_a_set_has_its_values():
    with place() as here:
        text = SWEEP.replace("[25 ms, 50 ms, 0.1 s]", "[50 ms, 0.1 s, 3000 s]").replace("recording: [z, shuffled]", "recording: z")
        recipe = here.recipe(text + "  highest: {stage: sweep, value: widths.highest, vary: {alpha.ranks: [2..20, 3..15, 5000..6000]}}\n")
        here.run("run", recipe, status=1)
        value, inner = scalar(here, "T181/highest", "value"), scalar(here, "T181/widths", "value")
        assert np.isfinite(value[:2]).all() and np.isnan(value[2]) and scalar(here, "T181/highest", "n").tolist() == [1, 1, 0], value
        assert np.isnan(inner[2]) and scalar(here, "T181/widths", "highest") == np.nanmax(inner), inner
        here.run("run", recipe, status=1)
        assert np.array_equal(scalar(here, "T181/highest", "value"), value, equal_nan=True), "a second run finds the same"
        states = {e["node"]: e["state"] for e in here.events("status", recipe)}
        assert states["T181/widths"] == states["T181/highest"] == "cached" and states["T181/frames@widths+3"] == "failed", states


def test_a_set_that_fails_within_a_set_costs_that_set_alone():
    with place() as here:
        # of a tenth of the neurons there are too few PCs for the second ranks; the recipe's own sets are all well
        text = SWEEP.replace("recording: [z, shuffled]", "recording: some").replace("  direct:", "  some:     {stage: subset, recording: z}\n  direct:")
        text = text.replace("widths:   {stage: sweep, value: alpha.exponent, vary: {frames.width: [25 ms, 50 ms, 0.1 s]}}",
                            "sizes:    {stage: sweep, value: alpha.exponent, vary: {some.neurons: [0.1, 0.3, 1]}}")
        over = "  over:     {stage: sweep, value: sizes.highest, vary: {alpha.ranks: [2..12, 25..35]}}\n"
        here.run("run", here.recipe(text + over), status=1)
        hand = here.recipe(text.replace("ranks: 2..50", "ranks: 25..35"), "hand.yaml")
        here.run("run", hand, status=1)
        value = scalar(here, "T219/over", "value")
        assert np.isfinite(value).all() and value[1] == scalar(here, "T219/sizes", "highest", "hand"), value


def test_what_fails_is_left_out_and_named():
    with place() as here:
        recipe = here.recipe(SWEEP.replace("[25 ms, 50 ms, 0.1 s]", "[25 ms, 0.1 s, 3000 s]"))
        events = here.events("run", recipe, status=1)
        failed = [e["node"] for e in events if e["event"] == "failed"]
        assert sorted(failed) == ["T181/frames@widths+3", "T219/frames@widths+3"], failed
        value = scalar(here, "T219/widths@z", "value")
        assert np.isfinite(value[:2]).all() and np.isnan(value[2]), value
        assert scalar(here, "T219/widths@z", "n").tolist() == [1, 1, 0]
        warned = [e["message"] for e in events if e["event"] == "warning" and e["node"] == "T219/widths@z"]
        assert any("set 3 (frames.width: 50 min) failed" in w or "set 3 (frames.width: 3000 s) failed" in w for w in warned), warned
        # the two sets of frames, and what reads them: z, shuffled, direct and alpha, of which the recording's shuffle has two replicates
        end = events[-1]
        assert end["failed"] == 2 and end["not_run"] == 18, end
        before = here.objects()
        events = here.events("run", recipe, status=1)
        again = events[-1]
        assert here.objects() == before and again["run"] == 0 and (again["failed"], again["not_run"]) == (2, 18), again
        said = here.run("plan", recipe, "--only", "alpha@widths+9", status=2)
        assert "the sets at alpha are widths+1, widths+2, widths+3" in said, said
        said = here.run("run", here.recipe(SWEEP.replace("[25 ms, 50 ms, 0.1 s]", "[3000 s, 4000 s]"), "none.yaml"), status=1)
        assert "none of its 2 sets has a value" in said, said


def test_drivers_over_all_recordings_and_below_drivers():
    with place() as here:
        recipe = here.recipe(SWEEP + "  over: {stage: sweep, value: widths.highest, vary: {alpha.ranks: [2..40, 2..50]}}\n")
        here.run("run", recipe)
        for set_, ranks in ((1, "2..40"), (2, "2..50")):
            alone = here.recipe(SWEEP.replace("ranks: 2..50", f"ranks: {ranks}"), f"ranks{set_}.yaml")
            assert not [e for e in here.events("run", alone) if e["event"] == "done"], f"set {set_} of the outer sweep has other keys than by hand"
            assert scalar(here, "T181/over@z", "value")[set_ - 1] == scalar(here, "T181/widths@z", "highest", f"ranks{set_}")
        assert scalar(here, "T181/alpha@over+1,widths+3,z", "exponent") == scalar(here, "T181/alpha@widths+3,z", "exponent", "ranks1")


def test_the_recipe_that_ships_shows_three_sweeps():
    with place() as here:
        said = here.run("run", os.path.join(running.SOURCE, "recipes", "sweep.yaml"), "--out", "out")
        assert "report: out/report.html" in said, said
        figures = set(os.listdir(here.file("out/figures")))
        assert {f"{r}-{s}-sweep.svg" for r in ("T181", "T219") for s in ("widths", "sizes", "times")} <= figures, figures
        for r in ("T181", "T219"):
            middle = [scalar(here, f"{r}/{s}@z", "value", "out")[i] for s, i in (("widths", 2), ("sizes", 3), ("times", 3))]
            assert middle[0] == middle[1] == middle[2] == scalar(here, f"{r}/alpha@z", "exponent", "out"), middle


MISTAKES = [  # what `vary` says, and at which column (from that of its value) which words are told
    ("{frame.width: [25 ms]}", [(1, "unknown node 'frame'; did you mean 'frames'?")]),
    ("{frames.widht: [25 ms]}", [(1, "'frames' (bin) has no setting 'widht'; did you mean 'width'?")]),
    ("{frames.width: [3, 25 Hz], alpha.ranks: [1..0, 2..9]}", [(16, "bare number"), (19, "bin: width"), (41, "ends before it begins")]),
    ("{frames.width: 25 ms}", [(15, "expects a list of values in brackets; found")]),
    ("{frames.width: []}", [(15, "found an empty list")]),
    ("{frames: [25 ms]}", [(1, "names no setting; write NODE.SETTING: [..]")]),
    ("{raw.path: [a]}", [(1, "files are not varied")]),
    ("{frames.width: [1 s], z.ddof: [0, 1]}", [(22, "z.ddof has 2 values and frames.width has 1")]),
    ("{frames.width: [1 s], frames: {width: [2 s]}}", [(31, "frames.width stands here twice")]),
    ("{other.ddof: [0]}", [(1, "other.ddof cannot change alpha.exponent, which does not depend on it; it comes from alpha, direct, z, frames, units, raw")]),
    ("{alpha.ranks: [2..50, 3..3]}", [(22, "powerlaw: ranks: 3..3 holds fewer than two ranks")]),
    ("{widths.axis: [log]}", [(1, "itself a driver")]),
    ("{}", [(0, "found an empty one")]),
    ("3", [(0, "vary expects a mapping")]),
]


def test_mistakes_are_told_where_they_stand():
    with place() as here:
        base = SWEEP.replace("  widths:", "  other:    {stage: zscore, recording: frames}\n  widths:")
        line = next(text for text in base.splitlines() if "widths:" in text)
        start = line.index("vary: ") + len("vary: ") + 1
        for vary, told in MISTAKES:
            said = asked(here, "check", here.recipe(base.replace("{frames.width: [25 ms, 50 ms, 0.1 s]}", vary)), status=2)
            places = {m["column"] - start: m["message"] for m in said if m["event"] == "mistake"}
            for column, words in told:
                assert words in places.get(column, ""), (vary, column, words, said)
        for change, words in (
                ((", vary: {frames.width: [25 ms, 50 ms, 0.1 s]}", ""), "add 'vary: {NODE.SETTING: [..]}'"),
                (("alpha.exponent", "[alpha.exponent, alpha.r]"), "takes one node, not a list"),
                (("alpha.exponent", "direct.spectrum"), "reads a single number at 'value', but 'direct.spectrum' is an array [rank]; put a stage between them"),
                (("{stage: spectrum", "{stage: spectrum, vary: {z.ddof: [0]}"), "spectrum varies nothing"),
                (("sweep, value: alpha.exponent, vary", "sweep, value: alpha.exponent, vari"), "did you mean 'vary'?")):
            said = [m["message"] for m in asked(here, "check", here.recipe(base.replace(*change)), status=2)]
            assert any(words in message for message in said), (change, said)
        twice = base + "  two: {stage: sweep, value: widths.highest, vary: {frames.width: [1 s]}}\n"
        assert "is varied by 'widths' already" in asked(here, "check", here.recipe(twice), status=2)[0]["message"]


def test_vary_can_be_set_from_the_command_line():
    with place() as here:
        recipe = here.recipe(SWEEP)
        for assignment, sets in (("stages.widths.vary.frames.width=[40 ms, 60 ms]", 2), ("stages.widths.vary={z.ddof: [1]}", 1),
                                 ("stages.widths.vary={z: {ddof: [1, 0]}}", 2)):
            nodes = [e["node"] for e in here.events("plan", recipe, "--set", assignment)[:-1]]
            assert len([n for n in nodes if n.startswith("T181/alpha@widths+") and n.endswith(",z")]) == sets, (assignment, nodes)
        mistake = asked(here, "check", recipe, "--set", "stages.widths.vary.frames.width=[40]", status=2)[0]
        assert (mistake["file"], mistake["line"], mistake["column"]) == ("--set", 1, 34), mistake


@searching
def test_a_number_over_all_recordings_is_swept_and_what_need_not_stay_goes():
    with place() as here:
        text = SWEEP.split("  shuffled:")[0].replace("width: 50 ms", "width: 50 ms, keep: false").replace("recording: frames}", "recording: frames, keep: false}") + """
  direct:   {stage: spectrum, recording: z}
  alpha:    {stage: powerlaw, spectrum: direct, ranks: 2..50}
  areas:    {stage: summarize, value: alpha.exponent}
  deep:     {stage: bowl, of: areas}
  over:     {stage: sweep, value: deep, vary: {alpha.ranks: [2..40, 2..50], frames.width: [60 ms, 50 ms]}}
"""
        recipe = here.recipe(text)
        here.run("run", recipe)
        states = {e["node"]: e["state"] for e in here.events("status", recipe)}
        assert states["T219/z@over+1"] == states["T181/frames@over+2"] == "let go" and states["areas@over+1"] == states["over"] == "cached", states
        assert os.path.realpath(here.file("recipe/results/areas@over+2.h5")) == os.path.realpath(here.file("recipe/results/areas.h5")), "names of sets are in keys"
        assert os.path.realpath(here.file("recipe/results/areas@over+1.h5")) != os.path.realpath(here.file("recipe/results/areas.h5"))
        assert here.events("plan", recipe)[-1]["run"] == 0


# ---- searches

SEARCH = NOISE + """
  deep: {stage: bowl, of: raw, noise: 0.001, repeat: 2}
  low:  {stage: search, value: deep, rounds: 5, points: 3, vary: {deep.x: [0 s, 8 s]}}
"""


@searching
def test_a_search_goes_on_until_it_is_done():
    with place() as here:
        here_with_noise(here)
        recipe = here.recipe(SEARCH)
        assert "waits" in here.run("plan", recipe)
        here.run("run", recipe)
        value, x, sets, replicate = (scalar(here, "noise/low", name) for name in ("value", "x", "set", "replicate"))
        assert len(value) == 30 and sets.tolist() == sorted(list(range(15)) * 2) and replicate.tolist() == [0, 1] * 15
        assert np.all(np.abs(value - (x - 0.3) ** 2) <= 0.001) and scalar(here, "noise/low", "best") == value.min()
        assert abs(scalar(here, "noise/low", "at") - 0.3) < 0.2, x
        assert sorted(os.listdir(here.file("recipe/results/noise")))[0].startswith("deep")
        assert os.path.exists(here.file("recipe/results/noise/deep@low+15#2.h5"))
        objects = here.objects()
        assert not [e for e in here.events("run", recipe) if e["event"] == "done"] and here.objects() == objects
        assert here.events("plan", recipe)[-1]["run"] == 0 and "waits" not in here.run("status", recipe)


@searching
def test_a_search_that_says_late_that_it_is_done_is_done():
    with place() as here:
        here_with_noise(here)
        here.run("run", here.recipe(SEARCH.replace("rounds: 5", "rounds: 2, mode: late")))
        assert len(scalar(here, "noise/low", "value")) == 12


@searching
def test_a_search_killed_anywhere_ends_with_the_same_bytes():
    with place() as whole, place() as broken:
        here_with_noise(whole), here_with_noise(broken)
        text = SEARCH.replace("noise: 0.001", "noise: 0.001, fails_above: 10 s")
        whole.run("run", whole.recipe(text))
        path = broken.recipe(text)
        broken.kill_again_and_again("run", path, delays=(0.02, 0.05, 0.08, 0.11, 0.14, 0.17, 0.2))
        broken.run("run", path, "--jobs", "1")
        assert broken.objects() == whole.objects()


@searching
def test_what_a_search_knows_is_shown_while_it_is_on():
    with place() as here:
        here_with_noise(here)
        recipe = here.recipe(SEARCH)
        here.run("run", recipe, "--until", "deep@low+1")
        status = {e["node"]: e for e in here.events("status", recipe)}
        assert status["noise/low"]["state"] == "waiting" and "3 sets" in status["noise/low"]["why"], status["noise/low"]
        here.run("run", recipe, "--only", "deep@low+2", "--only", "deep@low+3")
        assert "noise/deep@low+3#1" in graph(here, recipe) and "noise/deep@low+4#1" not in graph(here, recipe), "the graph asks the cache"
        status = {e["node"]: e for e in here.events("status", recipe)}
        assert "noise/deep@low+6#1" in status and "6 sets" in status["noise/low"]["why"], status
        here.run("report", recipe)


@searching
def test_searches_of_branches_and_recordings_go_their_own_ways():
    with place() as here:
        here_with_noise(here)
        text = SEARCH.replace("  deep:", "  a: {stage: select, recording: raw, neurons: [1]}\n  b: {stage: select, recording: raw, neurons: [2]}\n  deep:")
        text = text.replace("of: raw, noise: 0.001, repeat: 2", "of: [a, b]")
        here.run("run", here.recipe(text))
        a, b = scalar(here, "noise/low@a", "x"), scalar(here, "noise/low@b", "x")
        assert np.array_equal(a[:3], b[:3]) and not np.array_equal(a, b), (a, b)
        assert abs(scalar(here, "noise/low@a", "at") - 1.3) < 0.2 and abs(scalar(here, "noise/low@b", "at") - 2.3) < 0.2, (a, b)
        assert scalar(here, "noise/deep@low+a+15,a", "depth") == scalar(here, "noise/low@a", "value")[14]


@searching
def test_a_failure_ends_a_search_unless_it_goes_on():
    with place() as here:
        here_with_noise(here)
        text = SEARCH.replace("noise: 0.001", "noise: 0.001, fails_above: 5 s")
        events = here.events("run", here.recipe(text), status=1)
        failed = [e["node"] for e in events if e["event"] == "failed"]
        assert failed == ["noise/deep@low+3#1", "noise/deep@low+3#2"], failed
        assert not os.path.exists(here.file("recipe/results/noise/low.h5"))
        assert not [e for e in events if e["event"] == "done" and "low+4" in e["node"]]
        on = here.recipe(text.replace("stage: search", "stage: search_on"), "on.yaml")
        here.run("run", on, status=1)
        sets = scalar(here, "noise/low", "set", "on")
        assert 2 not in sets and sets.max() == 14, sets
        objects = here.objects()
        failed = [e["node"] for e in here.events("run", on, status=1) if e["event"] == "failed"]
        assert len(failed) == len(set(failed)) and here.objects() == objects, failed


@searching
def test_a_search_that_cannot_go_on_fails_with_its_reason():
    for mode, words in (("outside", "deep.x is 11 s, which it cannot be: bowl: x of 11 s is out of range"), ("error", "the search has lost its way"),
                        ("nonsense", "deep.x is about one, which it cannot be")):
        with place() as here:
            here_with_noise(here)
            recipe = here.recipe(SEARCH.replace("points: 3", f"points: 3, mode: {mode}") + "  after: {stage: bowl, of: low}\n  beside: {stage: bowl, of: raw}\n")
            events = here.events("run", recipe, status=1)
            failed = [e for e in events if e["event"] == "failed"]
            assert [e["node"] for e in failed] == ["noise/low"] and words in failed[0]["message"], failed
            assert os.path.exists(here.file("recipe/results/noise/beside.h5"))
            with open(here.file("recipe/report.html")) as f:
                assert "noise/low" in f.read()
    with place() as here:
        here_with_noise(here)
        said = here.run("run", here.recipe(SEARCH.replace("[0 s, 8 s]", "[8 s, 0 s]")), status=2)
        assert "recipe.yaml:10:" in said and "two bounds" in said, said
        said = here.run("plan", here.recipe(SEARCH + "  outer: {stage: sweep, value: low.best, vary: {deep.noise: [0.1, 0.2]}}\n"), status=2)
        assert "would repeat the search 'low'" in said, said


tests(globals())
