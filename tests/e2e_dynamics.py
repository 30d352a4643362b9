"""Timescales and propagators through the program: golden recordings, known dynamics, and recordings that will not do."""
import os
import subprocess
import sys
import unittest

import numpy as np

from support.analyses import RUMBLE, SHARED, Analyses, golden

sys.path.insert(0, os.path.join(SHARED, "reference"))
import reference    # noqa: E402


def nearest(found, expected):
    """Distance of two sets, each value taken once."""
    left, worst = list(found), 0
    for e in expected:
        i = int(np.argmin(np.abs(np.array(left) - e)))
        worst = max(worst, abs(left.pop(i) - e))
    return worst if not left else np.inf


EPS = "ze: {stage: zscore, recording: raw, eps: 0.001}"


class Golden(Analyses):
    """Golden recordings with positions, every variant that a recipe can ask for, in both precisions."""

    dmds = {
        "dmd_2p": "variant: paper, outside: keep",
        "dmd_ephys": "variant: paper, outside: keep, ridge: 0.1",
        "dmd_top50": "variant: paper, outside: keep, components: 50",
        "dmd_blocks": "outside: keep, components: 50",
        "dmd_revised": "variant: revised, outside: keep, components: 50",
        "dmd_instrumented": "estimator: instrumented, truncate: false, components: {few}",
    }
    timescales = {
        "timescales": "variant: paper, components: {some}, ranks: 1..{ranks}",
        "timescales_both": "sided: both, components: {some}, ranks: 1..{ranks}",
        "timescales_sig2_correct": "variant: paper, smooth: 2, components: {some}, ranks: 1..{ranks}",
        "timescales_sig2_paper": "variant: paper, smooth: 2, sort: paper, components: {some}, ranks: 1..{ranks}",
        "timescales_unit20_skip": "norm: unit, blocks: 20, lags: 60, components: {some}, ranks: 1..{ranks}",
        "timescales_weak": "norm: unit, components: 60, ranks: 1..60",
    }

    def compare(self, name, **sizes):
        with golden(name) as f:
            x, cases = f["input"], f["cases"]
            self.save(x["X"][()], xpos=x["xpos"][()], ypos=x["ypos"][()])
            block = sizes["block"]
            stages = [EPS]
            for p in ("single", "double"):
                stages += [f"{n}_{p}: {{stage: dmd, recording: ze, block: {block}, precision: {p}, {s.format(**sizes)}}}" for n, s in self.dmds.items()]
                stages += [f"{n}_{p}: {{stage: autocorrelogram, recording: ze, precision: {p}, {s.format(**sizes)}}}"
                           for n, s in self.timescales.items()]
            self.run_recipe(stages)
            for p, tolerance in (("single", 1e-3), ("double", 1e-8)):
                for case in self.dmds:
                    e, node = cases[case]["expected"], f"{case}_{p}"
                    got = self.result(node, "eigenvalue_real") + 1j * self.result(node, "eigenvalue_imaginary")
                    want = e["eig_real"][()] + 1j * e["eig_imag"][()]
                    self.assertEqual(got.shape, want.shape)
                    if p == "double" or len(want) <= 50:
                        self.assertLess(nearest(got, want), tolerance * np.abs(want).max())
                    if p == "double":
                        for ours, theirs in (("rotation_percentiles", "rot_percentiles"), ("rotation_mean", "rot_mean"), ("rotation_sd", "rot_sd"),
                                             ("rotation_count", "rot_n"), ("complex_fraction", "complex_fraction"), ("outside_count", "n_outside")):
                            self.assertLessEqual(np.abs(self.result(node, ours) - e[theirs][()]).max(), 1e-8 * (1 + np.abs(e[theirs][()]).max()))
                for case in self.timescales:
                    e, node = cases[case]["expected"], f"{case}_{p}"
                    self.close(self.result(node, "lag0"), e["lag0"][()], tolerance)
                    self.assertTrue((self.result(node, "flag") == e["flag"][()]).all())
                    sound = e["lag0"][()] > 0.05 * e["lag0"][()].max() if p == "single" else slice(None)
                    self.close(self.result(node, "autocorrelogram")[sound], e["acg"][()][sound], tolerance)
                    index, n = self.result(node, "timescale"), len(e["index"][()])
                    self.close(index, self.result(node, "autocorrelogram")[:, 4:7].mean(1), 1e-12)
                    if p == "double":
                        self.close(index[:n], e["index"][()], tolerance)
                        self.close(self.result(node, "r"), e["r"][()], tolerance)
                        self.assertEqual(self.result(node, "left_out"), e["left_out"][()])

    def test_symmetric(self):
        self.compare("symmetric200.h5", block=700, few=20, some=40, ranks=40)

    def test_ephys(self):
        self.compare("ephys151.h5", block=500, few=6, some=12, ranks=6)


class Known(Analyses):
    """Dynamics that are known."""

    def signals(self, nt, noise=1.0, nn=60):
        """Two modes of 20 and 5 frames, the second turning once in 40 frames, in many neurons with noise of their own."""
        rng = np.random.default_rng(5)
        slow, turn = np.zeros(nt), np.zeros(nt, complex)
        for t in range(1, nt):
            slow[t] = np.exp(-1 / 20) * slow[t - 1] + rng.standard_normal()
            turn[t] = np.exp(-1 / 10 + 2j * np.pi / 40) * turn[t - 1] + rng.standard_normal() + 1j * rng.standard_normal()
        modes = np.stack([3 * slow / slow.std(), turn.real / turn.real.std(), turn.imag / turn.imag.std()])
        return rng.standard_normal((nn, 3)) @ modes + noise * rng.standard_normal((nn, nt))

    def test_modes_and_decays(self):
        self.save(self.signals(40000))
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze, components: 3, estimator: instrumented, lag: 2}",
                                "a: {stage: autocorrelogram, recording: ze, halves: random, components: 1, ranks: 1..2}"])
        e = self.result("d", "eigenvalue_real") + 1j * self.result("d", "eigenvalue_imaginary")
        want = np.array([np.exp(-2 / 20), np.exp(-2 / 10 + 4j * np.pi / 40), np.exp(-2 / 10 - 4j * np.pi / 40)])
        self.assertLess(max(np.abs(e - w).min() for w in want), 0.03)
        turns = (2 / 40) / (2 / 10 * np.log10(np.e))
        self.assertLess(abs(self.result("d", "rotation_percentiles")[4] - turns) / turns, 0.2)
        self.assertEqual(self.result("d", "rotation_count"), 2)
        self.assertAlmostEqual(float(self.result("d", "complex_fraction")), 2 / 3, places=9)
        self.assertTrue(np.allclose(self.result("d", "timescale"), -2 / 22 / np.log(np.abs(e)), rtol=1e-12))
        decay, error = self.result("a", "decay")[0], self.result("a", "decay_error")[0]
        self.assertLess(abs(decay - 20 / 22), 5 * error + 0.1)
        self.assertTrue(0 < error < 0.3)
        self.assertIn("r has no value", said)

    def test_workers_change_nothing(self):
        self.save(self.signals(3000))
        stages = [EPS, "d: {stage: dmd, recording: ze}", "a: {stage: autocorrelogram, recording: ze, halves: random}"]
        self.run_recipe(stages)
        first = {(n, o): self.result(n, o) for n, o in (("d", "eigenvalue_real"), ("a", "autocorrelogram"), ("a", "decay"))}
        for jobs in ("1", "2", "3", "8"):
            done = subprocess.run([RUMBLE, "run", self.path("recipe.yaml"), "--cache", self.path("cache" + jobs), "--out", self.path("out"),
                                   "--jobs", jobs], capture_output=True, text=True, timeout=600)
            self.assertEqual(done.returncode, 0, done.stderr)
            for (n, o), kept in first.items():
                self.assertEqual(self.result(n, o).tobytes(), kept.tobytes())


class Shuffled(Analyses):
    """Shifted rows are read as any others."""

    def test_shuffled(self):
        self.save(np.random.default_rng(2).standard_normal((20, 1500)).cumsum(1)[:, ::3])
        self.run_recipe([EPS, "s: {stage: shuffle, recording: ze}", "d: {stage: dmd, recording: s, precision: double, components: 5}",
                         "a: {stage: autocorrelogram, recording: s, halves: random, lags: 20}"])
        shift = self.result("s", "recording/shift")
        x = reference.zscore(np.load(self.path("x.npz"))["sp"], 0, 1e-3)
        want = reference.dmd(reference.roll_rows(x, shift), 5, 0.01, 5, variant="blocks")
        got = self.result("d", "eigenvalue_real") + 1j * self.result("d", "eigenvalue_imaginary")
        self.assertLess(nearest(got, want), 1e-8 * np.abs(want).max())
        self.assertEqual(self.result("a", "autocorrelogram").shape[1], 20)


class Unfit(Analyses):
    """What is too short, too few or singular, and what the user is told."""

    def noise(self, nn, nt):
        return np.random.default_rng(7).standard_normal((nn, nt))

    def test_too_short(self):
        self.save(self.noise(20, 60))
        for stage, says in (("{stage: autocorrelogram, recording: ze}", "100 lags need blocks of as many frames"),
                            ("{stage: autocorrelogram, recording: ze, blocks: 61, lags: 7}", "61 blocks do not fit into 60 frames"),
                            ("{stage: autocorrelogram, recording: ze, blocks: 2, lags: 7, smooth: 2}", "41 of the smoothing kernel"),
                            ("{stage: dmd, recording: ze, variant: paper}", "10005 frames or more"),
                            ("{stage: dmd, recording: ze, lag: 60}", "pairs of frames 60 apart"),
                            ("{stage: dmd, recording: ze, lag: 59, estimator: instrumented}", "pairs of frames 60 apart"),
                            ("{stage: dmd, recording: ze, block: 5}", "no block of 5 frames"),
                            ("{stage: dmd, recording: ze, variant: revised, block: 5}", "longer than the lag of 5")):
            said = self.run_recipe([EPS, f"bad: {stage}"], expect=1)
            self.assertIn(says, said)
            self.assertIn("recording 'x'", said)

    def test_settings(self):
        self.save(self.noise(8, 60))
        for stage, says in (("{stage: dmd, recording: ze, estimator: instrumented, variant: paper}", "standard estimator"),
                            ("{stage: autocorrelogram, recording: ze, ranks: 5..5}", "two ranks"),
                            ("{stage: autocorrelogram, recording: ze, lags: 6}", "lags"),
                            ("{stage: autocorrelogram, recording: ze, blocks: 1}", "blocks")):
            self.assertIn(says, self.run_recipe([EPS, f"bad: {stage}"], expect=2, command="check"))
        for stage in ("dmd", "autocorrelogram"):
            self.assertIn("not z-scored", self.run_recipe([f"bad: {{stage: {stage}, recording: raw}}"], expect=1))

    def test_halves(self):
        place = np.zeros(12)
        place[3] = 25
        self.save(self.noise(12, 2000), xpos=place, ypos=np.zeros(12))
        said = self.run_recipe([EPS, "a: {stage: autocorrelogram, recording: ze, halves: checkerboard}"], expect=1)
        self.assertIn("1 neuron in one half", said)

    def test_fewer_components(self):
        x = self.noise(12, 2000)
        self.save(np.concatenate([x, x]))
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze}", "a: {stage: autocorrelogram, recording: ze, halves: random}"])
        self.assertEqual(len(self.result("d", "eigenvalue_real")), 12)
        self.assertIn("12 of 24 principal components", said)
        self.assertIn("there are no more components", said)
        self.assertIn("not positive", said)     # copies on both sides aside, noise has no lag 0

    def test_fewer_frames_than_neurons(self):
        self.save(self.noise(90, 61))
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze}"])
        self.assertEqual(len(self.result("d", "eigenvalue_real")), 60)
        self.assertIn("56 pairs of frames for 60 components", said)

    def test_singular_without_a_ridge(self):
        self.save(self.noise(30, 31))
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze, ridge: 0, lag: 10}"], expect=1)
        self.assertIn("is singular", said)
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze, ridge: 0, lag: 10, precision: double}"], expect=1)
        self.assertIn("is singular", said)
        self.assertIn("larger ridge", said)

    def test_nothing_decays_or_lasts(self):
        self.save(self.noise(10, 3000))
        said = self.run_recipe([EPS, "d: {stage: dmd, recording: ze}"])
        self.assertIn("rotations have no value", said)
        self.assertTrue(np.isnan(self.result("d", "rotation_mean")))
        self.assertEqual(self.result("d", "rotation_count"), 0)

    def test_no_rate(self):
        self.save(self.noise(10, 3000))
        stages = [EPS, "d: {stage: dmd, recording: ze}", "a: {stage: autocorrelogram, recording: ze, halves: random}"]
        self.recording = None
        said = self.run_recipe(stages)
        self.assertIn("no timescales in seconds", said)
        self.assertIn("lags are in frames", said)
        with self.assertRaises(KeyError):
            self.result("d", "timescale")
        with self.assertRaises(KeyError):
            self.result("a", "decay")


if __name__ == "__main__":
    unittest.main(verbosity=2)
