"""The paper's recipes run from end to end on files of the published layouts, and give what the formulas give."""
import os
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

from support.running import Place, RUMBLE, SOURCE


def two_photon(path, rng, neurons, frames):
    """sp, xpos, ypos, snr: slow components of power-law variance, seen through noise, as deconvolved activity."""
    latent = rng.standard_normal((40, frames))
    for t in range(1, frames):
        latent[:, t] = 0.9 * latent[:, t - 1] + 0.4 * latent[:, t]
    x = rng.standard_normal((neurons, 40)) @ (latent * np.arange(1, 41)[:, None] ** -0.4) + rng.standard_normal((neurons, frames))
    snr = rng.uniform(0.1, 1, neurons)
    snr[:3] = 0.3, 0.31, 0.2
    np.savez(path, sp=np.maximum(x, 0).astype(np.float32), xpos=rng.uniform(0, 1200, neurons), ypos=rng.uniform(-300, 900, neurons), snr=snr)


def probes(path, rng, neurons, frames):
    """spks, areas, ypos, iprobe: counts at 22 Hz; two units below 0.01 spikes/s."""
    slow = np.repeat(rng.standard_normal((20, frames // 10 + 1)), 10, axis=1)[:, :frames]
    counts = rng.poisson(0.2 * np.exp(0.4 * rng.standard_normal((neurons, 20)) @ slow)).clip(0, 255)
    counts[5:7] = 0
    counts[5, :3] = 1
    np.savez(path, spks=counts.astype(np.uint8), areas=np.array(["V1", "TH"] * (neurons // 2)), ypos=rng.integers(0, 96, neurons) * 20.,
             iprobe=np.arange(neurons) % 8)


def zscored(x, eps=0):
    x = x.astype(float)
    return (x - x.mean(1, keepdims=True)) / (eps + x.std(1, keepdims=True))


def first_half(x, y, spacing):
    return (np.mod(x, 2 * spacing) < spacing) == (np.mod(y, 2 * spacing) < spacing)


def svca2(z, half):
    return np.linalg.svd(z[half] @ z[~half].T, compute_uv=False)


def exponent(s):
    rank = np.arange(11, min(500, len(s)) + 1)
    return -np.polyfit(np.log(rank), np.log(np.abs(s[rank - 1])), 1, w=np.sqrt(1 / rank))[0]


def dmd(z, ridge):
    """Published: pairs run on, what lies behind the last whole block of 10,000 is dropped. All components are kept: z has fewer than 1,000."""
    used = (z.shape[1] - 5) // 10000 * 10000
    p = np.linalg.eigh(z @ z.T)[1].T @ z
    now, later = p[:, :used], p[:, 5:5 + used]
    return np.linalg.eigvals(np.linalg.solve(now @ now.T / used + ridge * np.eye(len(p)), now @ later.T / used))


def timescales(z, half, smooth):
    """Index of the first component: blocks in turn for fit and test, correlogram over its value at lag 0."""
    width = z.shape[1] // 10
    block = [zscored(z[:, i * width:(i + 1) * width], 1e-3) for i in range(10)]
    fit = np.concatenate(block[::2], axis=1)
    if smooth:
        kernel = np.exp(-np.arange(-20, 21) ** 2 / (2 * smooth ** 2))
        fit = np.array([np.convolve(row, kernel, "valid") for row in fit])
    u, _, v = np.linalg.svd(fit[half] @ fit[~half].T)
    lagged = np.zeros(width)
    for b in block[1::2]:
        p, q = u[:, 0] @ b[half], v[0] @ b[~half]
        lagged += np.fft.ifft(np.fft.fft(p) * np.conj(np.fft.fft(q))).real
    return (lagged / lagged[0])[4:7].mean()


class PaperRecipes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rumble-test-")
        self.addCleanup(folder.cleanup)
        self.place = Place(folder.name)
        self.rng = np.random.default_rng(8)

    def run_recipe(self, name, *more):
        words = [os.path.join(SOURCE, "recipes", name)] + [w for setting in more for w in ("--set", setting)]
        subprocess.run([RUMBLE, "check", *words], check=True)
        return self.place.run("run", *words, "--out", self.place.file("out"))

    def result(self, recording, node, name):
        with h5py.File(self.place.file(f"out/results/{recording}/{node}.h5")) as f:
            return f[name][()]

    def spectra_agree(self, recording, z, half):
        for node, s in (("svca2@z", svca2(z, half)), ("direct", np.linalg.eigvalsh(z @ z.T / z.shape[1])[::-1])):
            np.testing.assert_allclose(self.result(recording, node, "spectrum"), s, rtol=0, atol=1e-5 * s[0])
            alpha = node.replace("svca2", "alpha").replace("direct", "alpha_direct")
            self.assertAlmostEqual(float(self.result(recording, alpha, "exponent")), exponent(s), delta=1e-3)
        self.assertLess(float(self.result(recording, "alpha@shuffled", "exponent")), float(self.result(recording, "alpha@z", "exponent")))

    def dynamics_agree(self, recording, z, half, ridge, smooth):
        found = self.result(recording, "dmd", "eigenvalue_real") + 1j * self.result(recording, "dmd", "eigenvalue_imaginary")
        expected = dmd(z, ridge)
        self.assertEqual(len(found), z.any(axis=1).sum())           # a silent unit adds a zero to those in numpy
        self.assertLess(max(np.abs(expected - e).min() for e in found), 2e-4)
        self.assertLess(max(np.abs(found - e).min() for e in expected if abs(e) > 0.05), 2e-4)
        self.assertAlmostEqual(float(self.result(recording, "timescales", "timescale")[0]), timescales(z, half, smooth), delta=1e-3)

    def test_two_photon(self):
        path = self.place.file("F_AB1.npz")
        two_photon(path, self.rng, 150, 10100)
        two_photon(self.place.file("F_AB2.npz"), self.rng, 90, 10050)
        self.run_recipe("paper-two-photon.yaml", f"vars.data={self.place.file('F_*.npz')}")
        data = np.load(path)
        keep = data["snr"] > 0.3
        x, half = data["sp"][keep], first_half(data["xpos"], data["ypos"], 25)[keep]
        self.assertTrue(keep[1] and not keep[0])
        self.spectra_agree("F_AB1", zscored(x), half)
        self.dynamics_agree("F_AB1", zscored(x, 1e-3), half, 0.01, 0)
        self.assertEqual(self.result("F_AB2", "alpha_interval@z", "replicate_exponent").shape, (20,))
        self.assertTrue(np.isfinite(self.result("F_AB1", "locality", "locality")))
        self.assertEqual(self.result("F_AB1", "distance", "odds").shape, (15,))

    def test_probes(self):
        path = self.place.file("Mouse_spks_face.npz")
        probes(path, self.rng, 160, 10200)
        self.run_recipe("paper-neuropixels.yaml", f"vars.data={self.place.file('*_spks_face.npz')}")
        data = np.load(path)
        x, depth = data["spks"].astype(float), data["ypos"]
        active = x.mean(1) > 0.01 / 22
        self.assertEqual(active.sum(), 158)
        self.spectra_agree("Mouse_spks_face", zscored(x[active]), first_half(0 * depth, depth, 40)[active])
        shifted = self.result("Mouse_spks_face", "shuffled_25", "spectrum")
        sizes = first_half(0 * depth, depth, 25)[active].sum()
        self.assertEqual(len(shifted), min(sizes, 158 - sizes))
        self.dynamics_agree("Mouse_spks_face", zscored(x, 1e-3), first_half(0 * depth, depth, 25), 0.1, 2)

    def test_strong_pairs(self):
        x = self.rng.standard_normal((130, 3)) @ self.rng.standard_normal((3, 400)) + self.rng.standard_normal((130, 400))
        px, py = self.rng.uniform(0, 3000, (2, 130))
        np.savez(self.place.file("spont_1.npz"), spks=x.astype(np.float32), xpos=px, ypos=py)
        self.run_recipe("paper-strong-pairs.yaml", f"vars.data={self.place.file('spont_*.npz')}")
        z = zscored(x.astype(np.float32))
        r, d = z @ z.T / 400, np.sqrt((px[:, None] - px) ** 2 + (py[:, None] - py) ** 2)
        r[d <= 20] = -np.inf
        strong = np.zeros_like(r, bool)
        np.put_along_axis(strong, np.argmax(r, axis=1)[:, None], True, axis=1)      # 1 % of 130 neurons: one partner
        bins = np.where(d > 20, d // 200, -1)
        odds = [(strong & (bins == k)).sum() / (~strong & (bins == k)).sum() * 129 for k in range(15)]
        np.testing.assert_allclose(self.result("spont_1", "distance", "odds"), odds, rtol=1e-9)

    def test_sizes(self):
        path = self.place.file("F_AB1.npz")
        two_photon(path, self.rng, 150, 8300)
        data = dict(np.load(path))
        data["sp"] *= np.geomspace(1e-5, 1, 150).astype(np.float32)[:, None]      # eps belongs to z-scores, whatever the activity's unit
        np.savez(path, **data)
        self.run_recipe("paper-sizes.yaml", f"vars.data={path}", "stages.by_neurons.vary={part.neurons: [0.7, 1]}",
                        "stages.by_duration.vary={part.frames: [850, 4000]}")
        keep = data["snr"] > 0.3
        x, half = zscored(data["sp"][keep]), first_half(data["xpos"], data["ypos"], 25)[keep]
        whole = float(self.result("F_AB1", "alpha@svca2", "exponent"))
        for frames, found in zip((850, 4000), self.result("F_AB1", "by_duration@svca2", "value")):
            s = svca2(zscored(x[:, np.arange(8300) % 4000 < frames], 1e-3), half)
            self.assertAlmostEqual(found, exponent(s[:len(s) // 2]), delta=1e-3)
        self.assertEqual(found, whole)
        self.assertEqual(self.result("F_AB1", "by_neurons@svca2", "value")[1], whole)
        self.assertTrue(np.isfinite(self.result("F_AB1", "by_neurons@direct", "value")).all())

    def test_several_areas(self):
        for name in ("V1", "CA1"):
            two_photon(self.place.file(f"F_{name}.npz"), self.rng, 60, 10010)
        name = self.place.recipe(f"title: two areas\ninclude: {os.path.join(SOURCE, 'recipes/paper-two-photon.yaml')}\n"
                                 f"recordings:\n  - {{glob: \"{self.place.file('F_CA1.npz')}\", area: CA1, rate: 22 Hz}}\n")
        self.place.run("run", name, "--set", f"vars.data={self.place.file('F_V1.npz')}", "--out", self.place.file("out"), "--until", "alpha")
        self.assertTrue(self.result("F_V1", "alpha@z", "exponent") and self.result("F_CA1", "alpha@z", "exponent"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
