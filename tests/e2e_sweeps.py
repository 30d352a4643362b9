"""The published sweeps, over bin width (methods S9) and over neurons and duration (S19), against the reference implementation."""
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

RUMBLE, SHARED = os.environ["RUMBLE"], os.environ["RUMBLE_SHARED"]
sys.path.insert(0, os.path.join(SHARED, "reference"))
import reference

FRAMES = 2999


class Sweeps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=".", prefix="sweeps.")
        self.addCleanup(self.folder.cleanup)
        with h5py.File(os.path.join(SHARED, "reference", "golden", "symmetric200.h5"), "r") as f:
            self.x, self.xpos, self.ypos = (f["input"][name][()] for name in ("X", "xpos", "ypos"))
        self.x = self.x[:, :FRAMES]
        np.savez(self.path("x.npz"), sp=self.x, xpos=self.xpos, ypos=self.ypos)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def run_recipe(self, stages, status=0):
        text = ["rumble: 1", "seed: 1", "recordings:", "  - {name: x, path: x.npz, rate: 20 Hz}", "stages:", "  raw: {stage: load}"]
        with open(self.path("recipe.yaml"), "w") as f:
            f.write("\n".join(text + ["  " + s for s in stages]) + "\n")
        done = subprocess.run([RUMBLE, "run", self.path("recipe.yaml"), "--cache", self.path("cache"), "--out", self.path("out")],
                              capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def result(self, node, name):
        with h5py.File(self.path("out", "results", "x", node + ".h5"), "r") as f:
            return f[name][()]

    def close(self, found, expected, tolerance):
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())

    def test_bin_widths(self):
        widths = [1, 2, 3, 5, 9, 17]
        expected = reference.tbin_sweep(self.x.astype(float), widths)
        last = [min(FRAMES // w - 30, 200, 500) for w in widths]
        self.run_recipe([
            "frames: {stage: bin, recording: raw, width: 50 ms}",
            "z:      {stage: zscore, recording: frames, ddof: 1}",
            "direct: {stage: spectrum, recording: z, precision: double}",
            "alpha:  {stage: powerlaw, spectrum: direct, variant: paper}",
            f"widths: {{stage: sweep, value: alpha.exponent, vary: {{frames.width: [{', '.join(f'{50 * w} ms' for w in widths)}], "
            f"alpha.ranks: [{', '.join(f'11..{n}' for n in last)}]}}}}"])
        for i, w in enumerate(widths):
            s, seen = self.result(f"direct@widths+{i + 1}", "spectrum"), min(200, FRAMES // w)
            self.close(s[:seen], expected[i, :seen], 1e-9)
            self.assertTrue((s[seen:] == 0).all(), "beyond the frames there are no values")
        alphas = [reference.fit_powerlaw(expected[i], first=10, stop=n)["alpha"] for i, n in enumerate(last)]
        self.close(self.result("widths", "value"), alphas, 1e-9)
        self.close(self.result("widths", "setting")[0], 0.05 * np.array(widths), 1e-12)

    def expected(self, z, xpos, ypos):
        """Exponents of the three estimators of S19, and their spectra."""
        half = reference.checkerboard(xpos, ypos)
        first, second = np.flatnonzero(half), np.flatnonzero(~half)
        split = reference.time_split(z.shape[1])
        spectra = {"direct": reference.eigenspectrum(z), "svca2": reference.svca2(z, first, second),
                   "svca": reference.svca(z, first, second, split["train"], split["test"])["scov"]}
        fits = {n: reference.fit_powerlaw(s, first=10, stop=min(500, len(s) // 2), weights32=False, small="drop")["alpha"] for n, s in spectra.items()}
        return spectra, fits

    estimators = [
        "direct: {stage: spectrum, recording: z, precision: double}",
        "svca2:  {stage: svca2, recording: z, precision: double}",
        "svca:   {stage: svca, recording: z, precision: double}",
        "alpha:  {stage: powerlaw, spectrum: [direct.spectrum, svca2.spectrum, svca.spectrum], reach: 0.5}"]

    def compare(self, sweep, i, z, xpos, ypos):
        spectra, fits = self.expected(z, xpos, ypos)
        for name, s in spectra.items():
            found = self.result(f"{name}@{sweep}+{i + 1}", "spectrum")
            self.close(found, s[:len(found)], 1e-5)
            self.assertAlmostEqual(self.result(f"{sweep}@{name}", "value")[i], fits[name], delta=2e-5)

    def test_numbers_of_neurons(self):
        shares = [0.26, 0.51, 0.76, 1]
        self.run_recipe([
            "some:   {stage: subset, recording: raw, neurons: 0.5}", "z:      {stage: zscore, recording: some}", *self.estimators,
            f"sizes:  {{stage: sweep, value: alpha.exponent, vary: {{some.neurons: {shares}}}}}"])
        before = set()
        for i, share in enumerate(shares):
            rows = self.result(f"some@sizes+{i + 1}", "recording/id")
            self.assertEqual(len(rows), int(share * 200))
            self.assertTrue(before <= set(rows) and (np.diff(rows) > 0).all(), "smaller subsets lie within larger ones")
            before = set(rows)
            self.compare("sizes", i, reference.zscore(self.x[rows].astype(float)), self.xpos[rows], self.ypos[rows])
        self.assertEqual(self.result("some@sizes+4", "nneurons"), 200)

    def test_durations(self):
        kept, period = [150, 250, 400], 400
        self.run_recipe([
            "whole:  {stage: zscore, recording: raw}", f"some:   {{stage: subset, recording: whole, frames: 400, period: {period}}}",
            "z:      {stage: zscore, recording: some, eps: 0.001}", *self.estimators,
            f"times:  {{stage: sweep, value: alpha.exponent, vary: {{some.frames: {kept}}}}}"])
        whole = reference.zscore(self.x.astype(float))
        for i, k in enumerate(kept):
            t = np.flatnonzero(np.arange(FRAMES) % period < k)
            self.assertEqual(self.result(f"some@times+{i + 1}", "nframes"), len(t))
            self.compare("times", i, reference.zscore(whole[:, t], eps=1e-3), self.xpos, self.ypos)
        self.assertEqual(self.result("some@times+1", "recording/segment").tolist(), [150 * p for p in range(8)])
        self.assertEqual(os.path.realpath(self.path("out/results/x/svca@times+3.h5")), os.path.realpath(self.path("out/results/x/svca.h5")))

    def test_a_set_that_failed_is_left_out_of_later_reports_and_exports_too(self):
        said = self.run_recipe([
            "some:   {stage: subset, recording: raw, neurons: 1}", "z: {stage: zscore, recording: some, eps: 0.001}",
            "direct: {stage: spectrum, recording: z}", "alpha: {stage: powerlaw, spectrum: direct, ranks: 11..80}",
            "sizes:  {stage: sweep, value: alpha.exponent, vary: {some.neurons: [0.02, 0.5, 1]}}"], 1)
        self.assertIn("alpha@sizes+1", said)
        value = self.result("sizes", "value")
        self.assertEqual(np.isnan(value).tolist(), [True, False, False])
        drawn = '>sizes: sweep</h4>'
        for command in (["report"], ["export", "x/sizes", "--out", self.path("sizes.csv"), "--format", "csv"]):
            with open(self.path("out", "report.html"), encoding="utf-8") as f:
                self.assertIn(drawn, f.read())
            words = [RUMBLE, command[0], self.path("recipe.yaml"), *command[1:], "--cache", self.path("cache")]
            done = subprocess.run(words + (["--out", self.path("out")] if command[0] == "report" else []), capture_output=True, text=True, timeout=60)
            self.assertTrue("1 of" in done.stderr if command[0] == "report" else done.returncode == 0, done.stderr)
        np.testing.assert_allclose(np.genfromtxt(self.path("sizes.csv"), delimiter=",", skip_header=1)[:, 1], value)

    def test_what_was_scaled_over_more_frames_is_refused(self):
        said = self.run_recipe(["z:    {stage: zscore, recording: raw}", "some: {stage: subset, recording: z, frames: 100}", "s: {stage: spectrum, recording: some}"], 1)
        self.assertIn("zscore", said)
        said = self.run_recipe(["some: {stage: subset, recording: raw, neurons: 0.001}"], 1)
        self.assertIn("less than one neuron", said)
        said = self.run_recipe(["mixed: {stage: shuffle, recording: raw}", "some: {stage: subset, recording: mixed, frames: 100}"], 1)
        self.assertIn("shift", said)
        said = self.run_recipe(["some: {stage: subset, recording: raw, frames: 500, period: 400}"], 2)
        self.assertIn("a period has 400", said)


if __name__ == "__main__":
    unittest.main()
