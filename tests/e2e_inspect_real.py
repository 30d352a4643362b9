"""`rumble inspect` of every shared recording: what it says is what expected-values.tsv and numpy say, and what it writes loads."""
import csv
import glob
import json
import os
import subprocess

import h5py
import numpy as np

from support.running import RUMBLE, SHARED, numbers_alone, place, tests
from support.inspecting import facts, inspect, missing, near, warned

recordings = os.path.join(SHARED, "recordings")


def at(name):
    found = glob.glob(os.path.join(recordings, name))
    assert len(found) == 1, f"the recording {name} is needed; found {found}"
    return found[0]


def expected():
    with open(at("expected-values.tsv")) as file:
        return {(row["file"], row["array"]): row for row in csv.DictReader(file, delimiter="\t")}


def shape(table, file, array):
    return tuple(int(n) for n in table[file, array]["shape_as_read"].split("x"))


# file, array whose shape says neurons and frames, whether the frames come first there
matrices = [
    ("suite2p-npz-hippocampy20/fluo.npz", "spks", False), ("zebrafish-tectum114/zf_20151104-f1.mat", "activity_matrix", False),
    ("worm-wholebrain130-h5/2022-01-16-01-data.h5", "gcamp/trace_array", True), ("critical-init-npz/F_miniscope219.npz", "sp", False),
    ("critical-init-npz/F_zftectum114.npz", "sp", False), ("critical-init-npz/T219_spks_face.npz", "spks", False),
    ("facemap-npz/spont_retina1240.npz", "spks", False), ("nwb-written-here/zebrafish_dff_114.nwb", "processing/ophys/DfOverF/RoiResponseSeries/data", True),
    ("suite2p-fissa23/suite2p/plane0/F.npy", "F", False), ("suite2p-miniscope219/suite2p/plane0/spks.npy", "spks", False),
]
# file, array with one entry a spike, array with one entry a neuron
lists = [
    ("retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", "spikes", "sCount"),
    ("retina-waves-h5/Maccione2014_P9_7March11_control_SpkTs_bursts_filtered.h5", "spikes", "sCount"),
    ("retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", "spikes", "sCount"),
    ("nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", "units/spike_times", "units/spike_times_index"),
    ("nwb-units-postsubiculum3/A8604-211122.nwb", "units/spike_times", "units/spike_times_index"),
]


def test_sizes_of_matrices_are_those_of_the_table():
    table = expected()
    for file, array, frames_first in matrices:
        seen = inspect(at(file))
        n, t = shape(table, file, array)[:: -1 if frames_first else 1]
        assert (seen["kind"], seen["neurons"], seen["frames"]) == ("recording", n, t), (file, seen)
        assert (facts(seen)["neurons"], facts(seen)["frames"]) == (n, t), file


def test_sizes_and_times_of_spike_lists_are_those_of_the_table():
    table = expected()
    for file, times, each in lists:
        seen = inspect(at(file))
        (nspikes,), (n,) = shape(table, file, times), shape(table, file, each)
        assert (seen["kind"], seen["neurons"], seen["spikes"]) == ("spikes", n, nspikes), (file, seen)
        with h5py.File(at(file)) as original:
            time = original[times][()]
        low, high = facts(seen)["time"]
        assert low <= time.min() and high >= time.max(), file
        if "obs_intervals" not in seen["cautions"] and "nwb" not in file:
            assert near(low, time.min()) and near(high, time.max()), file
        assert near(facts(seen)["duration"], high - low), file


def test_annotations_are_those_of_the_files():
    with np.load(at("critical-init-npz/F_zftectum114.npz")) as original:
        seen = facts(inspect(at("critical-init-npz/F_zftectum114.npz")))
        for name, array in (("x", "xpos"), ("y", "ypos"), ("quality (snr)", "snr")):
            assert near(seen[name][0], original[array].min()) and near(seen[name][1], original[array].max()), name
    with np.load(at("critical-init-npz/T219_spks_face.npz"), allow_pickle=True) as original:
        seen = facts(inspect(at("critical-init-npz/T219_spks_face.npz")))
        names, counts = np.unique(original["areas"].astype(str), return_counts=True)
        for name, count in zip(names, counts):
            assert f"{name} ({count})" in seen["areas"], seen
        assert seen["probes"] == len(np.unique(original["iprobe"]))
    with h5py.File(at("retina-waves-h5/Maccione2014*.h5")) as original:
        seen = facts(inspect(at("retina-waves-h5/Maccione2014*.h5")))
        assert near(seen["x"], [original["epos"][0].min(), original["epos"][0].max()]), seen
    seen = inspect(at("facemap-npz/*.npz"))
    assert near(facts(seen)["rate"], 3) and near(facts(seen)["duration"], 1800)
    assert "rate" not in missing(seen)


def test_folders():
    seen = inspect(at("suite2p-miniscope219"))
    assert facts(seen)["format"] == "suite2p" and (seen["neurons"], seen["frames"]) == (20, 2000)
    warned(seen, "20 of 219 ROIs")
    warned(seen, "frame rate is unknown")
    assert set(missing(seen)) == {"rate", "pixel"}
    every = inspect(at("suite2p-miniscope219"), "--set", "rois=all", "--set", "activity=F", "--set", "rate=30 Hz")
    assert every["neurons"] == 219 and facts(every)["rate"] == 30
    still = np.load(at("suite2p-miniscope219/suite2p/plane0/F.npy"))
    n = int((np.ptp(still, axis=1) == 0).sum())
    assert n == 47 and not warned(every, f"{n} of 219 neurons are constant", "zscore")["sampled"]
    assert near(facts(inspect(at("suite2p-fissa23/suite2p/plane0")))["rate"], 1)
    good = inspect(at("phy-rat-m1-striatum196"))
    assert facts(good)["format"] == "Kilosort or phy" and good["neurons"] == 134
    every = inspect(at("phy-rat-m1-striatum196"), "--set", "units=all")
    assert (every["neurons"], every["spikes"]) == (196, 319869) and near(facts(every)["time"], [307 / 30000, 18392397 / 30000])


def test_names_that_say_nothing_are_guessed_and_that_is_said():
    seen = inspect(at("worm-wholebrain130-h5/*.h5"))
    warned(seen, "guess", "gcamp/trace_array_original")
    assert "activity: gcamp/trace_array, times: timing/timestamp_confocal" in seen["entry"] and near(facts(seen)["rate"], 1 / 0.737, 2e-3)
    seen = inspect(at("rat-ca1-tetrodes31-mat5/spikes.mat"))
    warned(seen, "guess", "spikes.time")
    warned(seen, "6 of 37 neurons have no spikes")
    assert seen["spikes"] == 28829
    table = expected()
    for name in ("T181_2019_11_11_bank0_Cells.mat", "T219_2019_11_19_bank0_Cells.mat"):
        file = "rat-neuropixels-mat73/" + name
        seen = inspect(at(file))
        warned(seen, "'dist_from_tip_um' was taken for the depths", "guess")
        assert "y: dist_from_tip_um" in seen["entry"] and facts(seen)["y"][1] > 3000
        assert "spikes: raw_spike_time_s, counts: raw_spike_time_s.counts" in seen["entry"], seen["entry"]
        assert (seen["neurons"],) == shape(table, file, "raw_spike_time_s: spikes per unit")
        assert (seen["spikes"],) == shape(table, file, "raw_spike_time_s: all times, units in order")


def test_what_holds_no_recording_says_why():
    for name, word in (("nwb-conformance/allen*", "NWB 1"), ("nwb-conformance/pynwb-1.1.2*", "without activity"), ("mat-conformance/malformed1.mat", "damaged"),
                       ("README.md", "plain text"), ("npy-conformance", "is a folder")):
        seen = inspect(at(name), status=1)
        assert seen["class"] == "input" and word in seen["message"] and "entry" not in seen, seen


def test_every_file_gives_an_answer_and_what_it_writes_passes_the_check():
    paths = sorted(path for path in glob.glob(os.path.join(recordings, "*/**"), recursive=True) if path.endswith((".npy", ".npz", ".h5", ".mat", ".nwb")))
    assert len(paths) > 150
    done = subprocess.run([RUMBLE, "inspect", "--json", *paths], capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["path"] for event in events] == paths and done.returncode == 1
    good = [event for event in events if event["class"] == "done"]
    assert len(good) > 60, len(good)
    with place() as here:
        name = here.recipe("recordings:\n" + "".join(f"  - {event['entry']}\n" for event in good) + "stages:\n  raw: {stage: load}\n")
        done = subprocess.run([RUMBLE, "check", name], cwd=here.path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:5000]


@numbers_alone
def test_the_recipe_that_init_writes_for_a_real_recording_runs():
    """Each in a run of its own but for the largest, with the whole ending of a user's way: init, check, run, report."""
    files = ["critical-init-npz/F_miniscope219.npz", "critical-init-npz/F_zftectum114.npz", "critical-init-npz/T219_spks_face.npz",
             "suite2p-npz-hippocampy20/fluo.npz", "worm-wholebrain130-h5/*.h5", "zebrafish-tectum114/*.mat", "suite2p-fissa23", "suite2p-miniscope219",
             "retina-waves-h5/Hennig*.h5", "rat-ca1-tetrodes31-mat5/spikes.mat", "nwb-units-thalamus4/*.nwb", "nwb-units-postsubiculum3/*.nwb",
             "nwb-written-here/rat_units_249.nwb", "nwb-written-here/suite2p_export_219.nwb", "nwb-written-here/zebrafish_dff_114.nwb",
             "phy-rat-m1-striatum196", "phy-template", "rat-neuropixels-mat73/T181*.mat"]
    for file in files:
        with place() as here:
            subprocess.run([RUMBLE, "init", at(file), "-o", "mine.yaml", "-q"], cwd=here.path, check=True)
            subprocess.run([RUMBLE, "check", "mine.yaml"], cwd=here.path, check=True, stdout=subprocess.DEVNULL)
            here.run("run", "mine.yaml", "-q")
            assert os.path.getsize(here.file("mine/report.html")) > 10000, file


tests(globals())
