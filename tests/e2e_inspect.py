"""`rumble inspect` of what ships and of files made up here: facts, warnings, and files that are cut, flipped, lying or no files at all."""
import json
import os
import shutil
import subprocess

import h5py
import numpy as np

from support.inspecting import facts, inspect, missing, near, warned
from support.running import RUMBLE, fixture, place, tests


def noise(neurons=40, frames=600, seed=1):
    return np.random.default_rng(seed).standard_normal((neurons, frames)).astype("f4")


def test_a_shipped_recording_is_described_as_numpy_sees_it():
    path = fixture("T181_2019_11_11.npz")
    seen, said = inspect(path), facts(inspect(path))
    with np.load(path) as original:
        st, clu = original["st"], original["clu"]
        assert (seen["kind"], seen["neurons"], seen["spikes"]) == ("spikes", len(original["ypos"]), len(st)) == ("spikes", said["neurons"], said["spikes"])
        assert near(said["time"], [st.min(), st.max()]) and near(said["duration"], np.ptp(st)) and near(seen["seconds"], np.ptp(st))
        assert near(said["y"], [original["ypos"].min(), original["ypos"].max()]) and said["probes"] == 1
        assert near(said["mean rate of a neuron"], len(st) / len(original["ypos"]) / np.ptp(st))
        silent = len(original["ypos"]) - len(np.unique(clu))
    assert not [row for row in seen["cautions"] if "no spikes" in row["text"]] if silent == 0 else warned(seen, f"{silent} of", "no spikes")
    assert seen["entry"] == f"{{path: {path}}}" and missing(seen) == {}
    for cost in (seen["memory"], seen["disk"], seen["init"]["memory"], seen["init"]["disk"], seen["init"]["seconds"]):
        assert cost > 0
    assert seen["init"]["guess"] is False


def test_people_get_the_same_in_words():
    path = fixture("T181_2019_11_11.npz")
    done = subprocess.run([RUMBLE, "inspect", path], capture_output=True, text=True)
    seen = inspect(path)
    words = " ".join(done.stdout.split())
    assert done.returncode == 0 and done.stderr == "" and f"- {seen['entry']}" in words and "Loading it takes" in words
    for text in (f"neurons {seen['neurons']:.0f}", f"spikes {seen['spikes']:.0f}", "In a recipe recordings:"):
        assert text in words, text
    assert all(len(line) < 140 for line in done.stdout.splitlines() if path not in line), done.stdout


def test_what_is_odd_about_samples_is_counted():
    with place() as here:
        x = noise()
        x[3] = 7
        x[5, 11] = np.nan
        x[8, 2] = np.inf
        np.save(here.file("a.npy"), x)
        seen = inspect(here.file("a.npy"))
        assert not warned(seen, "2 of 40 neurons have samples that are not finite", "row 5 at frame 11", "missing (NaN)")["sampled"]
        assert not warned(seen, "1 of 40 neurons are constant", "row 3")["sampled"]
        warned(seen, "frame rate is unknown")
        assert missing(seen) == {"rate": "30 Hz"} and facts(seen)["positions"] == "none"


def test_a_large_file_is_sampled_and_that_is_said():
    with place() as here:
        x = np.zeros((5000, 2000), "f4")
        x[:, ::2] = 1
        x[17] = 3  # in the part of a packed archive that is read in any case
        np.savez(here.file("a.npz"), sp=x)
        seen = inspect(here.file("a.npz"))
        assert warned(seen, "1 of", "neurons looked at are constant", "row 17")["sampled"] and "of 10000000 samples" in facts(seen)["looked at"]
        full = inspect(here.file("a.npz"), "--full")
        assert not warned(full, "1 of 5000 neurons are constant", "row 17")["sampled"] and "looked at" not in facts(full)
        np.save(here.file("b.npy"), np.full((4000, 3000), np.nan, "f4"))
        assert warned(inspect(here.file("b.npy")), "have samples that are not finite")["sampled"]


def test_numbers_of_neurons_and_silent_ones():
    with place() as here:
        np.savez(here.file("a.npz"), sp=noise(6), roi=np.array([4, 4, 9, 1, 9, 9]))
        warned(inspect(here.file("a.npz")), "3 of 6 neurons have a number that another one has", "4")
        np.savez(here.file("s.npz"), spikes=np.sort(np.random.default_rng(1).uniform(0, 50, 100)), sCount=np.array([40, 0, 60, 0]))
        seen = inspect(here.file("s.npz"))
        warned(seen, "2 of 4 neurons have no spikes", "neuron 1")
        assert seen["neurons"] == 4


def test_settings_change_what_is_seen_and_mistakes_in_them_are_told():
    with place() as here:
        with h5py.File(here.file("a.h5"), "w") as file:
            file["deep/x"], file["deep/other"], file["frame_times"] = noise(7, 300).T, noise(7, 290).T, np.arange(300) / 5.0
        seen = inspect(here.file("a.h5"))
        warned(seen, "guess", "deep/x")
        assert seen["entry"].endswith("activity: deep/x, times: frame_times}") and near(facts(seen)["rate"], 5) and (seen["neurons"], seen["frames"]) == (7, 300)
        with h5py.File(here.file("a.h5"), "a") as file:
            file["roi/centroids"], file["roi/centre_mm"], file["roi/coordinates_mm"] = np.arange(14.0).reshape(7, 2), np.ones(7), np.ones((7, 3))
        seen = inspect(here.file("a.h5"))
        warned(seen, "guess", "'roi/centroids' was taken for the positions")
        assert "positions: roi/centroids}" in seen["entry"] and facts(seen)["y"] == [1, 13]
        np.savez(here.file("s.npz"), st=np.arange(9) / 4, clu=np.arange(9) % 2)
        seen = inspect(here.file("a.h5"), "--set", "activity=deep/other", "--set", "rate=2 Hz", "--set", "orientation=frames-first")
        assert (seen["neurons"], seen["frames"]) == (7, 290) and near(facts(seen)["rate"], 2)
        assert seen["entry"].endswith("rate: 2 Hz, activity: deep/other, orientation: frames-first}"), seen["entry"]
        assert "window: [0 s, 2 s]}" in inspect(here.file("s.npz"), "--set", "window=[0 s, 2 s]")["entry"]
        for words, sentence in (("activty=x", "did you mean 'activity'"), ("rate=5", "rate"), ("rate", "NAME=VALUE"), ("activity=no", "names nothing")):
            done = subprocess.run([RUMBLE, "inspect", here.file("a.h5"), "--set", words], capture_output=True, text=True)
            assert done.returncode in (1, 2) and sentence in done.stderr, (words, done)


def test_what_is_no_recording_is_an_error_with_a_reason():
    with place() as here:
        os.mkfifo(here.file("pipe.npy"))
        open(here.file("empty.npy"), "w").close()
        os.mkdir(here.file("folder"))
        os.symlink("loop", here.file("loop"))
        os.mkdir(here.file("round"))
        for name in ("spks.npy", "plane0", "suite2p", "again"):
            os.symlink(".", here.file("round/" + name))
        with open(here.file("text.txt"), "w") as file:
            file.write("dear diary\n")
        with open(here.file("image.png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + bytes(50))
        for name, words in (("pipe.npy", "not a plain file"), ("empty.npy", "empty"), ("folder", "is a folder"), ("loop", "cannot read"), ("round", ""),
                            ("text.txt", "text"), ("image.png", "PNG"), ("gone", "no such file"), ("/dev/zero", "not a plain file")):
            seen = inspect(os.path.join(here.path, name), status=1)
            assert seen["class"] == "input" and words in seen["message"] and "entry" not in seen and "\n" not in seen["message"], seen


def test_without_permission_is_an_error_with_a_reason():
    with place() as here:
        shutil.copy(fixture("T181_2019_11_11.npz"), here.file("a.npz"))
        os.mkdir(here.file("closed"))
        os.chmod(here.path, 0o755)
        os.chmod(here.file("a.npz"), 0)
        os.chmod(here.file("closed"), 0)

        def drop():
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)

        for name in ("a.npz", "closed"):
            assert "Permission denied" in inspect(here.file(name), status=1, preexec_fn=drop)["message"]
        os.chmod(here.file("closed"), 0o700)


def test_cut_and_flipped_files_give_an_answer():
    """Every mutation in one call each of some tens of files: an answer for every one, and no reader that goes down takes the rest along."""
    with place() as here:
        rng = np.random.default_rng(7)
        np.save(here.file("w.npy"), noise(9, 50))
        np.savez_compressed(here.file("w.npz"), sp=noise(9, 50), snr=np.ones(9), areas=np.array(["V1"] * 9))
        with h5py.File(here.file("w.h5"), "w") as file:
            file.create_dataset("spks", data=noise(9, 50), chunks=(3, 20), compression="gzip")
            file["snr"] = np.ones(9)
        count = 0
        for name in ("w.npy", "w.npz", "w.h5", fixture("T219_2019_11_19.npz")):
            whole = open(os.path.join(here.path, name), "rb").read()
            variants = [whole[:n] for n in rng.integers(1, len(whole), 15)]
            for _ in range(25):
                bytes_ = bytearray(whole)
                for at in rng.integers(0, len(whole) if rng.random() < 0.5 else min(400, len(whole)), 3):
                    bytes_[at] = rng.integers(0, 256)
                variants.append(bytes(bytes_))
            paths = []
            for variant in variants:
                paths.append(here.file(f"v{count}.bin"))
                count += 1
                with open(paths[-1], "wb") as file:
                    file.write(variant)
            done = subprocess.run([RUMBLE, "inspect", "--json", *paths], capture_output=True, text=True, timeout=200)
            events = [json.loads(line) for line in done.stdout.splitlines()]
            assert [event["path"] for event in events] == paths and done.returncode in (0, 1), (done.returncode, done.stderr)
            for event in events:
                assert event["class"] == "done" or (event["class"] == "input" and event["message"]), event
                assert name == "w.h5" or "reader down" not in event.get("message", ""), event  # the HDF5 library has faults of its own
        assert not [name for name in os.listdir(here.path) if not name.startswith(("v", "w"))]


def test_a_plan_knows_sizes_before_anything_is_loaded():
    with place() as here:
        saved = {"a": {"sp": noise(200, 3000)}, "b": {"st": np.sort(np.random.default_rng(1).uniform(0, 50, 900)), "clu": np.arange(900) % 30}}
        for name, arrays in saved.items():
            np.savez(here.file(name + ".npz"), **arrays)
        stages = "  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n  svca2: {stage: svca2, recording: z}\n"
        here.recipe("recordings:\n  - {path: a.npz, rate: 22 Hz}\nstages:\n" + stages)
        steps = {event["node"]: event for event in here.events("plan", "recipe.yaml") if event["event"] == "node"}
        assert not any(step["guess"] for step in steps.values()) and abs(steps["a/raw"]["disk"] - 4 * 200 * 3000) < 1e5, steps
        assert "?" not in here.run("plan", "recipe.yaml")
        with open(here.file("a.npz"), "r+b") as file:  # what cannot be looked at is planned without
            file.truncate(1000)
        assert "?" in here.run("plan", "recipe.yaml")
        here.recipe("recordings:\n  - {path: b.npz}\nstages:\n" + stages.replace("z: {", "f: {stage: bin, recording: raw, rate: 20 Hz}\n  z: {").replace("recording: raw}\n  svca2", "recording: f}\n  svca2"))
        assert "?" in here.run("plan", "recipe.yaml")  # how long spikes last is not in a header


def test_names_in_a_file_steer_nothing():
    with place() as here:
        np.savez(here.file("a.npz"), **{"sp": noise(5, 60), "bad\x1b[2J": np.ones(3)})
        done = subprocess.run([RUMBLE, "inspect", here.file("a.npz")], capture_output=True, text=True)
        assert "\x1b" not in done.stdout + done.stderr
        name = "odd\x1b[31m, {x}: #1.npz"
        shutil.copy(fixture("T181_2019_11_11.npz"), here.file(name))
        done = subprocess.run([RUMBLE, "inspect", name], capture_output=True, text=True, cwd=here.path)
        assert done.returncode == 0 and "\x1b" not in done.stdout + done.stderr and '"odd\\x1B[31m, {x}: #1.npz"' in done.stdout, done.stdout


tests(globals())
