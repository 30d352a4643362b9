"""Connectivity and theory through the program: what they say about a recording, and what they refuse."""
import os

import numpy as np
import h5py

from support.running import fixture, place, tests

RECORDING = f"""recordings:
  - {{name: rat, format: npz, path: {fixture('T181_2019_11_11.npz')}}}
stages:
  raw: {{stage: load}}
  frames: {{stage: bin, recording: raw, rate: 22 Hz}}
"""


def stages(*lines):
    return RECORDING + "".join(f"  {line}\n" for line in lines)


def result(p, node, name):
    with h5py.File(p.file(os.path.join("recipe", "results", "rat", node + ".h5"))) as f:
        return f[name][()] if name in f else None


def run(*lines, status=0):
    """What was said, and a function that reads results."""
    with place() as p:
        said = p.run("run", p.recipe(stages(*lines)), status=status)
        names = [line.split(":")[0] for line in lines]
        found = {}
        for name in names:
            path = p.file(os.path.join("recipe", "results", "rat", name + ".h5"))
            if os.path.exists(path):
                with h5py.File(path) as f:
                    found[name] = values = {}
                    f.visititems(lambda k, item: values.__setitem__(k, item[()]) if isinstance(item, h5py.Dataset) else None)
        return said, found


def refused(words, *lines, status=1):
    said, _ = run(*lines, status=status)
    for word in words:
        assert word in said, f"'{word}' is not in:\n{said}"


def test_networks_of_every_family_have_their_edge_and_their_matrix():
    families = {
        "symmetric": "", "partial": "asymmetry: 0.5", "nonsymmetric": "entries: gaussian", "sparse": "probability: 0.1",
        "clustered": "probability: 0.02, cluster: 50", "local": "probability: 0.01", "clipped": "edge: 0.99"}
    said, found = run(*(f"{name}: {{stage: connectivity, connectivity: {name}, neurons: 120, bin: 46 ms, matrix: true{', ' if more else ''}{more}}}"
                        for name, more in families.items()))
    assert "120 neurons are not a multiple of the 50 of a cluster: the last 20 are in none" in said
    for name in families:
        a, real, imaginary = (found[name][k] for k in ("matrix", "eigenvalue_real", "eigenvalue_imaginary"))
        e = np.linalg.eigvals(a)
        assert np.allclose(np.sort(e.real)[::-1], real, atol=1e-9), name
        assert name == "clipped" or abs(real[0] - 0.999) < 1e-12, name
        assert name != "clipped" or abs(np.abs(e).max() - 0.99) < 1e-9
        assert np.array_equal(found[name]["excerpt"], a[:100, :100]), name
        symmetric = name in ("symmetric", "sparse", "clustered", "local")
        assert np.array_equal(a, a.T) == symmetric == (not imaginary.any()) == ("spectrum" in found[name]) == ("binned" in found[name]), name
        if symmetric:
            assert np.allclose(found[name]["spectrum"], 0.5 / (1 - real))
        assert abs(found[name]["density"].sum() * 2 * 1.05 * max(np.abs(real).max(), 0.99 if name == "clipped" else 0.999) / 80 - 1) < 1e-9, name
    assert found["local"]["x"].min() >= 0 and 7000 < found["local"]["x"].max() < 8000


def test_a_network_may_be_like_a_recording():
    _, found = run("like: {stage: connectivity, like: frames, connectivity: local, probability: 0.02}",
                   "other: {stage: connectivity, like: frames, neurons: 50}", "all: {stage: zscore, recording: frames}")
    assert np.array_equal(found["like"]["y"], found["all"]["recording/y"]) and np.ptp(found["like"]["y"]) > 0
    assert len(found["like"]["eigenvalue_real"]) == len(found["like"]["y"])
    assert len(found["other"]["eigenvalue_real"]) == 50 and "matrix" not in found["other"]


def test_results_do_not_depend_on_jobs():
    lines = ["net: {stage: connectivity, connectivity: local, neurons: 200, probability: 0.05, matrix: true}",
             "theory: {stage: theory, neurons: 300, bin: 46 ms}",
             "turning: {stage: theory, neurons: 80, bin: 46 ms, connectivity: nonsymmetric, ranks: 5..40, draws: 2}"]
    with place() as p:
        p.run("run", p.recipe(stages(*lines)), "--jobs", "1")
        first = p.objects()
    with place() as p:
        p.run("run", p.recipe(stages(*lines)), "--jobs", "4")
        assert p.objects() == first and len(first) == 5


def test_theory_knows_the_published_exponents():
    _, found = run("bins: {stage: theory, neurons: 2000, bin: 46 ms}", "none: {stage: theory, neurons: 2000, bin: 2 ms}",
                   "drawn: {stage: theory, neurons: 1000, bin: 2 ms, connectivity: sparse, probability: 0.25, draws: 3}",
                   "turning: {stage: theory, neurons: 600, bin: 46 ms, connectivity: nonsymmetric, draws: 2, ranks: 11..300}")
    assert abs(found["none"]["exponent"] - 0.710) < 0.02           # 20 draws, 2,000 neurons, without bins
    assert abs(found["bins"]["exponent"] - 0.748) < 0.03           # quantiles, 23 steps a bin
    assert 0.01 < found["bins"]["exponent_sd"] < 0.04
    assert abs(found["drawn"]["exponent"] - 0.720) < 0.08          # 1,000 neurons, p = 1/4
    assert 1.1 < found["turning"]["exponent"] < 1.9                # five networks of 1,000, ranks 11..500: 1.317 to 1.462
    b = found["bins"]
    assert np.all(b["spectrum_low"] <= b["spectrum"]) and np.all(b["spectrum"] <= b["spectrum_high"])
    assert np.all(np.diff(b["spectrum"]) < 0) and np.all(np.diff(b["edge_exponent"]) > 0)
    assert abs(b["time_constant"][0] - 50) < 0.01                  # 50 ms / 0.001
    assert np.all(b["eigenvalue_imaginary"] == 0) and found["turning"]["eigenvalue_imaginary"].any()
    assert np.all(b["standard_real"] > b["eigenvalue_real"])       # regression on bins is biased upwards
    assert abs(b["eigenvalue_real"][0] - 0.9954) < 1e-4            # gap 0.001, five bins
    assert "edge_exponent" not in found["turning"] and "semicircle" not in found["drawn"]


def test_curves_stand_beside_what_was_measured():
    said, found = run("z: {stage: zscore, recording: frames}", "svca2: {stage: svca2, recording: z, spacing: 40 um}",
                      "acg: {stage: autocorrelogram, recording: z, spacing: 40 um}", "dmd: {stage: dmd, recording: z}",
                      "alpha: {stage: powerlaw, spectrum: svca2.spectrum, ranks: 3..40}",
                      "theory: {stage: theory, like: frames, ranks: 3..40, spectrum: svca2.spectrum, exponent: alpha.exponent, "
                      "exponent_error: alpha.standard_error, timescale: acg.timescale, eigenvalue_real: dmd.eigenvalue_real, "
                      "eigenvalue_imaginary: dmd.eigenvalue_imaginary}",
                      "turning: {stage: theory, like: frames, ranks: 3..40, connectivity: nonsymmetric, exponent: alpha.exponent, draws: 2}")
    t, n = found["theory"], len(found["z"]["recording/y"])
    assert len(t["spectrum"]) == n and np.allclose(t["measured_spectrum"], found["alpha"]["normalized"], rtol=1e-12)
    assert np.array_equal(t["measured_timescale"], found["acg"]["timescale"], equal_nan=True)
    assert np.array_equal(t["measured_imaginary"], found["dmd"]["eigenvalue_imaginary"])
    assert t["measured_exponent"] == found["alpha"]["exponent"] and b"measured exponent of" in t["reading"]
    assert t["rotation_mean"] == 0 and t["complex_fraction"] == 0
    assert found["turning"]["rotation_mean"] > 0 and found["turning"]["complex_fraction"] > 0.5
    assert b"symmetric networks only" in found["turning"]["reading"]


def test_an_exponent_is_read_off_the_curve_of_edges():
    """Spectra that are those of theory at a known edge: the interval, which holds it in 19 of 20 draws, holds it in 4 of 6."""
    for edge, critical in ((0.95, False), (0.999, True)):
        with place() as p:
            p.run("run", p.recipe(stages(f"net: {{stage: connectivity, neurons: 1000, bin: 46 ms, edge: {edge}, repeat: 6}}",
                                         "alpha: {stage: powerlaw, spectrum: net.binned}",
                                         "read: {stage: theory, neurons: 1000, bin: 46 ms, spectrum: net.binned, exponent: alpha.exponent}")))
            held = saturations = 0
            for node in (f"read#{i}" for i in range(1, 7)):
                low, high = result(p, node, "critical_distance_low"), result(p, node, "critical_distance_high")
                saturated = result(p, node, "saturated") == 1
                held += low <= 1 - edge <= high
                saturations += saturated
                assert (low == 0) == saturated and (b"saturated" in result(p, node, "reading")) == saturated
                assert len(result(p, node, "measured_spectrum")) == 1000
            assert held >= 4, (edge, held)
            assert saturations >= 4 if critical else saturations == 0, (edge, saturations)


def test_common_networks_differ_by_their_settings_alone():
    """The propagator over 5 bins of 46 ms has the eigenvalues exp(-4.6 g), nearly, g the gap: from it the eigenvalues of the network."""
    same = "connectivity: nonsymmetric, neurons: 60, ranks: 5..40, draws: 2, networks: common"
    _, found = run(f"one: {{stage: theory, bin: 46 ms, {same}}}", f"two: {{stage: theory, bin: 46 ms, edge: 0.99, {same}}}",
                   f"wide: {{stage: theory, bin: 92 ms, {same}}}", f"own: {{stage: theory, bin: 46 ms, {same.replace('common', 'own')}}}",
                   "drawn: {stage: theory, bin: 46 ms, neurons: 800, draws: 2, networks: common}",
                   "later: {stage: theory, bin: 92 ms, neurons: 800, draws: 2, networks: common}")
    decay = {name: np.hypot(found[name]["eigenvalue_real"], found[name]["eigenvalue_imaginary"]) for name in found}
    assert np.allclose(decay["wide"], decay["one"] ** 2, rtol=1e-9) and not np.allclose(decay["own"], decay["one"], rtol=0.01)
    assert np.allclose(decay["later"], decay["drawn"] ** 2, rtol=1e-9)
    assert not np.allclose(decay["two"], decay["one"], rtol=1e-9) and np.allclose(decay["two"], decay["one"], atol=0.05)


def test_exponents_of_wider_bins_are_those_that_the_bins_would_have_alone():
    """By modes, from eigenvectors, and where these are too dependent (a network of so few connections), from powers of the matrix."""
    families = {"modes": "neurons: 800", "vectors": "neurons: 80, connectivity: nonsymmetric",
                "powers": "neurons: 80, connectivity: sparse, asymmetry: 1, probability: 0.005"}
    for name, family in families.items():
        same = f"stage: theory, {family}, ranks: 5..40, draws: 2, networks: common"
        _, found = run(f"all: {{{same}, bin: 46 ms, widths: [1, 2, 50]}}", *(f"w{w}: {{{same}, bin: {46 * w} ms}}" for w in [1, 2, 50]))
        assert np.allclose(found["all"]["width"], [0.046, 0.092, 2.3], rtol=1e-12)
        for port in ["exponent", "exponent_sd"]:
            alone = [found[f"w{w}"][port] for w in [1, 2, 50]]
            assert np.allclose(found["all"][f"width_{port}"], alone, rtol=1e-6), (name, port)


def test_one_network_has_no_spread_and_no_exponent_is_read_off_it():
    _, found = run("net: {stage: connectivity, neurons: 400, bin: 46 ms}", "alpha: {stage: powerlaw, spectrum: net.binned, ranks: 11..300}",
                   "one: {stage: theory, neurons: 400, bin: 46 ms, draws: 1, ranks: 11..300, exponent: alpha.exponent}")
    assert 0.5 < found["one"]["exponent"] < 1.2 and np.isnan(found["one"]["exponent_sd"]) and np.isnan(found["one"]["exponent_low"])
    assert b"single network" in found["one"]["reading"] and "saturated" not in found["one"]


def test_an_exponent_that_no_edge_has_is_said_to_be_none():
    said, found = run("net: {stage: connectivity, connectivity: clustered, neurons: 600, cluster: 300, probability: 0.001}",
                      "steep: {stage: powerlaw, spectrum: net.spectrum, ranks: 1..3}",
                      "read: {stage: theory, neurons: 600, bin: 2 ms, exponent: steep.exponent, ranks: 11..300}")
    assert "of symmetric networks of this size at any edge" in said
    assert "critical_distance" not in found["read"] and "measured_exponent" in found["read"]


def test_networks_that_are_not_symmetric_are_solved_up_to_a_limit():
    said, found = run("t: {stage: theory, neurons: 5000, bin: 46 ms, connectivity: nonsymmetric, largest: 100, ranks: 5..50}")
    assert "were solved for 100 neurons, not for 5000" in said and len(found["t"]["spectrum"]) == 100


def test_settings_that_do_not_go_together_are_refused_before_anything_runs():
    for words, settings in [
            (["needs asymmetry"], "neurons: 50, connectivity: partial"),
            (["asymmetry is not read"], "neurons: 50, asymmetry: 0.5"),
            (["needs probability"], "neurons: 50, connectivity: sparse"),
            (["probability", "above 0 and below 1"], "neurons: 50, connectivity: sparse, probability: 1"),
            (["probability is read only"], "neurons: 50, probability: 0.5"),
            (["probability of 1.5 is out of range"], "neurons: 50, connectivity: sparse, probability: 1.5"),
            (["edge of 1.5 is out of range"], "neurons: 50, edge: 1.5"),
            (["cluster is read only with connectivity clustered; connectivity is 'symmetric'"], "neurons: 50, cluster: 20"),
            (["entries is read only", "partial"], "neurons: 50, connectivity: sparse, probability: 0.1, entries: binary"),
            (["width is read only with connectivity local"], "neurons: 50, connectivity: clustered, cluster: 10, probability: 0.1, width: 10 um"),
            (["definition is of asymmetry"], "neurons: 50, connectivity: nonsymmetric, definition: paper"),
            (["drawn on a torus"], "neurons: 50, connectivity: local, probability: 0.1, positions: drawn, geometry: plane")]:
        refused(words, f"net: {{stage: connectivity, {settings}}}", status=2)
    for words, settings in [(["neurons of 30000 is out of range"], "neurons: 30000"),
                            (["clusters of 500 neurons do not fit a network of 100"], "neurons: 100, connectivity: clustered, probability: 0.1")]:
        refused(words, f"net: {{stage: connectivity, {settings}}}", status=2)
    refused(["30000 neurons", "use fewer neurons"], "t: {stage: theory, neurons: 30000, bin: 46 ms, connectivity: sparse, probability: 0.1}", status=2)
    refused(["shorter than time_constant"], "t: {stage: theory, neurons: 50, bin: 46 ms, step: 60 ms}", status=2)


def test_networks_that_cannot_be_are_refused_with_a_reason():
    refused(["how many neurons"], "net: {stage: connectivity}", status=2)
    refused(["how long is a bin"], "t: {stage: theory, neurons: 50}", status=2)
    refused(["none of the 50 neurons is connected"], "net: {stage: connectivity, neurons: 50, connectivity: sparse, probability: 1e-9}")
    refused(["no positions", "positions: drawn"], "net: {stage: connectivity, neurons: 50, connectivity: local, probability: 0.1, positions: recording}")
    # whether a network is unstable in long steps is a matter of its draw: of twelve one is
    said, _ = run("t: {stage: theory, neurons: 60, bin: 48 ms, step: 48 ms, connectivity: nonsymmetric, ranks: 5..50, repeat: 12}")
    assert "is unstable in steps of 0.96 time constants: it was solved in steps of 1/" in said
    said, _ = run("net: {stage: connectivity, neurons: 60, step: 48 ms, connectivity: nonsymmetric, repeat: 12}")
    assert "is unstable; they must be shorter than" in said


tests(globals())
