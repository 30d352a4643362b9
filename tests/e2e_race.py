"""Runs that share one cache at the same time: all end well, with the bytes of a single run, and nothing is computed twice."""
import random
import time

from support.running import fixture, place, tests

ROUNDS, SEED = 8, 11

RECIPE = f"""
recordings:
  - {{name: T181, area: piriform, format: npz, path: {fixture('T181_2019_11_11.npz')}, quality: single}}
  - {{name: T219, area: striatum, format: npz, path: {fixture('T219_2019_11_19.npz')}, quality: single}}
stages:
  raw:      {{stage: load}}
  frames:   {{stage: bin, recording: raw, rate: 22 Hz}}
  z:        {{stage: zscore, recording: frames}}
  shuffled: {{stage: shuffle, recording: z}}
  svca2:    {{stage: svca2, recording: [z, shuffled], spacing: 40 um}}
  direct:   {{stage: spectrum, recording: z, precision: double}}
  alpha:    {{stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..60}}
report: {{output: report.html}}
"""


def single():
    with place() as here:
        start = time.monotonic()
        here.run("run", here.recipe(RECIPE))
        return here.objects(), time.monotonic() - start


def test_two_runs_share_the_work():
    expected, _ = single()
    for _ in range(ROUNDS):
        with place() as here:
            recipe = here.recipe(RECIPE)
            runs = [here.start("run", recipe, "--out", name) for name in ("one", "two")]
            for run in runs:
                here.end(run)
            assert here.objects() == expected
            done = here.journal()
            assert len(done) == len(set(done)) == len(expected), f"{len(done)} executions for {len(expected)} nodes"
            assert not here.leftovers(), here.leftovers()


def test_when_one_of_two_is_killed_the_other_ends_well():
    expected, seconds = single()
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    for _ in range(ROUNDS):
        with place() as here:
            recipe = here.recipe(RECIPE)
            doomed, other = here.start("run", recipe, "--out", "one"), here.start("run", recipe, "--out", "two")
            time.sleep(draw.uniform(0.05, seconds))
            doomed.kill()
            doomed.communicate()
            here.end(other)
            assert here.objects() == expected
            here.run("run", recipe, "--out", "one")  # the same command again sweeps what its killed run left
            assert here.objects() == expected and not here.leftovers(), here.leftovers()


def test_many_runs_at_once():
    expected, _ = single()
    with place() as here:
        recipe = here.recipe(RECIPE)
        runs = [here.start("run", recipe, "--out", f"out{i}", "--jobs", "1") for i in range(6)]
        for run in runs:
            here.end(run)
        done = here.journal()
        assert here.objects() == expected and len(done) == len(expected), f"{len(done)} executions for {len(expected)} nodes"


tests(globals())
