"""Comparison with families through the program: recordings of known origin, few replicates, and what cannot be compared."""
import re

import h5py
import numpy as np

from support.running import numbers_alone, place, tests

STAGES = """
stages:
  raw:      {stage: load}
  z:        {stage: zscore, recording: raw}
  shuffled: {stage: shuffle, recording: z, repeat: 19}
  s:        {stage: spectrum, recording: [z, shuffled]}
  alpha:    {stage: powerlaw, spectrum: s, ranks: 2..30}
  size:     {stage: dimension, spectrum: s}
"""


def activity(shared, seed=1, neurons=50, frames=1500):
    """Neurons with memory; `shared` times as much of five signals that all have in common."""
    rng = np.random.default_rng(seed)
    kick = rng.standard_normal((neurons + 5, frames))
    x = np.zeros_like(kick)
    for t in range(1, frames):
        x[:, t] = 0.8 * x[:, t - 1] + kick[:, t]
    return x[:neurons] + shared * rng.standard_normal((neurons, 5)) @ x[neurons:]


def recordings(p, **shared):
    lines = ["recordings:"]
    for name, part in shared.items():
        np.save(p.file(name + ".npy"), activity(part).astype("f4"))
        lines.append(f"  - {{name: {name}, path: {name}.npy, rate: 22 Hz, format: npy}}")
    return "\n".join(lines)


def result(p, node, recording, name):
    with h5py.File(p.file(f"recipe/results/{recording}/{node}.h5")) as f:
        value = f[name][()]
        return value.decode() if isinstance(value, bytes) else [v.decode() for v in value] if value.dtype.kind in "SO" else value


def test_independent_neurons_are_like_their_shuffles_and_shared_signals_are_not():
    with place() as p:
        p.recipe(recordings(p, alone=0, together=1) + STAGES + """
  verdict: {stage: compare, recording: [alpha@z, s@z, size@z], families: [alpha, s, size]}
  normal:  {stage: compare, recording: [alpha@z, s@z, size@z], families: [alpha, s, size], test: normal}
  line:    {stage: compare, recording: alpha@z, families: [alpha@shuffled]}
""")
        p.run("run", "recipe.yaml")
        for node in ("verdict", "normal", "line"):
            assert result(p, node, "alone", "decision") == "compatible", node
            assert result(p, node, "together", "decision") == "none", node
            assert result(p, node, "together", "nearest") == "shuffled"
        assert "alone is compatible with shuffled (distance" in result(p, "verdict", "alone", "verdict")
        assert result(p, "verdict", "alone", "statistic") == ["alpha.exponent", "s.spectrum", "size.participation", "all"]
        # numbers as numpy has them from the objects that were compared: distances are those of logarithms, for none is negative
        exponent = [float(result(p, f"alpha@shuffled#{i}", "together", "exponent")) for i in range(1, 20)]
        value, logs = float(result(p, "alpha@z", "together", "exponent")), np.log(exponent)
        far = abs(np.log(value) - np.mean(logs)) / np.std(logs, ddof=1) / np.sqrt(1 + 1 / 19)
        assert min(exponent) > 0 and np.isclose(result(p, "verdict", "together", "distance")[0], far, rtol=1e-12)
        assert np.isclose(result(p, "verdict", "together", "recording")[0], value, rtol=1e-14)
        assert np.isclose(result(p, "verdict", "together", "mean")[0], np.mean(exponent), rtol=1e-14)
        # where one more replicate would lie: t of 18 degrees of freedom at 0.975
        wide = 2.10092204024096 * np.std(logs, ddof=1) * np.sqrt(1 + 1 / 19)
        assert np.isclose(result(p, "verdict", "together", "expected_low")[0], np.exp(np.mean(logs) - wide), rtol=1e-9)
        assert np.isclose(result(p, "verdict", "together", "expected_high")[0], np.exp(np.mean(logs) + wide), rtol=1e-9)
        for name in ("low", "high"):
            assert np.isfinite(result(p, "verdict", "together", name)).all()
        assert (result(p, "verdict", "together", "p") == 1 / 20).all() and np.allclose(result(p, "verdict", "together", "adjusted"), [.15, .15, .15, .05])
        assert (result(p, "normal", "together", "adjusted") < 1e-6).all()
        assert (result(p, "verdict", "alone", "replicates") == 19).all()


        with open(p.file("recipe/report.html"), encoding="utf-8") as f:
            page = f.read()
        first = page[page.index('<section id="verdicts"'):page.index("</section>")]
        assert "together is like none of the families" in first and "ranked against" not in first, first
        part = page[page.index("<h2>together</h2>"):]
        assert "verdict: values, alpha.exponent" in part and "verdict: distances" in part and "verdict: values, s.spectrum" not in part
        first = part.index('<p class="headline"><b>verdict</b> together is like none of the families')
        assert first < part.index("<figure") and first < part.index("Mind when reading")
        assert part.count("verdict: by comparison") and "<td>size.participation</td>" in part
        summary = page[page.index('<section id="summary"'):page.index("<h2>together</h2>")]
        assert re.search(r"\d \[[-\d.]+\.\.[-\d.]+\]", summary), "numbers of replicates have a range"
        assert "<b>Result</b> of replicates: their mean, in brackets the smallest and the largest" in summary
        assert "<b>Value</b> of replicates: their mean" in part


def network(symmetric, seed, neurons=60, frames=2000, steps=23, h=0.04, edge=0.98):
    """Frames of a random network at an edge, as means over 23 steps of 2 ms, stepped here."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((neurons, neurons))
    a = (a + a.T) / np.sqrt(2) if symmetric else a
    m = np.eye(neurons) - h * (np.eye(neurons) - a * edge / np.linalg.eigvals(a).real.max())
    state, out = np.zeros(neurons), np.zeros((neurons, frames))
    for t in range(-200, frames):
        mean = np.zeros(neurons)
        for kick in rng.standard_normal((steps, neurons)):
            state = m @ state + h * kick
            mean += state / steps
        if t >= 0:
            out[:, t] = mean
    return out


@numbers_alone
def test_networks_are_told_apart_by_their_surrogates():
    with place() as p:
        made = {"mirror": network(True, 10), "loops": network(False, 11), "alone": activity(0, neurons=60, frames=2000)}
        lines = ["recordings:"]
        for name, x in made.items():
            np.save(p.file(name + ".npy"), x.astype("f4"))
            lines.append(f"  - {{name: {name}, path: {name}.npy, rate: 21.73913 Hz}}")
        p.recipe("\n".join(lines) + """
seed: 4
stages:
  raw:       {stage: load}
  z:         {stage: zscore, recording: raw}
  shuffled:  {stage: shuffle, recording: z, repeat: 19}
  symmetric: {stage: surrogate, like: z, connectivity: symmetric, edge: 0.98, repeat: 19, keep: false}
  general:   {stage: surrogate, like: z, connectivity: nonsymmetric, edge: 0.98, repeat: 19, keep: false}
  s:         {stage: spectrum, recording: [z, shuffled, symmetric, general]}
  alpha:     {stage: powerlaw, spectrum: s, ranks: 5..50}
  size:      {stage: dimension, spectrum: s}
  turns:     {stage: dmd, recording: [z, shuffled, symmetric, general], components: 30}
  back:      {stage: reversibility, recording: [z, shuffled, symmetric, general], components: 1..50}
  verdict:
    stage: compare
    recording: [alpha@z, size@z, turns@z.rotation_percentiles, back@z]
    families:  [alpha,   size,   turns.rotation_percentiles,   back]
""")
        p.run("run", "recipe.yaml")
        for name, family in (("mirror", "symmetric"), ("loops", "general"), ("alone", "shuffled")):
            print(name, result(p, "verdict", name, "verdict"))
            assert result(p, "verdict", name, "nearest") == family
            together = dict(zip(result(p, "verdict", name, "family")[4::5], result(p, "verdict", name, "p")[4::5]))
            assert all(p_of == 1 / 20 for other, p_of in together.items() if other != family), together
            # its p is small in one of twenty draws, its distance is not large even then
            assert result(p, "verdict", name, "nearest_distance") < 3


def test_few_replicates_leave_it_undecided_unless_their_spread_is_trusted():
    with place() as p:
        p.recipe(recordings(p, together=1) + STAGES.replace("repeat: 19", "repeat: 3") + """
  verdict: {stage: compare, recording: [alpha@z, size@z], families: [alpha, size]}
  normal:  {stage: compare, recording: [alpha@z, size@z], families: [alpha, size], test: normal}
  two:     {stage: compare, recording: alpha@z, families: ["alpha@shuffled#1", "alpha@shuffled#2"]}
  one:     {stage: compare, recording: alpha@z, families: "alpha@shuffled#1"}
""")
        said = p.run("run", "recipe.yaml")
        assert result(p, "verdict", "together", "decision") == "undecided"
        assert "for p below 0.05 takes 19 replicates or more" in result(p, "verdict", "together", "verdict")
        assert result(p, "verdict", "together", "attainable")[-1] == 1 / 4
        assert result(p, "normal", "together", "decision") == "none"
        assert result(p, "one", "together", "decision") == "undecided"
        assert "fewer than two replicates" in said
        assert result(p, "two", "together", "replicates")[0] == 2


def test_a_renamed_family_is_another_result_and_an_order_of_recordings_is_not():
    with place() as p:
        both = recordings(p, a=0, b=1)
        text = STAGES.replace("repeat: 19", "repeat: 2") + "  verdict: {stage: compare, recording: alpha@z, families: alpha}\n"
        p.recipe(both + text)
        p.run("run", "recipe.yaml")
        before = set(p.objects())
        p.recipe("recordings:\n" + "\n".join(reversed(both.splitlines()[1:])) + text)
        p.run("run", "recipe.yaml")
        assert set(p.objects()) == before
        p.recipe(both + text.replace("shuffled", "apart"))
        p.run("run", "recipe.yaml")
        assert len(set(p.objects()) - before) == 2, "the two verdicts alone"
        assert result(p, "verdict", "a", "nearest") == "apart"


def test_what_cannot_be_compared_is_told():
    with place() as p:
        head = recordings(p, a=0)
        for line, text in (
            ("recording: [alpha@z, alpha@shuffled], families: alpha", "'recording' names alpha.exponent twice"),
            ("recording: alpha@z, families: [alpha, s]", "'recording' has no s.spectrum to compare it with"),
            ("recording: alpha@z, families: alpha@z", "'families' holds nothing but the recording itself"),
            ("recording: alpha@z, families: alpha@nothing", "alpha has no branch 'nothing'; it has z, shuffled"),
            ("recording: z, families: shuffled", "compare reads an array at 'recording'"),
            ("recording: alpha@z, families: alpha, level: 0.7", "level"),
        ):
            p.recipe(head + STAGES.replace("repeat: 19", "repeat: 2") + f"  verdict: {{stage: compare, {line}}}\n")
            code = 2 if "no branch" in text or "reads an array" in text or text == "level" else 1
            said = p.run("run", "recipe.yaml", status=code)
            assert text in said, said


if __name__ == "__main__":
    tests(globals())
