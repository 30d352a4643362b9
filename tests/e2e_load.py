"""Real recordings and bad files through the binary: `rumble run`, then what h5py finds in the results against what h5py and
numpy find in the files, and against the table of expected values beside the recordings."""
import csv
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

rumble, source = os.environ["RUMBLE"], os.environ["RUMBLE_SOURCE"]
recordings = os.path.join(os.environ["RUMBLE_SHARED"], "recordings")
if not os.path.isdir(recordings):
    sys.exit(f"missing {recordings}: set RUMBLE_SHARED to the folder with the shared recordings")

# name: file, array in expected-values.tsv, settings, neurons first in the file?
matrices = {
    "miniscope": ("critical-init-npz/F_miniscope219.npz", "sp", "rate: 22 Hz", True),
    "tectum": ("critical-init-npz/F_zftectum114.npz", "sp", "rate: 22 Hz", True),
    "face": ("critical-init-npz/T219_spks_face.npz", "spks", "rate: 22 Hz", True),
    "facemap": ("facemap-npz/spont_retina1240.npz", "spks", "", True),
    "hippocampus": ("suite2p-npz-hippocampy20/fluo.npz", "spks", "rate: 30 Hz", True),
    "hippocampus_F": ("suite2p-npz-hippocampy20/fluo.npz", "F", "activity: F, rate: 30 Hz", True),
    "suite2p": ("suite2p-miniscope219/suite2p/plane0/spks.npy", "spks", "rate: 30 Hz", True),
    "fissa": ("suite2p-fissa23/suite2p/plane0/F.npy", "F", "rate: 1 Hz", True),
    "worm": ("worm-wholebrain130-h5/2022-01-16-01-data.h5", "gcamp/trace_array",
             "activity: gcamp/trace_array, orientation: frames-first, rate: 1.36 Hz", False),
    "nwb": ("nwb-written-here/suite2p_export_219.nwb", "processing/ophys/Deconvolved/plane0/data",
            "activity: processing/ophys/Deconvolved/plane0/data, orientation: frames-first, rate: 30 Hz", False),
    "zebrafish": ("nwb-written-here/zebrafish_dff_114.nwb", "processing/ophys/DfOverF/RoiResponseSeries/data",
                  "activity: processing/ophys/DfOverF/RoiResponseSeries/data, orientation: frames-first, rate: 2 Hz", False),
}
# name: file, times and their owners in expected-values.tsv, settings, neurons
spikes = {
    "hennig": ("retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", "spikes", "", 58),
    "maccione": ("retina-waves-h5/Maccione2014_P9_7March11_control_SpkTs_bursts_filtered.h5", "spikes", "", 1240),
    "stafford": ("retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", "spikes", "", 410),
    "units": ("nwb-written-here/rat_units_249.nwb", "units/spike_times",
              "spikes: units/spike_times, ends: units/spike_times_index, id: units/id", 249),
    "thalamus": ("nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", "units/spike_times",
                 "spikes: units/spike_times, ends: units/spike_times_index", 4),
}


def run(where, entries, stages="  raw: {stage: load}\n", more=()):
    with open(os.path.join(where, "r.yaml"), "w") as file:
        file.write("rumble: 1\nrecordings:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries) + "stages:\n" + stages)
    done = subprocess.run([rumble, "run", "r.yaml", "--cache", "cache", "--out", "out", *more], cwd=where, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=600)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def result(where, recording, node="raw"):
    return h5py.File(os.path.join(where, "out", "results", recording, node + ".h5"), "r")


def warnings(file):
    text = file.attrs["warnings"]
    return json.loads(text.decode() if isinstance(text, bytes) else text)


def expected():
    with open(os.path.join(recordings, "expected-values.tsv")) as file:
        return {(row["file"], row["array"]): row for row in csv.DictReader(file, delimiter="\t")}


def near(found, wanted, tolerance):
    return abs(found - wanted) <= tolerance * max(1, abs(wanted))


def check_matrices(where, table):
    for name, (path, array, _, neurons_first) in matrices.items():
        row = table[path, array]
        shape = [int(n) for n in row["shape_as_read"].split("x")]
        with result(where, name) as file:
            data = file["recording/activity"][()]
            assert data.dtype == np.float32, name
            assert list(data.shape) == (shape if neurons_first else shape[::-1]), f"{name}: {data.shape}"
            wide = data.astype(float)
            single = 1e-6 * np.abs(wide).sum() if row["dtype"] == "<f8" else 0  # rounding of float64 samples to float32
            total = wide.sum()
            assert abs(total - float(row["sum_float64"])) <= 1e-10 * abs(total) + single, f"{name}: sum {total}"
            assert near(wide[0, 0], float(row["first"]), 1e-7) and near(wide[-1, -1], float(row["last"]), 1e-7), name


def check_spikes(where, table):
    for name, (path, array, _, neurons) in spikes.items():
        row = table[path, array]
        with result(where, name) as file:
            time, first = file["recording/time"][()], file["recording/first"][()]
            assert len(first) == neurons + 1 and first[0] == 0 and first[-1] == len(time) == int(row["shape_as_read"]), name
            assert near(time.sum(), float(row["sum_float64"]), 1e-11), f"{name}: sum {time.sum()}"
            assert near(time[0], float(row["first"]), 1e-11) and near(time[-1], float(row["last"]), 1e-11), name
            with h5py.File(os.path.join(recordings, path), "r") as original:
                counts = original["sCount"][()] if "sCount" in original else np.diff(original["units/spike_times_index"][()].astype(int), prepend=0)
                assert (np.diff(first) == counts).all(), name


def check_annotations(where):
    with result(where, "miniscope") as file, np.load(os.path.join(recordings, matrices["miniscope"][0])) as original:
        for ours, theirs in (("x", "xpos"), ("y", "ypos"), ("quality", "snr")):
            assert np.array_equal(file["recording/" + ours][()], original[theirs].astype(float)), ours
        assert (file["recording/id"][()] == np.arange(219)).all()
        assert file["recording/rate"][()] == 22
    with result(where, "face") as file:
        assert (file["recording/x"][()] == 0).all() and file["recording/y"][()].sum() == 988560
        names = np.load(os.path.join(recordings, matrices["face"][0]), allow_pickle=True)["areas"]  # the paper's layout: texts as objects
        assert [name.decode().rstrip("\0") for name in file["recording/area"][()]] == list(names)
    with result(where, "facemap") as file:
        assert near(file["recording/rate"][()], 3, 1e-9)
    with result(where, "maccione") as file, h5py.File(os.path.join(recordings, spikes["maccione"][0]), "r") as original:
        assert np.array_equal(np.stack([file["recording/x"][()], file["recording/y"][()]]), original["epos"][()])
        times = file["recording/time"][()]
        assert (file["recording/observed"][()].ravel() == [times.min(), times.max()]).all()
    with result(where, "units") as file, h5py.File(os.path.join(recordings, spikes["units"][0]), "r") as original:
        assert np.array_equal(file["recording/id"][()], original["units/id"][()])


def check_real(where):
    table = expected()
    entries = [f"name: {name}, path: {os.path.join(recordings, path)}{', ' if settings else ''}{settings}"
               for name, (path, _, settings, _) in {**matrices, **spikes}.items()]
    code, said = run(where, entries)
    assert code == 0, said
    check_matrices(where, table)
    check_spikes(where, table)
    check_annotations(where)


def check_units(where):
    """Pixels, files beside the file, and orders of magnitude of the clock."""
    rng = np.random.default_rng(1)
    x, places = rng.standard_normal((40, 600)).astype("f4"), rng.uniform(0, 500, (40, 2))
    np.save(os.path.join(where, "x.npy"), np.asfortranarray(x))
    np.save(os.path.join(where, "xT.npy"), x.T.astype(">f8"))
    np.save(os.path.join(where, "places.npy"), places.T)
    np.save(os.path.join(where, "quality.npy"), places[:, 0] > 250)
    np.savez(os.path.join(where, "ticks.npz"), st=np.sort(rng.integers(0, 300000, 500)), clu=rng.integers(0, 7, 500))
    beside = "positions_file: places.npy, quality_file: quality.npy, pixel: 2 um, rate: 10 Hz"
    code, said = run(where, [f"name: a, path: x.npy, {beside}", f"name: b, path: xT.npy, {beside}",
                             "name: c, path: ticks.npz, clock: 30 kHz, window: [1 s, 9 s]"])
    assert code == 0, said
    for name in "ab":
        with result(where, name) as file:
            assert np.array_equal(file["recording/activity"][()], x), name
            assert np.array_equal(file["recording/x"][()], 2 * places[:, 0]) and np.array_equal(file["recording/y"][()], 2 * places[:, 1])
            assert np.array_equal(file["recording/quality"][()], places[:, 0] > 250)
            assert warnings(file) == [], warnings(file)
    assert not os.path.exists(os.path.join(where, "out", "results", "d"))
    np.save(os.path.join(where, "large.npy"), np.array([[1, 2**24 + 1], [2**30, 3]], "i4"))
    np.savez(os.path.join(where, "times.npz"), sp=np.ones((2, 3)), tneural=np.arange(5) / 7)
    code, said = run(where, ["name: c, path: ticks.npz, clock: 30 kHz, window: [1 s, 9 s], rate: 3 Hz", "name: d, path: large.npy, rate: 1 Hz",
                             "name: e, path: times.npz"])
    assert code == 0, said
    for name, words in (("c", ["`rate` belongs to frames", "left out"]), ("d", ["rounded 1 of 4 whole numbers", "2^24"]),
                        ("e", ["there are 5 for 3 frames", "frame rate is unknown"])):
        with result(where, name) as file:
            for word in words:
                assert any(word in text for text in warnings(file)), f"{name}: {word}: {warnings(file)}"
    with result(where, "c") as file, np.load(os.path.join(where, "ticks.npz")) as original:
        seconds = original["st"] / 30000
        kept = (seconds >= 1) & (seconds < 9)
        assert np.array_equal(file["recording/observed"][()].ravel(), [1, 9])
        wanted = np.concatenate([seconds[kept & (original["clu"] == u)] for u in range(7)])
        assert np.array_equal(file["recording/time"][()], wanted)


def check_lists(where):
    """HDF5 with a dataset for each neuron, in the order of their numbers; one that is no list of numbers is named."""
    rng = np.random.default_rng(2)
    times = [np.sort(rng.uniform(0, 50, n)) for n in rng.integers(0, 60, 12)]
    times[4] = times[11] = np.zeros(0)
    with h5py.File(os.path.join(where, "lists.h5"), "w") as file:
        for i, train in enumerate(times):
            file.create_dataset(f"a/unit_{i}", data=train[:, None] if i % 2 else train, **({"compression": "gzip"} if i % 3 == 0 and len(train) else {}))
            file[f"ticks/{i}"] = (30000 * train).astype("u8")
            file[f"groups/{i}/x"] = train
        file["a/depth"] = np.arange(12.)
    code, said = run(where, ["name: a, path: lists.h5, spikes: a/unit_*, y: a/depth", "name: b, path: lists.h5, spikes: ticks/*, clock: 30 kHz",
                             "name: c, path: lists.h5, spikes: groups/*"])
    assert code == 1 and "'groups/0' is no dataset" in said, said
    for name, wanted in ("a", times), ("b", [(30000 * train).astype("u8") / 30000 for train in times]):
        with result(where, name) as file:
            assert np.array_equal(np.diff(file["recording/first"][()]), [len(train) for train in wanted]), name
            assert np.array_equal(file["recording/time"][()], np.concatenate(wanted)) and (name == "b" or file["recording/y"][3] == 3)


# the catalogue's files that only show through the whole program: name, how the control is spoilt, settings, exit, class, words
def spoilt():
    one, row, whole, infinite = (np.ones((40, 600), "f4") * np.arange(600, dtype="f4") for _ in range(4))
    one[7, 33] = row[9] = whole[:] = np.nan
    infinite[0, 0] = np.inf
    return [
        ("D31 one", one, "", 0, None, ["dropped 1 of 40 neurons", "neuron 7", "frame 33, which is missing (NaN)"]),
        ("D31 one, refused", one, ", nonfinite: fail", 1, "data", ["1 of 40 neurons", "neuron 7", "frame 33", "nonfinite: drop"]),
        ("D31 neuron", row, "", 0, None, ["dropped 1 of 40 neurons", "neuron 9", "frame 0"]),
        ("D31 all", whole, "", 1, "data", ["40 of 40 neurons", "neuron 0", "frame 0"]),
        ("D32", infinite, ", nonfinite: fail", 1, "data", ["1 of 40 neurons", "neuron 0", "frame 0, which is infinite"]),
        ("D16 pickle", np.array([{}, None], object), "", 1, "input", ["pickle", "not loaded"]),
        ("text", np.array([["a", "b"], ["c", "d"]]), "", 1, "input", ["text"]),
        ("empty", np.zeros((0, 7), "f4"), "", 1, "input", ["0 x 7", "none of them empty"]),
        ("three axes", np.zeros((2, 3, 4), "f4"), "", 1, "input", ["2 x 3 x 4", "two axes"]),
    ]


def check_spoilt(where):
    for name, data, settings, status, kind, words in spoilt():
        np.save(os.path.join(where, "x.npy"), data)
        entry = [f"name: a, path: x.npy, rate: 10 Hz{settings}"]
        code, said = run(where, entry, more=["--json"])
        assert code == status, f"{name}: ended with {code}\n{said}"
        for word in words:
            assert word in said, f"{name}: does not say {word!r}\n{said}"
        if kind:
            assert f'"{kind}"' in said, f"{name}: class {kind} is not named\n{said}"
        else:
            with result(where, "a") as file:
                kept = file["recording/row"][()]
                bad = np.flatnonzero(~np.isfinite(data).all(axis=1))
                assert np.array_equal(kept, np.setdiff1d(np.arange(40), bad)), name
                assert np.array_equal(file["recording/id"][()], kept), name


def check_place(where):
    """Where a file lies and what it is called are in no result: the same bytes from another name and place."""
    objects = []
    for place in ("one", "two"):
        below = os.path.join(where, place)
        os.mkdir(below)
        shutil.copy(os.path.join(recordings, matrices["face"][0]), os.path.join(below, place + ".npz"))
        np.save(os.path.join(below, place + ".npy"), np.ones((30, 20)))
        code, said = run(below, [f"name: {place}, path: {place}.npz", f"name: {place}2, path: {place}.npy"])
        assert code == 0, said
        for name in (place, place + "2"):
            with result(below, name) as file:
                assert warnings(file), "this test is about warnings"
        found = {}
        for folder, _, names in os.walk(os.path.join(below, "cache", "objects")):
            for name in fnmatch.filter(names, "*.h5"):
                with open(os.path.join(folder, name), "rb") as file:
                    found[name] = file.read()
        objects.append(found)
    assert len(objects[0]) == 2 and objects[0] == objects[1], "other bytes from another place"


def check_cut(where):
    """Files cut short fail their node with a sentence and nothing else: the whole one beside them is loaded."""
    entries = [f"name: whole, path: {os.path.join(recordings, matrices['miniscope'][0])}, rate: 22 Hz"]
    for name, path in (("npz", matrices["tectum"][0]), ("npy", matrices["fissa"][0]), ("hdf5", spikes["hennig"][0])):
        with open(os.path.join(recordings, path), "rb") as file:
            data = file.read()
        with open(os.path.join(where, name), "wb") as file:
            file.write(data[: len(data) * 2 // 3])
        entries.append(f"name: {name}, path: {name}, rate: 22 Hz")
    code, said = run(where, entries)
    assert code == 1, f"ended with {code}\n{said}"
    for name in ("npz", "npy", "hdf5"):
        line = [line for line in said.splitlines() if f"{name}/raw" in line and "truncated" in line]
        assert line, f"{name}\n{said}"
    with result(where, "whole") as file:
        assert file["recording/activity"].shape == (219, 2000)


for check in (check_real, check_units, check_lists, check_spoilt, check_place, check_cut):
    with tempfile.TemporaryDirectory() as where:
        check(where)
        print(check.__name__, "fine")
