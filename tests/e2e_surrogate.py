"""Simulated families through the program: like the recording in all that is promised, and errors that say what to do."""
import os

import h5py
import numpy as np

from support.running import SOURCE, fixture, numbers_alone, place, tests

HEAD = f"""
recordings:
  - {{name: rat, format: npz, path: {fixture('T181_2019_11_11.npz')}, quality: single}}
stages:
  raw:    {{stage: load}}
  units:  {{stage: select, recording: raw, min_quality: 0.5, min_rate: 0.2 Hz}}
  frames: {{stage: bin, recording: units, rate: 22 Hz}}
  z:      {{stage: zscore, recording: frames}}
"""


def result(here, node):
    return h5py.File(os.path.join(here.path, "recipe", "results", "rat", node + ".h5"), "r")


def samples(f):
    r = f["recording"]
    x = r["activity"][()].astype(float)
    return (x - r["offset"][()][:, None]) * r["scale"][()][:, None] if "offset" in r else x


def whole(here, node):
    """A recording as it is read, views resolved by the program itself."""
    here.run("export", "recipe.yaml", node, "--format", "npy", "--out", "out.npy")
    return np.load(here.file("out.npy")).astype(float)


def z_scores(x):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def mean_correlation(x):
    """Mean absolute correlation of different neurons."""
    c = np.corrcoef(x)
    return np.abs(c[np.triu_indices(len(c), 1)]).mean()


def test_a_surrogate_has_the_neurons_frames_and_scaling_of_its_recording():
    with place() as here:
        here.recipe(HEAD + """
  symmetric: {stage: surrogate, like: z, repeat: 2}
  cut:       {stage: surrogate, like: z, connectivity: nonsymmetric, runs: 6}
  counts:    {stage: surrogate, like: frames, measurement: poisson}
""")
        here.run("run", "recipe.yaml")
        z = result(here, "z")["recording"]
        frames = result(here, "frames")
        first, second = result(here, "symmetric#1"), result(here, "symmetric#2")
        for f in (first, second):
            r = f["recording"]
            for name in ("id", "x", "y", "quality", "rate", "scaling", "nframes", "nneurons", "segment"):
                if name in z:
                    assert np.array_equal(r[name][()], z[name][()]), name
            x = samples(f)
            assert np.abs(x.mean(1)).max() < 1e-9 and np.abs(x.var(1) - 1).max() < 1e-9
            assert f["used"][()] == b"exact" and f["steps"][()] == 23 and abs(f["adjusted_step"][()] - 1 / 22 / 23) < 1e-12
            assert abs(f["eigenvalue_real"][0] - 0.999) < 1e-12 and (np.diff(f["eigenvalue_real"][()]) <= 0).all()
        # replicates are other networks, not the same one again
        assert np.abs(np.corrcoef(samples(first)[:5], samples(second)[:5])[:5, 5:]).max() < 0.9
        assert not np.array_equal(first["eigenvalue_real"][()], second["eigenvalue_real"][()])
        cut = result(here, "cut")
        n = z["nframes"][()]
        assert np.array_equal(cut["recording/segment"][()], [n * p // 6 for p in range(6)]) and cut["used"][()] == b"blocks"
        # spikes keep every neuron's mean rate, however slow its signal: five standard errors of independent counts
        x, recorded = samples(result(here, "counts")), frames["recording/activity"][()]
        assert (x == np.round(x)).all() and x.min() == 0
        rate = recorded.mean(1)
        assert (np.abs(x.mean(1) - rate) < 5 * np.sqrt(rate / n)).all()


def test_noise_is_matched_to_the_reliable_part_of_the_variance():
    with place() as here:
        here.recipe(HEAD + """
  symmetric: {stage: surrogate, like: z, noise: matched, spacing: 40 um}
  other:     {stage: surrogate, like: z, connectivity: nonsymmetric, runs: 4, noise: matched, spacing: 40 um}
  latent:    {stage: latent, like: z, noise: matched, spacing: 40 um}
  lowrank:   {stage: lowrank, like: z, noise: matched, spacing: 40 um}
  svca:      {stage: svca, recording: [z, symmetric, other, latent, lowrank], spacing: 40 um}
  reliable:  {stage: reliable, spectrum: svca.spectrum, total: svca.total}
""")
        here.run("run", "recipe.yaml")
        target = result(here, "reliable@z")["summed"][()]
        assert 0.05 < target < 0.5
        for family in ("symmetric", "other", "latent", "lowrank"):
            f = result(here, family)
            # the search ends within a thousandth of it, and the pilot was the whole recording
            assert abs(f["reliable_part"][()] / target - 1) < 1e-5
            assert abs(result(here, "reliable@" + family)["summed"][()] / target - 1) < 2e-3
            assert f["added_noise"][()] > 0.1


def test_independent_neurons_keep_their_spectra_and_lose_each_other():
    with place() as here:
        here.recipe(HEAD + """
  alone:   {stage: independent, like: z}
  shaped:  {stage: amplitudes, recording: alone, like: z}
""")
        here.run("run", "recipe.yaml")
        z, alone, shaped = whole(here, "z"), samples(result(here, "alone")), samples(result(here, "shaped"))
        power = lambda x: np.abs(np.fft.rfft(x, axis=1))
        assert np.abs(power(z) - power(alone)).max() < 1e-4 * power(z).max()
        assert not np.allclose(z, alone)
        chance = np.sqrt(2 / np.pi / z.shape[1])
        # correlated in time, neurons have fewer independent frames than there are; a fifth of them at least
        assert mean_correlation(alone) < chance * np.sqrt(5) < mean_correlation(z)
        assert np.array_equal(np.sort(z.astype(np.float32), 1), np.sort(shaped.astype(np.float32), 1))
        assert (np.diff(np.take_along_axis(shaped, np.argsort(alone, 1), 1), axis=1) >= 0).all()


def test_independent_neurons_share_nothing_from_segment_to_segment():
    with place() as here:
        rng = np.random.default_rng(4)
        np.save(here.file("walks.npy"), (np.cumsum(rng.standard_normal(1200)) + np.cumsum(rng.standard_normal((30, 1200)), 1)).astype("f4"))
        drop = ", ".join(f"{t} s, {t + 0.5} s" for t in range(2, 60, 2))
        here.recipe(f"""
seed: 2
recordings: [{{name: w, path: walks.npy, rate: 20 Hz, drop: [{drop}]}}]
stages:
  raw:   {{stage: load}}
  z:     {{stage: zscore, recording: raw}}
  alone: {{stage: independent, like: z}}
  spiky: {{stage: surrogate, like: alone, measurement: poisson}}
""")
        said = here.run("run", "recipe.yaml", status=1)
        with h5py.File(here.file("recipe/results/w/alone.h5")) as f, h5py.File(here.file("recipe/results/w/raw.h5")) as g:
            alone, walks = f["recording/activity"][()], g["recording/activity"][()]
            assert f["recording/segment"].size > 20
        pairs = np.triu_indices(30, 1)
        kept = np.corrcoef(np.corrcoef(alone)[pairs], np.corrcoef(walks)[pairs])[0, 1]
        assert abs(kept) < 0.3 and "30 segments: phases are drawn across them" in said, (kept, said)
        assert "does not say how active its neurons were; give mean_rate" in said, said


def test_low_rank_is_of_low_rank_and_latents_last_as_long_as_they_should():
    with place() as here:
        here.recipe(HEAD + """
  lowrank: {stage: lowrank, like: z, rank: 4, noise: 0.1}
  latent:  {stage: latent, like: z, latents: 1, slowest: 2 s, fastest: 2 s}
""")
        here.run("run", "recipe.yaml")
        values = np.sort(np.linalg.eigvalsh(np.cov(samples(result(here, "lowrank")))))[::-1]
        assert values[3] > 10 * values[4] and abs(values[4:].mean() / (0.01 / 1.01) - 1) < 0.3
        x = samples(result(here, "latent"))[0]
        r = np.corrcoef(x[44:], x[:-44])[0, 1]    # 2 s at 22 Hz; 600 s hold some 150 independent stretches
        assert abs(r - np.exp(-1)) < 5 * np.sqrt(1 / 150)
        assert abs(result(here, "latent")["time_constant"][0] - 2) < 1e-12


def test_the_whole_path_runs_and_keeps_what_it_is_told_to_keep():
    text = HEAD + """
  symmetric: {stage: surrogate, like: z, repeat: 2, keep: false}
  svca2:     {stage: svca2, recording: [z, symmetric], spacing: 40 um}
  alpha:     {stage: powerlaw, spectrum: svca2.spectrum, ranks: 2..40}
"""
    seen = []
    for jobs in ("1", "3"):
        with place() as here:
            here.recipe(text)
            here.run("run", "recipe.yaml", "--jobs", jobs)
            seen.append(here.objects())
            for node in ("alpha@z", "alpha@symmetric#1", "alpha@symmetric#2"):
                assert 0 < result(here, node)["exponent"][()] < 4
            assert not os.path.exists(here.file("recipe/results/rat/symmetric#1.h5"))
            assert "0 run" in here.run("run", "recipe.yaml")
    assert seen[0] == seen[1]


def test_all_methods_give_the_same_bytes_for_any_number_of_threads():
    text = HEAD + "".join(f"  {m}: {{stage: surrogate, like: z, method: {m}, runs: 20, burn_in: 0.2 s, noise: 0.5, smoothing: 1}}\n"
                          for m in ("exact", "blocks", "steps")) + "  calcium: {stage: surrogate, like: z, measurement: calcium}\n"
    seen = []
    for jobs in ("1", "2"):
        with place() as here:
            here.recipe(text)
            here.run("run", "recipe.yaml", "--jobs", jobs)
            seen.append(here.objects())
    assert len(seen[0]) == 8 and seen[0] == seen[1]


def test_the_spectrum_of_a_surrogate_is_that_of_its_own_eigenvalues():
    """What theory says of the very network: eigenvalues, steps and time constant come through the recipe as they should."""
    nn, nt, tau = 200, 40000, 0.02
    with place() as here:
        np.save(here.file("x.npy"), np.random.default_rng(6).standard_normal((nn, nt)).astype(np.float32))
        here.recipe("""
recordings: [{name: rat, format: npy, path: x.npy, rate: 25 Hz, orientation: neurons-first}]
stages:
  raw:    {stage: load}
""" + "".join(f"  {m}: {{stage: surrogate, like: raw, method: {m}, edge: 0.9, time_constant: 20 ms, step: 3 ms, runs: {r}}}\n"
              for m, r in (("exact", 4), ("blocks", 40))))
        here.run("run", "recipe.yaml")
        for method in ("exact", "blocks"):
            f = result(here, method)
            n = int(f["steps"][()])
            assert n == 13 and abs(f["adjusted_step"][()] - 0.04 / 13) < 1e-15       # 40 ms / 3 ms
            h, gap = 0.04 / 13 / tau, 1 - f["eigenvalue_real"][()]
            a = 1 - h * gap
            variance = h * h / (1 - a ** 2) * (n + 2 * sum((n - k) * a ** k for k in range(1, n))) / n ** 2
            # samples as they are stored are the network's own, and only scaled when they are read
            x = f["recording/activity"][()].astype(float)
            found = np.sort(np.linalg.eigvalsh(np.cov(x)))[::-1]
            expected = np.sort(variance)[::-1]
            # 40,000 frames, of which a tenth count for the slowest mode; chance spreads neighbours by sqrt(N / T) = 0.07
            assert np.abs(found[:100] / expected[:100] - 1).max() < 0.25, found[:100] / expected[:100]
            assert np.abs(np.mean(found[10:100] / expected[10:100]) - 1) < 0.05
            assert abs(found.mean() / variance.mean() - 1) < 0.05


def test_common_draws_make_candidates_differ_by_their_settings_alone():
    with place() as here:
        here.recipe(HEAD + """
  one:   {stage: surrogate, like: z, draws: common}
  again: {stage: surrogate, like: z, draws: common, edge: 0.99}
  noisy: {stage: surrogate, like: z, draws: common, noise: 0.1}
  other: {stage: surrogate, like: z, draws: common, repeat: 2}
  own:   {stage: surrogate, like: z}
  near:   {stage: surrogate, like: z, draws: common, connectivity: local, probability: 0.1, positions: drawn}
  nearer: {stage: surrogate, like: z, draws: common, connectivity: local, probability: 0.1, positions: drawn, edge: 0.99}
""")
        here.run("run", "recipe.yaml")
        e = {node: result(here, node)["eigenvalue_real"][()] for node in ("one", "again", "noisy", "other#1", "other#2", "own", "near", "nearer")}
        assert np.allclose(e["again"], e["one"] * 0.99 / 0.999, rtol=1e-12) and np.array_equal(e["noisy"], e["one"])
        assert np.allclose(e["nearer"], e["near"] * 0.99 / 0.999, rtol=1e-12)      # in the same places
        assert not np.allclose(e["own"], e["one"]) and not np.allclose(e["other#2"], e["other#1"])
        x, y = samples(result(here, "one")), samples(result(here, "noisy"))
        assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(x, y)) > 0.97      # 1 / sqrt(1.01)


def test_noise_is_as_strong_as_the_signal_that_was_simulated():
    """Not as its law would be in infinite time: the slowest modes of 50 s have not shown all of their variance in ten minutes."""
    kinds = {"turning": "stage: surrogate, connectivity: nonsymmetric", "mirror": "stage: surrogate", "stepped": "stage: surrogate, method: steps, runs: 16, "
             "burn_in: 0.1 s", "shared": "stage: latent", "few": "stage: lowrank, time_constant: 60 s"}
    with place() as here:
        here.recipe(HEAD + "".join(f"  {k}: {{{v}, like: z, draws: common}}\n  {k}_noisy: {{{v}, like: z, draws: common, noise: 1}}\n"
                                   for k, v in kinds.items()))
        here.run("run", "recipe.yaml")
        for kind in kinds:
            x, y = samples(result(here, kind)), samples(result(here, kind + "_noisy"))
            r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x, y)])
            # equal parts of variance: a correlation of sqrt(1/2), five standard errors of it
            assert np.abs(r - np.sqrt(0.5)).max() < 5 * 0.6 / np.sqrt(x.shape[1]), (kind, r.min(), r.max())


def test_signals_have_mean_zero_before_they_are_smoothed_or_become_rates():
    """Zeros beyond the ends are then means: as published, where z-scores are smoothed. A slow neuron is not silent for minutes on end."""
    with place() as here:
        here.recipe(HEAD + """
  one:    {stage: surrogate, like: z, draws: common}
  smooth: {stage: surrogate, like: z, draws: common, smoothing: 1.5}
  spikes: {stage: surrogate, like: z, draws: common, measurement: poisson, mean_rate: 5 Hz}
""")
        here.run("run", "recipe.yaml")
        x, y, counts = (samples(result(here, node)) for node in ("one", "smooth", "spikes"))
        score = lambda v: (v - v.mean(1, keepdims=True)) / v.std(1, keepdims=True)
        x, y = score(x), score(y)
        taps = np.exp(-np.arange(-6, 7) ** 2 / (2 * 1.5 ** 2))
        smooth = score(np.array([np.convolve(row, taps / taps.sum(), "same") for row in x]))
        assert np.abs(y - smooth).max() < 1e-5
        above = np.array([np.corrcoef(row, np.maximum(z, 0))[0, 1] for row, z in zip(counts, x)])
        below = np.array([(row[z <= 0] > 0).any() for row, z in zip(counts, x)])
        assert above.min() > 0.3 and not below.any()


def test_gaps_stay_where_they_are_and_places_are_drawn_where_there_are_none():
    rng = np.random.default_rng(5)
    times = np.arange(1500) / 10.0
    times[700:] += 30                     # a gap of half a minute
    with place() as here:
        np.savez(here.file("x.npz"), activity=rng.standard_normal((30, 1500)).astype(np.float32), times=times)
        here.recipe('''
recordings: [{name: rat, format: npz, path: x.npz, activity: activity, times: times, orientation: neurons-first}]
stages:
  raw:     {stage: load}
  z:       {stage: zscore, recording: raw, eps: 0.5}
  spatial: {stage: surrogate, like: z, connectivity: local, probability: 0.1, box: 1000 um}
  blocks:  {stage: surrogate, like: z, connectivity: partial, asymmetry: 0.5}
  alone:   {stage: independent, like: z}
  latent:  {stage: latent, like: z}
''')
        here.run("run", "recipe.yaml")
        z, recorded = result(here, "z")["recording"], whole(here, "z")
        for node in ("spatial", "blocks", "alone", "latent"):
            r = result(here, node)["recording"]
            assert np.array_equal(r["segment"][()], [0, 700]) and np.allclose(r["segment_time"][()], z["segment_time"][()])
            # with eps a row has less than unit variance: the same less for every neuron
            x = samples(result(here, node))
            assert np.abs(x.var(1) / recorded.var(1) - 1).max() < 1e-5 and np.abs(x.mean(1)).max() < 1e-6
            assert r["scaling"][()] == z["scaling"][()]
        places = [result(here, "spatial")["recording"][axis][()] for axis in "xy"]
        assert all(p.min() >= 0 and p.max() < 1000 and p.std() > 150 for p in places)    # even on a square: 289 um


@numbers_alone
def test_the_recipe_that_ships_runs_to_its_report():
    with place() as here:
        said = here.run("run", os.path.join(SOURCE, "recipes", "surrogate.yaml"), "--out", "out")
        assert "failed" not in said
        families = {name.split("@")[1].split("#")[0].split(".")[0] for name in os.listdir(here.file("out/results/T181")) if name.startswith("alpha@")}
        assert families == {"z", "symmetric", "nonsymmetric", "latent", "lowrank", "independent", "shuffled"}
        assert os.path.getsize(here.file("out/report.html")) > 10000


BAD = {
    "connectivity: partial": "connectivity: partial needs asymmetry",
    "connectivity: sparse, probability: 1.5": "probability",
    "connectivity: sparse": "connectivity: sparse needs probability",
    "connectivity: nonsymmetric, method: exact": "method: exact is for symmetric networks; use `method: blocks`",
    "noise: loud": "noise is 'loud'; it is none, matched or a number",
    "noise: -1": "noise is '-1'",
    "mean_rate: 2 Hz": "mean_rate is read only with measurement poisson or calcium",
    "step: 200 ms": "step is 0.2 s; it must be shorter than the time_constant of 0.05 s",
    "edge: 1.2": "edge",
}


def test_mistakes_are_named_before_anything_runs():
    for setting, sentence in BAD.items():
        with place() as here:
            here.recipe(HEAD + f"  s: {{stage: surrogate, like: z, {setting}}}\n")
            said = here.run("run", "recipe.yaml", status=2)
            assert sentence in said, said


def test_recordings_that_will_not_do_are_refused_with_a_remedy():
    rng = np.random.default_rng(4)
    white = rng.standard_normal((40, 3000)).astype(np.float32)
    cases = [
        ("noise: matched", "has no reliable variance to match noise to", white),
        ("measurement: poisson", "no rate of spikes; give mean_rate", white - 5),
        ("connectivity: clustered, probability: 0.1, cluster: 500", "cluster", white),
        ("connectivity: local, probability: 0.05, positions: recording", "no positions", white),
        ("connectivity: nonsymmetric, step: 49 ms, repeat: 20", "were shortened to", white),
        ("runs: 4000", "1 of 1 segments of recording 'rat' have fewer frames than the 4000 runs asked for", white),
        ("step: 1 us", "100000 steps of 1e-06 s|1e+05 steps of 1e-06 s", white),
        ("step: 49 ms, method: exact, repeat: 20", "were shortened to", white),
        ("step: 49 ms, time_constant: 60 ms, method: exact, repeat: 2", "done: 4 run", white),  # modes that alternate from step to step
        ("noise: matched, repeat: 30", "neurons of recording 'rat' fell in one half", white[:3]), # at random: one in four
    ]
    for setting, words, x in cases:
        with place() as here:
            np.save(here.file("x.npy"), x)
            here.recipe(f"""
recordings: [{{name: rat, format: npy, path: x.npy, rate: 10 Hz, orientation: neurons-first}}]
stages:
  raw: {{stage: load}}
  z: {{stage: zscore, recording: raw}}
  s: {{stage: surrogate, like: {'raw' if 'poisson' in setting else 'z'}, {setting}}}
""")
            process = here.start("run", "recipe.yaml")
            out, err = process.communicate(timeout=100)
            assert any(w in out + err for w in words.split("|")), (setting, out + err)
            assert "internal" not in out + err and "no reason" not in out + err


def test_what_cannot_fit_is_refused_before_it_starts():
    with place() as here:
        here.recipe(HEAD + "  s: {stage: surrogate, like: z, method: blocks}\n")
        here.run("run", "recipe.yaml", "--until", "z")
        said = here.run("run", "recipe.yaml", "--memory", "40 MB", status=3)
        assert "memory" in said, said


tests(globals())
