"""`rumble init`: a recipe for files that nobody described, which check passes and run carries out."""
import os
import shutil
import subprocess

import numpy as np
import yaml

from support.running import RUMBLE, fixture, place, tests


def init(where, *words, status=0):
    done = subprocess.run([RUMBLE, "init", *words], cwd=where, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"init {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def saved(where, name, **arrays):
    os.makedirs(os.path.dirname(os.path.join(where, name)), exist_ok=True)
    np.savez(os.path.join(where, name), **arrays)


def activity(neurons=40, frames=800, seed=1):
    return np.random.default_rng(seed).standard_normal((neurons, frames)).astype("f4")


def test_the_recipe_of_shipped_recordings_runs():
    with place() as here:
        for name in ("T181_2019_11_11.npz", "T219_2019_11_19.npz"):
            shutil.copy(fixture(name), here.path)
        text, said = init(here.path, "T181_2019_11_11.npz", "T219_2019_11_19.npz")
        assert said == "", said
        recipe = yaml.safe_load(text)
        assert [entry["name"] for entry in recipe["recordings"]] == ["T181_2019_11_11", "T219_2019_11_19"]
        with open(here.file("mine.yaml"), "w") as file:
            file.write(text)
        assert "no mistakes" in subprocess.run([RUMBLE, "check", "mine.yaml"], cwd=here.path, capture_output=True, text=True, check=True).stdout
        here.run("run", "mine.yaml")
        for part in ("alpha@z", "timescale", "dmd@shuffled", "dimension@z"):
            assert os.path.exists(here.file(f"mine/results/T181_2019_11_11/{part}.h5")), os.listdir(here.file("mine/results/T181_2019_11_11"))


def test_recordings_of_any_size_get_a_recipe_that_runs():
    """Few neurons, few frames, no rate, no positions: what would mean nothing is left out."""
    for neurons, frames in ((1, 50), (3, 900), (19, 60), (21, 60), (21, 300)):
        with place() as here:
            saved(here.path, "a.npz", sp=activity(neurons, frames))
            init(here.path, "a.npz", "-o", "r.yaml", "-q")
            here.run("run", "r.yaml")


def test_it_overwrites_nothing_and_writes_nothing_after_a_mistake():
    with place() as here:
        saved(here.path, "a.npz", sp=activity())
        init(here.path, "a.npz", "-o", "r.yaml")
        before = open(here.file("r.yaml")).read()
        assert "there already" in init(here.path, "a.npz", "-o", "r.yaml", status=2)[1]
        assert open(here.file("r.yaml")).read() == before
        os.symlink("elsewhere.yaml", here.file("link.yaml"))
        init(here.path, "a.npz", "-o", "link.yaml", status=2)
        assert not os.path.exists(here.file("elsewhere.yaml"))
        said = init(here.path, "a.npz", "gone.npz", "worse.npz", "-o", "new.yaml", status=1)[1]
        assert "gone.npz" in said and "worse.npz" in said and not os.path.exists(here.file("new.yaml"))
        assert "cannot write" in init(here.path, "a.npz", "-o", "no/such/folder.yaml", status=3)[1]


def test_settings_given_to_the_command_stand_in_the_recipe():
    """For all recordings: in their entries, the area, which is a label there, in the stage's; files as the recipe sees them."""
    with place() as here:
        os.makedirs(here.file("recipes"))
        for name in "ab":
            os.makedirs(here.file(name))
            np.save(here.file(name + "/spike_times.npy"), np.arange(0, 90000, 10))
            np.save(here.file(name + "/spike_clusters.npy"), np.arange(9000, dtype="i4") % 30)
        assert "`clock: 30 kHz`" in init(here.path, "a", "b", status=1)[1]
        recipe = yaml.safe_load(init(here.path, "a", "b", "--set", "clock=25 kHz", "-s", "window=[0 s, 3 s]", "-q")[0])
        assert [(entry["path"], entry["clock"], entry["window"]) for entry in recipe["recordings"]] == [(name, "25 kHz", ["0 s", "3 s"]) for name in "ab"]
        assert recipe["stages"]["raw"] == {"stage": "load"}
        saved(here.path, "x.npz", sp=activity(3), region=np.array(["V1", "V2", "V2"]))
        np.save(here.file("xy.npy"), np.arange(6.).reshape(3, 2))
        init(here.path, "x.npz", "--set", "positions_file=xy.npy", "--set", "area=region", "--set", "rate=20 Hz", "-o", "recipes/r.yaml", "-q")
        recipe = yaml.safe_load(open(here.file("recipes/r.yaml")))
        assert recipe["recordings"][0]["positions_file"] == "../xy.npy" and recipe["stages"]["raw"] == {"stage": "load", "area": "region"}
        here.run("run", "recipes/r.yaml")
        assert "did you mean 'clock'" in init(here.path, "a", "--set", "clok=1 Hz", status=2)[1]
        assert "behind the command" in init(here.path, "a", "--set", "path=b", status=2)[1]


def test_paths_are_those_seen_from_the_recipe_and_names_tell_recordings_apart():
    with place() as here:
        for name in ("data/m1/day1/F.npz", "data/m2/day1/F.npz", "data/odd name, {x} #1: ${v}.npz", "data/no.npz", "other/no"):
            saved(here.path, name if name.endswith(".npz") else name + ".npz", sp=activity(20, 300))
        files = sorted(os.path.relpath(os.path.join(folder, name), here.path) for folder, _, names in os.walk(here.path) for name in names)
        os.mkdir(here.file("recipes"))
        init(here.path, *files, "-o", "recipes/r.yaml", "-q")
        recipe = yaml.safe_load(open(here.file("recipes/r.yaml")))
        names = [entry["name"] for entry in recipe["recordings"]]
        assert len(set(names)) == len(files) and "m1-day1-F" in names, names
        for entry, name in zip(recipe["recordings"], files):
            assert os.path.samefile(here.file("recipes/" + entry["path"].replace("$${", "${")), here.file(name)), entry
        done = subprocess.run([RUMBLE, "check", "recipes/r.yaml"], cwd=here.path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_what_the_file_does_not_say_stands_as_a_remark():
    with place() as here:
        saved(here.path, "a.npz", sp=activity())
        saved(here.path, "b.npz", sp=activity(), tneural=np.arange(800) / 7)
        text, said = init(here.path, "a.npz", "b.npz")
        assert "a.npz: the frame rate is unknown" in said and "b.npz: the frame rate" not in said
        lines = text.splitlines()
        a, b = (next(i for i, line in enumerate(lines) if name in line) for name in ("path: a.npz", "path: b.npz"))
        assert "rate: 30 Hz" in lines[a + 1] and lines[a + 1].lstrip().startswith("#") and b == a + 2
        assert not lines[b + 1].lstrip().startswith("#")


def test_activity_and_spikes_do_not_go_into_one_recipe():
    with place() as here:
        saved(here.path, "a.npz", sp=activity())
        saved(here.path, "s.npz", st=np.linspace(0.1, 60.3, 500), clu=np.arange(500) % 9)
        said = init(here.path, "s.npz", "a.npz", status=1)[1]
        assert "'a.npz' holds activity in frames and 's.npz' spike times" in said


tests(globals())
