"""NWB files through the binary: real ones against what h5py finds in them, and ones made here with the traits that real ones have."""
import h5py
import numpy as np

from support.loads import load, refuse, texts
from support.running import place, shared, tests

WRITTEN = "nwb-written-here/"
SERIES = "processing/ophys/"


def typed(group, name, kind):
    made = group.create_group(name)
    made.attrs["neurodata_type"] = kind
    return made


def begin(p, name):
    file = h5py.File(p.file(name), "w")
    file.attrs["nwb_version"] = "2.6.0"
    file.attrs["neurodata_type"] = "NWBFile"
    return file


def series(group, name, data, rate=10.0, start=0.0, **attributes):
    made = typed(group, name, "RoiResponseSeries")
    made["data"] = data
    made["data"].attrs.update(attributes)
    made["starting_time"] = start
    made["starting_time"].attrs["rate"] = rate
    return made


def refer(made, table, rows):
    made["rois"] = np.asarray(rows)
    made["rois"].attrs["table"] = table.ref


def test_suite2p_export():
    with place() as p, h5py.File(shared("nwb-written-here") + "/suite2p_export_219.nwb") as f:
        path = shared("nwb-written-here") + "/suite2p_export_219.nwb"
        table = f[SERIES + "ImageSegmentation/PlaneSegmentation"]
        cell = table["iscell"][:, 0] > 0.5
        mask, ends = table["pixel_mask"][()], table["pixel_mask_index"][()].astype(int)
        parts = np.split(mask, ends[:-1])
        x, y = (np.array([np.average(m[k].astype(float), weights=m["weight"]) for m in parts]) for k in "xy")
        got, said = load(p, path, ", pixel: 1 um")
        assert np.array_equal(got["activity"], f[SERIES + "Deconvolved/plane0/data"][()].T[cell])
        assert got["rate"] == 30 and f"{cell.sum()} of 219 ROIs" in said and "Deconvolved/plane0" in said, said
        assert np.allclose(got["x"], x[cell], rtol=1e-6) and np.allclose(got["y"], y[cell], rtol=1e-6)
        assert np.array_equal(got["id"], np.flatnonzero(cell))
        for name in "Fluorescence", "Neuropil/plane0", "processing/ophys/Fluorescence/plane0":
            got, said = load(p, path, f", activity: {name}, rois: all, quality: probability")
            where = name if name.startswith("proc") else SERIES + name.split("/")[0] + "/plane0"
            assert np.array_equal(got["activity"], f[where + "/data"][()].T) and "in pixels" in said
            assert np.allclose(got["quality"], table["iscell"][:, 1]) and np.allclose(got["x"], x, rtol=1e-6)
        refuse(p, path, ", activity: plane0", "3 series", "Neuropil/plane0")
        refuse(p, path, ", activity: nosuch", "nosuch", "Deconvolved/plane0")
        # by the path of the dataset it is the HDF5 file that it is
        got, _ = load(p, path, f", activity: {SERIES}Deconvolved/plane0/data, orientation: frames-first, rate: 22 Hz")
        assert got["activity"].shape == (219, 2000) and got["rate"] == 22 and "x" not in got


def test_rois_in_any_order():
    with place() as p, h5py.File(shared("nwb-written-here") + "/zebrafish_dff_114.nwb") as f:
        got, said = load(p, shared("nwb-written-here") + "/zebrafish_dff_114.nwb", ", pixel: 2 um")
        rows = f[SERIES + "DfOverF/RoiResponseSeries/rois"][()]
        table = f[SERIES + "ImageSegmentation/PlaneSegmentation"]
        assert rows[0] == 113 and np.array_equal(got["id"], rows) and got["rate"] == 2
        assert np.array_equal(got["activity"], f[SERIES + "DfOverF/RoiResponseSeries/data"][()].T)
        masks = table["image_mask"][()].astype(float)
        weight = masks.sum((1, 2))
        x = (masks.sum(1) * np.arange(masks.shape[2])).sum(1) / weight
        y = (masks.sum(2) * np.arange(masks.shape[1])).sum(1) / weight
        assert np.allclose(got["x"], 2 * x[rows]) and np.allclose(got["y"], 2 * y[rows])
        assert np.abs(got["x"] / 2 - table["published_x"][()][rows]).max() < 1 and got["segment_time"][0] == 10


def test_units():
    with place() as p, h5py.File(shared("nwb-written-here") + "/rat_units_249.nwb") as f:
        path, u, e = shared("nwb-written-here") + "/rat_units_249.nwb", f["units"], f["general/extracellular_ephys/electrodes"]
        ends = u["spike_times_index"][()].astype(int)
        times = np.split(u["spike_times"][()], ends[:-1])
        quality = np.array([q.decode() for q in u["quality"][()]])
        at = [int(np.flatnonzero(e["id"][()] == c)[0]) for c in u["peak_channel_id"][()]]
        for settings, wanted in ("", quality == "good"), (", units: all", quality != "noise"), (", units: good+mua, spikes: units", quality != ""):
            got, said = load(p, path, settings)
            rows = np.flatnonzero(wanted)
            assert list(got["id"]) == list(u["id"][()][rows])
            assert np.array_equal(got["time"], np.concatenate([np.sort(times[i]) for i in rows]))
            assert np.array_equal(np.diff(got["first"]), [len(times[i]) for i in rows])
            assert np.array_equal(got["x"], e["rel_x"][()][at][rows]) and np.array_equal(got["y"], e["rel_y"][()][at][rows])
            assert np.array_equal(got["observed"].ravel(), [0, 600])
            assert ("208 of 249 units" in said) == (settings == "")
        assert np.array_equal(load(p, path, ", window: [10 s, 20 s]")[0]["observed"].ravel(), [10, 20])
        got, _ = load(p, path, ", spikes: units/spike_times, ends: units/spike_times_index")
        assert len(got["first"]) == 250 and "x" not in got


def test_units_of_other_writers():
    with place() as p:
        thalamus = shared("nwb-units-thalamus4") + "/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb"
        got, said = load(p, thalamus)
        with h5py.File(thalamus) as f:
            rows = f["units/electrodes"][()]
            e = f["general/extracellular_ephys/electrodes"]
            assert np.array_equal(got["x"], e["x"][()][rows]) and np.array_equal(got["y"], e["y"][()][rows])
            assert np.array_equal(got["id"], f["units/id"][()]) and got["time"].size == f["units/spike_times"].size
        assert "all 4 were read" in said and "within 0.679 x 0.679 and were taken as um: if they are mm, give `pixel: 1000 um`" in said
        scaled, said = load(p, thalamus, ", pixel: 1000 um")
        assert np.array_equal(scaled["x"], 1000 * got["x"]) and "if they are mm" not in said
        psb = shared("nwb-units-postsubiculum3") + "/A8604-211122.nwb"
        got, _ = load(p, psb)
        with h5py.File(psb) as f:
            assert np.array_equal(np.sort(got["time"]), np.sort(f["units/spike_times"][()])) and got["first"].size == 4 and "x" not in got


def test_rois_that_were_not_accepted_are_left_out():
    with place() as p:
        with begin(p, "a.nwb") as f:
            table = typed(f, SERIES + "ImageSegmentation/PlaneSegmentation", "PlaneSegmentation")
            table["id"], table["Accepted"] = np.arange(4), np.array([1, 0, 1, 1], "u1")
            made = series(typed(f, SERIES + "DfOverF", "DfOverF"), "plane0", np.arange(20, dtype="f4").reshape(5, 4))
            refer(made, table, np.arange(4))
        got, said = load(p, "a.nwb")
        assert got["id"].tolist() == [0, 2, 3] and "3 of 4 ROIs that the column Accepted" in said, said
        assert len(load(p, "a.nwb", ", rois: all")[0]["activity"]) == 4


def test_times_in_ms_are_told():
    with place() as p:
        with begin(p, "ms.nwb") as f:
            units = typed(f, "units", "Units")
            units["spike_times"], units["spike_times_index"] = np.arange(9.) * 66_000.5, np.array([3, 6, 9])
        assert "span 146.7 hours: if these times are ms, write `clock: 1 kHz`" in load(p, "ms.nwb")[1]
        np.savez(p.file("ms.npz"), st=np.sort(np.random.default_rng(1).random(60)) * 1e5, clu=np.arange(60) % 3)
        assert "if these times are ms, write `clock: 1 kHz`" in load(p, "ms.npz")[1]
        assert "hours" not in load(p, "ms.npz", ", clock: 1 kHz")[1]
        np.savez(p.file("slow.npz"), spks=np.random.default_rng(1).random((3, 200), np.float32), tneural=np.arange(200) * 33.3)
        assert "slower than activity is taken, so look at the unit of the frames' times" in load(p, "slow.npz")[1]


def test_noise_is_never_read():
    with place() as p:
        with begin(p, "n.nwb") as f:
            units = typed(f, "units", "Units")
            units["spike_times"], units["spike_times_index"] = np.arange(9.), np.array([3, 6, 9])
            units.create_dataset("quality", data=["noise", "mua", "noise"], dtype=h5py.string_dtype())
        for settings in ", units: all", ", units: good+mua":
            assert load(p, "n.nwb", settings)[0]["time"].tolist() == [3, 4, 5]
        refuse(p, "n.nwb", "", "none of 3 units is called good", "`units: good+mua`", check=False)


def test_electrodes_whose_index_is_short_are_not_used():
    with place() as p:
        with begin(p, "e.nwb") as f:
            units, n = typed(f, "units", "Units"), 20_000
            units["spike_times"], units["spike_times_index"] = np.arange(n) / 99., np.arange(1, n + 1)
            units["electrodes"], units["electrodes_index"] = np.zeros(4, "i4"), np.array([4], "u1")
            table = typed(f, "general/extracellular_ephys/electrodes", "DynamicTable")
            table["id"] = np.arange(4)
            table.create_dataset("location", data=["CA1"] * 4, dtype=h5py.string_dtype())
        p.recipe("recordings: [{name: r, path: e.nwb}]\nstages:\n  raw: {stage: load, area: location}\n")
        assert "`area: location` names nothing in this file" in p.run("run", "recipe.yaml", status=1)


def test_series_behind_thousands_of_datasets_are_found():
    with place() as p:
        with begin(p, "many.nwb") as f:
            before = f.create_group("analysis")
            before["0"] = 1.5
            for i in range(1, 25_000):
                before[str(i)] = before["0"]
            series(typed(f, SERIES + "DfOverF", "DfOverF"), "plane0", np.arange(8, dtype="f4").reshape(4, 2))
        assert load(p, "many.nwb")[0]["activity"].tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_group_that_is_damaged_is_not_passed_over():
    with place() as p:
        with begin(p, "two.nwb") as f:
            for name in "DfOverF", "Deconvolved":
                series(typed(f, SERIES + name, name), "plane0", np.ones((30, 4), "f4"))
        with open(p.file("two.nwb"), "rb") as f:
            whole = f.read()
        at = whole.rindex(b"HEAP", 0, whole.index(b"plane0", whole.index(b"Deconvolved")))
        with open(p.file("two.nwb"), "wb") as f:
            f.write(whole[:at] + b"X" + whole[at + 1:])
        refuse(p, "two.nwb", "", "two.nwb", "damaged")


def test_columns_of_units_are_named_by_the_recipe():
    def areas(p, name):
        p.recipe(f"recordings: [{{name: r, path: u.nwb}}]\nstages:\n  raw: {{stage: load, area: {name}}}\n")
        p.run("run", "recipe.yaml")
        with h5py.File(p.file("recipe/results/r/raw.h5")) as made:
            return [a.decode() for a in made["recording/area"][()]]
    with place() as p:
        with begin(p, "u.nwb") as f:
            units = typed(f, "units", "Units")
            units["spike_times"], units["spike_times_index"], units["id"] = np.arange(.5, 9), np.array([3, 5, 9], "u1"), np.arange(3)
            units["quality"], units["region"] = [b"Good", b"mua", b"good"], [b"V1", b"V2", b"V3"]
            units["snr"], units["shank"] = np.array([1.5, 2.5, 3.5], ">f4"), np.array([4, 5, 6], "u2")
            units["electrodes"], units["electrodes_index"] = np.array([2, 0, 1, 1]), np.array([2, 3, 4], "u1")
            electrodes = typed(f, "general/extracellular_ephys/electrodes", "DynamicTable")
            electrodes["id"], electrodes["location"] = np.array([10, 11, 12]), [b"CA1", b"CA3", b"DG"]
        got, _ = load(p, "u.nwb", ", quality: snr, probe: units/shank")
        assert list(got["id"]) == [0, 2] and list(got["quality"]) == [1.5, 3.5] and list(got["probe"]) == [4, 6]
        assert texts(got["label"]) == ["good", "good"] and texts(load(p, "u.nwb", ", units: all")[0]["label"]) == ["good", "mua", "good"]
        assert texts(load(p, "u.nwb", ", unit_label: region")[0]["label"]) == ["V1", "V3"]
        p.recipe("recordings: [{name: r, path: u.nwb, units: all}]\nstages:\n  raw: {stage: load}\n"
                 "  few: {stage: select, recording: raw, where: label = mua}\n", "few.yaml")
        p.run("run", "few.yaml")
        with h5py.File(p.file("few/results/r/few.h5")) as made:
            assert list(made["recording/id"][()]) == [1] and texts(made["recording/label"][()]) == ["mua"]
        assert list(load(p, "u.nwb", ", units: all, quality: units/snr")[0]["quality"]) == [1.5, 2.5, 3.5]
        assert areas(p, "region") == areas(p, "units/region") == ["V1", "V3"] and areas(p, "location") == ["DG", "CA3"]
        with h5py.File(p.file("u.nwb"), "a") as f:
            f["units/peak_channel_id"] = np.array([11, 12, 10])
        assert areas(p, "location") == ["CA3", "CA1"]
        refuse(p, "u.nwb", ", quality: nosuch", "`quality: nosuch` names nothing")


def test_observed_intervals_are_segments():
    with place() as p:
        def write(intervals, ends):
            with begin(p, "u.nwb") as f:
                units = typed(f, "units", "Units")
                units["spike_times"] = np.array([1.0, 2.5, 6.0, 11.5, 0.5, 4.5, 12.0, 19.0])
                units["spike_times_index"], units["id"] = np.array([4, 8], "u1"), np.arange(2)
                units["obs_intervals"], units["obs_intervals_index"] = np.array(intervals, float), np.array(ends, "u1")
        write([[0, 3], [10, 20], [5, 8], [0, 3], [5, 8], [10, 20]], [3, 6])   # the same of both, one out of order
        got, said = load(p, "u.nwb")
        assert got["observed"].tolist() == [[0, 3], [5, 8], [10, 20]] and "left out 1 of 8 spikes" in said, (got["observed"], said)
        assert got["time"].tolist() == [1, 2.5, 6, 11.5, .5, 12, 19]
        assert load(p, "u.nwb", ", window: [2 s, 15 s]")[0]["observed"].tolist() == [[2, 3], [5, 8], [10, 15]]
        p.recipe("recordings: [{name: r, path: u.nwb}]\nstages:\n  raw: {stage: load}\n  b: {stage: bin, recording: raw, width: 1 s}\n")
        p.run("run", "recipe.yaml")
        with h5py.File(p.file("recipe/results/r/b.h5"), "r") as f:
            assert f["recording/activity"].shape == (2, 16) and list(f["recording/segment"]) == [0, 3, 6]
        with h5py.File(p.file("u.nwb"), "a") as f:
            f["awake"] = [[6., 12.]]
        got, _ = load(p, "u.nwb", ", epochs: awake")   # the time between the epochs is of all intervals, not of the first alone
        assert got["stated"].tolist() == [[0, 6], [6, 12], [12, 20]] and got["state"].tolist() == [0, 1, 0], got
        write([[0, 3], [5, 8], [2, 20]], [2, 3])
        got, said = load(p, "u.nwb")
        assert got["observed"].tolist() == [[2, 3], [5, 8]] and "differ: 4 s" in said and got["time"].tolist() == [2.5, 6]
        write([[0, 1], [5, 8]], [1, 2])
        assert "none in common" in load(p, "u.nwb")[1]
        write([[0, 1], [8, 5]], [1, 2])
        assert "run forwards" in load(p, "u.nwb")[1]
        write([[0, 1], [5, 8]], [1, 3])
        refuse(p, "u.nwb", "", "obs_intervals_index", "up to 2")


def test_invalid_times_are_left_out():
    with place() as p:
        with begin(p, "u.nwb") as f:
            units = typed(f, "units", "Units")
            units["spike_times"], units["spike_times_index"], units["id"] = np.array([1.0, 2.5, 6.0, 0.5, 4.5, 7.0]), np.array([3, 6], "u1"), np.arange(2)
            units["obs_intervals"], units["obs_intervals_index"] = np.array([[0., 3], [4, 8], [0, 3], [4, 8]]), np.array([2, 4], "u1")
            typed(f, "intervals/invalid_times", "TimeIntervals")
            f["intervals/invalid_times/start_time"], f["intervals/invalid_times/stop_time"] = [2.0, 6.0, 5.0], [2.6, 6.5, 4.0]
        got, said = load(p, "u.nwb", ", drop: [0 s, 0.6 s]")
        assert got["observed"].tolist() == [[.6, 2], [2.6, 3], [4, 6], [6.5, 8]] and got["time"].tolist() == [1, 4.5, 7], got
        assert "left out 2 of 6 spikes, which lie in intervals that the file calls invalid" in said and "1 of the 3 intervals" in said
        assert "left out 1 of 4 spikes, which lie in dropped" in said
        with begin(p, "f.nwb") as f:
            one = typed(f, "processing/ophys/DfOverF/r", "RoiResponseSeries")
            one["data"], one["starting_time"] = np.random.default_rng(1).random((100, 3)), 10.0
            one["starting_time"].attrs["rate"] = 10.0
            typed(f, "intervals/invalid_times", "TimeIntervals")
            f["intervals/invalid_times/start_time"], f["intervals/invalid_times/stop_time"] = [12.0], [13.0]
        got, said = load(p, "f.nwb")
        assert got["interval"].tolist() == [[0, 20], [30, 70]] and got["segment_time"].tolist() == [10, 13] and "calls invalid were left out, 10 frames" in said


def test_series_of_one_neuron_each_are_stacked_on_request():
    with place() as p:
        path = shared("worm-moving62-nwb") + "/AML175_moving_BrainScanner20180223_141721.nwb"
        with h5py.File(path) as f:
            truth = np.array([f[f"acquisition/Activity_{i:04d}/data"][()] for i in range(62)])
            times = f["acquisition/Activity_0000/timestamps"][()]
        for name in "Activity_*", "acquisition/Activity_????":
            got, said = load(p, path, f', activity: "{name}"')
            assert np.array_equal(got["activity"], truth.astype(np.float32)) and "62 series" in said
            assert abs(got["rate"] - 1 / np.median(np.diff(times))) < 1e-9 and abs(truth.sum() - 4.94537744089e-12) < 1e-9
        refuse(p, path, ', activity: "Nothing*"', "no series fits")
        with begin(p, "t.nwb") as f:
            for i, n in enumerate((30, 31, 30)):
                one = typed(f, f"n{9 + i}", "TimeSeries")
                one["data"] = np.arange(n) % 7 + i
                one["data"].attrs["conversion"] = 0.5 if i == 1 else 1.0
                one["starting_time"] = 0.0
                one["starting_time"].attrs["rate"] = 4.0
        got, said = load(p, "t.nwb", ', activity: "n*"')
        assert np.array_equal(got["activity"], [(np.arange(30) % 7 + i) * (0.5 if i == 1 else 1) for i in range(3)]) and "cut the longer" in said
        with h5py.File(p.file("t.nwb"), "a") as f:
            f["n10/starting_time"].attrs["rate"] = 5.0
        refuse(p, "t.nwb", ', activity: "n*"', "different rates")
        with h5py.File(p.file("t.nwb"), "a") as f:
            del f["n10/data"]
            f["n10/data"] = np.arange(20)
            f["n10/starting_time"].attrs["rate"] = 4.0
        refuse(p, "t.nwb", ', activity: "n*"', "equally long")


def test_planes_are_one_recording_on_request():
    with place() as p:
        rng = np.random.default_rng(4)
        data = [rng.random((41, 3)), rng.random((40, 2))]
        with begin(p, "p.nwb") as f:
            for i in range(2):
                table = typed(f, f"seg{i}", "PlaneSegmentation")
                n = data[i].shape[1]
                table["id"], table["iscell"] = np.arange(n), np.array([[k != 1 or i, k / 4] for k in range(n)], float)
                mask = np.zeros((n, 8, 8))
                for k in range(n):
                    mask[k, 2 + i, 1 + k] = 1
                table["image_mask"] = mask
                refer(series(f.require_group("ophys") if i else typed(f, "ophys", "DfOverF"), f"plane{i}", data[i].astype("f4"), rate=5.0), table, np.arange(n))
        refuse(p, "p.nwb", "", "2 series of ROIs", 'activity: "ophys/*"')
        got, said = load(p, "p.nwb", ', activity: "ophys/*"')
        assert np.array_equal(got["activity"], np.vstack([data[0].T[[0, 2], :40], data[1].T]).astype("f4")) and got["rate"] == 5
        assert list(got["id"]) == [0, 2, 1000000, 1000001] and list(got["plane"]) == [0, 0, 1, 1]
        assert list(got["x"]) == [1, 3, 1, 2] and list(got["y"]) == [2, 2, 3, 3]
        got, _ = load(p, "p.nwb", ', activity: "plane*", rois: all, quality: probability')
        assert list(got["quality"]) == [0, .25, .5, 0, .25]


def test_made_up_series():
    rng = np.random.default_rng(1)
    with place() as p:
        with begin(p, "a.nwb") as f:
            table = typed(f, "seg", "PlaneSegmentation")
            table["id"] = np.arange(100, 105)
            plane = typed(f, "plane", "ImagingPlane")
            plane["grid_spacing"] = [2e-6, 1e-6]
            plane["grid_spacing"].attrs["unit"] = "meters"
            table["imaging_plane"] = h5py.SoftLink("/plane")
            voxel = np.zeros(7, [("x", "u4"), ("y", "u4"), ("z", "u4"), ("weight", "f4")])
            voxel["x"], voxel["y"], voxel["weight"] = [1, 3, 5, 6, 7, 8, 9], range(7), [1, 3, 1, 1, 1, 0, 2]
            table["voxel_mask"], table["voxel_mask_index"] = voxel, np.array([2, 3, 5, 6, 7], "u1")
            data = rng.integers(0, 1000, (50, 4)).astype("i2")
            module = f.create_group("processing/any")
            made = series(typed(module, "traces", "Fluorescence"), "one", data, conversion=0.5, offset=-2.0)
            refer(made, table, [4, 0, 3, 1])
            module["traces/one/starting_time"][()] = 3.5
            del made["starting_time"]
            made["timestamps"] = 7 + np.arange(50) / 8 + 5 * (np.arange(50) >= 20)
            single = series(typed(module, "lone", "DfOverF"), "s", data[:, 0].astype("f8"), rate=4.0)
            refer(single, table, [2])
        got, said = load(p, "a.nwb", ", activity: one")
        assert np.array_equal(got["activity"], data.T * np.float32(0.5) - 2) and list(got["id"]) == [104, 100, 103, 101]
        assert np.allclose(got["rate"], 8) and list(got["segment"]) == [0, 20] and np.allclose(got["segment_time"], [7, 14.5])
        assert np.allclose(got["x"], [18, 5, np.nan, 10], equal_nan=True) and np.allclose(got["y"], [6, .75, np.nan, 2], equal_nan=True)
        assert "multiplied by 0.5" in said and "pixels" not in said
        assert np.allclose(load(p, "a.nwb", ", activity: one, pixel: 3 um")[0]["x"][0], 27)
        for unit in "\u00b5m", "\u03bcm":  # two letters that look alike
            with h5py.File(p.file("a.nwb"), "a") as f:
                f["plane/grid_spacing"][()] = [2, 1]
                f["plane/grid_spacing"].attrs["unit"] = unit
            assert np.array_equal(load(p, "a.nwb", ", activity: one")[0]["x"], got["x"], equal_nan=True)
        got, said = load(p, "a.nwb")
        assert np.array_equal(got["activity"], data.T[:1].astype("f4")) and got["rate"] == 4 and list(got["id"]) == [102]


def test_columns_that_disagree_are_mistakes():
    """Of tables of units, electrodes and ROIs: which column, how long it is and how long it must be."""
    columns = {"id": np.arange(3), "quality": [b"good"], "electrodes_index": np.array([1, 2]), "obs_intervals_index": np.array([1, 2])}
    with place() as p:
        for name, column in columns.items():
            with begin(p, "u.nwb") as f:
                units = typed(f, "units", "Units")
                units["spike_times"], units["spike_times_index"] = np.arange(.5, 9), np.array([2, 3, 5, 9], "u1")
                units["electrodes"], units["obs_intervals"] = np.array([0, 1, 1, 0]), np.array([[0., 9.]] * 4)
                units[name] = column
                electrodes = typed(f, "general/extracellular_ephys/electrodes", "DynamicTable")
                electrodes["rel_x"], electrodes["rel_y"] = np.zeros(2), np.arange(2) * 20.
            refuse(p, "u.nwb", "", f"'units/{name}' has {len(column)} entries", "4 units")
        with h5py.File(p.file("u.nwb"), "a") as f:
            del f["units/obs_intervals_index"]
        assert list(load(p, "u.nwb")[0]["y"]) == [0, 20, 20, 0]
        with h5py.File(p.file("u.nwb"), "a") as f:
            f["units/quality"] = [b"good"]
            del f["units/electrodes"]
            f["units/electrodes"] = np.array([0, 1, 1])
        refuse(p, "u.nwb", "", "units/quality", "units: all")
        got, said = load(p, "u.nwb", ", units: all")
        assert len(got["id"]) == 4 and "y" not in got and "'units/electrodes' has 3 entries for 4 units" in said
        with h5py.File(p.file("u.nwb"), "a") as f:
            del f["general/extracellular_ephys/electrodes/rel_x"]
            f["general/extracellular_ephys/electrodes/rel_x"] = np.zeros(5)
        refuse(p, "u.nwb", ", units: all", "rel_x' is for 5 electrodes", "rel_y' for 2")
        with begin(p, "cells.nwb") as f:
            made = series(typed(f, "F", "Fluorescence"), "s", np.ones((4, 3)))
            table = typed(f, "seg", "PlaneSegmentation")
            table["id"], table["iscell"] = np.arange(3), np.ones((2, 2))
            refer(made, table, [0, 1, 2])
        refuse(p, "cells.nwb", "", "iscell of 'seg' has 2 rows", "rois: all")
        assert load(p, "cells.nwb", ", rois: all")[0]["activity"].shape == (3, 4)


def test_scales_that_are_none_are_told():
    data = np.arange(12.).reshape(4, 3) % 5
    with place() as p:
        for attributes in ({"conversion": np.nan}, {"conversion": 0.0}, {"conversion": "0.5"}, {"offset": np.nan}):
            with begin(p, "s.nwb") as f:
                series(typed(f, "F", "Fluorescence"), "s", data, **attributes)
            got, said = load(p, "s.nwb")
            assert np.array_equal(got["activity"], data.T) and f"attribute {list(attributes)[0]} of 'F/s/data' was not used" in said
        with begin(p, "s.nwb") as f:
            series(typed(f, "F", "Fluorescence"), "s", data, conversion=1.0, offset=0)
        assert "was not used" not in load(p, "s.nwb")[1]


def test_what_cannot_be_read_is_said():
    with place() as p:
        refuse(p, shared("worm-moving62-nwb") + "/AML175_moving_BrainScanner20180223_141721.nwb", "", "63 other series", "Activity_0000", "RoiResponseSeries")
        for name, *words in (("pynwb-1.1.2-no-activity.nwb", "without activity"), ("pynwb-2.1.0-no-activity.nwb", "1 other series", "test_ts"),
                             ("allen-nwb1.0.5-stripped.nwb", "NWB 1", "format: hdf5"), ("matnwb-2018-region-index.nwb", "spike_times_index", "references")):
            refuse(p, shared("nwb-conformance") + "/" + name, "", *words)
        with begin(p, "both.nwb") as f:
            made = series(typed(f.create_group("processing/m"), "F", "Fluorescence"), "s", np.arange(12.).reshape(4, 3) % 5)
            table = typed(f, "seg", "PlaneSegmentation")
            table["id"], table["iscell"] = np.arange(3), np.zeros((3, 2))
            refer(made, table, [0, 1, 3])
            units = typed(f, "units", "Units")
            units["spike_times"], units["spike_times_index"] = np.array([.5, 1.5, 2.5]), np.array([1, 3])
        refuse(p, "both.nwb", "", "activity of ROIs", "spike times of units", "spikes: units")
        refuse(p, "both.nwb", ", activity: s", "row 3", "3 rows")
        assert list(load(p, "both.nwb", ", spikes: units")[0]["first"]) == [0, 1, 3]
        with h5py.File(p.file("both.nwb"), "a") as f:
            f["processing/m/F/s/rois"][2] = 2
            f["units/spike_times_index"][1] = 2
        refuse(p, "both.nwb", ", activity: s", "none of 3 ROIs", "rois: all")
        refuse(p, "both.nwb", ", spikes: units", "ends at spike 2")
        assert load(p, "both.nwb", ", activity: s, rois: all")[0]["activity"].shape == (3, 4)
        with begin(p, "turned.nwb") as f:
            made = series(typed(f, "F", "Fluorescence"), "s", np.ones((3, 4)))
            refer(made, typed(f, "seg", "PlaneSegmentation"), [0, 1, 2])
        refuse(p, "turned.nwb", "", "the other way round", "neurons-first")
        with h5py.File(p.file("plain.nwb"), "w") as f:
            f["a"] = np.ones((3, 4))
        refuse(p, "plain.nwb", ", format: nwb", "not NWB 2")
        assert load(p, "plain.nwb", ", rate: 1 Hz")[0]["activity"].shape == (3, 4)


tests(globals())
