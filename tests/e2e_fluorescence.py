"""deconvolve, detrend and smooth through the program, against numpy from their definitions, and against what suite2p wrote."""
import os

import h5py
import numpy as np

from support.running import SOURCE, place, shared, tests

SEGMENTS = (0, 700, 730, 1500)      # of the recordings made here: one is shorter than every window


def extreme(x, width, of):
    return np.array([of(x[max(0, t - width // 2):t - width // 2 + width]) for t in range(len(x))])


def gaussian(x, sd):
    half = int(4 * sd + 0.5)
    weights = np.exp(-np.arange(-half, half + 1) ** 2 / (2 * sd ** 2))
    reach = np.arange(-half, len(x) + half) % (2 * len(x))
    return np.convolve(x[np.where(reach < len(x), reach, 2 * len(x) - 1 - reach)], weights / weights.sum(), "valid")


def maximin(x, width, sd=10):
    return extreme(extreme(gaussian(x, sd), width, np.min), width, np.max)


def spikes(x, decay):
    """OASIS from its definition: pools of frames, joined while one begins below the end of the pool before it."""
    pools = []
    for value in x:
        pools.append([value, 1.0, 1])
        while len(pools) > 1 and pools[-1][0] / pools[-1][1] < pools[-2][0] / pools[-2][1] * decay ** pools[-2][2]:
            top, below = pools.pop(), pools[-1]
            below[:] = below[0] + decay ** below[2] * top[0], below[1] + decay ** (2 * below[2]) * top[1], below[2] + top[2]
    s, t = np.zeros(len(x)), pools[0][2]
    for below, top in zip(pools, pools[1:]):
        s[t] = top[0] / top[1] - below[0] / below[1] * decay ** below[2]
        t += top[2]
    return s


def by_segment(x, what, edges=SEGMENTS):
    return np.array([np.concatenate([what(row[a:b]) for a, b in zip(edges, edges[1:])]) for row in x])


def close(a, b, tolerance, name):
    error = abs(a - b).max() / abs(b).max()
    print(f"{name}: {error:.2g}, {tolerance:.2g} allowed")
    assert a.shape == b.shape and error <= tolerance, name


def matrix(p, recording, node):
    p.run("export", "recipe.yaml", f"{recording}/{node}", "--format", "npy", "--out", "m.npy")
    x = np.load(p.file("m.npy"))
    os.remove(p.file("m.npy"))
    return x


def fluorescence(p):
    """Calcium of sparse spikes with drift and noise at 20 Hz, and frames left out twice."""
    rng = np.random.default_rng(3)
    s = (rng.random((9, 1560)) < 0.02) * rng.gamma(2, 60, (9, 1560))
    x = np.zeros_like(s)
    for t in range(1, 1560):
        x[:, t] = 0.95 * x[:, t - 1] + s[:, t]
    x += 400 + 100 * np.sin(np.arange(1560) / 300) + rng.normal(0, 10, x.shape)
    x = x.astype("f4")
    bad = np.zeros(1560, bool)
    bad[700:730] = bad[760:790] = True      # 700 frames, 30, and 770
    np.savez(p.file("f.npz"), sp=x, bad=bad)
    return x[:, ~bad].astype("f8")


def test_rows_are_made_anew_as_by_the_definitions():
    with place() as p:
        x = fluorescence(p)
        p.recipe("""
recordings: [{name: a, path: f.npz, rate: 20 Hz, bad_frames: bad}]
stages:
  raw:     {stage: load}
  found:   {stage: deconvolve, recording: raw, tau: 1 s, window: 15 s}
  plain:   {stage: deconvolve, recording: raw, tau: 0.7 s, baseline: none}
  mean:    {stage: detrend, recording: raw, window: 2.05 s}
  dff:     {stage: detrend, recording: raw, baseline: percentile, window: 10 s, how: divide}
  median:  {stage: detrend, recording: raw, baseline: percentile, percentile: 50, window: 3 s}
  maximin: {stage: detrend, recording: raw, baseline: maximin, window: 4 s, smooth: 3}
  linear:  {stage: detrend, recording: raw, baseline: linear}
  soft:    {stage: smooth, recording: raw, sd: 100 ms}
  wide:    {stage: smooth, recording: raw, sd: 5 s}
  z:       {stage: zscore, recording: found}
  svca2:   {stage: svca2, recording: z, halves: random}
""")
        said = p.run("run", "recipe.yaml")
        assert "1 of the 3 segments of 'a' are shorter than the window of 15 s" in said, said
        cut = lambda row, width, q: np.array([np.percentile(row[max(0, t - width // 2):t - width // 2 + width], q) for t in range(len(row))])
        line = lambda row: np.polyval(np.polyfit(np.arange(len(row)), row, 1), np.arange(len(row)))
        wanted = {
            "found": lambda row: spikes(row - maximin(row, 300), np.exp(-1 / 20)),
            "plain": lambda row: spikes(row, np.exp(-1 / 14)),
            "mean": lambda row: row - extreme(row, 41, np.mean),
            "dff": lambda row: row / cut(row, 200, 8) - 1,
            "median": lambda row: row - cut(row, 60, 50),
            "maximin": lambda row: row - maximin(row, 80, 3),
            "linear": lambda row: row - line(row),
            "soft": lambda row: gaussian(row, 2),
            "wide": lambda row: gaussian(row, 100),
        }
        for node, what in wanted.items():
            close(matrix(p, "a", node), by_segment(x, what), 2e-7, node)
            with h5py.File(p.file(f"recipe/results/a/{node}.h5"), "r") as f:
                assert f["recording/segment"][:].tolist() == list(SEGMENTS[:3]) and f["recording/rate"][()] == 20
                assert np.allclose(f["recording/segment_time"][:], [0, 36.5, 39.5]), "the clock goes on through gaps"
        assert (matrix(p, "a", "found") >= 0).all()


def test_suite2p_found_the_same_spikes():
    """Settings that suite2p had: from ops.npy; where that is not shipped, the defaults with 10 Hz, which its numbers agree with."""
    for recording, rate, tau in ("suite2p-fissa23", "", "0.7 s"), ("suite2p-miniscope219", ", rate: 10 Hz", "1 s"):
        with place() as p:
            p.recipe(f"""
recordings: [{{name: a, path: {shared(recording)}, rois: all, activity: F-0.7Fneu{rate}}}]
stages:
  raw:   {{stage: load}}
  found: {{stage: deconvolve, recording: raw, tau: {tau}}}
""")
            p.run("run", "recipe.yaml")
            close(matrix(p, "a", "found"), np.load(os.path.join(shared(recording), "suite2p/plane0/spks.npy")), 3e-6, recording)


def test_the_recipe_for_suite2p_folders_runs():
    with place() as p:
        p.recipe(f"include: {os.path.join(SOURCE, 'recipes/suite2p.yaml')}\n")
        mini = shared("suite2p-miniscope219")
        words = [f"vars.data={mini}", "recordings.suite2p-miniscope219.rate=10 Hz", "recordings.suite2p-miniscope219.rois=all"]
        p.run("run", "recipe.yaml", *(w for word in words for w in ("--set", word)))
        with h5py.File(p.file("recipe/results/suite2p-miniscope219/svca2@z.h5"), "r") as f:
            shared_variance = f["spectrum"][:]
        with h5py.File(p.file("recipe/results/suite2p-miniscope219/svca2@shuffled.h5"), "r") as f:
            assert shared_variance[0] > 3 * f["spectrum"][0]


def test_threads_change_nothing():
    found = []
    for threads in "1", "5":
        with place() as p:
            fluorescence(p)
            p.recipe("recordings: [{name: a, path: f.npz, rate: 20 Hz, bad_frames: bad}]\nstages:\n  raw: {stage: load}\n"
                     "  found: {stage: deconvolve, recording: raw, tau: 1 s, window: 15 s}\n  d: {stage: detrend, recording: found, window: 1 s}\n"
                     "  s: {stage: smooth, recording: d, sd: 200 ms}\n")
            p.run("run", "recipe.yaml", "--jobs", threads)
            found.append(p.objects())
    assert len(found[0]) == 4 and found[0] == found[1]


def test_neurons_that_cannot_be_remade_are_named():
    with place() as p:
        rng = np.random.default_rng(5)
        x = 100 + rng.normal(0, 5, (6, 400))
        x[1], x[4] = 7.3, x[4] - 300                # constant; below zero
        x = x.astype("f4")
        np.save(p.file("x.npy"), x)
        p.recipe("""
recordings: [{name: a, path: x.npy, rate: 10 Hz}]
stages:
  raw:   {stage: load}
  found: {stage: deconvolve, recording: raw, tau: 1 s, window: 5 s}
  dff:   {stage: detrend, recording: raw, baseline: percentile, window: 5 s, how: divide}
  z:     {stage: zscore, recording: dff}
""")
        said = p.run("run", "recipe.yaml")
        assert "neurons that are constant now: 1 of 6 (numbers in the file: 1)" in said and "a/found: warning" in said, said
        assert "neurons dropped because they have a baseline that is not above zero, by which dF/F would divide: 1 of 6 (numbers in the file: 4)" in said, said
        dff = matrix(p, "a", "dff")
        assert dff.shape == (5, 400) and not dff[1].any() and np.isfinite(dff).all()
        with h5py.File(p.file("recipe/results/a/dff.h5"), "r") as f:
            assert f["recording/id"][:].tolist() == [0, 1, 2, 3, 5]
        assert not matrix(p, "a", "found")[1].any()


def test_samples_that_became_infinite_and_spikes_instead_of_fluorescence_are_said():
    with place() as p:
        x = 100 + np.random.default_rng(6).normal(0, 5, (4, 400))
        x[2, 50:60] = 3e38
        np.save(p.file("x.npy"), x.astype("f4"))
        p.recipe(f"""
recordings: [{{name: a, path: x.npy, rate: 20 Hz}}, {{name: s, path: {shared("suite2p-fissa23")}}}]
stages:
  raw:   {{stage: load}}
  sums:  {{stage: bin, recording: raw, width: {{by: name, a: 100 ms, else: 1 s}}, how: sum}}
  found: {{stage: deconvolve, recording: sums, tau: 1 s, window: 5 s}}
  soft:  {{stage: smooth, recording: sums, sd: 1 s}}
""")
        said = p.run("run", "recipe.yaml")
        assert "neurons dropped because they hold samples that are not finite: 1 of 4 (numbers in the file: 2)" in said, said
        assert matrix(p, "a", "found").shape == matrix(p, "a", "soft").shape == (3, 200)
        assert "of the samples of 's' are exactly 0: it looks as if it had been deconvolved already" in said and "samples of 'a'" not in said, said


def test_bad_input_is_answered_with_sentences():
    with place() as p:
        np.save(p.file("x.npy"), np.random.default_rng(1).random((4, 300)).astype("f4") - 2)
        cases = [
            ("rate: 10 Hz", "deconvolve, recording: raw, tau: 31 s", 1, "tau is 31 s, but 'a' lasts 30 s in all (300 frames at 10 Hz)"),
            ("rate: 10 Hz", "deconvolve, recording: raw, tau: 1 s", 1, "window is 60 s, but 'a' lasts 30 s in all (300 frames at 10 Hz); choose a shorter one"),
            ("rate: 10 Hz", "deconvolve, recording: raw, tau: 0 s", 2, "tau"),
            ("rate: 10 Hz", "deconvolve, recording: raw, tau: -1 s", 2, "tau"),
            ("rate: 10 Hz", "deconvolve, recording: raw", 2, "tau"),
            ("rate: 0.5 Hz", "deconvolve, recording: raw, tau: 1 ms, baseline: none", 1, "is gone within one frame of 'a' (0.5 Hz)"),
            ("pixel: 1 um", "deconvolve, recording: raw, tau: 1 s", 1, "the frame rate of 'a' is unknown, so tau cannot be taken in frames; give `rate`"),
            ("rate: 10 Hz", "detrend, recording: raw, window: 31 s", 1, "window is 31 s, but 'a' lasts 30 s"),
            ("rate: 10 Hz", "detrend, recording: raw, how: divide, window: 3 s", 1, "none of the 4 neurons of 'a' is left: 0 hold samples that are not finite, "
             "the others have a baseline that is not above zero"),
            ("rate: 10 Hz", "detrend, recording: raw, percentile: 101", 2, "percentile"),
            ("rate: 10 Hz", "smooth, recording: raw, sd: 40 s", 1, "sd is 40 s, but 'a' lasts 30 s"),
            ("rate: 10 Hz", "smooth, recording: raw, sd: 1 ms", 1, "that smooths nothing; choose a quarter of a frame (0.025 s) or more"),
            ("rate: 10 Hz", "smooth, recording: raw", 2, "sd"),
        ]
        for entry, stage, status, says in cases:
            p.recipe(f"recordings: [{{name: a, path: x.npy, {entry}}}]\nstages:\n  raw: {{stage: load}}\n  node: {{stage: {stage}}}\n")
            said = p.run("run", "recipe.yaml", status=status)
            assert says in said, f"{stage}: should say {says!r}:\n{said}"


tests(globals())
