"""select, bin, zscore and shuffle through the program, against numpy on the same arrays and the reference implementation."""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

rumble, shared = os.environ["RUMBLE"], os.environ["RUMBLE_SHARED"]
sys.path.insert(0, os.path.join(shared, "reference"))
import reference

RECORDINGS = {
    "a": "path: frames.npz, rate: 20 Hz",
    "s": "path: spikes.npz, window: [1 s, 61.3 s]",
    "bare": "path: bare.npy, rate: 20 Hz",
    "golden": "path: golden.npz",
    "far": "path: far.npz, clock: 1 Hz",
}


def program(*words, status=0):
    done = subprocess.run([rumble, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode == status, f"rumble {' '.join(words)} ended with {done.returncode}, not {status}:\n{said}"
    return said


def recipe(name, recordings, stages, seed=1):
    lines = ["rumble: 1", f"seed: {seed}", "recordings:", *(f"  - {{name: {r}, {RECORDINGS[r]}}}" for r in recordings),
             "stages:", "  raw: {stage: load}", *("  " + stage for stage in stages)]
    with open(name + ".yaml", "w") as f:
        f.write("\n".join(lines) + "\n")
    return name + ".yaml"


def results(path, node):
    return h5py.File(os.path.join(path[:-5], "results", node + ".h5"))


def seen(path, node):
    """The recording through its view, worked out from the arrays of the object alone."""
    with results(path, node) as f:
        part = {name: data[()] for name, data in f["recording"].items()}
    source = part["source"].decode()
    if source:
        with h5py.File(os.path.join(os.environ["RUMBLE_CACHE"], "objects", source[:2], source + ".h5")) as f:
            part["activity"] = f["recording/activity"][:]
    x = part["activity"][part["row"]] if "row" in part else part["activity"]
    assert "interval" not in part
    if "shift" in part:
        x = reference.roll_rows(x, part["shift"])
    if "scale" in part:
        x = ((x - part["offset"][:, None]) * part["scale"][:, None]).astype("f4")
    assert x.dtype == np.float32 and x.shape == (part["nneurons"], part["nframes"])
    program("export", path, node, "--format", "npy", "--out", "matrix.npy")
    assert np.array_equal(np.load("matrix.npy"), x), f"{node} is exported otherwise"
    os.remove("matrix.npy")
    return x


def make_inputs():
    rng = np.random.default_rng(7)
    x = rng.gamma(0.3, 2.0, (40, 1003)).astype("f4")
    x[5] = 0.5                                  # constant, 10 Hz exactly
    x[9] = 0
    quality = rng.random(40)
    quality[[2, 3]] = 0.3, np.nan               # at the limit, and unknown
    xpos, ypos = rng.random(40) * 500, rng.random(40) * 300
    xpos[8], ypos[8] = 100, 200                 # on two edges of the box below
    np.savez("frames.npz", sp=x, xpos=xpos, ypos=ypos, snr=quality)
    np.save("bare.npy", x[12:20])
    clu = rng.integers(0, 12, 4000)
    st = np.sort(np.concatenate([rng.random(3900) * 62, np.arange(100) / 22 + 1]))  # some on the edges of bins
    clu[clu == 4] = 5                           # neuron 4 is silent
    np.savez("spikes.npz", st=st, clu=clu, ypos=np.arange(12) * 20.0)
    return x, quality, xpos, ypos, st, clu


def check_select(x, quality, xpos, ypos):
    path = recipe("select", ["a"], [
        "good:   {stage: select, recording: raw, min_quality: 0.3}",
        "active: {stage: select, recording: raw, min_rate: 10 Hz}",
        "listed: {stage: select, recording: raw, neurons: [7, 0, 3]}",
        "boxed:  {stage: select, recording: raw, box: [100 um, 300 um, 0 um, 200 um]}",
        "both:   {stage: select, recording: good, min_rate: 0.1 Hz, neurons: [9, 3, 1]}",
    ])
    said = program("run", path)
    assert "they have no quality: 1" in said, said
    with np.errstate(invalid="ignore"):
        good = np.flatnonzero(quality > 0.3)
    active = [i for i in range(40) if x[i].astype("f8").mean() * 20 > 10]
    assert 5 not in active
    inside = np.flatnonzero((xpos >= 100) & (xpos <= 300) & (ypos >= 0) & (ypos <= 200))
    both = [i for i in good[[9, 3, 1]] if x[i].mean() * 20 > 0.1]
    for node, keep in (("good", good), ("active", active), ("listed", [7, 0, 3]), ("boxed", inside), ("both", both)):
        assert np.array_equal(seen(path, "a/" + node), x[keep]), node
        with results(path, "a/" + node) as f:
            assert "recording/activity" not in f, f"{node} holds samples"
            assert np.array_equal(f["recording/id"][:], keep) and np.array_equal(f["recording/x"][:], xpos[keep]), node
    assert 8 in inside


def check_conditions(x, quality, xpos):
    """Areas, planes, probes and conditions; unknown quality is neither above nor below."""
    rng = np.random.default_rng(11)
    area, plane, probe = rng.choice(["CP", "LS", "VISp2/3", ""], 40), rng.integers(0, 3, 40), rng.integers(0, 2, 40)
    np.savez("areas.npz", sp=x, xpos=xpos, snr=quality, areas=area, iplane=plane, iprobe=probe)
    RECORDINGS["areas"] = "path: areas.npz, rate: 20 Hz"
    path = recipe("conditions", ["areas"], [
        "area:   {stage: select, recording: raw, area: CP|VIS*}",
        "planes: {stage: select, recording: raw, plane: [0, 2], probe: [1]}",
        "where:  {stage: select, recording: raw, where: (area = LS or quality <= 0.5) and not x > 250 um}",
        "fast:   {stage: select, recording: raw, where: rate > 10 Hz and plane != 1, min_neurons: 2}",
        "both:   {stage: select, recording: raw, area: CP, where: quality > 0.2, neurons: [39, 0, 3, 5, 7, 8, 11, 20, 21]}",
    ])
    said = program("run", path)
    fast = np.array([row.astype("f8").mean() * 20 > 10 for row in x])
    with np.errstate(invalid="ignore"):
        low, above = quality <= 0.5, quality > 0.2
    wanted = {"area": np.isin(area, ["CP", "VISp2/3"]), "planes": (plane != 1) & (probe == 1), "where": ((area == "LS") | low) & ~(xpos > 250),
              "fast": fast & (plane != 1), "both": None}
    for node, keep in wanted.items():
        keep = [i for i in (39, 0, 3, 5, 7, 8, 11, 20, 21) if area[i] == "CP" and above[i]] if keep is None else np.flatnonzero(keep)
        assert len(keep) > 1 and np.array_equal(seen(path, "areas/" + node), x[keep]), node
    assert "something that `where` asks for is not known of them" in said, said
    for i, (stage, says) in enumerate([
        ("area: V1", "no neuron of 'areas' is left of 40; 40 are not in area V1 (there are "),
        ("plane: [7]", "40 are of other planes"),
        ("where: quality > 2", "of 40 it does not hold that quality > 2"),
        ("area: CP, min_neurons: 39", "fewer than min_neurons, 39; "),
    ]):
        assert says in program("run", recipe(f"empty{i}", ["areas"], ["node: {stage: select, recording: raw, " + stage + "}"]), status=1), says
    for i, (stage, says) in enumerate([("area: CP", "'bare' has no areas for its neurons; name the array of its file"), ("where: probe = 1 or quality > 1", "'bare' has no probe for its neurons"),
                                       ("plane: [1]", "'bare' has no plane")]):
        assert says in program("run", recipe(f"bare{i}", ["bare"], ["node: {stage: select, recording: raw, " + stage + "}"]), status=1), says
    for i, (stage, says) in enumerate([("where: quality > ", "at its end quality wants a number"), ("area: CP||LS", "a text is missing"), ("plane: []", "plane is an empty list")]):
        assert says in program("check", recipe(f"unread{i}", ["areas"], ["node: {stage: select, recording: raw, " + stage + "}"]), status=2), says


def check_rate_at_the_limit():
    """Rates equal to the limit but for rounding are not above it: 14 counts in 400 frames at 20 Hz are 0.7 Hz."""
    x = np.zeros((3, 400), "f4")
    x[0, :14] = x[1, :15] = x[2, :13] = 1
    assert 14 / 400 * 20 > 0.7                  # what rounding makes of it
    np.savez("frames0.npz", sp=x)
    RECORDINGS["limit"] = "path: frames0.npz, rate: 20 Hz"
    path = recipe("limit", ["limit"], ["active: {stage: select, recording: raw, min_rate: 0.7 Hz}"])
    program("run", path)
    with results(path, "limit/active") as f:
        assert f["recording/id"][:].tolist() == [1]


def check_spikes(st, clu):
    path = recipe("spikes", ["s"], [
        "some:   {stage: select, recording: raw, min_rate: 1 Hz, neurons: [6, 5, 4, 1]}",
        "frames: {stage: bin, recording: some, rate: 20 Hz}",
        "paper:  {stage: bin, recording: raw, width: 0.05 s, rule: paper}",
        "wide:   {stage: bin, recording: raw, width: 45.45 ms}",
    ])
    said = program("run", path)
    inside = (st >= 1) & (st < 61.3)
    t, u = st[inside], clu[inside]
    keep = [i for i in (6, 5, 4, 1) if (u == i).sum() / 60.3 > 1]
    assert keep == [6, 5, 1]
    with results(path, "s/some") as f:
        first = f["recording/first"][:]
        for k, i in enumerate(keep):
            assert np.array_equal(f["recording/time"][first[k]:first[k + 1]], t[u == i])
    edges = 1 + np.arange(1207) / 20             # 60.3 s hold 1206 whole bins
    counts = np.array([np.histogram(t[u == i], edges)[0] for i in keep])
    assert np.array_equal(seen(path, "s/frames"), counts)
    assert np.array_equal(seen(path, "s/paper"), reference.bin_spikes(u, t, 12, 0.05, "round"))
    with results(path, "s/paper") as f:
        assert f["recording/rate"][()] == 1 / 0.05
    lost = sum((u == i).sum() for i in range(12)) - int(seen(path, "s/wide").sum())
    assert lost == 0 or f"in no whole bin: {lost} of {len(t)} " in said, said


def check_rates():
    """The published rate rule on published bins; one unit of rates.h5 fires at the limit."""
    for file, case in (("rates", "round_0.045"), ("rates", "round_0.500"), ("ephys151", "binspikes_round")):
        with h5py.File(os.path.join(shared, "reference/golden", file + ".h5")) as f:
            case = f["cases/" + case]
            np.savez("golden.npz", st=case["input/time"][:], clu=case["input/unit"][:])
            keep, width = np.flatnonzero(case["expected/keep"][:]), case["params"].attrs["width"]
        path = recipe("rates", ["golden"], [f"frames: {{stage: bin, recording: raw, width: {width:.17g} s, rule: paper}}",
                                            "active: {stage: select, recording: frames, min_rate: 0.01 Hz}"])
        program("run", path)
        with results(path, "golden/active") as f:
            assert np.array_equal(f["recording/id"][:], keep), file
        assert seen(path, "golden/active").shape[0] == len(keep)


def check_frames(x):
    path = recipe("frames", ["a"], [
        "mean: {stage: bin, recording: raw, rate: 4 Hz}",
        "sum:  {stage: bin, recording: raw, width: 0.2485 s, how: sum}",
        "same: {stage: bin, recording: raw, rate: 20 Hz}",
    ])
    said = program("run", path)
    assert "no whole bin of 5 at the end of a segment: 3 of 1003 " in said and "0.2485 s were asked for" in said, said
    joined = x[:, :1000].reshape(40, 200, 5).astype("f8")
    assert np.allclose(seen(path, "a/mean"), joined.mean(2), rtol=1e-7)
    assert np.allclose(seen(path, "a/sum"), joined.sum(2), rtol=1e-7)
    assert np.array_equal(seen(path, "a/same"), x)
    with results(path, "a/same") as f:
        assert "recording/activity" not in f


def check_zscore(x):
    path = recipe("zscore", ["a"], [
        "plain: {stage: zscore, recording: raw}",
        "ddof:  {stage: zscore, recording: raw, ddof: 1}",
        "eps:   {stage: zscore, recording: raw, eps: 0.001}",
        "faint: {stage: zscore, recording: raw, eps: 1e6}",
    ])
    said = program("run", path)
    assert "they are constant: 2 of 40 (numbers in the file: 5, 9)" in said, said
    assert said.count("is less than eps") == 1 and "below a quarter: 38 of 40" in said, said
    keep = [i for i in range(40) if i not in (5, 9)]
    for node, rows, ddof, eps in (("plain", keep, 0, 0), ("ddof", keep, 1, 0), ("eps", range(40), 0, 1e-3)):
        z, expected = seen(path, "a/" + node), reference.zscore(x[list(rows)], ddof, eps)
        assert z.shape == expected.shape and abs(z - expected).max() < 1e-7 * abs(expected).max(), node
        with results(path, "a/" + node) as f:
            assert "recording/activity" not in f
    assert not seen(path, "a/eps")[[5, 9]].any()


def check_shuffle(x):
    stages = ["z: {stage: zscore, recording: raw}", "own: {stage: shuffle, recording: z}",
              "paper: {stage: shuffle, recording: z, draws: paper}", "again: {stage: shuffle, recording: own}"]
    path, other = recipe("shuffle", ["a"], stages), recipe("other", ["a"], stages, seed=2)
    program("run", path)
    program("run", other)
    z, own, paper = seen(path, "a/z"), seen(path, "a/own"), seen(path, "a/paper")
    with results(path, "a/own") as f:
        shift = f["recording/shift"][:]
        assert "recording/activity" not in f
    assert np.array_equal(own, reference.roll_rows(z, shift))
    assert len(set(shift)) > 30 and shift.min() >= 0 and shift.max() < 1003
    assert np.array_equal(paper, reference.roll_rows(z, reference.net_shifts(38, 1003, *reference.published_shuffle(38, 1003))))
    assert np.array_equal(seen(other, "a/paper"), paper) and not np.array_equal(seen(other, "a/own"), own)
    with results(path, "a/again") as f:       # shifts of shifts are one shift
        assert np.array_equal(seen(path, "a/again"), reference.roll_rows(z, f["recording/shift"][:]))


def check_last_spike():
    """A spike on the closed end of the observed time begins no bin; no time is left over."""
    np.savez("end.npz", st=np.array([0.0, 0.5, 1.0]), clu=np.zeros(3, int))
    RECORDINGS["end"] = "path: end.npz"
    said = program("run", recipe("end", ["end"], ["frames: {stage: bin, recording: raw, rate: 4 Hz}"]))
    assert "in no whole bin: 1 of 3 (on the very end of the observed time" in said and "leave" not in said, said


def check_refusals():
    np.savez("moment.npz", st=np.array([2.0, 2.0]), clu=np.array([0, 1]))
    RECORDINGS["moment"] = "path: moment.npz"
    cases = [
        ("bare", "select, recording: raw, min_quality: 0.3", "has no quality"),
        ("bare", "select, recording: raw, box: [0 um, 1 um, 0 um, 1 um]", "has no x and y"),
        ("a", "select, recording: raw, neurons: [3, 40]", "neurons lists 40, but 'a' has 40"),
        ("a", "select, recording: raw, neurons: [3, 5, 3]", "neurons lists 3 twice, as entries 1 and 3"),
        ("a", "select, recording: raw, min_quality: 7, min_rate: 1000 Hz", "40 have a quality of 7 or less; 40 have a rate of 1000 Hz or less"),
        ("a", "bin, recording: raw, rate: 8 Hz", "100 ms (10 Hz) and 150 ms (6.66667 Hz)"),
        ("a", "bin, recording: raw, rate: 40 Hz", "cannot be split into 25 ms"),
        ("a", "bin, recording: raw, rate: 1 MHz", "cannot be split into 1 us"),  # and not that 16 GB do not fit
        ("a", "bin, recording: raw, width: 100 s", "no segment of 'a' is as long as a bin of 2000 frames"),
        ("s", "bin, recording: raw, width: 100 s", "no bin of 100 s fits into the observed time of 's' (60.3 s in all; intervals: 1)"),
        ("moment", "bin, recording: raw, rate: 22 Hz", "no bin of 45.45 ms fits: the spikes of 'moment' span no time; give `window`"),
        ("far", "bin, recording: raw, rate: 1 kHz", "bins of 1 ms over the 5e+08 s of 'far' make 499999999999 frames for each of its neurons (2), "
         "in all 4 TB; "),
    ]
    np.savez("far.npz", st=[0.5, 5e8 + 0.4995], clu=[0, 1])
    for i, (recording, stage, says) in enumerate(cases):
        path = recipe(f"refused{i}", [recording], ["node: {stage: " + stage + "}"])
        said = program("run", path, status=3 if recording == "far" else 1)  # 3: the disk
        assert says in said, f"{stage}: should say {says!r}:\n{said}"
    for i, (stage, says) in enumerate([
        ("select, recording: raw, box: [0 um, 1 um, 0 um]", "box needs four lengths"),
        ("select, recording: raw, box: [9 um, 1 um, 0 um, 1 um]", "x0 <= x1"),
        ("select, recording: raw, neurons: []", "empty list"),
        ("bin, recording: raw", "either rate"),
        ("bin, recording: raw, rate: 2 Hz, width: 1 s", "found both"),
    ]):
        said = program("check", recipe(f"wrong{i}", ["a"], ["node: {stage: " + stage + "}"]), status=2)
        assert says in said and f"wrong{i}.yaml:7:" in said, f"{stage}: should say {says!r}:\n{said}"


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.environ["RUMBLE_CACHE"] = os.path.join(place, "cache")
    x, quality, xpos, ypos, st, clu = make_inputs()
    check_select(x, quality, xpos, ypos)
    check_conditions(x, quality, xpos)
    check_rate_at_the_limit()
    check_spikes(st, clu)
    check_rates()
    check_frames(x)
    check_zscore(x)
    check_shuffle(x)
    check_last_spike()
    check_refusals()
print("recordings are prepared as numpy prepares them")
