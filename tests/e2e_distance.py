"""Pairs against distance, and locality, through the program: golden recordings, and positions that will not do."""
import os
import unittest
import warnings

import h5py
import numpy as np

from support.analyses import Analyses, RealRecordings, golden


class Golden(Analyses):
    geometry = {"plain": "plane", "circular": "circular", "unitbox": "paper"}

    def settings(self, params):
        p = {k: v.decode() if isinstance(v, bytes) else v for k, v in params.items()}
        mode = p.get("mode", "plain")
        box = f", box: {p['box']} um" if mode == "circular" else ""
        return (f"top: {p['top']}, bin: {p['bin_size']} um, bins: {p['n_bins']}, min_distance: {p['dist_min']} um, "
                f"geometry: {self.geometry[mode]}{box}, variant: {p.get('variant', 'paper')}")

    def compare(self, name):
        with golden(name) as f:
            x = f["input"]
            self.save(x["X"][()], xpos=x["xpos"][()], ypos=x["ypos"][()])
            cases = {n: c for n, c in f["cases"].items() if c.attrs["analysis"] == b"strongpairs"}
            self.assertEqual(len(cases), 4)
            self.run_recipe([f"{n}_{p}: {{stage: distance, recording: z, precision: {p}, sample: 3000, {self.settings(c['params'].attrs)}}}"
                             for n, c in cases.items() for p in ("double", "single")])
            for n, c in cases.items():
                expected = {k: v[()] for k, v in c["expected"].items()}
                for p, tolerance in (("double", 1e-8), ("single", 1e-5)):
                    with self.subTest(case=n, precision=p):
                        for ours, theirs in (("odds", "odds"), ("correlation", "curve_mean"), ("correlation_sd", "curve_sd"),
                                             ("correlation_pooled", "cov_pooled"), ("near_far", "near_far")):
                            self.close(self.result(f"{n}_{p}", ours), expected[theirs], tolerance)
                        for which in ("strong", "other"):
                            self.close(self.result(f"{n}_{p}", which), expected[which].mean(0), 1e-14)
            self.sample(x, "pairs_double", "pairs_corrected_double")

    def sample(self, x, paper, corrected):
        """The sample holds pairs as they are, and the corrected one all of them but those excluded, in the same order."""
        d, r = self.result(paper, "sample_distance"), self.result(paper, "sample_correlation")
        self.assertEqual((len(d), len(r)), (3000, 3000))
        out = np.isnan(d)
        self.assertTrue((np.isneginf(r) == out).all() and 0 < out.sum() < 300)
        self.close(self.result(corrected, "sample_distance"), d[~out], 0)
        self.close(self.result(corrected, "sample_correlation"), r[~out], 0)
        z = x["X"][()].astype(np.float64)
        z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
        gap = [p[()][:, None] - p[()][None, :] for p in (x["xpos"], x["ypos"])]
        table = np.sort(np.sqrt(gap[0] ** 2 + gap[1] ** 2).ravel() + 1e4j * (z @ z.T / z.shape[1]).ravel())
        for pair in (d[~out] + 1e4j * r[~out])[:300]:
            self.assertLess(np.abs(table - pair).min(), 1e-6)

    def test_symmetric(self):
        self.compare("symmetric200.h5")

    def test_ephys(self):
        self.compare("ephys151.h5")

    def locality(self, name):
        """Every case whose centre and distance are of one geometry, with the mean that its variant gives."""
        geometry = {("plain", "plain"): "plane", ("plain", "unit"): "paper", ("circular", "circular"): "circular"}
        with golden(name) as f:
            x = f["input"]
            self.save(x["X"][()], xpos=x["xpos"][()], ypos=x["ypos"][()])
            cases = {n: c for n, c in f["cases"].items() if c.attrs["analysis"] == b"locality"}
            self.assertEqual(len(cases), 5)
            stages = []
            for n, c in cases.items():
                p = {k: v.decode() if isinstance(v, bytes) else v for k, v in c["params"].attrs.items()}
                box = f", box: {p['box']} um" if "box" in p else ""
                variant = "corrected" if p.get("empty") == "skip" else "paper"
                stages.append(f"{n}: {{stage: locality, recording: z, precision: double, components: {p['n_pc']}, radius: {p['radius']} um, "
                              f"geometry: {geometry[p.get('com', 'plain'), p.get('gap', 'plain')]}{box}, variant: {variant}}}")
            said = self.run_recipe(stages)
            for n, c in cases.items():
                with self.subTest(case=n):
                    for ours, theirs in (("locality", "mean"), ("ratio", "ratio"), ("near", "n_near")):
                        self.close(self.result(n, ours), c["expected"][theirs][()], 1e-8)
            self.assertEqual("were left out of the mean" in said, any(c["expected"]["n_empty"][()] > 0 for c in cases.values()
                                                                     if "empty" in c["params"].attrs))
            z = x["X"][()].astype(np.float64)
            z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
            value, vector = np.linalg.eigh(z @ z.T / z.shape[1])
            self.close(self.result("locality", "variance"), value[::-1][:30], 1e-8)
            weights = self.result("locality", "weights")
            self.assertEqual(weights.shape, (3, len(z)))
            self.close(np.abs((weights * vector[:, ::-1][:, :3].T).sum(1)), np.ones(3), 1e-8)
            self.assertTrue(((weights - weights.mean(1, keepdims=True)) ** 3).sum(1).min() > 0)

    def test_locality_symmetric(self):
        self.locality("symmetric200.h5")

    def test_locality_ephys(self):
        self.locality("ephys151.h5")

    def test_variance_of_svca(self):
        """dimension and reliable on what svca gives, against its golden values."""
        for name in ("symmetric200.h5", "ephys151.h5"):
            with golden(name) as f, self.subTest(file=name):
                x, expected = f["input"], f["cases/svca/expected"]
                scov, varcov, eigen = expected["scov"][()], expected["varcov"][()], f["cases/eig_ddof0/expected/s"][()]
                self.save(x["X"][()], xpos=x["xpos"][()], ypos=x["ypos"][()])
            self.run_recipe(["one: {stage: svca, recording: z, precision: double}", "direct: {stage: spectrum, recording: z, precision: double}",
                             "part: {stage: reliable, spectrum: one.spectrum, total: one.total}",
                             "size: {stage: dimension, spectrum: one.spectrum}", "all: {stage: dimension, spectrum: direct.spectrum}",
                             "zero: {stage: dimension, spectrum: one.spectrum, negative: zero}"])
            self.close(self.result("part", "reliable"), scov / varcov, 1e-8)
            self.close(self.result("part", "summed"), scov.sum() / varcov.sum(), 1e-8)
            self.close(self.result("part", "up_to"), scov.cumsum() / varcov.cumsum(), 1e-8)
            for node, s in (("size", scov), ("all", eigen), ("zero", np.maximum(scov, 0))):
                self.close(self.result(node, "participation"), s.sum() ** 2 / (s * s).sum(), 1e-8)
                self.close(self.result(node, "cumulative"), s.cumsum() / s.sum(), 1e-8)
                for percent in (50, 80, 95):
                    self.assertEqual(self.result(node, f"components_{percent}"), 1 + np.argmax(s.cumsum() / s.sum() >= percent / 100))


class Recordings(RealRecordings):
    """Real recordings, exported with their positions and computed again in numpy, in double precision."""

    entries = {
        "hennig": ("retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", "format: hdf5"),
        "stafford": ("retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", "format: hdf5"),
        "retina": ("facemap-npz/spont_retina1240.npz", "rate: 3 Hz"),
        "miniscope": ("critical-init-npz/F_miniscope219.npz", "rate: 22 Hz"),
    }

    def odds(self, r, d, top, width, nbins, nearest):
        """Shares of the admitted pairs, neuron by neuron."""
        strong, other, means = np.zeros(nbins + 1), np.zeros(nbins + 1), []
        for i in range(len(r)):
            partners = np.flatnonzero(d[i] > nearest)
            partners = partners[np.argsort(-r[i, partners], kind="stable")]
            bins = np.minimum(d[i, partners] // width, nbins).astype(int)
            strong += np.bincount(bins[:top], minlength=nbins + 1)
            other += np.bincount(bins[top:], minlength=nbins + 1)
            means.append([r[i, partners[bins == b]].mean() if (bins == b).any() else np.nan for b in range(nbins)])
        return (strong / strong.sum() / (other / other.sum()))[:nbins], np.nanmean(means, 0), strong[:nbins] / len(r), other[:nbins] / len(r)

    def ratio(self, w, places, radius):
        power = w * w
        square = sum((p - (power * p).sum() / power.sum()) ** 2 for p in places)
        near = square <= radius ** 2
        return power[near].mean() / power.mean() if near.any() else np.nan

    def test_in_numpy(self):
        rng = np.random.default_rng(9)
        x, place = rng.exponential(size=(150, 600)) + 2 * rng.exponential(size=(150, 4)) @ rng.exponential(size=(4, 600)), rng.random((150, 3))
        np.savez(self.path("solid.npz"), sp=x.astype(np.float32), xyz=place * [300, 250, 200])      # three coordinates
        self.entries = {**self.entries, "solid": (os.path.abspath(self.path("solid.npz")), "rate: 1 Hz")}
        stages = []
        for p in ("single", "double"):
            stages += [f"d_{p}: {{stage: distance, recording: z, top: 0.05, bin: 60 um, bins: 8, min_distance: 5 um, precision: {p}}}",
                       f"l_{p}: {{stage: locality, recording: z, radius: 120 um, components: 10, precision: {p}}}"]
        self.write("1 Hz", *stages)
        self.rumble("run", self.path("recipe.yaml"), "--out", self.path("out"))
        for name in self.entries:
            self.rumble("export", self.path("recipe.yaml"), f"{name}/z", "--format", "hdf5", "--out", self.path(f"{name}.h5"))
            with h5py.File(self.path(f"{name}.h5"), "r") as f:
                z = f["recording/activity"][()].astype(np.float64)
                places = [f["recording"][axis][()] for axis in ("x", "y", "z") if axis in f["recording"]]
                self.assertEqual(len(places), 3 if name == "solid" else 2)
            d = np.sqrt(sum(np.subtract.outer(p, p) ** 2 for p in places))
            with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")     # bins without pairs
                odds, mean, strong, other = self.odds(z @ z.T / z.shape[1], d, round(0.05 * len(z)), 60, 8, 5)
            u, s, _ = np.linalg.svd(z, full_matrices=False)
            ratio = np.array([self.ratio(u[:, k], places, 120) for k in range(10)])
            for p, tolerance in (("single", 1e-4), ("double", 1e-5)):      # what is exported is rounded to single precision
                with self.subTest(recording=name, precision=p):
                    # in single precision a partner at the cut may change places with the next one
                    cut = 2e-3 if p == "single" else 1e-12
                    self.close(self.of(name, f"d_{p}", "strong"), strong, cut)
                    self.close(self.of(name, f"d_{p}", "other"), other, cut)
                    self.close(self.of(name, f"d_{p}", "odds"), odds, cut)
                    self.close(self.of(name, f"d_{p}", "correlation"), mean, tolerance)
                    # components of close variance mix, so only those that stand apart are compared
                    apart = np.minimum(np.diff(-s[:11]) / s[:10], np.r_[1, np.diff(-s[:10]) / s[:9]]) > 0.02
                    self.assertTrue(apart[0])
                    self.close(self.of(name, f"l_{p}", "ratio")[apart], ratio[apart], 1e-3)


class Places(Analyses):
    """Positions that are missing, incomplete or in the wrong unit, and too few neurons."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(5)
        self.x = rng.standard_normal((120, 3)) @ rng.standard_normal((3, 400)) + rng.standard_normal((120, 400))
        self.place = rng.uniform(0, 900, (2, 120))

    def test_missing(self):
        self.save(self.x)
        for stage in ("distance", "locality"):
            said = self.run_recipe([f"d: {{stage: {stage}, recording: z}}"], expect=1)
            self.assertIn(f"({stage}): recording 'x' has no positions; give x and y", said)

    def test_not_a_number(self):
        self.place[1, [3, 70]] = np.nan
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        said = self.run_recipe(["d: {stage: distance, recording: z}"], expect=1)
        self.assertIn("2 of the 120 neurons of recording 'x' have no position (indices 3, 70)", said)
        self.assertIn("select stage", said)
        box = "[0 um, 900 um, 0 um, 900 um]"
        said = self.run_recipe([f"placed: {{stage: select, recording: z, box: {box}}}", "d: {stage: distance, recording: placed}"])
        self.assertTrue(np.isfinite(self.result("d", "correlation")[:4]).all())

    def test_locality_where_no_neuron_is_near(self):
        """Two groups far apart, and a component that is heavy on both: its centre lies between them."""
        x = np.tile(self.x[0], (120, 1)) + 0.01 * self.x
        self.save(x, xpos=np.repeat([0.0, 5000.0], 60), ypos=np.zeros(120))
        said = self.run_recipe(["d: {stage: locality, recording: z, components: 1, radius: 100 um}",
                                "paper: {stage: locality, recording: z, components: 1, radius: 100 um, variant: paper}",
                                "wide: {stage: locality, recording: z, components: 1, radius: 3 mm}"])
        self.assertIn("1 of 1 components have no neuron within 100 um", said)
        self.assertTrue(np.isnan(self.result("d", "locality")) and np.isnan(self.result("paper", "locality")))
        self.assertEqual(self.result("d", "near"), [0])
        self.assertAlmostEqual(float(self.result("wide", "locality")), 1, places=6)

    def test_fewer_frames_than_neurons(self):
        self.save(self.x[:, :30], xpos=self.place[0], ypos=self.place[1])
        said = self.run_recipe(["d: {stage: locality, recording: z}", "double: {stage: locality, recording: z, precision: double}"])
        self.assertIn("29 of 30 components", said)
        self.assertEqual(self.result("d", "ratio").shape, (29,))
        self.close(self.result("d", "ratio")[:3], self.result("double", "ratio")[:3], 1e-4)

    def test_what_reliable_and_dimension_refuse(self):
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        said = self.run_recipe(["one: {stage: svca, recording: z}", "two: {stage: spectrum, recording: z}",
                                "part: {stage: reliable, spectrum: one.spectrum, total: two.spectrum}"], expect=1)
        self.assertIn("give spectrum and total of the same svca stage", said)
        said = self.run_recipe(["d: {stage: distance, recording: z}", "size: {stage: dimension, spectrum: d.odds}"],
                               expect=2, command="check")
        self.assertIn("rank", said)

    def test_every_neuron_twice(self):
        """The strongest partner of each is its copy, 500 um away; silent neurons correlate with none and do no harm."""
        x = np.concatenate([self.x, self.x, np.full((6, 400), 3.0)])
        place = np.concatenate([self.place[0], self.place[0] + 300, np.linspace(0, 900, 6)])
        depth = np.concatenate([self.place[1], self.place[1] + 400, np.linspace(0, 900, 6)])
        self.save(x, xpos=place, ypos=depth)
        said = self.run_recipe(["d: {stage: distance, recording: z, top: 0.0042, bin: 400 um, bins: 4}",
                                "kept: {stage: zscore, recording: raw, eps: 0.001}",
                                "k: {stage: distance, recording: kept, top: 0.0042, bin: 400 um, bins: 4}"])
        self.assertIn("6 of 246", said)
        self.close(self.result("d", "strong"), [0, 1, 0, 0], 1e-12)
        odds = self.result("d", "odds")
        self.assertTrue(odds[1] > 1 and (odds[[0, 2, 3]] == 0).all())
        strong = self.result("k", "strong")     # six more, whose correlations are all zero
        self.assertAlmostEqual(strong.sum(), 1, places=12)
        self.assertGreaterEqual(strong[1], 240 / 246)

    def test_one_axis(self):
        self.save(self.x, ypos=self.place[1])
        self.run_recipe(["d: {stage: distance, recording: z, bin: 100 um, bins: 5}"])
        self.assertTrue(np.isfinite(self.result("d", "odds")).all())

    def test_all_too_close(self):
        self.save(self.x, xpos=self.place[0] / 100, ypos=self.place[1] / 100)
        said = self.run_recipe(["d: {stage: distance, recording: z}"], expect=1)
        self.assertIn("within min_distance of 20 um of each other", said)
        self.assertIn("give `pixel`", said)

    def test_empty_bins_are_said(self):
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        said = self.run_recipe(["d: {stage: distance, recording: z}"])
        self.assertIn("bins of 200 um hold no pairs", said)
        self.assertTrue(np.isnan(self.result("d", "near_far")) and np.isnan(self.result("d", "odds")[-1]))
        said = self.run_recipe(["d: {stage: distance, recording: z, bin: 60 um}"])
        self.assertNotIn("hold no pairs", said)
        self.assertTrue(np.isfinite(self.result("d", "near_far")))

    def test_too_few_neurons(self):
        self.save(self.x[:40], xpos=self.place[0, :40], ypos=self.place[1, :40])
        said = self.run_recipe(["d: {stage: distance, recording: z}"], expect=1)
        self.assertIn("has 40 neurons", said)
        self.assertIn("larger top", said)
        self.run_recipe(["d: {stage: distance, recording: z, top: 0.1}"])

    def test_settings_that_do_not_fit(self):
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        for settings, says in (("geometry: circular", "needs box"), ("box: 900 um", "box is read only"), ("bins: 1", "bins"),
                               ("top: 0.9", "top"), ("bin: 200", "um")):
            self.assertIn(says, self.run_recipe([f"d: {{stage: distance, recording: z, {settings}}}"], expect=2, command="check"))
        said = self.run_recipe(["d: {stage: distance, recording: z, geometry: circular, box: 500 um}"], expect=1)
        self.assertIn("further than the box of 500 um", said)

    def test_what_is_not_zscored_is_refused(self):
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        said = self.run_recipe(["d: {stage: distance, recording: raw}"], expect=1)
        self.assertIn("zscore stage before distance", said)

    def test_without_a_sample(self):
        self.save(self.x, xpos=self.place[0], ypos=self.place[1])
        self.run_recipe(["d: {stage: distance, recording: z, sample: 0}"])
        with h5py.File(self.path("out", "results", "x", "d.h5"), "r") as f:
            self.assertTrue("odds" in f and "sample_distance" not in f)


if __name__ == "__main__":
    unittest.main(verbosity=2)
