"""States, bad frames, gaps and windows of time, from the file and the recipe through every analysis, against numpy and the reference."""
import os
import subprocess
import sys
import unittest

import h5py
import numpy as np

from e2e_analyze import RUMBLE, SHARED, Analyses

sys.path.insert(0, os.path.join(SHARED, "reference"))
import reference    # noqa: E402

RATE = 20.0


def activity(nn, nt, seed=3):
    """A few slow modes in many neurons, with noise."""
    rng = np.random.default_rng(seed)
    modes = np.zeros((6, nt))
    for t in range(1, nt):
        modes[:, t] = 0.95 * modes[:, t - 1] + rng.standard_normal(6)
    return (rng.standard_normal((nn, 6)) @ modes + 2 * rng.standard_normal((nn, nt))).astype("f4")


def runs_of(mask):
    """Lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return edges[1::2] - edges[::2]


def starts(lengths):
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(int)


class Windows(Analyses):
    recording = None

    def recipe(self, entry, stages, expect=0, command="run"):
        with open(self.path("recipe.yaml"), "w") as f:
            f.write("\n".join(["rumble: 1", "seed: 1", "recordings:", f"  - {{name: x, {entry}}}", "stages:", "  raw: {stage: load}",
                               *("  " + s for s in stages)]) + "\n")
        options = ["--cache", self.path("cache"), "--out", self.path("out")] if command == "run" else []
        done = subprocess.run([RUMBLE, command, self.path("recipe.yaml"), *options], capture_output=True, text=True, timeout=600)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, expect, said)
        return said

    def matrix(self, node):
        done = subprocess.run([RUMBLE, "export", self.path("recipe.yaml"), "x/" + node, "--format", "npy", "--cache", self.path("cache"), "--out",
                               self.path(node + ".npy")], capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        x = np.load(self.path(node + ".npy"))
        os.remove(self.path(node + ".npy"))
        return x

    def part(self, node, name):
        with h5py.File(self.path("out", "results", "x", node + ".h5"), "r") as f:
            return f["recording/" + name][()] if "recording/" + name in f else None

    def same(self, node, x, lengths=None, state=None, times=None):
        """The recording that a node made: samples, segments, states, and when segments begin."""
        self.assertTrue(np.array_equal(self.matrix(node), x), node)
        if lengths is not None:
            self.assertEqual(self.part(node, "segment").tolist(), starts(lengths).tolist(), node)
        if state is not None:
            self.assertEqual(self.part(node, "state").tolist(), np.asarray(state).tolist(), node)
        if times is not None:
            self.assertLess(np.abs(self.part(node, "segment_time") - times).max(), 1e-9, node)


class Loading(Windows):
    """What load makes of states, bad frames, gaps and dropped intervals."""

    nt = 1000

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(11)
        self.x = activity(12, self.nt)
        self.speed = np.abs(np.sin(np.arange(self.nt) / 60)) * 10 + rng.random(self.nt)
        self.bad = np.zeros(self.nt, bool)
        self.bad[[0, 1, 500, 998]] = True
        self.bad[200:240] = True
        np.save(self.path("bad_frames.npy"), np.flatnonzero(self.bad))
        np.save(self.path("speed.npy"), self.speed)
        np.savez(self.path("x.npz"), sp=self.x, speed=self.speed, bad=self.bad, state=(np.arange(self.nt) // 130).astype("u1"),
                 few=self.bad[:-1], far=np.array([3, self.nt]), half=np.array([1.5, 2]), numbers=np.flatnonzero(self.bad).astype("f8"),
                 ones=self.bad.astype("i4"), none=np.zeros(0), every=np.arange(self.nt))

    def test_bad_frames_end_segments_whichever_way_they_are_given(self):
        keep = ~self.bad
        for i, how in enumerate(("bad_frames: bad", "bad_frames: numbers", "bad_frames: ones", "bad_frames_file: bad_frames.npy")):
            said = self.recipe(f"path: x.npz, rate: 20 Hz, {how}", [])
            self.assertIn("left out 44 of 1000 frames", said)
            self.same("raw", self.x[:, keep], runs_of(keep), times=np.array([2, 240, 501, 999]) / RATE)
            with h5py.File(self.path("out", "results", "x", "raw.h5")) as f:
                self.assertEqual(f["recording/activity"].shape, self.x.shape)   # stored whole, and not again
        self.recipe("path: x.npz, rate: 20 Hz, bad_frames: none", [])
        self.recipe("path: x.npz, rate: 20 Hz, bad_frames: 'none'", [])
        self.same("raw", self.x, [self.nt])

    def test_the_content_of_the_second_file_counts(self):
        entry = "path: x.npz, rate: 20 Hz, bad_frames_file: bad_frames.npy, state_file: speed.npy, threshold: 5"
        self.recipe(entry, [])
        np.save(self.path("bad_frames.npy"), np.array([7]))
        self.recipe(entry, [])
        keep = np.arange(self.nt) != 7
        self.same("raw", self.x[:, keep], runs_of(keep), (self.speed > 5)[keep])
        np.save(self.path("speed.npy"), self.speed[::-1])
        self.recipe(entry, [])
        self.same("raw", self.x[:, keep], runs_of(keep), (self.speed[::-1] > 5)[keep])

    def test_states_are_whole_numbers_or_above_a_threshold(self):
        self.recipe("path: x.npz, rate: 20 Hz, state: state", [])
        self.same("raw", self.x, [self.nt], np.arange(self.nt) // 130)
        self.recipe("path: x.npz, rate: 20 Hz, state: bad", [])
        self.same("raw", self.x, [self.nt], self.bad)
        self.speed[5] = np.nan
        np.save(self.path("speed.npy"), self.speed)
        self.recipe("path: x.npz, rate: 20 Hz, state_file: speed.npy, threshold: 2.5", [])
        self.same("raw", self.x, [self.nt], np.where(np.isnan(self.speed), -1, self.speed > 2.5))

    def test_dropped_intervals(self):
        said = self.recipe("path: x.npz, rate: 20 Hz, drop: [30.01 s, 31 s, 2 s, 5 s, 4 s, 6 s]", [])
        keep = np.ones(self.nt, bool)
        keep[40:120] = keep[600:620] = False    # a frame that is touched goes
        self.same("raw", self.x[:, keep], runs_of(keep), times=[0, 6, 31])
        self.assertIn("left out 100 of 1000", said)
        said = self.recipe("path: x.npz, rate: 20 Hz, drop: [2000 s, 5000 s]", [])
        self.assertIn("meets no frame", said)
        self.same("raw", self.x, [self.nt])

    def test_gaps_in_the_frame_times(self):
        time = 7.5 + np.arange(self.nt) / RATE
        time[300:] += 4
        time[301:] += 0.04      # 0.09 s between two frames of 0.05 s
        np.savez(self.path("t.npz"), sp=self.x, tneural=time)
        said = self.recipe("path: t.npz, drop: [8 s, 9 s]", ["b: {stage: bin, recording: raw, rate: 5 Hz}"])
        self.assertIn("have 2 gaps, the longest of 4.05 s", said)
        keep = np.ones(self.nt, bool)
        keep[10:30] = False
        self.same("raw", self.x[:, keep], [10, 270, 1, 699], times=[7.5, 9, time[300], time[301]])
        parts = [self.x[:, a:b] for a, b in ((0, 10), (30, 300), (301, 1000))]
        want = np.concatenate([p[:, :p.shape[1] // 4 * 4].reshape(12, -1, 4).astype("f8").mean(2) for p in parts], 1).astype("f4")
        self.same("b", want, [2, 67, 174], times=[7.5, 9, time[301]])
        time += np.random.default_rng(0).choice([0, 0.3], self.nt, p=[0.6, 0.4]).cumsum()
        np.savez(self.path("t.npz"), sp=self.x, clock=time)
        self.assertIn("no steady rate", self.recipe("path: t.npz, times: clock", []))
        self.assertIn("were not used", self.recipe("path: t.npz, times: clock, rate: 30 Hz", []))

    def test_samples_of_frames_that_go_need_not_be_finite(self):
        x = self.x.astype("f8")
        x[3, 205] = np.nan
        x[4, 500] = np.inf
        x[5, 501] = np.nan
        for orientation in ("neurons-first", "frames-first"):
            np.savez(self.path("x.npz"), sp=x if orientation[0] == "n" else x.T, bad=self.bad)
            said = self.recipe(f"path: x.npz, rate: 20 Hz, bad_frames: bad, orientation: {orientation}", [])
            self.assertIn("dropped 1 of 12 neurons", said)
            self.same("raw", np.delete(self.x, 5, 0)[:, ~self.bad])

    def test_epochs(self):
        epochs = np.array([[5.02, 10], [10, 12], [40, 60]])
        np.savez(self.path("x.npz"), sp=self.x, epochs=epochs, turned=epochs.T, label=np.array([2, 2, 7]))
        state = np.full(self.nt, -1)
        state[101:240] = 2
        state[800:] = 7
        for name in ("epochs", "turned"):
            self.recipe(f"path: x.npz, activity: sp, rate: 20 Hz, epochs: {name}, state: label", [])
            self.same("raw", self.x, [self.nt], state)
        self.recipe("path: x.npz, activity: sp, rate: 20 Hz, epochs: epochs", [])
        state = np.where(state > 0, 1, 0)
        state[100] = -1         # begins outside, ends inside
        self.same("raw", self.x, [self.nt], state)

    def test_what_will_not_do(self):
        for entry, says, expect in (
                ("rate: 20 Hz, state: few", "999 entries", 1),
                ("rate: 20 Hz, bad_frames: few", "999 entries", 1),
                ("rate: 20 Hz, bad_frames: far", "lists frame 1000, and the frames are 0 to 999", 1),
                ("rate: 20 Hz, bad_frames: half", "whole numbers are needed", 1),
                ("rate: 20 Hz, bad_frames: every", "nothing is left", 1),
                ("rate: 20 Hz, state: speed", "give `threshold`", 1),
                ("rate: 20 Hz, state: absent", "names nothing in this file", 1),
                ("rate: 20 Hz, threshold: 1", "there is none", 2),
                ("rate: 20 Hz, state: bad, state_file: speed.npy", "not both", 2),
                ("rate: 20 Hz, drop: [1 s]", "must hold pairs", 2),
                ("rate: 20 Hz, drop: [2 s, 1 s]", "must hold pairs", 2),
                ("rate: 20 Hz, drop: []", "must hold pairs", 2),
                ("rate: 20 Hz, drop: [0 s, 50 s]", "nothing is left", 1),
                ("drop: [1 s, 2 s]", "give `rate`", 1),
                ("rate: 20 Hz, epochs: far", "epochs are M x 2", 1),
                ("rate: 20 Hz, times: few", "999 entries", 1),
                ("rate: 20 Hz, state: bad, spikes: every", "given together", 2)):
            with self.subTest(entry):
                self.assertIn(says, self.recipe(f"path: x.npz, {entry}", [], expect))
                if "entries" in says or "names nothing" in says:
                    self.assertIn(says, self.recipe(f"path: x.npz, {entry}", [], 2, "check"))
        self.assertEqual(self.recipe("path: x.npz, rate: 20 Hz, bad_frames: none", []).count("left out"), 0)


class Spikes(Windows):
    """Dropped intervals and epochs of spikes, and what bin makes of them."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(1)
        self.st = np.sort(rng.random(6000) * 100)
        self.clu = rng.integers(0, 9, 6000)
        self.epochs = np.array([[10, 20.5], [30, 35], [35, 61.25]])
        np.savez(self.path("s.npz"), st=self.st, clu=self.clu, epochs=self.epochs, label=np.array([1, 0, 1]))

    def counts(self, intervals, width):
        """Counts in the whole bins of each interval."""
        parts = []
        for a, b in intervals:
            n = int(np.floor((b - a) / width + 1e-9))
            which = np.floor((self.st - a) / width + 1e-9).astype(int)
            mine = (which >= 0) & (which < n)
            part = np.zeros((9, n), "f4")
            np.add.at(part, (self.clu[mine], which[mine]), 1)
            parts.append(part)
        return np.concatenate(parts, 1), [p.shape[1] for p in parts]

    def test_dropped_intervals_cut_what_was_observed(self):
        said = self.recipe("path: s.npz, window: [0 s, 100 s], drop: [50 s, 60 s, 20 s, 25 s]", ["b: {stage: bin, recording: raw, width: 0.25 s}"])
        want, lengths = self.counts([(0, 20), (25, 50), (60, 100)], 0.25)
        self.same("b", want, lengths, times=[0, 25, 60])
        self.assertEqual(self.part("raw", "observed").tolist(), [[0, 20], [25, 50], [60, 100]])
        gone = ((self.st >= 20) & (self.st < 25)).sum() + ((self.st >= 50) & (self.st < 60)).sum()
        self.assertIn(f"left out {gone} of 6000 spikes", said)
        self.assertIn("leaves none", self.recipe("path: s.npz, drop: [0 s, 200 s]", [], 1))

    def test_epochs_become_states_of_frames(self):
        self.recipe("path: s.npz, window: [0 s, 100 s], epochs: epochs, state: label", ["b: {stage: bin, recording: raw, width: 0.5 s}"])
        state = np.full(200, -1)
        state[20:41] = state[70:122] = 1
        state[60:70] = 0
        want, lengths = self.counts([(0, 100)], 0.5)
        self.same("b", want, [200], state)
        self.recipe("path: s.npz, window: [0 s, 100 s], epochs: epochs", ["b: {stage: bin, recording: raw, width: 0.5 s}"])
        state = np.zeros(200, int)
        state[20:41] = state[60:122] = 1
        state[122] = -1         # 61 to 61.5 s
        self.same("b", want, [200], state)

    def test_windows_of_spikes_are_those_of_frames(self):
        entry = "path: s.npz, window: [0 s, 100 s], epochs: epochs, state: label"
        for settings, intervals in (("states: [1]", [(10, 20.5), (35, 61.25)]), ("states: [0, 1]", [(10, 20.5), (30, 61.25)]),
                                    ("intervals: [70 s, 90 s, 12 s, 15 s, 14 s, 16 s]", [(12, 16), (70, 90)]),
                                    ("states: [1], intervals: [15 s, 45 s]", [(15, 20.5), (35, 45)]),
                                    ("states: [1], shortest: 11 s", [(35, 61.25)]),
                                    ("states: [1], as_many_as: [0]", [(10, 15)]),
                                    ("states: [0, 1], as_many_as: [1]", [(10, 20.5), (30, 56.25)])):
            with self.subTest(settings):
                self.recipe(entry, [f"w: {{stage: timewindows, recording: raw, {settings}}}", "b: {stage: bin, recording: w, width: 0.25 s}"])
                want, lengths = self.counts(intervals, 0.25)
                self.same("b", want, lengths, times=[a for a, _ in intervals])
        self.recipe(entry, ["b: {stage: bin, recording: raw, width: 0.25 s}", "w: {stage: timewindows, recording: b, states: [1], intervals: [15 s, 45 s]}"])
        want, lengths = self.counts([(15, 20.5), (35, 45)], 0.25)
        self.same("w", want, lengths, np.ones(want.shape[1], int), [15, 35])
        self.assertIn("0 (5), 1 (36.75)", self.recipe(entry, ["w: {stage: timewindows, recording: raw, states: [3]}"], 1))
        self.assertIn("no spike", self.recipe(entry, ["w: {stage: timewindows, recording: raw, states: [1], as_many_as: [3]}"], 1))
        self.assertIn("has no states", self.recipe("path: s.npz", ["w: {stage: timewindows, recording: raw, states: [1]}"], 1))

    def test_frames_are_not_for_spikes(self):
        for entry in ("state: label", "bad_frames: label", "times: st"):
            for command, expect in (("run", 1), ("check", 2)):
                self.assertIn("list of spikes", self.recipe(f"path: s.npz, {entry}", [], expect, command))

    def test_published_bins_ignore_gaps_and_say_so(self):
        said = self.recipe("path: s.npz, drop: [50 s, 60 s]", ["b: {stage: bin, recording: raw, width: 0.25 s, rule: paper}"])
        self.assertIn("bins run on through the gaps", said)


class Frames(Windows):
    """timewindows on frames."""

    def setUp(self):
        super().setUp()
        self.nt = 2400
        rng = np.random.default_rng(5)
        self.x = activity(10, self.nt)
        self.state = np.repeat(rng.integers(0, 3, 120), 20)
        self.state[1000:1003] = -1
        self.bad = np.zeros(self.nt, bool)
        self.bad[[300, 301, 310, 1500]] = True
        np.savez(self.path("x.npz"), sp=self.x, state=self.state, bad=self.bad)
        self.entry = "path: x.npz, rate: 20 Hz, state: state, bad_frames: bad"

    def chosen(self, mask):
        """Frames and segments of a mask over all frames, after the bad ones went."""
        mask = mask & ~self.bad
        return self.x[:, mask], runs_of(mask), self.state[mask]

    def test_states_and_intervals(self):
        t = np.arange(self.nt) / RATE
        for settings, mask in (("states: [1]", self.state == 1), ("states: [0, 2]", np.isin(self.state, [0, 2])), ("states: [-1]", self.state == -1),
                               ("intervals: [10 s, 20 s]", (t >= 10) & (t < 20)), ("intervals: [10.01 s, 20.04 s]", (t >= 10.05) & (t < 20)),
                               ("intervals: [40 s, 200 s, 10 s, 20 s], states: [2]", ((t >= 40) | (t >= 10) & (t < 20)) & (self.state == 2))):
            with self.subTest(settings):
                self.recipe(self.entry, [f"w: {{stage: timewindows, recording: raw, {settings}}}"])
                x, lengths, state = self.chosen(mask)
                self.same("w", x, lengths, state)
                with h5py.File(self.path("out", "results", "x", "w.h5")) as f:
                    self.assertNotIn("recording/activity", f)       # a view

    def test_published_bins_run_on_over_joints_and_say_so(self):
        said = self.recipe(self.entry, ["b: {stage: bin, recording: raw, width: 0.35 s, rule: paper}"])
        self.assertIn("bins run on over the joints of the 4 segments", said)
        x = self.x[:, ~self.bad].astype("f8")
        wide = x[:, :x.shape[1] // 7 * 7].reshape(len(x), -1, 7).mean(2)
        self.assertLess(np.abs(self.matrix("b") - wide).max(), 1e-6 * np.abs(wide).max())
        self.assertEqual(self.part("b", "segment").tolist(), [0])

    def test_short_runs_go(self):
        self.recipe(self.entry, ["w: {stage: timewindows, recording: raw, states: [1], shortest: 1.5 s}", "l: {stage: timewindows, recording: raw, shortest: 10 s}"])
        for node, mask, least in (("w", self.state == 1, 30), ("l", np.ones(self.nt, bool), 200)):
            mask, keep = mask & ~self.bad, np.zeros(self.nt, bool)
            edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
            for a, b in zip(edges[::2], edges[1::2]):
                keep[a:b] = b - a >= least
            self.same(node, *self.chosen(keep))

    def test_equal_amounts(self):
        nodes = ["run: {stage: timewindows, recording: raw, states: [1], as_many_as: [2]}",
                 "rest: {stage: timewindows, recording: raw, states: [2], as_many_as: [1]}",
                 "all: {stage: timewindows, recording: raw, states: [0, 2], as_many_as: [0, 1, 2]}"]
        self.recipe(self.entry, nodes)
        count = {s: (~self.bad & (self.state == s)).sum() for s in (0, 1, 2)}
        for node, states, n in (("run", [1], min(count[1], count[2])), ("rest", [2], min(count[1], count[2])), ("all", [0, 2], min(count.values()))):
            mask = np.isin(self.state, states) & ~self.bad
            mask[np.flatnonzero(mask)[n:]] = False
            self.same(node, *self.chosen(mask))

    def test_windows_of_windows_and_of_bins(self):
        self.recipe(self.entry, ["a: {stage: timewindows, recording: raw, intervals: [20 s, 100 s]}", "b: {stage: timewindows, recording: a, intervals: [0 s, 60 s]}",
                                 "n: {stage: bin, recording: b, rate: 10 Hz}", "c: {stage: timewindows, recording: n, states: [1]}",
                                 "s: {stage: select, recording: c, neurons: [3, 1]}", "z: {stage: zscore, recording: s}"])
        t = np.arange(self.nt) / RATE
        mask = (t >= 20) & (t < 60)
        self.same("b", *self.chosen(mask))
        x, lengths, state = self.chosen(mask)
        parts, states = [], []
        for a, n in zip(starts(lengths), lengths):
            n = n // 2 * 2
            parts.append(x[:, a:a + n].reshape(10, -1, 2).astype("f8").mean(2))
            pair = state[a:a + n].reshape(-1, 2)
            states.append(np.where(pair[:, 0] == pair[:, 1], pair[:, 0], -1))
        binned, state = np.concatenate(parts, 1), np.concatenate(states)
        begins = np.concatenate([np.arange(len(s)) == 0 for s in states])
        keep = state == 1
        joint = np.concatenate([[True], ~keep[:-1]]) | begins
        self.assertTrue(np.array_equal(self.part("c", "segment"), np.flatnonzero(joint[keep])))
        want = binned[[3, 1]][:, keep].astype("f4")
        self.assertTrue(np.array_equal(self.matrix("s"), want))
        self.assertLess(np.abs(self.matrix("z") - reference.zscore(want.astype("f8"))).max(), 1e-5)

    def test_z_scores_of_all_frames_do_not_hold_for_some(self):
        for analysis in ("spectrum", "svca2", "dmd", "autocorrelogram"):
            said = self.recipe(self.entry, ["z: {stage: zscore, recording: raw}", "w: {stage: timewindows, recording: z, states: [1]}",
                                            f"a: {{stage: {analysis}, recording: w}}"], 1)
            self.assertIn("was z-scored over more frames than are left", said)
        self.recipe(self.entry, ["z: {stage: zscore, recording: raw}", "w: {stage: timewindows, recording: z, states: [1]}", "v: {stage: zscore, recording: w}",
                                 "s: {stage: spectrum, recording: v, precision: double}", "u: {stage: timewindows, recording: raw, states: [1]}",
                                 "y: {stage: zscore, recording: u}", "t: {stage: spectrum, recording: y, precision: double}",
                                 "e: {stage: timewindows, recording: z, intervals: [0 s, 500 s]}", "f: {stage: spectrum, recording: e}"])
        self.close(self.result("s", "spectrum"), self.result("t", "spectrum"), 1e-6)

    def test_what_will_not_do(self):
        for settings, says, expect in (("", "timewindows needs `states`", 2), ("states: []", "empty list", 2), ("states: [1], as_many_as: []", "empty list", 2),
                                       ("intervals: [1 s, 2 s], as_many_as: [1]", "which is not given", 2), ("intervals: [3 s, 2 s]", "must hold pairs", 2),
                                       ("states: [9]", "its states, with the frames of each: ", 1), ("states: [1], as_many_as: [9]", "no frame", 1),
                                       ("intervals: [500 s, 600 s]", "it runs from 0 s to 120 s", 1), ("states: [1], shortest: 1000 s", "no frame", 1)):
            with self.subTest(settings):
                self.assertIn(says, self.recipe(self.entry, [f"w: {{stage: timewindows, recording: raw{', ' if settings else ''}{settings}}}"], expect))
        window = "w: {stage: timewindows, recording: raw, %s}"
        self.assertIn("has no states", self.recipe("path: x.npz, activity: sp, rate: 20 Hz", [window % "states: [1]"], 1))
        self.assertIn("have no times", self.recipe("path: x.npz, activity: sp", [window % "intervals: [0 s, 1 s]"], 1))
        said = self.recipe(self.entry, ["z: {stage: shuffle, recording: raw}", "w: {stage: timewindows, recording: z, states: [1]}"], 1)
        self.assertIn("before the shuffle", said)


class Segments(Windows):
    """Every analysis on a recording of several segments, against the reference that knows their lengths."""

    lengths = [1234, 37, 1729]

    def setUp(self):
        super().setUp()
        self.x = activity(40, sum(self.lengths) + 30)
        keep = np.ones(self.x.shape[1], bool)
        keep[1234:1249] = keep[1286:1301] = False
        self.kept = self.x[:, keep].astype("f8")
        self.assertEqual(runs_of(keep).tolist(), self.lengths)
        rng = np.random.default_rng(8)
        self.place = rng.random((2, 40)) * 900
        np.savez(self.path("x.npz"), sp=self.x, bad=~keep, xpos=self.place[0], ypos=self.place[1])
        self.entry = "path: x.npz, rate: 20 Hz, bad_frames: bad"
        half = reference.checkerboard(*self.place, 25.0)
        self.half = np.zeros(40, bool)
        self.half[half if np.asarray(half).dtype != bool else np.flatnonzero(half)] = True

    def eigenvalues(self, node):
        return self.result(node, "eigenvalue_real") + 1j * self.result(node, "eigenvalue_imaginary")

    def test_dynamics(self):
        double = "precision: double"
        said = self.recipe(self.entry, [
            "z: {stage: zscore, recording: raw, eps: 0.001}",
            f"d: {{stage: dmd, recording: z, components: 20, block: 500, {double}}}",
            f"i: {{stage: dmd, recording: z, components: 6, block: 500, estimator: instrumented, truncate: false, {double}}}",
            f"far: {{stage: dmd, recording: z, components: 6, block: 500, lag: 40, {double}}}",
            f"p: {{stage: dmd, recording: z, components: 20, block: 500, variant: paper, {double}}}",
            f"a: {{stage: autocorrelogram, recording: z, components: 10, ranks: 1..10, {double}}}",
            f"s: {{stage: autocorrelogram, recording: z, components: 10, ranks: 1..10, smooth: 2, {double}}}",
            f"j: {{stage: autocorrelogram, recording: z, components: 10, ranks: 1..10, variant: paper, {double}}}"])
        z = reference.zscore(self.kept, 0, 1e-3)
        for node, want in (("d", reference.dmd(z, 5, 0.01, 20, 500, "blocks", self.lengths)), ("p", reference.dmd(z, 5, 0.01, 20, 500, "paper")),
                           ("far", reference.dmd(z, 40, 0.01, 6, 500, "blocks", self.lengths)),
                           ("i", reference.dmd_instrumented(z, 5, 6, 500, self.lengths))):
            got = self.eigenvalues(node)
            self.assertLess(np.abs(np.sort_complex(got) - np.sort_complex(want)).max(), 1e-7, node)
        for node, options in (("a", dict(runs=self.lengths)), ("s", dict(runs=self.lengths, sig=2, sort="correct")), ("j", {})):
            want = reference.pc_correlograms(z, self.half, n_pc=10, **options)
            self.close(self.result(node, "lag0"), want["lag0"], 1e-7)
            self.close(self.result(node, "autocorrelogram"), want["acg"], 1e-6)
        self.assertIn("variant paper: blocks and pairs run across joints of the recording (3 segments)", said)
        self.assertIn("variant paper: blocks and smoothing run across joints", said)

    def test_spectra_and_pairs(self):
        self.recipe(self.entry, [
            "z: {stage: zscore, recording: raw}", "b: {stage: bin, recording: raw, rate: 2.5 Hz}",
            "direct: {stage: spectrum, recording: z, precision: double}", "two: {stage: svca2, recording: z, precision: double}",
            "later: {stage: svca2, recording: z, lag: 50, precision: double}", "one: {stage: svca, recording: z, precision: double}",
            "pairs: {stage: distance, recording: z, top: 0.1, precision: double, sample: 0}",
            "near: {stage: locality, recording: z, components: 4, precision: double}",
            "fit: {stage: powerlaw, spectrum: two.spectrum, ranks: 1..10}", "dim: {stage: dimension, spectrum: direct.spectrum}"])
        z, h1, h2 = reference.zscore(self.kept), np.flatnonzero(self.half), np.flatnonzero(~self.half)
        self.close(self.result("direct", "spectrum"), np.linalg.eigvalsh(z @ z.T / z.shape[1])[::-1], 1e-8)
        self.close(self.result("two", "spectrum"), reference.svca2(z, h1, h2), 1e-8)
        edges = np.cumsum([0] + self.lengths)
        c = sum(z[h1][:, a + 50:b] @ z[h2][:, a:b - 50].T for a, b in zip(edges, edges[1:]) if b - a > 50)
        self.close(self.result("later", "spectrum"), np.linalg.svd(c, compute_uv=False), 1e-8)
        split = reference.time_split(z.shape[1])
        want = reference.svca(z, h1, h2, *[split[k] for k in ("train", "test")] if isinstance(split, dict) else split[-2:])
        self.close(self.result("one", "spectrum"), want["scov"], 1e-7)
        self.close(self.result("b", "recording/activity"), reference.bin_time(self.kept, 8, "mean", self.lengths), 1e-6)
        cov = z @ z.T / z.shape[1]
        want = reference.strong_pairs(cov, reference.pair_distance(*self.place), 0.1, variant="corrected")
        self.close(self.result("pairs", "correlation")[:5], want["curve_mean"][:5], 1e-8)
        want = reference.locality(reference.pc_weights(z, 4), *self.place, empty="skip")
        self.close(self.result("near", "ratio"), want["ratio"], 1e-6)

    def test_a_shuffle_says_that_joints_move(self):
        said = self.recipe(self.entry + ", state: bad", ["z: {stage: zscore, recording: raw}", "s: {stage: shuffle, recording: z}",
                                                         "two: {stage: svca2, recording: s, precision: double}"])
        self.assertIn("3 segments", said)
        self.assertIsNone(self.part("s", "state"))
        z = reference.roll_rows(reference.zscore(self.kept), self.part("s", "shift"))
        self.close(self.result("two", "spectrum"), reference.svca2(z, np.flatnonzero(self.half), np.flatnonzero(~self.half)), 1e-7)

    def test_running_against_rest(self):
        """S19: pairs with both ends in the state, equal amounts."""
        state = np.repeat(np.random.default_rng(2).integers(0, 2, 61), 50)[:self.x.shape[1]]
        np.savez(self.path("x.npz"), sp=self.x, state=state, xpos=self.place[0], ypos=self.place[1])
        nodes = []
        for name, mine, other in (("run", 1, 0), ("rest", 0, 1)):
            nodes += [f"{name}: {{stage: timewindows, recording: raw, states: [{mine}], as_many_as: [{other}]}}", f"z{name}: {{stage: zscore, recording: {name}, eps: 0.001}}",
                      f"d{name}: {{stage: dmd, recording: z{name}, components: 10, ridge: 0.1, block: 5000, precision: double}}",
                      f"s{name}: {{stage: svca2, recording: z{name}, precision: double}}"]
        self.recipe("path: x.npz, rate: 20 Hz, state: state", nodes)
        n = min((state == 0).sum(), (state == 1).sum())
        for name, mine in (("run", 1), ("rest", 0)):
            mask = state == mine
            mask[np.flatnonzero(mask)[n:]] = False
            z = reference.zscore(self.x[:, mask].astype("f8"), 0, 1e-3)
            want = reference.dmd(z, 5, 0.1, 10, 5000, "blocks", runs_of(mask).tolist())
            self.assertLess(np.abs(np.sort_complex(self.eigenvalues("d" + name)) - np.sort_complex(want)).max(), 1e-7)
            self.close(self.result("s" + name, "spectrum"), reference.svca2(z, np.flatnonzero(self.half), np.flatnonzero(~self.half)), 1e-7)

    def test_thousands_of_short_segments(self):
        nt = 60000
        x = activity(20, nt)
        state = (np.arange(nt) // 7 % 2).astype("u1")
        np.savez(self.path("x.npz"), sp=x, state=state)
        self.recipe("path: x.npz, rate: 20 Hz, state: state", [
            "w: {stage: timewindows, recording: raw, states: [1]}", "z: {stage: zscore, recording: w, eps: 0.001}",
            "d: {stage: dmd, recording: z, components: 5, precision: double}", "s: {stage: shuffle, recording: z}",
            "t: {stage: spectrum, recording: [z, s], precision: double}"])
        mask = state == 1
        z = reference.zscore(x[:, mask].astype("f8"), 0, 1e-3)
        want = reference.dmd(z, 5, 0.01, 5, 10000, "blocks", runs_of(mask).tolist())
        self.assertLess(np.abs(np.sort_complex(self.eigenvalues("d")) - np.sort_complex(want)).max(), 1e-7)
        self.close(self.result("t@z", "spectrum"), np.linalg.eigvalsh(z @ z.T / z.shape[1])[::-1], 1e-8)


class Real(Windows):
    """The worm recording has times, a vector of reversals, a speed and a list of them in frames."""

    def test_worm(self):
        path = os.path.abspath(os.path.join(SHARED, "recordings", "worm-wholebrain130-h5", "2022-01-16-01-data.h5"))
        entry = f"path: {path}, activity: gcamp/trace_array_original, orientation: frames-first, times: timing/timestamp_confocal"
        self.recipe(entry + ", state: behavior/reversal_vec", [
            "back: {stage: timewindows, recording: raw, states: [1], as_many_as: [0]}", "part: {stage: timewindows, recording: raw, intervals: [607900 s, 608000 s]}",
            "z: {stage: zscore, recording: back}", "d: {stage: dmd, recording: z, components: 5}"])
        with h5py.File(path) as f:
            x, time, back = f["gcamp/trace_array_original"][()].T.astype("f4"), f["timing/timestamp_confocal"][()], f["behavior/reversal_vec"][()]
            speed = f["behavior/velocity"][()]
        finite = np.isfinite(x).all(1)
        mask = back == 1
        mask[np.flatnonzero(mask)[(back == 0).sum():]] = False
        self.same("back", x[finite][:, mask], runs_of(mask), back[mask])
        got = self.matrix("part")
        self.assertLess(abs(got.shape[1] - ((time >= 607900) & (time < 608000)).sum()), 3)
        self.recipe(entry + ", state: behavior/velocity, threshold: 0.05", [])
        self.same("raw", x[finite], [799], np.where(np.isnan(speed), -1, speed > 0.05))


if __name__ == "__main__":
    unittest.main(verbosity=1)
