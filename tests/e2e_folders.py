"""Folders that suite2p and Kilosort or phy wrote, through the binary: real ones, and ones made here with the traits that real ones have."""
import os
import shutil
import subprocess

import h5py
import numpy as np
from scipy.io import savemat

from support.loads import load, refuse, texts
from support.running import RUMBLE, place, shared, tests

MINI = "suite2p-miniscope219"
TIMES = {"spike_times": np.array([[10], [20], [20], [40], [55]], np.uint64), "spike_clusters": np.array([3, 9, 3, 900, 9], np.int32)}


def write_phy(folder, times=TIMES, **text):
    os.makedirs(folder)
    for name, value in times.items():
        np.save(os.path.join(folder, name + ".npy"), value)
    for name, value in {"params.py": "sample_rate = 25000.\n", **text}.items():
        if value is not None:
            with open(os.path.join(folder, name), "w") as file:
                file.write(value)


def snr(x):
    return 1 - np.var(np.diff(x)) / (2 * np.var(x))


def test_suite2p_is_read_as_numpy_reads_it():
    with place() as p:
        plane = shared(MINI) + "/suite2p/plane0/"
        spks, F, Fneu = (np.load(plane + n).astype(np.float64) for n in ("spks.npy", "F.npy", "Fneu.npy"))
        cell = np.load(plane + "iscell.npy")[:, 0] > 0.5
        stat = np.load(plane + "stat.npy", allow_pickle=True)
        med = np.array([s["med"] for s in stat], float)
        for where in "", "/suite2p", "/suite2p/plane0":
            got, said = load(p, shared(MINI) + where, ", rate: 30 Hz, pixel: 1.5 um")
            assert np.array_equal(got["activity"], spks[cell].astype(np.float32))
            assert np.array_equal(got["x"], med[cell, 1] * 1.5) and np.array_equal(got["y"], med[cell, 0] * 1.5)
            assert np.array_equal(got["id"], np.flatnonzero(cell)) and got["rate"] == 30
            assert np.allclose(got["quality"], [snr(f - 0.7 * n) for f, n in zip(F[cell], Fneu[cell])], rtol=1e-4)
            assert f"{cell.sum()} of {cell.size} ROIs" in said and "pixel" not in said
        got, said = load(p, shared(MINI), ", rois: all, activity: F-0.7Fneu, rate: 30 Hz, quality: probability")
        assert np.allclose(got["activity"], F - 0.7 * Fneu, rtol=1e-6, atol=1e-3) and "in pixels" in said
        assert np.allclose(got["quality"], np.load(plane + "iscell.npy")[:, 1])
        # the same snr that the paper's own layout of this recording holds
        packed = np.load(shared("critical-init-npz") + "/F_miniscope219.npz")["snr"]
        assert np.allclose(load(p, shared(MINI), ", rois: all, rate: 30 Hz")[0]["quality"], packed, rtol=1e-4, equal_nan=True)


def test_neuropil_is_taken_away_in_any_format():
    """As suite2p's folder gives it, from arrays of the same recording in files of other kinds, and with other factors."""
    plane = shared(MINI) + "/suite2p/plane0/"
    F, Fneu = np.load(plane + "F.npy"), np.load(plane + "Fneu.npy")
    with place() as p:
        want = load(p, shared(MINI), ", rois: all, activity: F-0.7Fneu")[0]["activity"]
        cells = load(p, shared(MINI), ", activity: F-0.7Fneu")[0]["activity"]
        np.savez(p.file("stored.npz"), F=F, Fneu=Fneu)
        np.savez_compressed(p.file("deflated.npz"), Fneu=Fneu.astype(np.float64), F=F)
        savemat(p.file("m.mat"), {"F": F, "Fneu": Fneu})
        with h5py.File(p.file("h.h5"), "w") as file:
            file.create_dataset("a/F", data=F.T, chunks=(300, 50), compression="gzip")
            file.create_dataset("a/Fneu", data=Fneu.T, chunks=(70, 219))
            file["Fneu"] = Fneu
        np.save(p.file("F.npy"), F)
        np.save(p.file("Fneu.npy"), Fneu)
        turned = ", activity: a/F, orientation: frames-first"
        for path, settings in (("stored.npz", ", activity: F, neuropil: Fneu"), ("deflated.npz", ", activity: F, neuropil: Fneu"),
                               ("m.mat", ", activity: F, neuropil: Fneu"), ("h.h5", turned + ", neuropil: a/Fneu"), ("F.npy", ", neuropil_file: Fneu.npy"),
                               (shared(MINI), ", rois: all, activity: F, neuropil: Fneu")):
            assert np.array_equal(load(p, path, settings + ", rate: 30 Hz")[0]["activity"], want), path
        nwb = shared("nwb-written-here") + "/suite2p_export_219.nwb"
        assert np.array_equal(load(p, nwb, ", activity: Fluorescence, neuropil: Neuropil")[0]["activity"], cells)
        got = load(p, "stored.npz", ", activity: F, neuropil: Fneu, neuropil_factor: 0.55, rate: 30 Hz")[0]["activity"]
        assert np.array_equal(got, (F.astype(float) - 0.55 * Fneu.astype(float)).astype(np.float32))
        seen = subprocess.run([RUMBLE, "inspect", "stored.npz", "--set", "activity=F", "--set", "neuropil=Fneu"], cwd=p.path, capture_output=True, text=True)
        assert seen.returncode == 0 and "Fneu, 0.7 of which is taken away" in seen.stdout, seen
        refuse(p, "stored.npz", ", neuropil: Fneu", "`activity` must name")
        refuse(p, "stored.npz", ", activity: F, neuropil: Fnou", "Fnou", "Fneu (219 x 2000")
        refuse(p, "h.h5", turned + ", neuropil: Fneu", "'Fneu' is 219 x 2000", "2000 x 219", "alike")
        refuse(p, "F.npy", ", neuropil_file: F.npy, neuropil: F", "not both")


def test_the_rate_comes_from_the_options():
    with place() as p:
        got, said = load(p, shared("suite2p-fissa23"))
        ops = np.load(shared("suite2p-fissa23") + "/suite2p/plane0/ops.npy", allow_pickle=True).item()
        assert got["rate"] == float(ops["fs"]) and "rate is unknown" not in said
        os.makedirs(p.file("new/plane0"))
        np.save(p.file("new/plane0/F.npy"), np.random.default_rng(1).random((4, 50), np.float32))
        np.save(p.file("new/plane0/settings.npy"), {"fs": np.float32(7.5), "tau": 1.0}, allow_pickle=True)
        assert load(p, "new", ", activity: F")[0]["rate"] == 7.5


def test_bad_frames_of_the_options_become_gaps():
    with place() as p:
        x = np.random.default_rng(3).random((4, 60), np.float32)
        bad = np.isin(np.arange(60), [0, 20, 21, 40])
        for plane, options in enumerate(["ops", "reg_outputs"]):
            os.makedirs(p.file(f"s/plane{plane}"))
            np.save(p.file(f"s/plane{plane}/spks.npy"), x)
            np.save(p.file(f"s/plane{plane}/{options}.npy"), {"fs": 10.0, "badframes": bad if plane == 0 else np.arange(60) == 50}, allow_pickle=True)
        got, said = load(p, "s")
        assert "left out 5 of 60 frames" in said and "segments: 4" in said, said
        kept = np.flatnonzero(~bad & (np.arange(60) != 50))
        assert got["activity"].shape == (8, 60) and [list(i) for i in got["interval"]] == [[1, 19], [22, 18], [41, 9], [51, 9]], got
        assert kept.size == 55
        np.save(p.file("s/plane0/ops.npy"), {"fs": 10.0, "badframes": bad[:59]}, allow_pickle=True)
        got, said = load(p, "s")
        assert "has 59 entries" in said and "left out 1 of 60" in said
        np.savez(p.file("x.npz"), spks=x, badframes=bad)      # of any file that has it
        assert "left out 4 of 60 frames" in load(p, "x.npz", ", rate: 10 Hz")[1]


def test_planes_are_parts_of_one_recording():
    with place() as p:
        rng = np.random.default_rng(2)
        for plane, (n, t) in enumerate([(3, 61), (2, 60)]):
            folder = p.file(f"planes/suite2p/plane{plane}")
            os.makedirs(folder)
            np.save(folder + "/spks.npy", rng.random((n, t), np.float32))
            np.save(folder + "/iscell.npy", np.asfortranarray(np.array([[1, .9], [0, .1], [1, .8]][:n])))
            stat = np.array([{"med": [plane * 100 + i, i], "ypix": np.arange(3)} for i in range(n)], object)
            np.save(folder + "/stat.npy", stat, allow_pickle=True)
        os.makedirs(p.file("planes/suite2p/combined"))
        np.save(p.file("planes/suite2p/combined/spks.npy"), np.zeros((5, 61), np.float32))
        got, said = load(p, "planes", ", rate: 5 Hz")
        a, b = (np.load(p.file(f"planes/suite2p/plane{i}/spks.npy")) for i in (0, 1))
        assert np.array_equal(got["activity"], np.vstack([a[[0, 2], :60], b[[0], :]])) and "plane 0 has 61 frames" in said
        assert list(got["plane"]) == [0, 0, 1] and list(got["id"]) == [0, 2, 3] and list(got["y"]) == [0, 2, 100]


def test_what_is_there_and_cannot_be_read_is_not_left_out():
    gone = "is a link to a file that is not there"
    with place() as p:
        for plane in (0, 1):
            os.makedirs(p.file(f"s2p/plane{plane}"))
            np.save(p.file(f"s2p/plane{plane}/spks.npy"), np.ones((2, 9), np.float32))
            np.save(p.file(f"s2p/plane{plane}/iscell.npy"), np.ones((2, 2)))
            write_phy(p.file(f"probes/imec{plane}"))
        for name, words in (("s2p/plane1/iscell.npy", "iscell.npy"), ("s2p/plane1/spks.npy", "plane1/spks.npy"),
                            ("probes/imec1/spike_times.npy", "imec1/spike_times.npy"), ("probes/imec1/cluster_group.tsv", gone)):
            if os.path.exists(p.file(name)):
                os.rename(p.file(name), p.file("kept"))
            os.symlink("/nowhere/annex", p.file(name))   # as a clone has it whose content was never fetched
            refuse(p, name.split("/")[0], ", rate: 5 Hz" if "s2p" in name else "", words)
            os.remove(p.file(name))
            if os.path.exists(p.file("kept")):
                os.rename(p.file("kept"), p.file(name))


def test_combined_planes_are_read_where_no_plane_is_left():
    spks = np.random.default_rng(3).normal(size=(5, 60)).astype(np.float32)
    stat = [{"med": [10 * i, 20 * i], "iplane": np.int64(i // 2)} for i in range(5)]
    with place() as p:
        os.makedirs(p.file("m/suite2p/combined"))
        for name, value in {"spks": spks, "F": 2 * spks, "stat": np.array(stat, object), "ops": np.array({"fs": 7.5}, object),
                            "iscell": np.array([[1, 0.9], [0, 0.1], [1, 0.8], [1, 0.7], [1, 0.6]])}.items():
            np.save(p.file(f"m/suite2p/combined/{name}.npy"), value, allow_pickle=True)
        for where in "m", "m/suite2p", "m/suite2p/combined":
            got, said = load(p, where, ", pixel: 1 um")
            assert np.array_equal(got["activity"], spks[[0, 2, 3, 4]]) and list(got["plane"]) == [0, 1, 1, 2] and list(got["id"]) == [0, 2, 3, 4]
            assert list(got["x"]) == [0, 40, 60, 80] and got["rate"] == 7.5 and "4 of 5 ROIs" in said and "lie side by side" in said
        assert "1 cached" in load(p, "m", ", pixel: 1 um")[1]
        np.save(p.file("m/suite2p/combined/ops.npy"), np.array({"fs": 8.5}, object), allow_pickle=True)
        assert load(p, "m", ", pixel: 1 um")[0]["rate"] == 8.5
        os.makedirs(p.file("m/suite2p/plane1"))
        np.save(p.file("m/suite2p/plane1/spks.npy"), spks[:2])
        got, said = load(p, "m")
        assert np.array_equal(got["activity"], spks[:2]) and "side by side" not in said
        np.save(p.file("m/suite2p/combined/spks.npy"), spks[1:])     # is not read, and does not count
        assert "1 cached" in load(p, "m")[1]


def test_planes_without_rois_are_passed_over():
    with place() as p:
        for plane, n in enumerate((0, 3, 2)):
            os.makedirs(p.file(f"s/plane{plane}"))
            for name in "spks", "F":
                np.save(p.file(f"s/plane{plane}/{name}.npy"), np.random.default_rng(plane).random((n, 40), np.float32))
            np.save(p.file(f"s/plane{plane}/stat.npy"), np.array([{"med": [plane, i]} for i in range(n)], object), allow_pickle=True)
        got, said = load(p, "s", ", rate: 5 Hz")
        assert got["activity"].shape == (5, 40) and list(got["plane"]) == [1, 1, 1, 2, 2] and list(got["id"]) == [0, 1, 2, 3, 4]
        assert list(got["y"]) == [1, 1, 1, 2, 2] and "plane 0 was passed over" in said
        refuse(p, "s/plane0", "", "found no ROIs", "threshold_scaling")


def test_phy_is_read_as_its_tables_say():
    with place() as p:
        folder = shared("phy-rat-m1-striatum196")
        times, clusters = np.load(folder + "/spike_times.npy"), np.load(folder + "/spike_clusters.npy")
        rows = [line.split("\t") for line in open(folder + "/cluster_info.tsv").read().splitlines()]
        info = {int(r[0]): dict(zip(rows[0], r)) for r in rows[1:]}
        for units, groups in ("good", ["good"]), ("good+mua", ["good", "mua"]), ("all", ["good", "mua", "unsorted"]):
            wanted = [c for c in np.unique(clusters) if info[c]["group"] in groups]
            got, said = load(p, folder, f", units: {units}")
            assert list(got["id"]) == wanted and np.allclose(got["y"], [float(info[c]["depth"]) for c in wanted])
            assert [a.decode().rstrip("\0") for a in got["area"]] == [info[c]["area"] for c in wanted]
            for i, c in enumerate(wanted):
                assert np.allclose(got["time"][got["first"][i]:got["first"][i + 1]], times[clusters == c] / 30000.0, rtol=0, atol=1e-9)
        template = shared("phy-template")
        got, _ = load(p, template, ", units: all")
        t, place_of = np.load(template + "/templates.npy"), np.load(template + "/channel_positions.npy")
        for i, c in enumerate(got["id"]):
            assert got["y"][i] == place_of[np.ptp(t[c], axis=0).argmax(), 1]


def test_labels_and_probes():
    with place() as p:
        write_phy(p.file("two/probeA"), **{"cluster_KSLabel.tsv": "cluster_id\tKSLabel\n3\tgood\n9\tmua\n900\tgood\n",
                                           "cluster_group.tsv": "cluster_id\tgroup\n900\tnoise\n9\tunsorted\n"})
        write_phy(p.file("two/probeB"), **{"cluster_info.tsv": "id\tfr\tgroup\tdepth\r\n3\t12.3 spk/s\tmua\t80.5\r\n9\t1\tgood\t\r\n",
                                           "cluster_group.csv": "cluster_id\tgroup\n3\tgood\n"})
        got, said = load(p, "two")
        assert list(got["id"]) == [3, 1000003, 1000009] and list(got["probe"]) == [0, 1, 1], got["id"]
        assert np.allclose(got["time"], np.array([10, 20, 10, 20, 20, 55]) / 25000) and "3 of 6 units" in said
        assert np.isnan(got["y"][0]) and got["y"][1] == 80.5
        write_phy(p.file("edited"), **{"params.py": "# 30 kHz\r\nsample_rate = 3e4  # Hz\r\n", "cluster_group.tsv": "\ufeffcluster_id\tgroup\r\n9\tgood\r\n"})
        assert np.allclose(load(p, "edited")[0]["time"], np.array([20, 55]) / 30000)
        got, _ = load(p, "two", ", units: all")
        assert list(got["id"]) == [3, 9, 1000003, 1000009, 1000900]
        write_phy(p.file("bare"))
        got, said = load(p, "bare")
        assert list(got["id"]) == [3, 9, 900] and "no unit is labelled" in said
        write_phy(p.file("pandas"), **{"cluster_group.tsv": "cluster_id,group\n3,Good\n9,MUA\n900,noise\n", "params.py": "sample_rate = 3e4;\n"})
        got, _ = load(p, "pandas", ", units: good+mua")
        assert list(got["id"]) == [3, 9] and np.allclose(got["time"], np.array([10, 20, 20, 55]) / 30000)
        assert list(load(p, "pandas")[0]["id"]) == [3]


def test_units_keep_their_labels():
    """What a person, else a program called each unit can be selected by later; HDF5 keeps it."""
    with place() as p:
        write_phy(p.file("two/probeA"), **{"cluster_group.tsv": "cluster_id\tgroup\n3\tGood\n9\tmua\n900\tunsorted\n"})
        write_phy(p.file("two/probeB"), **{"cluster_KSLabel.tsv": "cluster_id\tKSLabel\n3\tmua\n9\tgood\n",
                                           "cluster_group.tsv": "cluster_id\tgroup\n3\tgood\n"})
        write_phy(p.file("bare"))
        got, _ = load(p, "two", ", units: all")
        assert list(got["id"]) == [3, 9, 900, 1000003, 1000009, 1000900]
        assert texts(got["label"]) == ["good", "mua", "unsorted", "good", "good", ""]
        assert texts(load(p, "two/probeA")[0]["label"]) == ["good"] and "label" not in load(p, "bare")[0]

        def select(path, *conditions, status=0):
            nodes = "".join(f"  s{i}: {{stage: select, recording: raw, where: {c}}}\n" for i, c in enumerate(conditions))
            p.recipe(f"recordings: [{{name: r, path: {path}, units: all}}]\nstages:\n  raw: {{stage: load}}\n{nodes}", "select.yaml")
            said = p.run("run", "select.yaml", status=status)
            made = [h5py.File(p.file(f"select/results/r/s{i}.h5")) for i in range(len(conditions) if status == 0 else 0)]
            return said if status else [(list(f["recording/id"][()]), texts(f["recording/label"][()])) for f in made]
        good, some, rest = select("two", "label = good", "label = mua|unsorted", "label != good and probe = 0")
        assert good == ([3, 1000003, 1000009], 3 * ["good"]) and some == ([9, 900], ["mua", "unsorted"]) == rest
        assert "'r' has no label for its neurons; name it where it is loaded (`unit_label`)" in select("bare", "label = good", status=1)
        p.run("convert", "two", "--set", "units=all", "--out", "one.h5")
        p.run("convert", "one.h5", "--out", "two.h5")
        for name in "one.h5", "two.h5":
            with h5py.File(p.file(name)) as f:
                assert texts(f["recording/label"][()]) == texts(got["label"])
        seen = subprocess.run([RUMBLE, "inspect", "two", "--set", "units=all"], cwd=p.path, capture_output=True, text=True, timeout=60)
        assert "labels of units good (3), mua (1)" in " ".join(seen.stdout.split()), seen
        np.savez(p.file("named.npz"), st=np.arange(4.), clu=np.array([0, 0, 1, 1]), verdict=np.array(["fine", "poor"]))
        assert texts(load(p, "named.npz", ", unit_label: verdict")[0]["label"]) == ["fine", "poor"]


def test_probes_with_a_folder_of_their_own():
    with place() as p:
        for probe in "01":
            write_phy(p.file(f"session/g0_imec{probe}/kilosort4"))
        got, _ = load(p, "session")
        assert list(got["id"]) == [3, 9, 900, 1000003, 1000009, 1000900] and np.allclose(got["time"][5:], got["time"][:5])
        assert list(load(p, "session/g0_imec1")[0]["id"]) == [3, 9, 900]
        write_phy(p.file("session/g0_imec1/kilosort2"))
        refuse(p, "session", "", "two sortings of one probe", "g0_imec1/kilosort2", "g0_imec1/kilosort4")
        refuse(p, "session/g0_imec1", "", "two sortings of one probe", "g0_imec1/kilosort2", "g0_imec1/kilosort4", "count twice")
        assert list(load(p, "session/g0_imec1/kilosort2")[0]["id"]) == [3, 9, 900]


def test_one_probe_sorted_twice_is_not_two_probes():
    """By names without the sorter's and its version's, and by what was sorted."""
    with place() as p:
        params = "dat_path = r'../raw.bin'\nsample_rate = 30000.\n"
        for name, folders, twice in (
                ("a", ("imec0_ks2.5", "imec0_KS4"), True), ("b", ("imec0_ks4", "imec1_ks4"), False), ("c", ("kilosort_1", "kilosort_2"), False),
                ("d", ("tracks1", "tracks2"), False), ("e", ("pykilosort", "Kilosort3"), True)):
            for folder in folders:
                write_phy(p.file(f"{name}/{folder}"))
            if twice:
                refuse(p, name, "", "two sortings of one probe", *folders)
            else:
                assert len(load(p, name)[0]["id"]) == 6
        maps = {"first": [0, 1], "again": [0, 1], "other": [2, 3]}
        for folder, channels in maps.items():
            write_phy(p.file(f"f/{folder}"), **{"params.py": params})
            np.save(p.file(f"f/{folder}/channel_map.npy"), np.array(channels))
        refuse(p, "f", "", "two sortings of one probe", "f/again", "f/first", "raw.bin")
        shutil.rmtree(p.file("f/again"))
        assert len(load(p, "f")[0]["id"]) == 6    # of one file, but of other channels


def write_train(folder, seed, jitter=None, keep=1.0):
    """Spikes of 12 units; with jitter (samples) and keep (a share) those that another sorter found of them, numbered its own way."""
    draw = np.random.default_rng(seed)
    ticks, units = np.sort(draw.integers(0, 30000 * 60, 3000)), draw.integers(0, 12, 3000)
    if jitter is not None:
        found = np.random.default_rng(99)
        chosen = found.random(ticks.size) < keep
        ticks, units = ticks[chosen] + found.integers(0, jitter + 1, chosen.sum()), 40 - units[chosen]
        order = np.argsort(ticks, kind="stable")
        ticks, units = ticks[order], units[order]
    write_phy(folder, {"spike_times": ticks.astype(np.uint64), "spike_clusters": units.astype(np.int32)}, **{"params.py": "sample_rate = 30000.\n"})


def test_spikes_tell_two_probes_from_two_sortings():
    """Folders called ks1 and ks2, or beside each other in a folder, are two probes if their units do not fire together."""
    with place() as p:
        for name, folders in (("names", ("ks1", "ks2")), ("deep", ("session/imec0", "session/imec1"))):
            for seed, folder in enumerate(folders):
                write_train(p.file(f"{name}/{folder}"), seed)
            got, said = load(p, name)
            assert list(got["id"]) == [*range(12), *range(1000000, 1000012)] and list(got["probe"]) == [0] * 12 + [1] * 12
            assert "as two probes" in said and "do not fire together" in said and p.path not in said.split("as two probes")[0].split("took")[1]
        write_train(p.file("twice/ks1"), 1)
        write_train(p.file("twice/ks2"), 1, jitter=12, keep=0.8)
        refuse(p, "twice", "", "twice/ks1", "twice/ks2", "two sortings of one probe", "many of their units fire together", "give the path of one")
        write_train(p.file("loose/ks1"), 1)
        write_train(p.file("loose/ks2"), 1, jitter=12, keep=0.3)    # too few in common for any unit to be the same
        assert len(load(p, "loose")[0]["id"]) == 24
        for folder, seed in (("half/ks1", 1), ("half/ks2", 2)):     # an artefact that both probes have is one unit of 13
            write_train(p.file(folder), seed)
            for name, add in (("spike_times", np.arange(0, 1800000, 9000)), ("spike_clusters", np.full(200, 77))):
                path = p.file(f"{folder}/{name}.npy")
                np.save(path, np.append(np.load(path), add.astype(np.load(path).dtype)))
        assert len(load(p, "half")[0]["id"]) == 26


def test_the_recipe_may_say_the_rate_of_samples():
    with place() as p:
        for folder, params in ("nofile", None), ("odd", "sample_rate = float('3e4')\n"), ("other", "sample_rate = 25000.\n"):
            write_phy(p.file(folder), **{"params.py": params})
            got, _ = load(p, folder, ", clock: 20 kHz")
            assert np.array_equal(got["time"], np.array([10, 20, 20, 55, 40]) / 20000), (folder, got["time"])
            seen = subprocess.run([RUMBLE, "inspect", folder, "--set", "clock=20 kHz"], cwd=p.path, capture_output=True, text=True)
            assert "500 us to 2.75 ms" in seen.stdout, seen
        refuse(p, "odd", "", "`sample_rate = float('3e4')` is no number above 0", "params.py is not run", "clock: 30 kHz")


def test_templates_may_hold_some_of_the_channels():
    rng = np.random.default_rng(3)
    with place() as p:
        write_phy(p.file("few"))
        templates, channels = rng.normal(size=(10, 20, 4)).astype(np.float32), np.array([rng.permutation(16)[:4] for _ in range(10)])
        places = np.column_stack([rng.choice([11, 43], 16), 20 * np.arange(16)])
        templates[9], channels[9, 1:] = 0, -1
        templates[9, 3, 0] = 1
        np.save(p.file("few/templates.npy"), templates)
        np.save(p.file("few/channel_positions.npy"), places)
        refuse(p, "few", "", "10 x 20 x 4", "templates_ind.npy")
        np.save(p.file("few/templates_ind.npy"), channels)
        got, _ = load(p, "few")
        want = places[[channels[c, np.ptp(templates[c], axis=0).argmax()] for c in (3, 9)]]
        assert list(got["x"][:2]) == list(want[:, 0]) and list(got["y"][:2]) == list(want[:, 1]) and np.isnan(got["y"][2])


def test_long_lists_come_in_pieces():
    """More spikes than are read at a time, of units that are read and of others, some of them out of order, on two probes."""
    rng = np.random.default_rng(7)
    n, units = 300_000, np.array([0, 2, 3, 50, 51, 999_999])
    with place() as p:
        made = []
        for probe in "ab":
            times, clusters = np.cumsum(rng.integers(0, 9, n)).astype(np.uint64), rng.choice(units, n, p=[.3, .3, .1, .1, .1, .1]).astype(np.uint32)
            for k in np.flatnonzero(clusters == 3)[[5, 70, 20_000]]:
                times[k] = times[k] // 2
            write_phy(p.file("long/" + probe), {"spike_times": times[:, None], "spike_clusters": clusters},
                      **{"cluster_group.tsv": "cluster_id\tgroup\n0\tgood\n2\tmua\n3\tgood\n50\tnoise\n51\tgood\n999999\tgood\n"})
            made.append((times / 25000., clusters))
        for more, kept in ("", lambda t: t >= 0), (", window: [2 s, 30 s]", lambda t: (t >= 2) & (t < 30)), (", drop: [2 s, 30 s]", lambda t: (t < 2) | (t >= 30)):
            got, said = load(p, "long", more)
            want = [np.sort(t[(c == u) & kept(t)]) for t, c in made for u in (0, 3, 51, 999_999)]
            assert list(got["id"]) == [0, 3, 51, 999_999, 1_000_000, 1_000_003, 1_000_051, 1_999_999] and "8 of 12 units" in said
            assert list(got["first"]) == [0, *np.cumsum([len(w) for w in want])] and np.array_equal(got["time"], np.concatenate(want)), more
            assert "sorted the spike times" in said or "window" in more
        np.save(p.file("long/b/spike_times.npy"), np.where(np.arange(n) == 200_000, -1, np.arange(n)))
        run = p.start("run", "recipe.yaml")
        assert "b/spike_times.npy: spike 200000 is at sample -1" in "".join(run.communicate(timeout=60)) and run.returncode


def test_only_what_is_read_counts():
    with place() as p:
        shutil.copytree(shared("phy-template"), p.file("t"))
        os.chmod(p.file("t"), 0o755)
        load(p, "t", ", units: all")
        with open(p.file("t/raw.dat"), "wb") as file:
            file.write(b"x" * 1000)
        assert "1 cached" in load(p, "t", ", units: all")[1]
        np.save(p.file("t/spike_times2.npy"), np.arange(3))
        assert "1 cached" in load(p, "t", ", units: all")[1]
        os.chmod(p.file("t/cluster_group.tsv"), 0o644)
        with open(p.file("t/cluster_group.tsv"), "a") as file:
            file.write("5\tnoise\n")
        got, said = load(p, "t", ", units: all")
        assert "1 run" in said and 5 not in got["id"]


def test_what_is_missing_or_wrong_is_said():
    with place() as p:
        os.makedirs(p.file("empty"))
        refuse(p, "empty", "", "folder")
        os.makedirs(p.file("raw/plane0"))
        np.save(p.file("raw/plane0/F.npy"), np.zeros((3, 50), np.float32))
        refuse(p, "raw", "", "no spks.npy", "`activity: F`")
        np.savez(p.file("objects.npz"), sp=np.array([{}, 1], dtype=object))
        refuse(p, "objects.npz", "", "objects.npz: 'sp' holds Python objects")
        assert "look at the unit of `rate`" in load(p, "raw", ", activity: F, rate: 30 kHz")[1]
        write_phy(p.file("norate"), **{"params.py": "dat_path = 'x'\nimport os\n"})
        refuse(p, "norate", "", "params.py", "sample_rate")
        write_phy(p.file("nofile"), **{"params.py": None})
        refuse(p, "nofile", "", "params.py", "`clock: 30 kHz`")
        write_phy(p.file("lengths"), {**TIMES, "spike_clusters": np.arange(4)})
        refuse(p, "lengths", "", "spike_clusters.npy", "5", "4")
        write_phy(p.file("negative"), {**TIMES, "spike_clusters": np.array([-1, 0, 0, 0, 0])})
        refuse(p, "negative", "", "cluster -1")
        write_phy(p.file("before"), {**TIMES, "spike_times": np.array([-5, 0, 0, 0, 0])})
        refuse(p, "before", "", "sample -5")
        write_phy(p.file("slow"), {**TIMES, "spike_times": np.array([10, 20, 30, 40, 270_000_000])}, **{"params.py": "sample_rate = 30\n"})
        refuse(p, "slow", "", "30 samples per second", "104.2 days", "did you mean 30000 (samples at 30 kHz)?")
        np.save(p.file("slow/spike_times.npy"), np.array([10, 20, 30, 40, 3_000_000]))    # 100 s, or 28 hours
        refuse(p, "slow", "", "did you mean 30000 (samples at 30 kHz)?")
        np.savez(p.file("ticks.npz"), st=np.array([10.5, 20, 270e6]), clu=np.array([0, 0, 1]))
        p.recipe("recordings: [{name: r, path: ticks.npz}]\nstages:\n  raw: {stage: load}\n")
        assert "3125 days: did you mean samples at 30 kHz? Then write `clock: 30 kHz`" in p.run("run", "recipe.yaml", status=1)
        assert load(p, "ticks.npz", ", clock: 1 Hz")[0]["time"][-1] == 270e6
        write_phy(p.file("unlabelled"), **{"cluster_info.tsv": "depth\tgroup\n1\tgood\n"})
        refuse(p, "unlabelled", "", "cluster_id")
        write_phy(p.file("mua"), **{"cluster_group.tsv": "cluster_id\tgroup\n3\tmua\n"})
        refuse(p, "mua", "", "none of 3 units", "good+mua")
        write_phy(p.file("silent"), {name: value[:0] for name, value in TIMES.items()})
        refuse(p, "silent", "", "holds not one spike")
        os.makedirs(p.file("s/plane0"))
        np.save(p.file("s/plane0/F.npy"), np.ones((3, 9), np.float32))
        np.save(p.file("s/plane0/iscell.npy"), np.zeros((3, 2)))
        refuse(p, "s", ", activity: F", "none of 3 ROIs", "rois: all")
        np.save(p.file("s/plane0/Fneu.npy"), np.ones((3, 8), np.float32))
        refuse(p, "s", ", activity: F", "Fneu.npy", "3 x 8")
        np.save(p.file("s/plane0/Fneu.npy"), np.ones((3, 9), np.float32, order="F"))
        refuse(p, "s", ", activity: F", "Fneu.npy", "Fortran order: save it with np.ascontiguousarray")
        np.save(p.file("s/plane0/Fneu.npy"), np.ones((0, 9), np.float32))
        refuse(p, "s", ", activity: F", "Fneu.npy is 0 x 9, but F in the same folder is 3 x 9")
        os.remove(p.file("s/plane0/Fneu.npy"))

        class Trap:
            def __reduce__(self):
                return os.system, (f"touch {p.file('sprung')}",)
        np.save(p.file("s/plane0/stat.npy"), np.array([Trap(), Trap(), Trap()], object), allow_pickle=True)
        refuse(p, "s", ", activity: F, rois: all", "stat.npy", "posix.system", "not data")
        assert not os.path.exists(p.file("sprung"))


tests(globals())
