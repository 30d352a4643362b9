"""A run killed at any moment leaves nothing that is wrong: the same command again ends with the same bytes, keeps what was
finished, and no worker outlives its run."""
import os
import random
import signal
import time

from support.running import INT, KILL, RATS_RECIPE, TERM, alive, children, place, send, tests, wait_until

MOMENTS, SEED = 50, 20250110


def undisturbed():
    with place() as here:
        recipe = here.recipe(RATS_RECIPE)
        start = time.monotonic()
        here.run("run", recipe)
        return here.objects(), time.monotonic() - start


def stamps(here):
    return {key: os.stat(here.object(key)).st_mtime_ns for key in here.objects()}


def kill_and_resume(here, recipe, moment, expected):
    """Kills the run (not its workers) at a moment, then runs again. Returns how many nodes were finished by then."""
    process = here.start("run", recipe)
    end, workers = time.monotonic() + moment, set()
    while time.monotonic() < end and process.poll() is None:
        workers.update(children(process.pid))
        time.sleep(0.002)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(alive(worker) for worker in workers), seconds=10)
    kept = stamps(here)
    assert all(expected[key] == value for key, value in here.objects().items()), "an object of a killed run differs"
    here.run("run", recipe)
    assert here.objects() == expected, f"killed after {moment:.3f} s: other objects than an undisturbed run"
    assert {key: stamp for key, stamp in stamps(here).items() if key in kept} == kept, "finished work was done again"
    assert not here.leftovers(), here.leftovers()
    return len(kept)


def test_killed_at_random_moments_it_resumes_to_the_same_bytes():
    expected, seconds = undisturbed()
    draw = random.Random(SEED)
    print(f"seed {SEED}, an undisturbed run takes {seconds:.2f} s")
    finished = []
    for _ in range(MOMENTS):
        with place() as here:
            finished.append(kill_and_resume(here, here.recipe(RATS_RECIPE), draw.uniform(0, 0.65 * seconds), expected))
    print("finished when killed, of", len(expected), ":", *sorted(finished))
    assert len(set(finished)) > 3, "the moments did not fall into the run"


def test_asked_to_stop_at_random_moments_it_stops_soon_and_resumes():
    expected, seconds = undisturbed()
    draw = random.Random(SEED + 2)
    for i in range(12):
        what = (INT, TERM)[i % 2]
        with place() as here:
            recipe = here.recipe(RATS_RECIPE)
            process = here.start("run", recipe)
            time.sleep(draw.uniform(0, 0.65 * seconds))
            workers = children(process.pid)
            process.send_signal(what)
            process.communicate(timeout=10)
            # before its work and after it nothing has to be stopped: then the signal itself ends it
            assert process.returncode in (0, 128 + what, -what), process.returncode
            wait_until(lambda: not any(alive(worker) for worker in workers), seconds=5)
            assert all(expected[key] == value for key, value in here.objects().items())
            here.run("run", recipe)
            assert here.objects() == expected and not here.leftovers(), here.leftovers()


def test_what_nohup_wants_ignored_is_ignored():
    with place() as here:
        # slow enough to be running still, and stopped at once by a signal that is not ignored
        recipe = here.recipe(RATS_RECIPE)
        process = here.start("run", recipe, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        wait_until(lambda: children(process.pid), seconds=20)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=300)
        assert process.returncode == 0, process.returncode


def test_killed_again_and_again_in_one_cache_it_gets_done():
    expected, seconds = undisturbed()
    draw = random.Random(SEED + 1)
    with place() as here:
        recipe = here.recipe(RATS_RECIPE)
        for _ in range(15):
            process = here.start("run", recipe)
            time.sleep(draw.uniform(0.05, seconds / 2))
            if draw.random() < 0.5:  # a worker first, so that the run has something to say
                for worker in children(process.pid)[:1]:
                    send(worker, KILL)
                time.sleep(draw.uniform(0, 0.05))
            process.kill()
            process.communicate()
        here.run("run", recipe)
        assert here.objects() == expected and not here.leftovers(), here.leftovers()


tests(globals())
