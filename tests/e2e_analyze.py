"""The analyses through the program: golden recordings, and recordings that are too small, deficient or unfit."""
import math
import os
import subprocess
import unittest

import h5py
import numpy as np

from support.analyses import RUMBLE, SHARED, Analyses, RealRecordings, golden


class Golden(Analyses):
    """Every golden recording with positions, in both precisions."""

    def compare(self, name):
        with golden(name) as f:
            x, cases = f["input"], f["cases"]
            self.save(x["X"][()], xpos=x["xpos"][()], ypos=x["ypos"][()])
            halves = {h: "[" + ", ".join(map(str, cases["svca2_random/input"][h][()])) + "]" for h in ("half1", "half2")}
            given = f"halves: given, half1: {halves['half1']}, half2: {halves['half2']}"
            stages = []
            for p in ("single", "double"):
                stages += [f"direct_{p}: {{stage: spectrum, recording: z, precision: {p}}}",
                           f"two_{p}: {{stage: svca2, recording: z, precision: {p}}}",
                           f"forty_{p}: {{stage: svca2, recording: z, spacing: 40 um, precision: {p}}}",
                           f"lag_{p}: {{stage: svca2, recording: z, lag: 4, precision: {p}}}",
                           f"given_{p}: {{stage: svca2, recording: z, {given}, precision: {p}}}",
                           f"one_{p}: {{stage: svca, recording: z, precision: {p}}}",
                           f"half_{p}: {{stage: svca, recording: z, test_fraction: 0.5, precision: {p}}}",
                           f"fit_{p}: {{stage: powerlaw, spectrum: two_{p}.spectrum, variant: paper}}",
                           f"drop_{p}: {{stage: powerlaw, spectrum: two_{p}.spectrum}}"]
            self.run_recipe(stages)
            for p, tolerance in (("single", 1e-4), ("double", 1e-8)):
                expected = lambda case, what: cases[case]["expected"][what][()]
                for node, case in (("direct", "eig_ddof0"), ("two", "svca2"), ("forty", "svca2_40"), ("lag", "svca2_lag4"),
                                   ("given", "svca2_random")):
                    self.close(self.result(f"{node}_{p}", "spectrum"), expected(case, "s"), tolerance)
                for node, case in (("one", "svca"), ("half", "svca_half")):
                    for name, what in (("spectrum", "scov"), ("total", "varcov"), ("training", "train_singular")):
                        self.close(self.result(f"{node}_{p}", name), expected(case, what), tolerance)
                for node, case in (("fit", "svca2"), ("drop", "svca2_drop")):
                    self.close(self.result(f"{node}_{p}", "exponent"), expected(case, "fit_alpha"), tolerance)
                    self.close(self.result(f"{node}_{p}", "r"), expected(case, "fit_r_paper" if node == "fit" else "fit_r_weighted"), tolerance)
                    self.close(self.result(f"{node}_{p}", "intercept"), expected(case, "fit_intercept"), tolerance)
                    self.assertEqual(self.result(f"{node}_{p}", "used"), expected(case, "fit_used"))

    def test_symmetric(self):
        self.compare("symmetric200.h5")

    def test_ephys(self):
        self.compare("ephys151.h5")


class Recordings(RealRecordings):
    """Real recordings, exported as matrices and computed again in numpy, in double precision."""

    entries = {
        "miniscope": ("critical-init-npz/F_miniscope219.npz", "rate: 22 Hz"),
        "tectum": ("critical-init-npz/F_zftectum114.npz", "rate: 22 Hz"),
        "face": ("critical-init-npz/T219_spks_face.npz", "rate: 22 Hz"),
        "hennig": ("retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", "format: hdf5"),
        "stafford": ("retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", "format: hdf5"),
    }
    half1, half2 = list(range(0, 40, 2)), list(range(1, 40, 2))

    def test_in_numpy(self):
        given, stages = f"halves: given, half1: {self.half1}, half2: {self.half2}", ["shuffled: {stage: shuffle, recording: z}"]
        for p in ("single", "double"):
            stages += [f"direct_{p}: {{stage: spectrum, recording: [z, shuffled], precision: {p}}}",
                       f"two_{p}: {{stage: svca2, recording: [z, shuffled], {given}, precision: {p}}}",
                       f"one_{p}: {{stage: svca, recording: [z, shuffled], {given}, precision: {p}}}"]
        self.write("2 Hz", *stages)
        self.rumble("run", self.path("recipe.yaml"), "--out", self.path("out"))
        for name in self.entries:
            for branch in ("z", "shuffled"):
                self.rumble("export", self.path("recipe.yaml"), f"{name}/{branch}", "--format", "npy", "--out", self.path(f"{name}-{branch}.npy"))
                z = np.load(self.path(f"{name}-{branch}.npy")).astype(np.float64)
                nn, nt = z.shape
                z1, z2 = z[self.half1], z[self.half2]
                direct = np.maximum(np.linalg.eigvalsh(z @ z.T / nt)[::-1], 0)
                direct[min(nn, nt - 1):] = 0
                two = np.linalg.svd(z1 @ z2.T, compute_uv=False)
                training, scov, varcov = self.svca(z1, z2)
                for p in ("single", "double"):      # what is exported is rounded to single precision
                    with self.subTest(recording=name, branch=branch, precision=p):
                        self.close(self.of(name, f"direct_{p}@{branch}", "spectrum"), direct, 1e-5)
                        self.close(self.of(name, f"two_{p}@{branch}", "spectrum"), two, 1e-5)
                        found = self.of(name, f"one_{p}@{branch}", "training")
                        n = len(found)
                        self.assertGreater(n, 0)
                        self.close(found, training[:n], 1e-5)
                        # directions of close training values mix: sums over all are defined better than each
                        self.close(self.of(name, f"one_{p}@{branch}", "spectrum"), scov[:n], 1e-3)
                        self.close(self.of(name, f"one_{p}@{branch}", "total"), varcov[:n], 1e-3)

    def svca(self, z1, z2):
        """Published blocks of frames, T >= 160: the labels of 40 blocks."""
        nt = z1.shape[1]
        self.assertGreaterEqual(nt, 160)
        labels, length = "0310333313120320002123320111101030312330", nt // 40 - 3
        starts = [int(i * ((nt - length - 5) / 39)) for i in range(39)] + [nt - length - 5]
        frames = lambda test: np.concatenate([np.arange(a, a + length) for a, c in zip(starts, labels) if (c == "0") == test])
        train, test = frames(False), frames(True)
        u, s, vt = np.linalg.svd(z1[:, train] @ z2[:, train].T)
        p, q = u.T @ z1[:, test], vt @ z2[:, test]
        return s, (p * q).mean(1), (p * p + q * q).mean(1) / 2


class Small(Analyses):
    """Too few frames or neurons, copies, and what the user is told."""

    def signals(self, nn, nt):
        rng = np.random.default_rng(3)
        return rng.standard_normal((nn, 4)) @ rng.standard_normal((4, nt)) + rng.standard_normal((nn, nt))

    def test_fewer_frames_than_neurons(self):
        self.save(self.signals(90, 61))
        said = self.run_recipe(["direct: {stage: spectrum, recording: z}", "fit: {stage: powerlaw, spectrum: direct.spectrum}",
                                "one: {stage: svca, recording: z, halves: random}"])
        s = self.result("direct", "spectrum")
        self.assertEqual(s.shape, (90,))
        self.assertAlmostEqual(s.sum(), 90, places=3)
        self.assertTrue((s[:60] > 0).all() and (s[60:] == 0).all())
        self.assertIn("60 of 90 eigenvalues", said)
        self.assertIn("ends at rank 90", said)
        self.assertIn("beyond half of the 60 components", said)
        self.assertIn("61 frames", said)
        n = len(self.result("one", "spectrum"))
        self.assertLessEqual(n, 29)     # blocks of one frame, 15 of them
        self.assertEqual((len(self.result("one", "total")), len(self.result("one", "training"))), (n, n))

    def test_every_neuron_twice(self):
        x = self.signals(20, 500)
        self.save(np.concatenate([x, x]))
        said = self.run_recipe(["direct: {stage: spectrum, recording: z}",
                                f"two: {{stage: svca2, recording: z, halves: given, half1: {list(range(20))}, half2: {list(range(20, 40))}}}"])
        s = self.result("direct", "spectrum")
        self.assertTrue((s[:20] > 0).all() and (s[20:] == 0).all())
        self.assertIn("20 of 40 eigenvalues", said)
        two = self.result("two", "spectrum")
        self.assertLess(np.abs(two - s[:20] / 2 * 500).max(), 1e-4 * two[0])    # C = Z Z' of one copy

    def test_fits_in_numpy(self):
        """Fits of every kind to the program's own spectra; to 1e-12, so that weights in single precision show."""
        self.save(self.signals(60, 400))
        fits = [("d", r, v) for r in ("1..5", "11..500", "2..3", "5..6", "11..60", "1..2", "3..40") for v in ("default", "paper")]
        fits += [("v", r, "paper") for r in ("1..5", "2..3", "1..12")]     # some of its values are negative
        self.run_recipe(["d: {stage: spectrum, recording: z, precision: double}", "v: {stage: svca, recording: z, halves: random}"] +
                        [f"f{i}: {{stage: powerlaw, spectrum: {n}.spectrum, ranks: {r}, variant: {v}}}" for i, (n, r, v) in enumerate(fits)])
        for i, (n, r, v) in enumerate(fits):
            with self.subTest(spectrum=n, ranks=r, variant=v):
                s = self.result(n, "spectrum")
                first, last = int(r.split("..")[0]), min(int(r.split("..")[1]), len(s))
                rank = np.arange(first, last + 1)
                w = (1 / rank.astype("f4")).astype("f4").astype("f8") if v == "paper" else 1 / rank
                x, y = np.log(rank), np.log(np.abs(s[first - 1:last]))
                x, y = x - np.average(x, weights=w), y - np.average(y, weights=w)
                self.assertAlmostEqual(float(self.result(f"f{i}", "exponent")), -(w * x * y).sum() / (w * x * x).sum(), delta=1e-11)
                found = float(self.result(f"f{i}", "r"))
                if v == "default":
                    self.assertAlmostEqual(found, (w * x * y).sum() / np.sqrt((w * x * x).sum() * (w * y * y).sum()), delta=1e-11)
                    continue
                low, high = math.log(first), math.log(last - 1)
                k = np.array([int(math.exp(low + j * ((high - low) / 99))) for j in range(99)] + [int(math.exp(high))])
                if k.min() == k.max():
                    self.assertTrue(math.isnan(found))
                else:
                    self.assertAlmostEqual(found, np.corrcoef(np.log(k), np.log(np.abs(s[k])))[0, 1], delta=1e-11)

    def test_trust_in_numpy(self):
        """What goes beside an exponent, against regressions by numpy."""
        self.save(self.signals(160, 900))
        self.run_recipe(["d: {stage: spectrum, recording: z, precision: double}",
                         "f: {stage: powerlaw, spectrum: d.spectrum, ranks: 6..500, reach: 0.75, firsts: 2..20, lasts: 30..110}"])
        s = self.result("d", "spectrum")
        found = {name: self.result("f", name) for name in (
            "exponent", "standard_error", "r_squared", "curvature", "used", "resolved", "band", "first_tried", "last_tried", "by_first", "by_last",
            "by_last_low", "by_last_high", "band_low", "band_high", "local_rank", "local_exponent")}

        def fit(first, last, degree=1, **more):
            rank = np.arange(first, last + 1)
            return np.polyfit(np.log(rank), np.log(s[first - 1:last]), degree, w=np.sqrt(1 / rank), **more)

        line, covariance = fit(6, 120, cov=True)
        self.assertEqual((found["used"], found["resolved"]), (115, 80))
        self.assertAlmostEqual(float(found["exponent"]), -line[0], delta=1e-11)
        self.assertAlmostEqual(float(found["standard_error"]) / math.sqrt(covariance[0, 0]), 1, delta=1e-9)
        self.assertAlmostEqual(float(found["curvature"]), -2 * fit(6, 120, 2)[0] * math.log(10), delta=1e-9)
        rank = np.arange(6, 121)
        y, w = np.log(s[5:120]), 1 / rank
        explained = 1 - (w * (y - np.polyval(line, np.log(rank))) ** 2).sum() / (w * (y - np.average(y, weights=w)) ** 2).sum()
        self.assertAlmostEqual(float(found["r_squared"]), explained, delta=1e-11)

        first, last = found["first_tried"].astype(int), found["last_tried"].astype(int)
        np.testing.assert_array_equal(first, np.unique(np.round(np.geomspace(2, 20, 8))))
        np.testing.assert_array_equal(last, np.unique(np.round(np.geomspace(30, 110, 12))))
        expected = np.array([[-fit(a, b)[0] if b >= 4 * a else np.nan for b in last] for a in first])
        np.testing.assert_allclose(found["band"], expected, rtol=1e-9, equal_nan=True)
        expected = np.vstack([expected, [-fit(6, b)[0] for b in last]])
        np.testing.assert_allclose(found["by_last_low"], np.nanmin(expected, axis=0), rtol=1e-9)
        np.testing.assert_allclose(found["by_last_high"], np.nanmax(expected, axis=0), rtol=1e-9)
        resolved = expected[:, last <= 80]
        self.assertAlmostEqual(float(found["band_low"]), np.nanmin(resolved), delta=1e-9)
        self.assertAlmostEqual(float(found["band_high"]), np.nanmax(resolved), delta=1e-9)
        np.testing.assert_allclose(found["by_first"], [-fit(a, 120)[0] for a in first], rtol=1e-9)
        np.testing.assert_allclose(found["by_last"], [-fit(6, b)[0] for b in last], rtol=1e-9)
        edge = np.round(6 * (121 / 6) ** (np.arange(5) / 4)).astype(int)                        # four octaves
        np.testing.assert_allclose(found["local_rank"], np.sqrt(edge[:-1] * (edge[1:] - 1.)), rtol=1e-12)
        np.testing.assert_allclose(found["local_exponent"], [-fit(a, b - 1)[0] for a, b in zip(edge[:-1], edge[1:])], rtol=1e-9)

    def test_ranks_above_chance(self):
        """Strong components in noise: the others are no higher than those of the shuffle, and a fit that reaches them is warned of."""
        rng = np.random.default_rng(4)
        self.save(rng.standard_normal((120, 12)) @ rng.standard_normal((12, 500)) + 3 * rng.standard_normal((120, 500)))
        stages = ["shuffled: {stage: shuffle, recording: z}", "two: {stage: svca2, recording: [z, shuffled], halves: random}"]
        fit = "f: {{stage: powerlaw, spectrum: two.spectrum, chance: two@shuffled.spectrum, ranks: 1..{}, firsts: 1..3}}"
        said = self.run_recipe(stages + [fit.format(30)])
        above = int((self.result("two@z", "spectrum") > self.result("two@shuffled", "spectrum")[0]).sum())
        self.assertTrue(8 <= above <= 12, above)
        self.assertIn(f"ranks 1..30 were fitted, but the spectrum is above chance, the largest value of x/two@shuffled, up to rank {above} only", said)
        self.assertEqual(self.result("f@z", "resolved"), above)
        self.assertEqual(self.result("f@z", "last_tried")[0], above // 2)
        self.assertTrue(np.isfinite(self.result("f@z", "band_high")))
        half = len(self.result("two@shuffled", "spectrum")) // 2
        self.assertEqual(self.result("f@shuffled", "resolved"), half)               # its own chance
        self.assertNotIn("components cannot be compared", self.run_recipe(stages + [fit.format(20)]))
        self.assertNotIn("above chance", self.run_recipe(stages + [fit.format(above)]))
        self.assertIn("above chance", self.run_recipe(stages + [fit.format(above + 1)]))

    def test_replicates_give_an_interval(self):
        self.save(self.signals(60, 400), xpos=np.arange(60.), ypos=np.zeros(60))
        halves = "halves: {stage: svca2, recording: [z, shuffled], halves: random, repeat: 7}"
        self.run_recipe(["shuffled: {stage: shuffle, recording: z}", halves, "each: {stage: powerlaw, spectrum: halves.spectrum, ranks: 2..15}",
                         "all: {stage: powerlaw, spectrum: halves#3.spectrum, replicates: halves.spectrum, ranks: 2..15, coverage: 0.8}",
                         "board: {stage: svca2, recording: z, spacing: 2 um}",
                         "alpha: {stage: powerlaw, spectrum: board.spectrum, replicates: halves@z.spectrum, ranks: 2..15}"])
        for branch in ("z", "shuffled"):
            each = np.array([self.result(f"each@{branch}#{i}", "exponent") for i in range(1, 8)])
            self.assertGreater(each.std(), 0)
            np.testing.assert_array_equal(self.result(f"all@{branch}", "replicate_exponent"), each)
            self.assertEqual(self.result(f"all@{branch}", "exponent"), each[2])
            found = [float(self.result(f"all@{branch}", "replicate_" + name)) for name in ("mean", "sd", "low", "high")]
            np.testing.assert_allclose(found, [each.mean(), each.std(ddof=1), *np.percentile(each, (10, 90))], rtol=1e-12)
            if branch == "z":
                found = [float(self.result("alpha", "replicate_" + name)) for name in ("mean", "low", "high")]
                np.testing.assert_allclose(found, [each.mean(), *np.percentile(each, (2.5, 97.5))], rtol=1e-12)
        with h5py.File(self.path("out", "results", "x", "each@z#1.h5")) as f:
            self.assertNotIn("replicate_mean", f)
        said = self.run_recipe([halves.replace("[z, shuffled]", "z").replace("repeat: 7", "repeat: 1"),
                                "all: {stage: powerlaw, spectrum: halves.spectrum, replicates: halves.spectrum, ranks: 2..15}"], expect=1)
        self.assertIn("an interval needs two replicates or more, and there is one", said)
        said = self.run_recipe(["board: {stage: svca2, recording: z, spacing: 2 um, repeat: 3}",
                                "all: {stage: powerlaw, spectrum: board#1.spectrum, replicates: board.spectrum, ranks: 2..15}"])
        self.assertIn("all 3 replicates have the same exponent", said)

    def test_a_replicate_too_short_for_a_fit_is_left_out_and_named(self):
        # half of forty neurons lie in other squares: of twenty drawn at random the smaller part, as long as the spectrum, is 9 or 10, or less
        self.save(self.signals(40, 400), xpos=np.repeat([0., 2.], 20), ypos=np.zeros(40))
        stages = ["some: {stage: subset, recording: z, neurons: 0.5, repeat: 16}", "board: {stage: svca2, recording: some, spacing: 2 um}",
                  "whole: {stage: svca2, recording: z, spacing: 2 um}"]
        said = self.run_recipe(stages + ["all: {stage: powerlaw, spectrum: whole.spectrum, replicates: board.spectrum, ranks: 8..15}"])
        found = self.result("all", "replicate_exponent")
        short = [i for i in range(16) if len(self.result(f"board#{i + 1}", "spectrum")) < 9]
        self.assertTrue(0 < len(short) < 15)
        self.assertEqual([i for i in range(16) if np.isnan(found[i])], short)
        self.assertIn(f"{len(short)} of 16 replicates cannot be fitted and are left out: x/board#{short[0] + 1}", said)
        kept = found[~np.isnan(found)]
        self.assertTrue(np.isclose(self.result("all", "replicate_mean"), kept.mean(), rtol=1e-12))
        self.assertTrue(np.isclose(self.result("all", "replicate_sd"), kept.std(ddof=1), rtol=1e-12))
        self.assertTrue(np.isclose(self.result("all", "replicate_low"), np.percentile(kept, 2.5), rtol=1e-12))
        said = self.run_recipe(stages + ["all: {stage: powerlaw, spectrum: whole.spectrum, replicates: board.spectrum, ranks: 12..15}"], expect=1)
        self.assertIn("an interval needs two replicates that can be fitted, and there is none", said)

    def test_where_warnings_begin(self):
        def said_of(neurons, settings):
            self.save(self.signals(neurons, 1100))
            return self.run_recipe(["d: {stage: spectrum, recording: z}", f"f: {{stage: powerlaw, spectrum: d.spectrum, {settings}}}"])
        self.assertIn("ranks 11..226 were fitted, beyond half of the 451 components", said_of(451, "ranks: 11..226"))
        said = said_of(451, "ranks: 11..225")
        self.assertNotIn("beyond half", said)
        self.assertIn("an exponent of 451 components cannot be compared with the 0.7 to 0.85", said)
        self.assertIn("an exponent of 499 components", said_of(499, "reach: 0.5"))
        self.assertNotIn("warning", said_of(500, "reach: 0.5"))
        self.assertIn("the spectrum ends at rank 500, before 501: ranks 11..500", said_of(500, "ranks: 11..501"))
        for frames, few in ((399, True), (400, False)):
            self.save(self.signals(12, frames))
            said = self.run_recipe(["one: {stage: svca, recording: z, halves: random}"])
            self.assertEqual("too few to tell reliable variance" in said, few, said)

    def test_what_single_precision_loses(self):
        """120 neurons of full rank whose smallest eigenvalue is 4e-9 of the largest."""
        rng = np.random.default_rng(5)
        x = np.linalg.qr(rng.standard_normal((4000, 120)))[0].T * np.logspace(0, -5, 120)[:, None]
        self.save((np.linalg.qr(rng.standard_normal((120, 120)))[0] @ x) * 1e3)
        said = self.run_recipe(["d: {stage: spectrum, recording: z}"])
        self.assertIn("of 120 eigenvalues stand above 1e-06 of the largest; single precision cannot resolve the others. `precision: double`",
                      said)
        said = self.run_recipe(["d: {stage: spectrum, recording: z, precision: double}"])
        self.assertNotIn("of 120 eigenvalues", said)
        self.assertTrue((self.result("d", "spectrum") > 0).all())

    def test_given_halves_are_rows(self):
        x = self.signals(10, 300)
        given = "halves: given, half1: [0, 1, 3, 4], half2: [5, 6, 7, 8]"
        self.save(x)
        self.assertNotIn("name rows", self.run_recipe([f"two: {{stage: svca2, recording: z, {given}}}"]))
        x[2] = 1
        self.save(x)
        said = self.run_recipe([f"two: {{stage: svca2, recording: z, {given}}}"])
        self.assertIn("after neurons were dropped or chosen: row 3 is neuron 4 of the file", said)
        z = np.delete(x, 2, 0)
        z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
        self.close(self.result("two", "spectrum"), np.linalg.svd(z[[0, 1, 3, 4]] @ z[[5, 6, 7, 8]].T, compute_uv=False), 1e-4)

    def test_positions_that_will_not_do(self):
        x = self.signals(12, 300)
        self.save(x)
        said = self.run_recipe(["two: {stage: svca2, recording: z, halves: checkerboard}"], expect=1)
        self.assertIn("no positions", said)
        self.assertIn("halves: random", said)
        said = self.run_recipe(["two: {stage: svca2, recording: z}"])
        self.assertIn("drawn at random", said)
        place = np.zeros(12)
        place[3] = 25
        self.save(x, xpos=place, ypos=np.zeros(12))
        said = self.run_recipe(["two: {stage: svca2, recording: z, halves: checkerboard}"], expect=1)
        self.assertIn("(svca2): recording 'x' has 1 neuron in one half of the checkerboard", said)
        said = self.run_recipe(["two: {stage: svca2, recording: z}"])
        self.assertIn("11 and 1 neuron", said)
        self.save(x[:2])
        said = self.run_recipe(["two: {stage: svca2, recording: z, halves: random}"], expect=1)
        self.assertIn("(2 in all); needs 2 or more; give a recording of 4 neurons or more", said)

    def test_what_is_not_zscored_is_refused(self):
        self.save(self.signals(12, 300))
        for stage in ("spectrum", "svca", "svca2"):
            said = self.run_recipe([f"bad: {{stage: {stage}, recording: raw}}"], expect=1)
            self.assertIn(f": x/bad ({stage}): recording 'x' is not z-scored", said)     # the stage is named once
            self.assertIn("not z-scored", said)
            self.assertIn(f"zscore stage before {stage}", said)

    def test_settings_that_do_not_fit(self):
        self.save(self.signals(12, 300))
        for stages, says in ((["two: {stage: svca2, recording: z, halves: given}"], "half1 and half2"),
                             (["two: {stage: svca2, recording: z, half1: [0, 1], half2: [2, 3]}"], "halves: given"),
                             (["d: {stage: spectrum, recording: z}", "f: {stage: powerlaw, spectrum: d.spectrum, ranks: 7..7}"], "two ranks")):
            self.assertIn(says, self.run_recipe(stages, expect=2, command="check"))
        said = self.run_recipe(["two: {stage: svca2, recording: z, lag: 299}"], expect=1)
        self.assertIn("leaves 1 of the 300 frames", said)
        said = self.run_recipe(["two: {stage: svca2, recording: z, halves: given, half1: [0, 1], half2: [1, 2]}"], expect=1)
        self.assertIn("half2 names neuron 1, which a half holds already; name each neuron once", said)
        said = self.run_recipe(["two: {stage: svca2, recording: z, halves: given, half1: [0, 1], half2: [2, 12]}"], expect=1)
        self.assertIn("has neurons 0 to 11, counted after neurons were dropped; correct half2", said)
        said = self.run_recipe(["d: {stage: spectrum, recording: z}", "f: {stage: powerlaw, spectrum: d.spectrum, ranks: 12..500}"], expect=1)
        self.assertIn("2 or more", said)

    def test_the_paper_s_recipes_on_shared_recordings(self):
        """Of all sizes below the paper's; dmd alone has a published variant that refuses what is shorter than its block."""
        shared = os.path.join(SHARED, "recordings")
        blocks = ["--set", "stages.dmd.variant=blocks"]
        for name, data, more in (("two-photon", "critical-init-npz/F_*.npz", blocks), ("neuropixels", "critical-init-npz/*_spks_face.npz", []),
                                 ("strong-pairs", "facemap-npz/spont_*.npz", [])):
            recipe = os.path.join(os.environ["RUMBLE_SOURCE"], "recipes", f"paper-{name}.yaml")
            done = subprocess.run([RUMBLE, "run", recipe, "--set", f"vars.data={os.path.join(shared, data)}", *more, "--cache", self.path("cache"),
                                   "--out", self.path(name)], capture_output=True, text=True, timeout=600)
            self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("F_zftectum114", "F_miniscope219"):
            with h5py.File(self.path("two-photon", "results", name, "alpha_interval@z.h5")) as f:
                self.assertLess(f["replicate_low"][()], f["replicate_high"][()])

    def test_self_test(self):
        done = subprocess.run([RUMBLE, "selftest"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("all checks passed", done.stdout)
        self.assertNotIn("BAD", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
