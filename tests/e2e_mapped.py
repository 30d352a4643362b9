"""Large float32 arrays stay in the files they came in: same results as a copy, wherever the file is moved; nothing is made of one that changed."""
import json
import os
import time

import h5py
import numpy as np

from support.running import CONTINUE, STOP, children, place, send, tests, wait_until

N, T = 300, 15000  # just above 16 MiB
STAGES = """
stages:
  raw: {stage: load}
  some: {stage: select, recording: raw, neurons: [250, 3, 17, 40]}
  z: {stage: zscore, recording: raw}
  svca2: {stage: svca2, recording: z}
"""


def samples():
    x = np.random.default_rng(3).standard_normal((N, T)).astype("f4")
    x[7, 300] = np.nan
    x[299, 14999] = np.inf
    return x


def analysed(here, line, stages=STAGES):
    """Runs the recipe on one recording; the bytes in its cache, and what it said."""
    recipe = here.recipe(f"recordings:\n  - {{name: r, rate: 20 Hz, {line}}}\n{stages}")
    said = here.run("run", recipe)
    return recipe, said


def output(here, recipe, node, name="out.npy"):
    if os.path.exists(here.file(name)):
        os.remove(here.file(name))
    here.run("export", recipe, node, "--out", name)
    return np.load(here.file(name))


def cached_bytes(here):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(here.cache) for name in names)


def test_what_stays_gives_what_a_copy_gives():
    x = samples()
    with place() as here:
        np.save(here.file("mapped.npy"), x)
        np.save(here.file("wide.npy"), x.astype("f8"))
        np.save(here.file("turned.npy"), np.asfortranarray(x))
        np.save(here.file("big-endian.npy"), x.astype(">f4"))
        with h5py.File(here.file("mapped.h5"), "w", userblock_size=1024) as f:
            f["a/act"] = x
        with h5py.File(here.file("chunked.h5"), "w") as f:
            f.create_dataset("a/act", data=x, chunks=(50, 5000))
        seen = {}
        for name in ["mapped.npy", "wide.npy", "turned.npy", "big-endian.npy", "mapped.h5", "chunked.h5"]:
            before = cached_bytes(here) if os.path.exists(here.cache) else 0
            more = ", activity: a/act" if name.endswith("h5") else ""
            recipe, said = analysed(here, f"path: {name}, orientation: neurons-first{more}")
            assert "dropped 2 of 300 neurons" in said, said
            stays = cached_bytes(here) - before < x.nbytes / 10
            assert stays == name.startswith("mapped"), f"{name}: {cached_bytes(here) - before} bytes more in the cache"
            seen[name] = [output(here, recipe, node).tobytes() for node in ["r/raw", "r/some", "r/z", "r/svca2.spectrum"]]
        assert np.array_equal(np.frombuffer(seen["mapped.npy"][0], "f4").reshape(N - 2, T), np.delete(x, [7, 299], 0))
        for name, bytes_of in seen.items():
            assert bytes_of == seen["mapped.npy"], f"{name} gave other numbers than mapped.npy"


def test_a_file_that_moves_is_found_by_its_content():
    with place() as here:
        np.save(here.file("one.npy"), samples())
        recipe, _ = analysed(here, "path: one.npy")
        exported = output(here, recipe, "r/some")
        os.rename(here.file("one.npy"), here.file("other.npy"))
        done = len(here.journal())
        recipe, said = analysed(here, "path: other.npy", STAGES + "  rest: {stage: spectrum, recording: z}\n")
        assert len(here.journal()) == done + 1, said  # only what is new was run
        assert np.array_equal(output(here, recipe, "r/some"), exported)


def suite2p(folder, x, cells):
    os.makedirs(folder)
    np.save(folder + "/spks.npy", x)
    np.save(folder + "/F.npy", np.asarray(x, ">f4"))
    np.save(folder + "/iscell.npy", np.stack([cells, 0.5 * cells], 1).astype("f8"))


def test_rows_of_a_file_in_a_folder_stay_there():
    x, cells = samples(), np.arange(N) % 40 != 4
    kept = np.setdiff1d(np.flatnonzero(cells), [7, 299])  # these two are not finite
    with place() as here:
        suite2p(here.file("session/suite2p/plane0"), x, cells)
        seen = {}
        for where, more in [("session", ""), ("session/suite2p/plane0/", ""), ("session", ", activity: F")]:
            before = cached_bytes(here) if os.path.exists(here.cache) else 0
            recipe, said = analysed(here, f"path: {where}{more}")
            assert "dropped 2 of 292 neurons" in said, said
            stays = cached_bytes(here) - before < x.nbytes / 10
            assert stays == (not more), f"{where}{more}: {cached_bytes(here) - before} bytes more in the cache"
            seen[where + more] = [output(here, recipe, node).tobytes() for node in ["r/raw", "r/some", "r/z", "r/svca2.spectrum"]]
            assert np.array_equal(np.frombuffer(seen[where + more][0], "f4").reshape(len(kept), T), x[kept])
        first = seen["session"]
        assert all(bytes_of == first for bytes_of in seen.values())
        recipe, _ = analysed(here, "path: session")
        os.rename(here.file("session"), here.file("moved"))
        done = len(here.journal())
        recipe, _ = analysed(here, "path: moved", STAGES + "  rest: {stage: spectrum, recording: z}\n")
        assert len(here.journal()) == done + 1 and output(here, recipe, "r/some").tobytes() == first[1]
        with open(here.file("moved/suite2p/plane0/spks.npy"), "r+b") as f:
            f.seek(9_000_000)
            f.write(np.float32(90).tobytes())
        assert "not in the cache" in here.run("export", recipe, "r/some", "--out", "no.npy", status=1)


def planes(here, folder):
    """Three planes, the second a frame shorter; the matrix that they are together, as far as it is of cells and finite."""
    x = np.concatenate([samples(), 2 * samples()[50:], samples()[::-1]])
    cells = np.arange(len(x)) % 40 != 4
    for p, (start, end, frames) in enumerate([(0, N, T), (N, 2 * N - 50, T - 1), (2 * N - 50, len(x), T)]):
        suite2p(here.file(f"{folder}/suite2p/plane{p}"), x[start:end, :frames], cells[start:end])
    x = x[:, :T - 1]
    return x[cells & np.isfinite(x).all(1)]


def test_planes_stay_in_their_files():
    with place() as here:
        x = planes(here, "session")
        np.save(here.file("copied.npy"), x.astype("f8"))
        seen = {}
        for where in ["session", "copied.npy"]:
            before = cached_bytes(here) if os.path.exists(here.cache) else 0
            recipe, said = analysed(here, f"path: {where}", STAGES + "  turned: {stage: shuffle, recording: raw}\n")
            stays = cached_bytes(here) - before < x.nbytes / 10
            assert stays == (where == "session"), f"{where}: {cached_bytes(here) - before} bytes more in the cache"
            seen[where] = [output(here, recipe, f"r/{node}").tobytes() for node in ["raw", "some", "z", "svca2.spectrum"]]
        assert seen["session"] == seen["copied.npy"] and seen["session"][0] == x.tobytes()
        recipe, _ = analysed(here, "path: session")
        os.rename(here.file("session"), here.file("moved"))
        done = len(here.journal())
        recipe, _ = analysed(here, "path: moved", STAGES + "  rest: {stage: spectrum, recording: z}\n")
        assert len(here.journal()) == done + 1 and output(here, recipe, "r/some").tobytes() == seen["session"][1]
        os.utime(here.file("moved/suite2p/plane1/spks.npy"))
        assert output(here, recipe, "r/some").tobytes() == seen["session"][1]
        with open(here.file("moved/suite2p/plane1/spks.npy"), "r+b") as f:
            f.seek(9_000_000)
            f.write(np.float32(90).tobytes())
        assert "not in the cache" in here.run("export", recipe, "r/some", "--out", "no.npy", status=1)


def test_a_plane_that_is_written_to_or_cut_short_under_a_run_is_named():
    for cut in [True, False]:
        with place() as here:
            planes(here, "session")
            changed = here.file("session/suite2p/plane1/spks.npy")
            recipe, _ = analysed(here, "path: session", "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n")
            with open(here.file(recipe), "a") as f:
                f.write("  svca: {stage: svca, recording: z, repeat: 4}\n")
            before = set(here.objects())
            process = here.start("run", recipe, "--jobs", "1")
            worker = wait_until(lambda: [p for p in children(process.pid) if reads(p, changed)])[0]
            send(worker, STOP)
            time.sleep(0.01)
            if cut:
                os.truncate(changed, 4096)
            else:
                with open(changed, "r+b") as f:
                    f.seek(5_000_000)
                    f.write(b"\0\0\0\0")
            send(worker, CONTINUE)
            said = here.end(process, status=1)
            assert "plane1/spks.npy" in said or (cut and "vanished or was truncated" in said), said
            assert set(here.objects()) == before, said


def test_planes_of_which_one_is_of_another_type_are_put_together_in_the_cache():
    x = samples()
    with place() as here:
        suite2p(here.file("two/plane0"), x, np.ones(N, bool))
        suite2p(here.file("two/plane1"), (2 * x).astype("f8"), np.ones(N, bool))
        recipe, _ = analysed(here, "path: two", "stages:\n  raw: {stage: load}\n")
        assert cached_bytes(here) > 2 * x.nbytes and output(here, recipe, "r/raw").shape == (2 * N - 4, T)


def test_what_stays_takes_no_disk_in_a_plan():
    x = samples()
    with place() as here:
        np.save(here.file("mapped.npy"), x)
        np.save(here.file("wide.npy"), x.astype("f8"))
        suite2p(here.file("session"), x, np.ones(N, bool))
        suite2p(here.file("planes/plane0"), x[:N // 2, 1:], np.ones(N // 2, bool))  # together they are large enough
        suite2p(here.file("planes/plane1"), x[N // 2:], np.ones(N - N // 2, bool))
        for path, least, most in [("mapped.npy", 0, 1e6), ("wide.npy", x.nbytes, 1.1 * x.nbytes), ("session", 0, 1e6), ("planes", 0, 1e6)]:
            recipe = here.recipe(f"recordings:\n  - {{name: r, rate: 20 Hz, path: {path}}}\nstages:\n  raw: {{stage: load}}\n")
            events = [json.loads(line) for line in here.run("plan", recipe, "--json").splitlines() if line.startswith("{")]
            disk = next(event["disk"] for event in events if event["event"] == "plan")
            assert least <= disk <= most, (path, disk)


def test_frames_left_out_stay_left_out():
    x = samples()
    with place() as here:
        np.save(here.file("x.npy"), x)
        np.save(here.file("bad.npy"), np.array([299, 300, 14999]))
        recipe, _ = analysed(here, "path: x.npy, bad_frames_file: bad.npy", "stages:\n  raw: {stage: load}\n")
        assert np.array_equal(output(here, recipe, "r/raw"), np.delete(x, [299, 300, 14999], 1))


def test_a_file_that_was_cut_short_or_written_to_is_told():
    with place() as here:
        np.save(here.file("x.npy"), np.random.default_rng(4).standard_normal((N, T)).astype("f4"))
        recipe, _ = analysed(here, "path: x.npy")
        before = output(here, recipe, "r/svca2.spectrum")
        with open(here.file("x.npy"), "rb") as f:
            whole = f.read()
        with open(here.file("x.npy"), "r+b") as f:
            f.seek(9_000_000)
            f.write(np.float32(90).tobytes())
        assert "not in the cache" in here.run("export", recipe, "r/some", "--out", "no.npy", status=1)
        here.run("run", recipe)
        assert not np.array_equal(output(here, recipe, "r/svca2.spectrum"), before)
        with open(here.file("x.npy"), "wb") as f:
            f.write(whole[:-9])
        assert "x.npy is truncated" in here.run("run", recipe, status=1)
        os.remove(here.file("x.npy"))
        assert "x.npy is not there any more" in here.run("report", recipe) and "there is no such file" in here.run("run", recipe, status=2)


def test_a_file_that_is_cut_short_under_a_run_ends_it_with_a_sentence():
    """Whether the worker is still reading (and its mapping faults) or looks again before it publishes: nothing is made of it."""
    for cut in [True, False]:
        with place() as here:
            np.save(here.file("x.npy"), np.random.default_rng(5).standard_normal((2000, 2200)).astype("f4"))
            recipe, _ = analysed(here, "path: x.npy", "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n")
            with open(here.file(recipe), "a") as f:
                f.write("  svca: {stage: svca, recording: z, repeat: 4}\n")
            before = set(here.objects())
            process = here.start("run", recipe, "--jobs", "1")
            worker = wait_until(lambda: [p for p in children(process.pid) if reads(p, here.file("x.npy"))])[0]
            send(worker, STOP)
            time.sleep(0.01)
            if cut:
                os.truncate(here.file("x.npy"), 4096)
            else:
                with open(here.file("x.npy"), "r+b") as f:
                    f.seek(5_000_000)
                    f.write(b"\0\0\0\0")
            send(worker, CONTINUE)
            said = here.end(process, status=1)
            assert "x.npy" in said or "vanished or was truncated" in said, said
            assert set(here.objects()) == before, said


def reads(pid, path):
    """Whether a process has mapped the file."""
    try:
        with open(f"/proc/{pid}/maps") as f:
            return path in f.read()
    except (FileNotFoundError, ProcessLookupError):
        return False


tests(globals())
