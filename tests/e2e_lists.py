"""Long lists of spikes that must be unpacked: every number is read, and memory does not grow with them."""
import json
import os
import subprocess
import zipfile

import h5py
import numpy as np

from support.inspecting import inspect
from support.loads import load, refuse
from support.running import RUMBLE, place, tests

SPIKES, UNITS = 12_000_000, 700
PACKED = {"compression": "gzip", "compression_opts": 1}
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"  # what was freed is not memory that is needed
MOST = 150e6  # bytes; the times alone are 96e6, and times and units as doubles 192e6


def spikes():
    """Times in s, ascending but for one, and the unit of each."""
    i = np.arange(SPIKES)
    time = i / 3000.
    time[5_000_000] -= 10
    return time, (i * i % UNITS).astype("i4")


def in_order(time, unit):
    """Times unit after unit, ascending in each."""
    return time[np.lexsort((time, unit))]


def peak(p):
    with open(p.file("cache/journal.jsonl")) as f:
        return max(line["peak"] for line in map(json.loads, f))


def test_npz():
    with place() as p:
        time, unit = spikes()
        with zipfile.ZipFile(p.file("list.npz"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            for name, array in (("st", time), ("clu", unit)):
                with z.open(name + ".npy", "w", force_zip64=True) as f:
                    np.lib.format.write_array(f, array)
        got, said = load(p, "list.npz")
        assert np.array_equal(got["time"], in_order(time, unit)) and "found 1 of" in said
        assert np.array_equal(np.diff(got["first"]), np.bincount(unit)) and peak(p) < MOST, peak(p)
        some = (time >= 100) & (time < 3000) & ~((time >= 1000.25) & (time < 1100))
        got, said = load(p, "list.npz", ", window: [100 s, 3000 s], drop: [1000.25 s, 1100 s]")
        assert np.array_equal(got["time"], in_order(time[some], unit[some])) and peak(p) < MOST, peak(p)
        assert got["observed"].tolist() == [[100, 1000.25], [1100, 3000]]
        within = np.count_nonzero((time >= 100) & (time < 3000))
        assert f"left out {SPIKES - within} of {SPIKES} spikes, which lie outside the window" in said
        assert f"left out {within - np.count_nonzero(some)} of {within} spikes, which lie in dropped" in said


def test_nwb():
    """Of every second unit, in two observed intervals."""
    with place() as p:
        time, unit = spikes()
        good = np.arange(UNITS) % 2 == 0
        with h5py.File(p.file("u.nwb"), "w") as f:
            f.attrs["nwb_version"], f.attrs["neurodata_type"] = "2.6.0", "NWBFile"
            f.create_group("units").attrs["neurodata_type"] = "Units"
            f["units/id"], f["units/quality"] = np.arange(UNITS), np.where(good, b"good", b"mua")
            f.create_dataset("units/spike_times", data=in_order(time, unit), chunks=True, **PACKED)
            f["units/spike_times_index"] = np.cumsum(np.bincount(unit, minlength=UNITS)).astype("u4")
            f["units/obs_intervals"] = np.tile([[0., 1000.], [1500, 4000]], (UNITS, 1))
            f["units/obs_intervals_index"] = 2 * np.arange(1, UNITS + 1)
        got, said = load(p, "u.nwb")
        some = good[unit] & ((time < 1000) | (time >= 1500))
        assert np.array_equal(got["time"], in_order(time[some], unit[some])) and peak(p) < MOST, peak(p)
        assert got["observed"].tolist() == [[0, 1000], [1500, 4000]]
        assert f"left out {np.count_nonzero(good[unit]) - np.count_nonzero(some)} of" in said


def test_a_dataset_or_cell_for_each_unit():
    with place() as p:
        time, unit = spikes()
        times = in_order(time, unit)
        ends = np.cumsum(np.bincount(unit, minlength=UNITS))
        with h5py.File(p.file("u.h5"), "w") as f, h5py.File(p.file("c.mat"), "w", userblock_size=512) as m:
            cell = m.create_dataset("times", (UNITS + 1, 1), h5py.ref_dtype)
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
            for u, part in enumerate(np.split(times, ends[:-1])):
                f.create_dataset(f"units/{u}", data=part.reshape((-1, 1) if u % 2 else -1), chunks=True, **PACKED)
                d = m.create_dataset(f"#refs#/{u}", data=part[None], chunks=(1, min(4096, len(part))), **PACKED) if len(part) else \
                    m.create_dataset(f"#refs#/{u}", data=np.array([0, 0], "u8"))
                d.attrs["MATLAB_class"] = np.bytes_("double")
                if not len(part):
                    d.attrs["MATLAB_empty"] = np.uint8(1)
                cell[u, 0] = d.ref
            last = m.create_dataset("#refs#/last", data=[[1.5, 2.5]])
            last.attrs["MATLAB_class"] = np.bytes_("double")
            cell[UNITS, 0] = last.ref
        with open(p.file("c.mat"), "r+b") as f:
            f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
        got, _ = load(p, "u.h5", ", spikes: units/*")
        assert np.array_equal(got["time"], times) and np.array_equal(got["first"][1:], ends) and peak(p) < MOST, peak(p)
        got, _ = load(p, "c.mat", ", spikes: times")
        assert np.array_equal(got["time"], [*times, 1.5, 2.5]) and list(got["first"][-2:]) == [SPIKES, SPIKES + 2] and peak(p) < MOST, peak(p)


def test_lists_of_lists():
    """Datasets of a group that are no lists are read as they lie; text is refused."""
    with place() as p:
        rng = np.random.default_rng(1)
        with h5py.File(p.file("u.h5"), "w") as f:
            shapes = [(3, 50_000), (50_000, 3), (2, 70_000), (5, 6, 7), (), (0,), (131_073,)]
            parts = [np.cumsum(rng.random(shape)).reshape(shape).astype(kind) for shape, kind in zip(shapes, "f8 f4 >f8 f4 f8 f8 f8".split())]
            for i, part in enumerate(parts):
                f[f"u/{i}"] = part
        got, _ = load(p, "u.h5", ", spikes: u/*, clock: 1 Hz")
        assert np.array_equal(got["time"], np.concatenate([part.ravel().astype("f8") for part in parts]))
        with h5py.File(p.file("u.h5"), "a") as f:
            f["u/7"] = [b"a", b"b"]
        refuse(p, "u.h5", ", spikes: u/*, clock: 1 Hz", "'u/7' holds text")


def test_lists_in_a_group_for_each_neuron():
    """units/3/spike_times: the star may stand in front of the last name, and what is not there in one of the groups is said."""
    rng = np.random.default_rng(2)
    with place() as p:
        parts = [np.sort(rng.random(n) * 100) for n in (4, 0, 9, 3)]
        with h5py.File(p.file("u.h5"), "w") as f:
            for name, part in zip((2, 9, 10, 33), parts):
                f[f"session/units/u{name}/{'st' if name == 9 else 'spike times'}"] = part
            f["session/units/u9/spike times"] = h5py.SoftLink("/session/units/u9/st")
            f["session/note"] = 1
        got, _ = load(p, "u.h5", ", spikes: 'session/units/u*/spike times'")
        assert np.array_equal(got["time"], np.concatenate(parts)) and list(got["first"]) == [0, 4, 4, 13, 16]
        with h5py.File(p.file("u.h5"), "a") as f:
            f["session/units/u11/waveform"] = np.zeros(3)
        refuse(p, "u.h5", ", spikes: 'session/units/u*/spike times'", "'session/units/u11/spike times' is no dataset")
        with h5py.File(p.file("u.h5"), "a") as f:
            f["session/units/u11/spike times"] = h5py.ExternalLink("other.h5", "/x")
        refuse(p, "u.h5", ", spikes: 'session/units/u*/spike times'", "external link")
        refuse(p, "u.h5", ", spikes: session/*/u*", "is no dataset")


def test_lists_of_three_axes_are_refused_in_pieces():
    with place() as p:
        with h5py.File(p.file("three.h5"), "w") as f:
            f["st"] = np.sort(np.random.default_rng(1).random((1, 70_000, 1)), axis=1)
            f["sCount"] = np.array([30_000, 40_000])
        refuse(p, "three.h5", ", spikes: st, counts: sCount", "'st' is 1 x 70000 x 1", check=False)
        with h5py.File(p.file("guess.h5"), "w") as f:
            for i, n in enumerate((200_000, 3000, 4000)):
                f[f"units/u{i}"] = np.sort(np.random.default_rng(i).random((1, n, 1)), axis=1)
        inspect(p.file("guess.h5"), status=1)


def test_a_small_file_of_one_huge_chunk_is_refused():
    with place() as p:
        with h5py.File(p.file("chunk.h5"), "w") as f:
            made = f.create_dataset("spks", (1 << 14, 1 << 13), "f8", chunks=(1 << 14, 1 << 13), compression="gzip")
            made.id.write_direct_chunk((0, 0), bytes(2_000_000))
        refuse(p, "chunk.h5", ", rate: 22 Hz", "'spks' lies in packed chunks of 1073741824 bytes", "CHUNK=")


def test_counts_of_parts_are_checked():
    with place() as p:
        unit = np.arange(100) % 3
        np.savez(p.file("parts.npz"), **{"st": np.sort(unit / 7.), "clu": unit, "st.counts": [50, 50], "clu.counts": [50, 50],
                                         "snr": np.ones(2), "snr.counts": [1_000_000, -999_998]})
        refuse(p, "parts.npz", ", parts: probes", "part 1 of 'snr'", "1000000", check=False)


def proposed(p, file="u.h5"):
    """The settings that inspect proposes, also if it ends with an error."""
    seen = subprocess.run([RUMBLE, "inspect", "--json", file], cwd=p.path, capture_output=True, text=True, timeout=60)
    return {row["name"]: row["value"] for row in json.loads(seen.stdout).get("settings", [])}


def test_lists_in_a_group_are_proposed():
    """inspect and init name the pattern, only if everything in the group is an ascending list."""
    rng = np.random.default_rng(4)
    parts = [np.sort(rng.random(n) * 100) for n in (4, 0, 900, 3000)]
    with place() as p:
        for path, want in (("units/{}", "units/*"), ("a/u{}/spike_times", "a/*/spike_times"), ("data/{}", "data/*")):
            with h5py.File(p.file("u.h5"), "w") as f:
                f["version"] = 3
                for i, part in enumerate(parts):
                    f[path.format(i)] = part.reshape(-1, 1) if i % 2 else part
                    if "times" in path:
                        f[f"a/u{i}/amplitudes"], f[f"a/u{i}/order"], f[f"a/u{i}/depth"] = rng.random(len(part)), np.arange(len(part)), 20. * i
                if "data" not in path:
                    f["waveforms"] = rng.random((50, 80))
            assert proposed(p) == {"spikes": want}, (path, proposed(p))
            recipe = subprocess.run([RUMBLE, "init", "u.h5", "-q"], cwd=p.path, capture_output=True, text=True, timeout=60).stdout
            assert f"spikes: {want}" in recipe or f'spikes: "{want}"' in recipe, recipe
            with h5py.File(p.file("u.h5"), "a") as f:
                del f[path.format(2)]
                f[path.format(2)] = parts[2][::-1]
            assert "spikes" not in proposed(p), path
        for path, group in (("units/{}", parts[:2]), ("units/{}", [parts[2]] * 4), ("behaviour/{}", parts)):    # few; of one length; no numbers
            with h5py.File(p.file("u.h5"), "w") as f:
                for i, part in enumerate(group):
                    f[path.format("abcd"[i] if "behaviour" in path else i)] = part
            assert "spikes" not in proposed(p), path
        with h5py.File(p.file("u.h5"), "w") as f:
            for i, part in enumerate(parts):
                f[f"units/{i}/spike_times"] = part
            f["units/note"] = 1
        assert "spikes" not in proposed(p)


def test_a_window_of_frames_is_told_and_not_passed_over():
    with place() as p:
        np.savez(p.file("a.npz"), sp=np.eye(3, 40, dtype="f4"))
        refuse(p, "a.npz", ", rate: 10 Hz, window: [0 s, 2 s]", "`window` is about spikes", "`drop`")
        assert "`clock` belongs to spike times" in load(p, "a.npz", ", rate: 10 Hz, clock: 30 kHz")[1]


tests(globals())
