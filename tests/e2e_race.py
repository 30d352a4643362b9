"""Runs that share one cache at the same time: all end well, with the bytes of a single run, and nothing is computed twice."""
import random
import time

from support.running import RATS_RECIPE, place, tests

ROUNDS, SEED = 8, 11


def single():
    with place() as here:
        start = time.monotonic()
        here.run("run", here.recipe(RATS_RECIPE))
        return here.objects(), time.monotonic() - start


def test_two_runs_share_the_work():
    expected, _ = single()
    for _ in range(ROUNDS):
        with place() as here:
            recipe = here.recipe(RATS_RECIPE)
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
            recipe = here.recipe(RATS_RECIPE)
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
        recipe = here.recipe(RATS_RECIPE)
        runs = [here.start("run", recipe, "--out", f"out{i}", "--jobs", "1") for i in range(6)]
        for run in runs:
            here.end(run)
        done = here.journal()
        assert here.objects() == expected and len(done) == len(expected), f"{len(done)} executions for {len(expected)} nodes"


tests(globals())
