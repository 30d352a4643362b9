"""Runs from the command line on real recordings: what is made, what is said, and with which status it ends."""
import fcntl
import json
import os
import pty
import resource
import shutil
import struct
import subprocess
import termios
import time

import h5py
import numpy as np

from support.running import BUS, CONTINUE, INT, KILL, RUMBLE, SEGV, STOP, TERM, TWO_RATS, alive, fixture, place, send, shared, tests, worker_of

STAGES = """
stages:
  raw:      {stage: load}
  units:    {stage: select, recording: raw, min_quality: 0.5, min_rate: 0.01 Hz}
  frames:   {stage: bin, recording: units, rate: 22 Hz}
  z:        {stage: zscore, recording: frames}
  shuffled: {stage: shuffle, recording: z}
  svca2:    {stage: svca2, recording: [z, shuffled], spacing: 40 um}
  alpha:    {stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..500}
report: {output: report.html}
"""


def noise(where, name, neurons, frames):
    """A recording of noise in a .npy file, large enough for a stage to take its time."""
    np.save(where.file(name), np.random.default_rng(1).standard_normal((neurons, frames), dtype=np.float32))


SLOW = """
recordings:
  - {name: noise, format: npy, path: noise.npy, rate: 10 Hz, orientation: neurons-first}
stages:
  raw:  {stage: load}
  z:    {stage: zscore, recording: raw}
  slow: {stage: spectrum, recording: z, precision: double}
report: {output: report.html}
"""


def test_a_run_ends_by_naming_its_report_and_the_next_does_nothing():
    with place() as here:
        recipe = here.recipe("title: rats\nseed: 1" + TWO_RATS + STAGES)
        said = here.run("run", recipe, "--out", "out")
        assert said.rstrip().endswith("report: out/report.html"), said
        assert os.path.getsize(here.file("out/report.html")) > 1000
        with h5py.File(here.file("out/results/T219/svca2@z.h5")) as f:
            assert f["spectrum"].ndim == 1 and np.all(np.isfinite(f["spectrum"][:]))
        before = here.objects()
        times = {key: os.stat(here.object(key)).st_mtime_ns for key in before}
        events = here.events("run", recipe, "--out", "out")
        assert events[0]["event"] == "begin" and events[0]["run"] == 0 and events[0]["cached"] == len(before), events
        assert events[-1]["event"] == "end" and events[-1]["status"] == 0, events
        assert here.objects() == before and times == {key: os.stat(here.object(key)).st_mtime_ns for key in before}
        assert len(here.journal()) == len(before)
        assert not here.leftovers()


def test_recordings_of_every_layout_go_through():
    spikes = "{stage: bin, recording: raw, rate: 3 Hz}"
    layouts = [
        (f"{{name: fish, format: npz, path: {shared('critical-init-npz/F_zftectum114.npz')}}}", "{stage: select, recording: raw}"),
        (f"{{name: scope, format: npz, path: {shared('critical-init-npz/F_miniscope219.npz')}}}", "{stage: select, recording: raw}"),
        (f"{{name: face, format: npz, path: {shared('facemap-npz/spont_retina1240.npz')}}}", "{stage: select, recording: raw}"),
        (f"{{name: retina, format: hdf5, path: "
         f"{shared('retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5')}}}", spikes),
    ]
    for recording, frames in layouts:
        with place() as here:
            recipe = here.recipe(f"recordings:\n  - {recording}\nstages:\n  raw: {{stage: load}}\n  frames: {frames}\n"
                                 "  z: {stage: zscore, recording: frames}\n  s: {stage: spectrum, recording: z}\n")
            events = here.events("run", recipe)
            name = recording[7:].split(",")[0]
            with h5py.File(here.file(f"recipe/results/{name}/s.h5")) as f:
                s = f["spectrum"][:]
            assert s.size > 10 and np.all(np.isfinite(s)) and np.all(np.diff(s) <= 0), (name, s[:5])
            assert events[-1]["class"] == "done" or events[-1]["status"] == 0


def test_until_and_only_run_a_part():
    with place() as here:
        recipe = here.recipe(TWO_RATS + STAGES)
        ran = {e["node"] for e in here.events("run", recipe, "--until", "T181/z") if e["event"] == "done"}
        assert ran == {"T181/raw", "T181/units", "T181/frames", "T181/z"}, ran
        ran = {e["node"] for e in here.events("run", recipe, "--only", "T181/shuffled") if e["event"] == "done"}
        assert ran == {"T181/shuffled"}, ran
        ran = {e["node"] for e in here.events("run", recipe, "--only", "T219/frames") if e["event"] == "done"}
        assert ran == {"T219/raw", "T219/units", "T219/frames"}, ran
        ran = {e["node"] for e in here.events("run", recipe) if e["event"] == "done"}
        assert len(ran) == 18 - 8 and "T181/z" not in ran, ran
        here.run("run", recipe, "--only", "nonsense", status=2)


ONE_FAILS = TWO_RATS + """
stages:
  raw:    {stage: load}
  units:  {stage: select, recording: raw, min_quality: 0.5}
  one:    {stage: select, recording: raw, neurons: {by: area, piriform: [3], else: none}}
  frames: {stage: bin, recording: one, rate: 22 Hz}
  z:      {stage: zscore, recording: frames}
  svca2:  {stage: svca2, recording: z, spacing: 40 um}
  alpha:  {stage: powerlaw, spectrum: svca2.spectrum}
  other:  {stage: bin, recording: units, rate: 10 Hz}
report: {output: report.html}
"""


def test_a_failed_node_stops_only_what_depends_on_it():
    with place() as here:
        recipe = here.recipe(ONE_FAILS)
        events = here.events("run", recipe, status=1)
        failed = [e for e in events if e["event"] == "failed"]
        assert [e["node"] for e in failed] == ["T181/svca2"] and failed[0]["class"] == "data", failed
        assert failed[0]["message"].startswith("recipe.yaml:13:"), failed
        done = {e["node"] for e in events if e["event"] == "done"}
        assert {"T219/alpha", "T181/other", "T219/other"} <= done and "T181/alpha" not in done, done
        assert events[-1]["event"] == "end" and events[-1]["class"] == "data" and events[-1]["failed"] == 1
        assert "T181/svca2" in open(here.file("recipe/report.html")).read()
        said = here.run("run", recipe, status=1)
        assert "recipe.yaml:13:" in said and "T181/svca2 (svca2)" in said and said.rstrip().endswith("recipe/report.html"), said


def test_fail_fast_stops_everything():
    with place() as here:
        noise(here, "noise.npy", 2000, 3000)
        np.save(here.file("bad.npy"), np.full((3, 50), np.nan, dtype=np.float32))
        recipe = here.recipe(SLOW.replace("stages:", "  - {name: bad, format: npy, path: bad.npy, rate: 10 Hz, orientation: neurons-first}\nstages:"))
        events = here.events("run", recipe, "--jobs", "2", "--fail-fast", status=1)
        assert [e["node"] for e in events if e["event"] == "failed"] == ["bad/raw"], events
        assert "noise/slow" not in {e["node"] for e in events if e["event"] == "done"}
        here.run("run", recipe, status=1)


def test_a_time_limit_ends_a_node_and_can_be_lifted():
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        recipe = here.recipe(SLOW)
        here.run("run", recipe, "--until", "z")
        events = here.events("run", recipe, "--time-limit", "300 ms", status=3)
        failed = [e for e in events if e["event"] == "failed"]
        assert failed[0]["class"] == "limit" and failed[0]["node"] == "noise/slow", failed
        assert "passed the time limit of 300 ms (--time-limit)" in failed[0]["message"], failed
        assert [e["node"] for e in here.events("run", recipe) if e["event"] == "done"] == ["noise/slow"]


def test_what_cannot_fit_is_refused_before_any_work():
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        recipe = here.recipe(SLOW)
        here.run("run", recipe, "--until", "z")
        before = here.objects()
        said = here.run("run", recipe, "--memory", "20 MB", status=3)
        assert "noise/slow" in said and "20 MB" in said and "memory" in said, said
        assert here.objects() == before


def test_what_cannot_fit_stops_only_what_depends_on_it():
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        np.save(here.file("fish.npy"), np.random.default_rng(2).standard_normal((40, 600), dtype=np.float32))
        fish = "  - {name: fish, format: npy, path: fish.npy, rate: 10 Hz, orientation: neurons-first}\nstages:"
        recipe = here.recipe(SLOW.replace("stages:", fish).replace("report:", "  alpha: {stage: powerlaw, spectrum: slow, ranks: 2..30}\nreport:"))
        here.run("run", recipe, "--until", "noise/z")
        for _ in range(2):  # what it learns from small nodes must not make it think otherwise of the large one
            events = here.events("run", recipe, "--memory", "200 MB", status=3)
            failed = [e for e in events if e["event"] == "failed"]
            assert [e["node"] for e in failed] == ["noise/slow"] and failed[0]["class"] == "limit", events
            text = failed[0]["message"]
            assert "recipe.yaml:" in text and "(spectrum)" in text and "200 MB" in text and "--memory" in text, text
            started = [i for i, e in enumerate(events) if e["event"] == "started"]
            assert not started or events.index(failed[0]) < started[0], "before work starts"
            assert events[-1]["failed"] == 1 and events[-1]["not_run"] == 1, events[-1]
        here.run("plan", recipe, "--memory", "200 MB", status=3)
        said = here.run("run", recipe, "--memory", "200 MB", status=3)
        assert "0 run, 6 cached, 1 failed, 1 not run" in said, said
        why = {e["node"]: e["why"] for e in here.events("plan", recipe) if e.get("state") == "run"}
        assert why["noise/slow"].startswith("failed last time: is expected to need") and why["noise/slow"].endswith(" ..."), why
        assert why["noise/alpha"] == "never ran", why
        assert {e["node"] for e in here.events("run", recipe) if e["event"] == "done"} == {"noise/slow", "noise/alpha"}


def test_plan_says_that_a_node_failed():
    with place() as here:
        np.save(here.file("noise.npy"), np.full((3, 50), np.nan, dtype=np.float32))
        recipe = here.recipe(SLOW)
        failed = [e for e in here.events("run", recipe, status=1) if e["event"] == "failed"]
        why = {e["node"]: e["why"] for e in here.events("plan", recipe) if e.get("state") == "run"}
        words = why["noise/raw"].removeprefix("failed last time: ").removesuffix(" ...")
        assert words != why["noise/raw"] and "): " + words in failed[0]["message"], (why, failed)
        assert why["noise/z"] == "never ran", why


def crash(signal):
    """Sends a signal to the worker that computes noise/slow; returns the events of the run and its exit status."""
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        recipe = here.recipe(SLOW)
        here.run("run", recipe, "--until", "z")
        # an address sanitizer, if there is one, must leave the signal alone
        process = here.start("run", recipe, "--json", env={**os.environ, "ASAN_OPTIONS": "handle_segv=0"})
        worker = worker_of(process)
        time.sleep(0.2)
        send(worker, signal)
        out, err = process.communicate(timeout=100)
        assert not err, err
        done = [e["node"] for e in here.events("run", recipe) if e["event"] == "done"]
        return [json.loads(line) for line in out.splitlines()], process.returncode, done


def test_a_worker_that_crashes_fails_its_node():
    events, status, later = crash(SEGV)
    failed = [e for e in events if e["event"] == "failed"]
    assert status == 70 and failed[0]["class"] == "internal", (status, failed)
    assert "the worker was killed by SIGSEGV while running spectrum" in failed[0]["message"], failed
    assert later == ["noise/slow"]


def test_a_worker_killed_for_memory_says_so():
    events, status, later = crash(KILL)
    failed = [e for e in events if e["event"] == "failed"]
    assert status == 3 and failed[0]["class"] == "limit", (status, failed)
    assert "out of memory" in failed[0]["message"] and "--jobs" in failed[0]["message"], failed
    assert later == ["noise/slow"]


def test_a_worker_asked_to_stop_by_somebody_else_fails_its_node():
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        recipe = here.recipe(SLOW)
        here.run("run", recipe, "--until", "z")
        process = here.start("run", recipe)
        worker = worker_of(process)
        time.sleep(0.1)
        send(worker, TERM)
        send(worker, TERM)
        assert "noise/slow" in here.end(process, status=70 if process.wait() == 70 else 143)


def test_signals_stop_a_run_cleanly():
    for signal, status in ((INT, 130), (TERM, 143)):
        with place() as here:
            noise(here, "noise.npy", 2500, 3000)
            recipe = here.recipe(SLOW)
            here.run("run", recipe, "--until", "z")
            before = here.objects()
            process = here.start("run", recipe)
            worker = worker_of(process)
            time.sleep(0.3)
            process.send_signal(signal)
            said = here.end(process, status)
            assert not alive(worker) and "stopped" in said, said
            assert here.objects() == before
            here.run("run", recipe)
            assert not here.leftovers()


def test_a_second_signal_ends_at_once():
    with place() as here:
        noise(here, "noise.npy", 2500, 3000)
        recipe = here.recipe(SLOW)
        here.run("run", recipe, "--until", "z")
        process = here.start("run", recipe, "--json")

        def wait_for(words):
            assert any(words in line for line in process.stdout), f"it never said {words}"

        worker = worker_of(process)
        wait_for('"started"')   # before that a signal ends it even when it is stopped
        send(worker, STOP)      # it will not heed the first
        process.send_signal(INT)
        wait_for("again: at once")
        process.send_signal(INT)
        wait_for("asked again: what still runs is ended at once")
        here.end(process, 130)
        assert not alive(worker)


def flip(path):
    os.chmod(path, 0o600)
    with open(path, "r+b") as f:
        f.seek(-200, os.SEEK_END)
        byte = f.read(1)
        f.seek(-200, os.SEEK_END)
        f.write(bytes([byte[0] ^ 1]))


def rot(path):
    """Flips a bit as a bad disk does: nobody wrote to the file, so that what is remembered of it still seems to hold."""
    before = os.stat(path)
    flip(path)
    after, stamp = os.stat(path), path[:-3] + ".used"
    with open(stamp) as f:
        line = f.read()
    for name in "st_mtime_ns", "st_ctime_ns":
        old, new = getattr(before, name), getattr(after, name)
        assert f" {old // 10**9}.{old % 10**9:09d} " in line, (line, old)
        line = line.replace(f" {old // 10**9}.{old % 10**9:09d} ", f" {new // 10**9}.{new % 10**9:09d} ", 1)
    with open(stamp, "w") as f:
        f.write(line)


def replaced(path):
    """By a file of the same length and age with a bit flipped."""
    times = os.stat(path)
    shutil.copy(path, path + ".other")
    flip(path + ".other")
    os.utime(path + ".other", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(path + ".other", path)


def cut(path):
    os.chmod(path, 0o600)
    os.truncate(path, os.path.getsize(path) // 2)


PLAIN = SLOW.replace("  slow: {stage: spectrum, recording: z, precision: double}\n", "")


def test_damage_to_a_large_object_is_found_when_everything_is_cached():
    for damage in flip, replaced, cut:
        with place() as here:
            noise(here, "noise.npy", 300, 3000)
            recipe = here.recipe(PLAIN)
            keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
            before, path = here.objects(), here.object(keys["noise/raw"])
            assert os.path.getsize(path) > 1 << 20
            damage(path)
            events = here.events("run", recipe)
            assert [e["node"] for e in events if e["event"] == "done"] == ["noise/raw"], (damage, events)
            notes = [e["message"] for e in events if e["event"] == "note"]
            assert len(notes) == 1 and notes[0].startswith("noise/raw: its object was damaged"), (damage, notes)
            assert here.objects() == before
            assert not [e for e in here.events("run", recipe) if e["event"] in ("note", "done")], "it is told once"


def test_a_copied_cache_is_verified_once():
    with place() as here:
        noise(here, "noise.npy", 300, 3000)
        recipe = here.recipe(PLAIN)
        keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
        shutil.copytree(here.cache, here.file("copied"))
        here.cache = here.file("copied")
        stamp = here.object(keys["noise/raw"])[:-3] + ".used"
        with open(stamp) as f:
            before = f.read()
        assert not [e for e in here.events("run", recipe) if e["event"] in ("note", "done")]
        with open(stamp) as f:
            after = f.read()
        assert before.split()[0] == after.split()[0] == keys["noise/raw"] and before != after
        flip(here.object(keys["noise/raw"]))
        assert [e["node"] for e in here.events("run", recipe) if e["event"] == "done"] == ["noise/raw"]


def test_damage_that_the_report_meets_is_mended_in_the_same_run():
    with place() as here:
        noise(here, "noise.npy", 300, 3000)
        recipe = here.recipe(PLAIN)
        keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
        before = here.objects()
        with open(here.file("recipe/report.html")) as f:
            figures = f.read().count("<figure")
        rot(here.object(keys["noise/raw"]))
        assert not [e for e in here.events("run", recipe) if e["event"] in ("note", "done")], "nothing is read, so nothing is found"
        os.remove(here.file("recipe/report.html"))
        events = here.events("run", recipe)
        assert [e["node"] for e in events if e["event"] == "done"] == ["noise/raw"] and events[-1]["run"] == 1, events
        assert [e["cached"] for e in events if e["event"] == "end"] == [len(before) - 1], events
        notes = [e["message"] for e in events if e["event"] == "note"]
        assert len(notes) == 1 and notes[0].startswith("noise/raw is computed again"), notes
        with open(here.file("recipe/report.html")) as f:
            page = f.read()
        assert page.count("<figure") == figures and "cannot be used" not in page
        assert here.objects() == before and os.path.exists(here.file("recipe/results/noise/raw.h5"))


def test_the_work_of_a_dead_host_is_taken_over_and_said_once():
    with place() as here:
        noise(here, "noise.npy", 30, 300)
        recipe = here.recipe(PLAIN)
        keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
        os.remove(here.object(keys["noise/z"]))
        lease = os.path.join(here.cache, "leases", keys["noise/z"] + ".lease.1700000000000000")
        with open(lease, "w") as f:
            f.write("11111111-2222-3333-4444-555555555555.4026531836.77.123456 0123456789abcdef farhost -\n")
        os.utime(lease, (time.time() - 120,) * 2)
        events = here.events("run", recipe)
        notes = [e["message"] for e in events if e["event"] == "note"]
        assert len(notes) == 1 and notes[0].startswith("noise/z was begun by process 77 on farhost") and "taken over" in notes[0], notes
        assert [e["node"] for e in events if e["event"] == "done"] == ["noise/z"]
        assert not [e for e in here.events("run", recipe) if e["event"] in ("note", "done")]


def test_events_that_cannot_be_written_are_missed():
    with place() as here:
        noise(here, "noise.npy", 30, 300)
        recipe = here.recipe(PLAIN)
        for _ in range(2):  # computing, and with everything cached
            with open("/dev/full", "w") as full:
                done = subprocess.run([RUMBLE, "run", recipe, "--json", "--cache", here.cache], cwd=here.path, stdout=full,
                                      stderr=subprocess.PIPE, text=True)
            assert done.returncode == 3 and "cannot write to standard output" in done.stderr, done


def test_too_low_a_limit_on_memory_is_told():
    with open(RUMBLE, "rb") as f:
        if b"__asan_init" in f.read():
            return  # reserves terabytes itself
    with place() as here:
        noise(here, "noise.npy", 30, 300)
        most = 300 << 20
        said = here.run("run", here.recipe(PLAIN), status=3, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))
        assert "ulimit -v" in said, said


def test_closed_streams_take_nothing_and_harm_nothing():
    with place() as here:
        noise(here, "noise.npy", 30, 300)
        recipe = here.recipe(PLAIN)
        for closed, status in ("<&-", 0), (">&-", 3), ("2>&-", 0), ("<&- >&- 2>&-", 3):
            shutil.rmtree(here.cache, ignore_errors=True)
            command = ["sh", "-c", f'exec "$@" {closed}', "sh", RUMBLE]
            subprocess.run([*command, "run", recipe, "--cache", here.cache], cwd=here.path, check=True)
            here.run("cache", "verify")
            said = subprocess.run([*command, "schema"], cwd=here.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert said.returncode == status, (closed, said)


def test_a_file_that_vanishes_under_any_command_is_told():
    with place() as here:
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)  # less than it has to say, so that it waits
        process = subprocess.Popen([RUMBLE, "schema"], stdout=write, stderr=subprocess.PIPE, text=True, cwd=here.path)
        os.close(write)
        while struct.unpack("i", fcntl.ioctl(read, termios.FIONREAD, b"\0" * 4))[0] < 4096:
            assert process.poll() is None, "it said less than a pipe holds"
            time.sleep(0.002)
        send(process.pid, BUS)
        _, said = process.communicate(timeout=60)
        os.close(read)
        assert process.returncode == 3 and said.startswith("rumble: a cached object or an input file was cut short"), (process.returncode, said)


def test_results_of_a_recording_that_is_gone_can_be_looked_at():
    with place() as here:
        noise(here, "noise.npy", 40, 300)
        recipe = here.recipe("recordings:\n  - {name: n, path: noise.npy, rate: 10 Hz, orientation: neurons-first}\n"
                             "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n  direct: {stage: spectrum, recording: z}\n")
        here.run("run", recipe)
        with open(here.file("recipe/report.html"), "rb") as f:
            page = f.read()
        os.rename(here.file("noise.npy"), here.file("away.npy"))
        os.remove(here.file("recipe/report.html"))
        assert "noise.npy is not there any more" in here.run("report", recipe)
        with open(here.file("recipe/report.html"), "rb") as f:
            assert f.read() == page
        assert "3 nodes: 3 cached" in here.run("status", recipe)
        here.run("export", recipe, "n/z", "--format", "npy", "--out", "z.npy")
        assert np.load(here.file("z.npy")).shape == (40, 300)
        assert "noise.npy: there is no such file" in here.run("run", recipe, status=2)
        assert "other.npy: there is no such file" in here.run("report", recipe, "--set", "recordings.n.path=other.npy", status=2)


def test_recordings_that_a_pattern_found_are_remembered_when_they_are_gone():
    with place() as here:
        os.mkdir(here.file("data"))
        for name in ("data/n10", "data/n9", "one"):
            noise(here, name + ".npy", 20, 200)
        more = ", rate: 10 Hz, orientation: neurons-first}\n"
        recipe = here.recipe('recordings:\n  - {glob: "data/n*.npy"' + more + '  - {path: "on?.npy"' + more + "stages:\n  raw: {stage: load}\n")
        here.run("run", recipe)
        with open(here.file("recipe/report.html"), "rb") as f:
            page = f.read()
        os.rename(here.file("data"), here.file("away"))
        os.remove(here.file("one.npy"))
        os.remove(here.file("recipe/report.html"))
        assert "data/n9.npy is not there any more" in here.run("report", recipe)
        with open(here.file("recipe/report.html"), "rb") as f:
            assert f.read() == page
        assert "3 nodes: 3 cached" in here.run("status", recipe)
        here.run("export", recipe, "n10/raw", "--out", "n10.h5")
        assert "no file in '.' fits 'data/n*.npy'" in here.run("run", recipe, status=2)
        os.mkdir(here.file("data"))
        os.rename(here.file("away/n9.npy"), here.file("data/n9.npy"))
        assert "n10" not in here.run("status", recipe), "a pattern that finds something means that"


def test_what_a_killed_export_left_goes_with_the_next():
    with place() as here:
        noise(here, "noise.npy", 30, 300)
        recipe = here.recipe(PLAIN)
        here.run("run", recipe)
        dead = subprocess.Popen(["true"])
        dead.wait()
        with open("/proc/sys/kernel/random/boot_id") as f:
            owner = f"{f.read().strip()}.{os.stat('/proc/self/ns/pid').st_ino}.{dead.pid}.1"
        for name in ".z.npy.tmp." + owner + ".0123456789abcdef", ".mine.tmp.not.ours":
            with open(here.file(name), "w") as f:
                f.write("half")
        here.run("export", recipe, "noise/z", "-o", "z.npy")
        assert sorted(name for name in os.listdir(here.path) if ".tmp." in name) == [".mine.tmp.not.ours"], os.listdir(here.path)


def test_a_damaged_object_is_recomputed_and_said_once():
    with place() as here:
        recipe = here.recipe(TWO_RATS + STAGES)
        here.run("run", recipe)
        before = here.objects()
        keys = {e["node"]: e["key"] for e in here.events("run", recipe, "--set", "stages.alpha.ranks=11..60") if e["event"] == "done"}
        with h5py.File(here.file("recipe/results/T181/z.h5")) as f:  # a view: its samples are those of frames
            source = f["recording/source"][()]
        source = (source if isinstance(source, bytes) else bytes(source)).rstrip(b"\0").decode()
        assert source in before and keys
        rot(here.object(source))
        os.remove(here.object(keys["T181/alpha@z"]))
        events = here.events("run", recipe, "--set", "stages.svca2.spacing=50 um")
        notes = [e for e in events if e["event"] == "note" and "again" in e["message"]]
        assert len(notes) == 1 and notes[0]["message"].startswith("T181/frames is computed again"), notes
        assert events[-1]["status"] == 0, events
        assert "T181/frames" in {e["node"] for e in events if e["event"] == "done"}
        after = here.objects()
        assert all(after[key] == before[key] for key in before if key in after) and source in after


def test_an_object_cut_short_under_a_worker_is_made_again():
    for pause in (0.02, 0.1, 0.2):
        with place() as here:
            noise(here, "noise.npy", 1000, 10000)
            recipe = here.recipe(SLOW.replace("precision: double", "precision: single"))
            keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
            before = here.objects()
            os.remove(here.object(keys["noise/slow"]))
            process = here.start("run", recipe, "--json")
            worker = worker_of(process)
            time.sleep(pause)
            send(worker, STOP)
            cut = os.path.exists(here.object(keys["noise/raw"])) and not os.path.exists(here.object(keys["noise/slow"]))
            os.chmod(here.object(keys["noise/raw"]), 0o600)
            os.truncate(here.object(keys["noise/raw"]), 30_000_000)
            send(worker, CONTINUE)
            said = here.end(process)
            after = here.objects()
            assert after[keys["noise/slow"]] == before[keys["noise/slow"]], said
            assert not cut or (after == before and '"node":"noise/raw"' in said), said


def test_an_input_file_that_changes_while_it_is_read_is_noticed():
    with place() as here:
        noise(here, "noise.npy", 3000, 8000)
        recipe = here.recipe(SLOW)
        process = here.start("run", recipe)
        worker = worker_of(process)
        send(worker, STOP)
        with open(here.file("noise.npy"), "r+b") as f:
            f.seek(-4, os.SEEK_END)
            f.write(b"\0\0\0\0")
        send(worker, CONTINUE)
        said = here.end(process, status=1)
        assert "changed while it was read" in said, said
        assert "noise/raw (load)" in said, said


def test_output_that_cannot_be_written_is_told():
    with place() as here:
        recipe = here.recipe(TWO_RATS + "stages:\n  raw: {stage: load}\nreport: {output: report.html}\n")
        with open(here.file("taken"), "w") as f:
            f.write("not a directory")
        for out in "taken", "taken/below":
            said = here.run("run", recipe, "--out", out, status=3)
            assert out in said and "--out" in said and not here.objects(), said
        assert "--out expects PATH" in here.run("run", recipe, "--out", "", status=2)


def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room():
    limit = 2_000_000  # stands for a full disk: a file may not grow beyond it
    with place() as here:
        recipe = here.recipe(TWO_RATS + STAGES)
        said = here.run("run", recipe, status=3, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        assert "T181/raw (load)" in said and "T219/raw (load)" in said and "File too large" in said, said
        assert not here.leftovers(), here.leftovers()
        here.run("run", recipe)


def test_a_crash_while_reading_a_foreign_file_is_the_file_s_failure():
    with place() as here:
        noise(here, "noise.npy", 3000, 8000)
        recipe = here.recipe(SLOW)
        process = here.start("run", recipe, "--json", env={**os.environ, "ASAN_OPTIONS": "handle_segv=0"})
        send(worker_of(process), SEGV)
        said = here.end(process, status=1)
        failed = [json.loads(line) for line in said.splitlines() if '"failed"' in line and "noise/raw" in line]
        assert failed[0]["class"] == "input" and "SIGSEGV while running load" in failed[0]["message"], said


def on_terminal(here, columns, *words):
    """Runs on a terminal of that width; returns what appeared on it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(here.path)
        os.environ["TERM"] = "xterm"
        os.execv(RUMBLE, [RUMBLE, *words, "--cache", here.cache])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        shown += piece
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    return shown.decode()


def test_the_live_display_fits_the_terminal_and_leaves_no_trace():
    with place() as here:
        noise(here, "noise.npy", 1500, 3000)
        recipe = here.recipe(SLOW)
        shown = on_terminal(here, 44, "run", recipe)
        assert "noise/slow" in shown and " left" in shown and "%" in shown, shown
        screen = []  # what a terminal would show: up a line, clear it, write
        for line in shown.replace("\r\n", "\n").split("\n"):
            ups = line.count("\x1b[A")
            if ups:
                del screen[-ups:]
            text = line.replace("\x1b[A", "").replace("\x1b[2K", "").replace("\r", "")
            assert "\x1b" not in text and (len(text) <= 44 or "report:" in text or "to run" in text), repr(text)
            screen.append(text)
        assert [line for line in screen if " left" in line or "%" in line] == [], screen
        assert screen[-2].endswith("report: recipe/report.html"), screen


def test_names_cannot_steer_a_terminal():
    with place() as here:
        noise(here, "noise.npy", 3, 100)
        os.rename(here.file("noise.npy"), here.file("\x1b[31mnoise.npy"))
        recipe = here.recipe('recordings:\n  - {name: n, format: npy, path: "\\e[31mnoise.npy", rate: 10 Hz, orientation: neurons-first}\n'
                             "stages:\n  raw: {stage: load}\n  z: {stage: svca2, recording: raw}\n")
        said = here.run("run", recipe, status=1)
        assert "\x1b" not in said, repr(said)


def test_paths_may_hold_any_bytes():
    with place() as here:
        noise(here, "noise.npy", 3, 100)
        os.rename(here.file("noise.npy"), os.fsencode(here.file("n")) + b"\xff\n.npy")
        here.cache += "\udcfe\n"
        recipe = here.recipe('recordings:\n  - {glob: "n*.npy", rate: 10 Hz, orientation: neurons-first}\nstages:\n  raw: {stage: load}\n')
        subprocess.run([RUMBLE, "check", recipe], cwd=here.path, check=True, capture_output=True)
        here.run("run", recipe, "--out", "out\udcfd\n")
        assert len(here.objects()) == 1 and os.path.exists(here.file("out\udcfd\n/report.html"))
        here.run("cache", "gc", "--max-size", "1 B")
        assert len(here.objects()) == 1, "results name the object"
        here.run("report", recipe, "--out", "out\udcfd\n", errors="surrogateescape")


def test_keep_false_lets_objects_go_and_a_later_reader_gets_them_again():
    with place() as here:
        text = TWO_RATS + STAGES.replace("frames:   {stage: bin, recording: units, rate: 22 Hz}",
                                     "frames:   {stage: bin, recording: units, rate: 22 Hz, keep: false}")
        recipe = here.recipe(text)
        keys = {e["node"]: e["key"] for e in here.events("run", recipe) if e["event"] == "done"}
        objects = here.objects()
        assert keys["T181/frames"] not in objects and keys["T181/z"] in objects, "frames should have gone"
        assert not [e for e in here.events("run", recipe) if e["event"] == "done"], "nothing is missing that anybody needs"
        again = {e["node"] for e in here.events("run", recipe, "--set", "stages.svca2.spacing=50 um") if e["event"] == "done"}
        assert {"T181/frames", "T181/svca2@z"} <= again and "T181/alpha@z" in again, again
        assert keys["T181/frames"] not in here.objects()


def stopped_with_frames(here, recipe):
    """Kills a run between an object with keep: false and its last reader; its key, or None if the run was quicker."""
    process = here.start("run", recipe, "--json")
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "done" and event["node"] == "T181/frames":
            process.send_signal(KILL)
            break
    process.communicate()
    return event["key"] if event["key"] in here.objects() else None


def test_keep_false_also_holds_for_what_a_stopped_run_left():
    for _ in range(10):
        with place() as here:
            recipe = here.recipe(TWO_RATS + STAGES.replace("rate: 22 Hz}", "rate: 22 Hz, keep: false}"))
            key = stopped_with_frames(here, recipe)
            if key:
                here.run("run", recipe)
                assert key not in here.objects(), "it should have gone"
                return
    raise AssertionError("no run was stopped in time")


tests(globals())
