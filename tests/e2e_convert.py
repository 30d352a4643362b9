"""convert: what it writes loads as what it was, the documented lines read it, and NWB has what a result holds."""
import json
import os
import re

import h5py
import numpy as np

from support.running import SOURCE, fixture, place, tests

NT = 3000


def frames(path):
    """A recording with everything: gaps in its times, bad frames, states, positions in three dimensions, areas, a broken neuron."""
    rng = np.random.default_rng(11)
    time = np.arange(NT) / 20 + 5
    time[1000:] += 30
    x = rng.gamma(0.5, 1.0, (12, NT)).astype("f4")
    x[3, 17] = np.nan
    with h5py.File(path, "w") as f:
        f.update({"sp": x, "xyz": rng.random((12, 3)) * 400, "snr": rng.random(12), "iplane": np.arange(12) % 3, "tneural": time,
                  "state": rng.integers(0, 3, NT), "bad": np.array([40, 41, 2000]), "roi": np.arange(12) * 7 + 1})
        f["areas"] = np.array([b"V1", b"CA1"] * 6)


SETTINGS = ["--set", "state=state", "--set", "bad_frames=bad"]


def contents(path):
    with h5py.File(path) as f:
        return {name: data[()] for name, data in f["recording"].items()}


def same(a, b):
    assert a.keys() == b.keys(), a.keys() ^ b.keys()
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        assert x.dtype == y.dtype and x.shape == y.shape and (x.tobytes() == y.tobytes()), name


def test_a_converted_recording_loads_as_what_it_was():
    with place() as here:
        frames(here.file("in.h5"))
        said = here.run("convert", "in.h5", *SETTINGS, "--out", "one.h5")
        assert "dropped 1 of 12 neurons" in said and said.rstrip().endswith("one.h5"), said
        here.run("convert", "one.h5", "--out", "two.h5")
        one, two = contents(here.file("one.h5")), contents(here.file("two.h5"))
        same(one, two)
        assert one["activity"].shape == (11, NT - 3) and abs(one["rate"] - 20) < 1e-9 and list(one["segment"]) == [0, 40, 998, 1998], one
        assert one["z"].shape == (11,) and one["area"][0] == b"V1" and len(one["state"]) == NT - 3
        here.run("convert", "two.h5", "--out", "two.npy")
        assert np.load(here.file("two.npy")).tobytes() == one["activity"].tobytes()


def test_converted_spikes_load_as_what_they_were():
    rng = np.random.default_rng(12)
    with place() as here:
        st = np.sort(rng.random(5000) * 100)
        np.savez(here.file("in.npz"), st=st, clu=rng.integers(0, 9, 5000), ypos=np.arange(9) * 20.0,
                 epochs=np.array([[10.0, 20], [30, 31]]), labels=np.array([4, 2]))
        here.run("convert", "in.npz", "--set", "window=[1 s, 99 s]", "--set", "drop=[50 s, 60 s]", "--set", "epochs=epochs", "--set", "state=labels",
                 "--out", "one.h5")
        here.run("convert", "one.h5", "--out", "two.h5")
        one = contents(here.file("one.h5"))
        same(one, contents(here.file("two.h5")))
        assert one["observed"].tolist() == [[1, 50], [60, 99]] and one["counts"].sum() == len(one["time"]), one
        assert one["state"].tolist() == [4, 2] and one["stated"].tolist() == [[10, 20], [30, 31]]
        inside = st[((st >= 1) & (st < 50)) | ((st >= 60) & (st < 99))]
        assert np.array_equal(np.sort(one["time"]), inside)


def test_a_result_becomes_tables_of_nwb():
    with place() as here:
        recipe = here.recipe(f"recordings:\n  - {{name: rat, path: {fixture('T219_2019_11_19.npz')}}}\nstages:\n  raw: {{stage: load}}\n"
                             "  frames: {stage: bin, recording: raw, rate: 10 Hz}\n  z: {stage: zscore, recording: frames}\n"
                             "  svca2: {stage: svca2, recording: z}\n  alpha: {stage: powerlaw, spectrum: svca2.spectrum, ranks: 5..50}\n")
        here.run("convert", recipe, "rat/svca2", "--out", "s.nwb")
        here.run("convert", recipe, "alpha", "--out", "a.nwb")
        here.run("export", recipe, "rat/svca2", "--out", "s.npy")
        with h5py.File(here.file("s.nwb")) as f:
            assert f.attrs["neurodata_type"] == "NWBFile" and f.attrs["nwb_version"].startswith("2.")
            module = f["processing/rumble"]
            assert module.attrs["neurodata_type"] == "ProcessingModule" and json.loads(module.attrs["description"])["stage"] == "svca2"
            table = module["rank"]
            assert table.attrs["neurodata_type"] == "DynamicTable" and table.attrs["colnames"][0] == "rank"
            assert np.array_equal(table["spectrum"], np.load(here.file("s.npy")))
            assert table["rank"][0] == 1 and len(table["id"]) == len(table["rank"])
            check_nwb(f)
        with h5py.File(here.file("a.nwb")) as f:
            assert f["processing/rumble/values/exponent"].shape == (1,)
            check_nwb(f)
        assert "recording" in here.run("convert", recipe, "rat/z", "--out", "z.nwb", status=2)
        assert "NWB file without activity" in here.run("convert", "s.nwb", "--out", "no.h5", status=1)


def check_nwb(f):
    """What the schema of NWB and of hdmf-common asks for: required members, types of all objects, columns that are there and equally long."""
    for name in ["identifier", "session_description", "session_start_time", "timestamps_reference_time", "file_create_date", "acquisition", "analysis",
                 "general", "processing", "stimulus/presentation", "stimulus/templates"]:
        assert name in f, name
    seen = {f.attrs["object_id"]}

    def check(name, thing):
        kind = thing.attrs.get("neurodata_type")
        if kind is None:
            return
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", thing.attrs["object_id"]) and thing.attrs["object_id"] not in seen, name
        seen.add(thing.attrs["object_id"])
        assert kind == "ElementIdentifiers" or thing.attrs["description"], name
        if kind == "DynamicTable":
            assert set(thing) == {"id", *thing.attrs["colnames"]}, name
            assert {len(column) for column in thing.values()} == {len(thing["id"])}, name
    f["processing"].visititems(check)
    assert len(seen) > 3


def test_the_handbook_tells_the_truth():
    page = open(os.path.join(SOURCE, "docs/formats.md")).read()
    lines = re.search(r"```python\n(.*?)```", page, re.S).group(1)
    commands = re.search(r"```\n(.*?)```", page, re.S).group(1).splitlines()
    with place() as here:
        for command in commands[1:]:
            words = command.replace("recipes/", os.path.join(SOURCE, "recipes/")).split()[1:]
            here.run(*words)
        before = os.getcwd()
        os.chdir(here.path)
        try:
            exec(lines, {})
        finally:
            os.chdir(before)
        listed = set(re.findall(r"`([a-z_]+)`", " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))))
        assert {"activity", "rate", "id", "x", "segment"} <= listed & set(contents(here.file("T219.h5"))), listed


def test_mistakes_are_told():
    with place() as here:
        np.save(here.file("x.npy"), np.zeros((3, 5), "f4") + np.arange(5))
        for words, status, sentence in [
                (["nothing.npy"], 2, "there is no such file or folder"), (["x.npy", "raw"], 2, "a name belongs to a recipe"),
                (["x.npy", "--set", "rate"], 2, "a setting of the recording is meant"), (["x.npy", "--set", "rat=3 Hz"], 2, "rat"),
                (["x.npy", "--out", "x.npy"], 3, "exists and is not replaced"), (["x.npy", "--format", "mat"], 2, "there is no format 'mat'"),
                (["no.yaml"], 2, "which recording or result")]:
            said = here.run("convert", *words, status=status)
            assert sentence in said, said
        for words, status, start in (["rate=3"], 2, "--set:1:"), (["window=[3 s"], 2, "--set:1:"), (["rois=some"], 2, "--set:1:"), (["activity=no"], 1, "convert: "):
            said = here.run("convert", "x.npy", "--set", *words, status=status)
            assert start in said and "convert.yaml" not in said, said
        here.run("convert", "x.npy", "--set", "rate=3 Hz", "--set", "stages.loaded.nonfinite=fail")
        assert os.path.exists(here.file("x.h5"))
        broken = here.recipe("recordings:\n  - {name: r, path: x.npy, activity: no}\nstages: {raw: {stage: load}}\n")
        assert "names nothing in this file" in here.run("convert", broken, "r/raw", status=1)
        assert not [name for name in os.listdir(here.path) if "tmp" in name]


def test_what_a_damaged_conversion_says_is_checked():
    """Every table of the file made wrong in turn: an error that names it, never another recording."""
    with place() as here:
        frames(here.file("in.h5"))
        here.run("convert", "in.h5", *SETTINGS, "--out", "good.h5")
        wrong = {"rate": -3.0, "segment": np.array([0, 40, 40, 1997]), "segment_time": np.array([0.0, np.nan, 1, 2]), "id": np.arange(4), "z": np.arange(3.0),
                 "state": np.arange(5)}
        for name, value in wrong.items():
            with open(here.file("good.h5"), "rb") as source, open(here.file("bad.h5"), "wb") as f:
                f.write(source.read())
            os.chmod(here.file("bad.h5"), 0o644)
            with h5py.File(here.file("bad.h5"), "r+") as f:
                del f["recording"][name]
                f["recording"][name] = value
            process = here.start("convert", "bad.h5", "--out", "no.h5")
            out, err = process.communicate(timeout=60)
            assert process.returncode in (1, 2) and ("recording/" + name in out + err or "segment" in out + err), f"{name}: {out}{err}"


tests(globals())
