"""Recordings that are too small, deficient or unfit, through every analysis: each ends in a result, in a fallback that a warning tells of,
or in a sentence. Nothing crashes or hangs, and no number is missing without a word."""
import html
import json
import os
import subprocess
import unittest

import h5py
import numpy as np

from e2e_analyze import RUMBLE, Analyses

N, T = 30, 3000


def slow(nn, nt):
    rng = np.random.default_rng(nn * 10000 + nt)
    modes = np.zeros((5, nt))
    for t in range(1, nt):
        modes[:, t] = 0.9 * modes[:, t - 1] + rng.standard_normal(5)
    return rng.standard_normal((nn, 5)) @ modes + rng.standard_normal((nn, nt))


def places(nn):
    rng = np.random.default_rng(nn)
    return dict(xpos=rng.random(nn) * 900, ypos=rng.random(nn) * 900)


GOOD, RNG = slow(N, T), np.random.default_rng(1)
HOLE = np.where(np.arange(N) == 4, np.nan, RNG.random(N) * 900)
PIXELS = RNG.integers(0, 20, (2, N)).astype("f8")

# what a recording is like: samples, and what the file says of its neurons
RECORDINGS = {
    "one neuron": (slow(1, T), places(1)),
    "two neurons": (slow(2, T), places(2)),
    "three neurons": (slow(3, T), places(3)),
    "one sample": (slow(1, 1), places(1)),
    "one frame": (slow(N, 1), places(N)),
    "two frames": (slow(N, 2), places(N)),
    "five frames": (slow(N, 5), places(N)),
    "nine frames": (slow(N, 9), places(N)),
    "sixty frames": (slow(N, 60), places(N)),
    "equal rows": (np.tile(slow(1, T), (N, 1)), places(N)),
    "copies": (np.concatenate([GOOD[:15], GOOD[:15]]), places(N)),
    "constant rows": (np.where(np.arange(N)[:, None] % 3 == 0, 1.5, GOOD), places(N)),
    "all constant": (np.ones((N, T)), places(N)),
    "rare spikes": (np.eye(N, T, 1000), places(N)),
    "straight lines": (np.outer(1 + RNG.random(N), np.arange(T)), places(N)),
    "alternating": (GOOD * (-1.0) ** np.arange(T), places(N)),
    "white noise": (RNG.standard_normal((N, T)), places(N)),
    "huge": (GOOD * 1e30, places(N)),
    "tiny": (GOOD * 1e-38, places(N)),
    "one spot": (GOOD, dict(xpos=np.zeros(N), ypos=np.zeros(N))),
    "pixels": (GOOD, dict(xpos=PIXELS[0], ypos=PIXELS[1])),
    "a position missing": (GOOD, dict(xpos=HOLE, ypos=RNG.random(N) * 900)),
    "all positions missing": (GOOD, dict(xpos=np.full(N, np.nan), ypos=np.full(N, np.nan))),
    "no positions": (GOOD, {}),
    "every other frame bad": (GOOD, dict(bad=np.arange(T) % 2 == 0, **places(N))),
}

STAGES = {
    "z": "zscore, recording: raw", "ze": "zscore, recording: raw, eps: 0.001",
    "shuffled": "shuffle, recording: z", "published": "shuffle, recording: z, draws: paper",
    "direct": "spectrum, recording: z", "direct_double": "spectrum, recording: ze, precision: double",
    "two": "svca2, recording: z", "two_later": "svca2, recording: z, lag: 3", "two_squares": "svca2, recording: z, halves: checkerboard, spacing: 200 um",
    "one": "svca, recording: z, halves: random", "one_double": "svca, recording: ze, halves: random, precision: double",
    "fit": "powerlaw, spectrum: two.spectrum", "fit_few": "powerlaw, spectrum: two.spectrum, ranks: 1..5",
    "fit_paper": "powerlaw, spectrum: one.spectrum, variant: paper, ranks: 2..5", "fit_direct": "powerlaw, spectrum: direct.spectrum",
    "fit_start": "powerlaw, spectrum: direct.spectrum, reach: 0.2",
    "size": "dimension, spectrum: one.spectrum", "size_direct": "dimension, spectrum: direct.spectrum",
    "reliable": "reliable, spectrum: one.spectrum, total: one.total",
    "slow": "autocorrelogram, recording: z, halves: random",
    "slow_double": "autocorrelogram, recording: ze, halves: random, lags: 7, blocks: 2, ranks: 1..5, precision: double",
    "slow_paper": "autocorrelogram, recording: ze, halves: random, variant: paper, norm: unit, ranks: 1..5, smooth: 2",
    "map": "dmd, recording: ze", "map_paper": "dmd, recording: ze, variant: paper", "map_revised": "dmd, recording: ze, variant: revised",
    "map_bare": "dmd, recording: ze, ridge: 0, precision: double",
    "map_clean": "dmd, recording: ze, estimator: instrumented", "map_whole": "dmd, recording: ze, estimator: instrumented, truncate: false",
    "turns": "reversibility, recording: ze, components: 1..5",
    "far": "distance, recording: z, top: 0.2, bin: 100 um, bins: 9", "far_paper": "distance, recording: z, top: 0.2, bin: 100 um, bins: 5, variant: paper",
    "far_top": "distance, recording: z",
    "wired": "surrogate, like: z, connectivity: local, probability: 0.1",
    "near": "locality, recording: z", "near_paper": "locality, recording: z, variant: paper, radius: 10 um",
}

# recording, node, whether it fails, and what is said then or warned of
SENTENCES = [
    # fewer components than the fit range
    ("one spot", "fit", False, "the spectrum ends at rank"),
    ("three neurons", "fit_direct", True, "the fit begins at rank 11, and the spectrum ends at rank 3"),
    ("white noise", "fit_start", True, "begins at rank 11, and the part of the spectrum that is fitted ends at rank 6"),
    ("equal rows", "fit_few", True, "2 or more values above rounding level"),
    ("equal rows", "fit_paper", True, "the fit begins at rank 2, and the spectrum ends at rank 1"),
    # an empty half of the checkerboard
    ("one spot", "two_squares", True, "0 neurons in one half of the checkerboard (30 in all); needs 2 or more"),
    ("one spot", "two", False, "into 30 and 0 neurons: its halves were drawn at random"),
    # constant or duplicate neurons
    ("constant rows", "z", False, "neurons dropped because they are constant: 10 of 30 (numbers in the file: 0, 3, 6,"),
    ("constant rows", "direct_double", False, "20 of 30 eigenvalues"),
    ("copies", "direct_double", False, "15 of 30 eigenvalues"),
    ("copies", "map", False, "15 of 30 principal components"),
    ("all constant", "z", True, "none of the 30 neurons"),
    ("all constant", "map", True, "no neuron varies"),
    ("all constant", "slow_double", True, "the two halves share nothing"),
    ("all constant", "one_double", True, "share no variance at all"),
    # positions missing or NaN, or in pixels without a scale
    ("no positions", "two", False, "has no positions: its halves were drawn at random"),
    ("no positions", "two_squares", True, "has no positions for a checkerboard"),
    ("no positions", "far", True, "has no positions; give x and y"),
    ("no positions", "near", True, "has no positions; give x and y"),
    ("a position missing", "far", True, "1 of the 30 neurons of recording 'x' have no position (indices 4)"),
    ("a position missing", "near", True, "1 of the 30 neurons"),
    ("a position missing", "two_squares", False, "1 of the 30 neurons of recording 'x' have no position (the first: 4)"),
    ("all positions missing", "far", True, "no neuron of recording 'x' has a position"),
    ("all positions missing", "two", False, "its halves were drawn at random"),
    ("pixels", "raw", False, "if they are pixels give the size of one"),
    ("pixels", "two", False, "into 30 and 0 neurons"),
    ("pixels", "far", False, "8 of 9 bins of 100 um hold no pairs"),
    ("one spot", "far", True, "if positions are in pixels, give `pixel`"),
    # shorter than the lag, than ten blocks, than 10,005 frames
    ("two frames", "two_later", True, "a lag of 3 frames leaves 0 of the 2 frames"),
    ("two frames", "map", True, "pairs of frames 5 apart are needed"),
    ("nine frames", "slow", True, "10 blocks do not fit into 9 frames"),
    ("sixty frames", "slow", True, "100 lags need blocks of as many frames"),
    ("sixty frames", "map_paper", True, "10005 frames or more, a block and the lag, and the recording has 60"),
    ("two frames", "one", True, "too few frames to set any apart"),
    ("nine frames", "published", True, "16 to 2^32 frames"),
    ("five frames", "map_revised", True, "longer than the lag of 5"),
    # singular covariance
    ("nine frames", "map_bare", True, "is singular"),
    ("sixty frames", "map", False, "55 pairs of frames for 30 components: the propagator follows noise"),
    # lag 0 near zero, or none
    ("white noise", "slow", False, "have a lag 0 that is not positive"),
    ("white noise", "slow", False, "have a lag 0 near zero"),
    ("white noise", "map", False, "rotations have no value"),
    ("alternating", "map_clean", True, "nothing but noise to propagate"),
    # next to nothing
    ("one neuron", "two", True, "needs 2 or more"), ("one neuron", "near", True, "1 neuron; needs 2 or more"), ("one neuron", "far", True, "needs more neurons"),
    ("one neuron", "turns", True, "two or more components"), ("two neurons", "slow", True, "needs 2 or more"), ("two neurons", "one", True, "needs 2 or more"),
    ("a position missing", "wired", True, "neuron 4 has none: leave it out"),
    ("one frame", "z", True, "none of the 30 neurons"), ("one frame", "map", True, "too small (neurons: 30, frames: 1)"),
    ("one frame", "direct_double", True, "too small"), ("one sample", "map", True, "too small"), ("equal rows", "slow", False, "r has no value"),
    ("equal rows", "far_paper", False, "bins some neuron has no partners, so that the mean over neurons is NaN"),
    ("white noise", "near_paper", False, "make the mean NaN"),
    # segments of one frame
    ("every other frame bad", "map", True, "no block of 10000 frames or segment of the recording is longer than that; take a smaller `lag`"),
    ("every other frame bad", "two_later", True, "segments: 1500"), ("every other frame bad", "slow", True, "100 lags need blocks"),
    ("every other frame bad", "turns", True, "no segment of one is longer"), ("every other frame bad", "shuffled", False, "1500 segments"),
]

# nodes that do give numbers on what looks hopeless
RESULTS = [("one neuron", "direct"), ("one neuron", "size_direct"), ("one neuron", "map"), ("two neurons", "direct"), ("two neurons", "map"),
           ("two frames", "direct"), ("equal rows", "size_direct"), ("equal rows", "one"), ("equal rows", "map"), ("copies", "two"), ("huge", "map"),
           ("huge", "two"), ("tiny", "direct"), ("rare spikes", "direct"), ("straight lines", "two"), ("constant rows", "far"),
           ("every other frame bad", "two"), ("every other frame bad", "direct")]


class BadInput(Analyses):
    def run_all(self, name):
        """What came of each node: (failed, what was said or warned of), and whether some output is not finite."""
        x, members = RECORDINGS[name]
        np.savez(self.path("x.npz"), sp=x.astype("f4"), **members)
        bad = ", bad_frames: bad" if "bad" in members else ""
        with open(self.path("recipe.yaml"), "w") as f:
            f.write("\n".join(["rumble: 1", "recordings:", f"  - {{name: x, path: x.npz, rate: 20 Hz, orientation: neurons-first{bad}}}", "stages:",
                               "  raw: {stage: load}", *(f"  {n}: {{stage: {s}}}" for n, s in STAGES.items())]) + "\n")
        done = subprocess.run([RUMBLE, "run", self.path("recipe.yaml"), "--cache", self.path("cache"), "--out", self.path("out"), "--json"],
                              capture_output=True, text=True, timeout=240)
        self.assertIn(done.returncode, (0, 1), done.stderr + done.stdout)
        said = {}
        for line in (done.stdout + done.stderr).splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "failed" or "error" in event:
                said[event["node"].split("/")[-1]] = (True, json.dumps(event, ensure_ascii=False), [])
        with open(self.path("out", "report.html")) as f:
            report = html.unescape(f.read())
        for node in ["raw", *STAGES]:
            path = self.path("out", "results", "x", node + ".h5")
            if not os.path.exists(path):
                continue
            missing = []
            with h5py.File(path) as f:
                warnings = json.loads(f.attrs["warnings"])
                f.visititems(lambda n, o: missing.append(n) if isinstance(o, h5py.Dataset) and o.dtype.kind == "f" and "/" not in n
                             and not np.isfinite(o[()]).all() else None)
            for warning in warnings:
                self.assertIn(warning, report, node)
            said[node] = (False, "\n".join(warnings), missing)
        return said

    def test_each(self):
        for name in RECORDINGS:
            said = self.run_all(name)
            for node in STAGES:
                with self.subTest(recording=name, node=node):
                    if node not in said:    # what it reads failed
                        reads = [word.split(".")[0].rstrip(",") for word in STAGES[node].replace(":", "").split()]
                        self.assertTrue(any(said.get(r, (True,))[0] for r in reads if r in STAGES or r == "raw"), "no word on it")
                        continue
                    failed, text, missing = said[node]
                    self.assertNotIn("signal", text)
                    self.assertNotIn("internal", text)
                    self.assertTrue(text or not missing, f"{missing} not finite, and no warning")
            for recording, node, fails, says in SENTENCES:
                if recording == name:
                    with self.subTest(recording=name, node=node, says=says):
                        self.assertIn(node, said)
                        self.assertEqual(said[node][0], fails, said[node])
                        self.assertIn(says, said[node][1])
            for recording, node in RESULTS:
                if recording == name:
                    with self.subTest(recording=name, result=node):
                        self.assertFalse(said[node][0], said[node])


if __name__ == "__main__":
    unittest.main(verbosity=1)
