"""Analyses of one recording through the program, for tests that compare with golden files."""
import os
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

RUMBLE, SHARED = os.environ["RUMBLE"], os.environ["RUMBLE_SHARED"]


def golden(name):
    path = os.path.join(SHARED, "reference", "golden", name)
    if not os.path.exists(path):
        raise AssertionError(f"golden file {path} is missing")
    return h5py.File(path, "r")


class Analyses(unittest.TestCase):
    """Each test in a folder of its own."""
    recording = "rate: 22 Hz"    # its entry, beside name and path

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=".", prefix="analyses.")
        self.addCleanup(self.folder.cleanup)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def save(self, x, **members):
        np.savez(self.path("x.npz"), sp=np.asarray(x, np.float32), **members)

    def run_recipe(self, stages, expect=0, command="run", options=()):
        """Runs the stages on x.npz; `raw` and `z` stand before them. Returns what was said."""
        more = f", {self.recording}" if self.recording else ""
        text = ["rumble: 1", "seed: 1", "recordings:", f"  - {{name: x, path: x.npz{more}}}", "stages:", "  raw: {stage: load}",
                "  z: {stage: zscore, recording: raw}"]
        with open(self.path("recipe.yaml"), "w") as f:
            f.write("\n".join(text + ["  " + s for s in stages]) + "\n")
        places = ["--cache", self.path("cache"), "--out", self.path("out")] if command == "run" else []
        done = subprocess.run([RUMBLE, command, self.path("recipe.yaml"), *places, *options], capture_output=True, text=True, timeout=600)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, expect, said)
        return said

    def result(self, node, name):
        with h5py.File(self.path("out", "results", "x", node + ".h5"), "r") as f:
            return f[name][()]

    def close(self, found, expected, tolerance):
        """NaN meets NaN and nothing else."""
        found, expected = np.asarray(found), np.asarray(expected)
        self.assertEqual(found.shape, expected.shape)
        self.assertTrue((np.isnan(found) == np.isnan(expected)).all(), (found, expected))
        there = np.isfinite(expected)
        self.assertTrue((np.isinf(found) == np.isinf(expected)).all(), (found, expected))
        if there.any():
            self.assertLessEqual(np.abs(found - expected)[there].max(), tolerance * np.abs(expected[there]).max())


class RealRecordings(Analyses):
    """Recordings that are not part of the project, side by side in one recipe."""
    entries = {}    # name: (path below recordings/, settings)

    def write(self, rate, *stages):
        """A recipe for all of them in which `raw`, `active`, `frames` of that rate and `z` stand before the stages."""
        lines = ["rumble: 1", "seed: 1", "recordings:"]
        for name, (file, settings) in self.entries.items():
            path = os.path.abspath(os.path.join(SHARED, "recordings", file))
            if not os.path.exists(path):
                raise AssertionError(f"recording {path} is missing")
            lines.append(f"  - {{name: {name}, path: {path}, {settings}}}")
        lines += ["stages:", "  raw: {stage: load}", "  active: {stage: select, recording: raw, min_rate: 0.05 Hz}",
                  f"  frames: {{stage: bin, recording: active, rate: {rate}}}", "  z: {stage: zscore, recording: frames}"]
        with open(self.path("recipe.yaml"), "w") as f:
            f.write("\n".join(lines + ["  " + s for s in stages]) + "\n")

    def rumble(self, *words):
        done = subprocess.run([RUMBLE, *words, "--cache", self.path("cache")], capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def of(self, recording, node, name):
        with h5py.File(self.path("out", "results", recording, node + ".h5"), "r") as f:
            return f[name][()]
