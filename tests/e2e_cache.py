"""The cache through the program: what is damaged is found and made again, what is named stays, what is stored opens elsewhere."""
import hashlib
import json
import os
import random
import resource
import re
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

rumble = os.environ["RUMBLE"]
SAMPLES = (60, 800)
LARGE = (400, 1500)  # 2.4 MB: verified once a run, not at every opening


def program(*words, status=0, **more):
    done = subprocess.run([rumble, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == status, f"rumble {' '.join(words)} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def make_recipe(name="small"):
    with open(name + ".yaml", "w") as f:
        f.write(f"""rumble: 1
recordings: [{{name: a, path: small.npy, rate: 20 Hz}}, {{name: b, path: large.npy, rate: 20 Hz}}]
stages:
  raw:      {{stage: load}}
  z:        {{stage: zscore, recording: raw}}
  shuffled: {{stage: shuffle, recording: z}}
  s:        {{stage: spectrum, recording: [z, shuffled]}}
  alpha:    {{stage: powerlaw, spectrum: s, ranks: 2..50}}
""")
    return name + ".yaml"


def objects():
    """Path of every object in the cache by key."""
    found = {}
    for folder, _, files in os.walk("cache/objects"):
        found.update({f[:-3]: os.path.join(folder, f) for f in files if f.endswith(".h5")})
    return found


def content():
    return {key: open(path, "rb").read() for key, path in objects().items()}


def stage_of(path):
    with h5py.File(path) as f:
        return json.loads(f.attrs["description"])["stage"]


def rewrite(path, data):
    os.remove(path)
    with open(path, "wb") as f:
        f.write(data)


# ---- what h5py sees


def check_dataset(name, d, described):
    assert d.attrs["units"] == described["unit"], name
    assert d.attrs.get("long_name", "") == described["help"], name
    assert [dim.label for dim in d.dims] == [axis[0] for axis in described["axes"]], name
    for dim, (axis, unit, n, start, step) in zip(d.dims, described["axes"]):
        scale, = dim.values()
        assert scale.name.startswith("/axes/" + axis) and scale.attrs["units"] == unit and len(scale) == n, name
        assert np.allclose(scale[()], start + step * np.arange(n)), name


def test_objects_open_in_h5py(good):
    for key, path in objects().items():
        data = good[key]
        with h5py.File(path) as f:
            assert f.userblock_size == 512
            assert hashlib.sha256(f.attrs["description"].encode()).hexdigest() == key
            assert "MATLAB" in f.attrs["note"] and isinstance(json.loads(f.attrs["warnings"]), list)
            # the index behind the HDF5 file, which rumble reads, says the same as the HDF5 file, which everybody else reads
            index = json.loads(data[int.from_bytes(data[112:120], "little"):])
            seen = []
            f.visititems(lambda name, d: seen.append(name) if isinstance(d, h5py.Dataset) and not name.startswith("axes/") else None)
            assert sorted(seen) == sorted(array["name"] for array in index["arrays"])
            for array in index["arrays"]:
                d = f[array["name"]]
                check_dataset(array["name"], d, array)
                kind = f"S{array['width']}" if array["type"] == "text" else array["type"]
                assert d.dtype == np.dtype(kind) and d.shape == tuple(axis[2] for axis in array["axes"]), array
                if d.size:
                    there = np.frombuffer(data, kind, d.size, array["at"]).reshape(d.shape)
                    assert array["at"] % 64 == 0 and there.tobytes() == np.asarray(d[()], kind).tobytes(), array
            assert dict(zip(index["attributes"][::2], index["attributes"][1::2])).items() <= dict(f.attrs).items()
    with h5py.File("small/results/a/s@z.h5") as f:
        assert f["s" if "s" in f else "spectrum"].dims[0].label == "rank"


# ---- damage


def damages(key, path, data, other):
    """Every way in which an object can be wrong: name, and what makes it so."""
    rng = random.Random(key)

    def flipped():
        at = rng.randrange(512, len(data))
        rewrite(path, data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:])

    def foreign():
        os.remove(path)
        with h5py.File(path, "w") as f:
            f["spectrum"] = np.ones(50)
            f.attrs["description"] = "{}"

    def linked():
        shutil.copy(path, "target.h5")
        os.remove(path)
        os.symlink(os.path.abspath("target.h5"), path)

    def folder():
        os.remove(path)
        os.mkdir(path)

    def closed():
        folder()
        os.mkdir(os.path.join(path, "in"))
        os.chmod(path, 0o500)

    def pipe():
        os.remove(path)
        os.mkfifo(path)

    yield "truncated", lambda: rewrite(path, data[:rng.randrange(len(data))])
    yield "flipped", flipped
    yield "with a page of zeros", lambda: rewrite(path, data[:4096] + bytes(4096) + data[8192:])
    yield "empty", lambda: rewrite(path, b"")
    yield "longer", lambda: rewrite(path, data + b"\0")
    yield "foreign", foreign
    yield "of another key", lambda: rewrite(path, other)
    yield "a symbolic link", linked
    yield "a folder", folder
    yield "a closed folder", closed
    yield "a pipe", pipe


def test_damage_is_found_and_made_again(recipe, good):
    """Whatever is done to any object, the next run ends well, says so, and leaves the same bytes."""
    stages = {key: stage_of(path) for key, path in objects().items()}
    kinds, n = {}, 0
    for key, data in good.items():
        kinds.setdefault((stages[key], len(data) > 1 << 20), key)
    for key in kinds.values():
        other = next(data for k, data in good.items() if k != key)
        for name, damage in damages(key, objects()[key], good[key], other):
            what = f"{stages[key]} object {key[:8]}, {name}"
            damage()
            if len(good[key]) > 1 << 20:  # whoever reads it first must notice
                for reader in good:
                    if stages[reader] == "spectrum":
                        os.remove(objects()[reader])
            _, said = program("run", recipe, "--cache", "cache", "--jobs", "2")
            assert content() == good, f"{what}: not the same bytes afterwards"
            assert "damaged" in said or "computed again" in said, f"{what}: nothing was said\n{said}"
            counted = re.findall(r"^\[(\d+)/(\d+)\]", said, re.M)
            assert counted and all(int(done) <= int(total) for done, total in counted), f"{what}: more done than there is\n{said}"
            if name == "a symbolic link":
                assert open("target.h5", "rb").read() == good[key], f"{what}: the target was touched"
            n += 1
    print(f"{n} damaged objects made again")


def test_a_file_in_place_of_a_folder(recipe, good):
    folder = os.path.dirname(min(objects().values()))
    shutil.rmtree(folder)
    open(folder, "w").close()
    program("run", recipe, "--cache", "cache")
    assert content() == good


def test_verify_goes_on_past_what_is_bad(recipe, good):
    paths = sorted(objects().items())
    out, _ = program("cache", "verify", "--cache", "cache")
    assert "0 damaged" in out
    for key, path in paths[:3]:
        data = good[key]
        rewrite(path, data[:-40] + b"x" + data[-39:])
    out, _ = program("cache", "verify", "--quick", "--json", "--cache", "cache")  # headers and lengths are right
    assert json.loads(out.splitlines()[-1])["damaged"] == 0
    out, said = program("cache", "verify", "--json", "--cache", "cache", status=1)
    events = [json.loads(line) for line in out.splitlines()]
    assert [e["key"] for e in events if e["event"] == "damaged"] == [key for key, _ in paths[:3]]
    assert events[-1] == dict(events[-1], event="verified", objects=len(paths), damaged=3) or "class" in events[-1]
    assert len(objects()) == len(paths) - 3  # set aside
    assert "damage" in out + said
    program("run", recipe, "--cache", "cache")
    assert content() == good


# ---- housekeeping


def test_lists_and_sums(good):
    out, _ = program("cache", "ls", "--json", "--cache", "cache")
    entries = [json.loads(line) for line in out.splitlines()]
    assert {e["key"]: e["bytes"] for e in entries} == {key: len(data) for key, data in good.items()}
    assert {e["key"]: e["stage"] for e in entries} == {key: stage_of(path) for key, path in objects().items()}
    assert all("small/results/" in e["named"] for e in entries)
    out, _ = program("cache", "du", "--json", "--cache", "cache")
    sums = json.loads(out)
    assert sums["objects"] == len(good) and sums["bytes"] == sum(map(len, good.values())) == sum(s["bytes"] for s in sums["stages"])
    out, _ = program("cache", "ls", "--cache", "cache")
    assert len(out.splitlines()) == len(good) + 1
    program("cache", "du", "--cache", "cache")
    program("cache", "burn", "--cache", "cache", status=2)
    program("cache", "gc", "--cache", "cache", status=2)  # no limit given


def test_collection_spares_what_results_name(recipe, good):
    out, _ = program("cache", "gc", "--max-size", "1 B", "--json", "--cache", "cache")
    assert json.loads(out.splitlines()[-1])["spared_objects"] == len(good) and content() == good
    os.remove("small/results/a/alpha@z.h5")  # the user wants this no more
    out, _ = program("cache", "gc", "--max-size", "1 B", "--dry-run", "--json", "--cache", "cache")
    assert json.loads(out.splitlines()[-1])["objects"] == 1 and content() == good
    program("cache", "gc", "--max-size", "1 B", "--cache", "cache")
    assert len(content()) == len(good) - 1
    shutil.rmtree("small")  # nor all that
    program("cache", "gc", "--max-size", "1 B", "--cache", "cache")
    assert content() == {}
    program("run", recipe, "--cache", "cache")
    assert content() == good


def test_views_keep_their_samples():
    """Linked or copied, a view among the results spares the object with its samples, and a copy nothing else."""
    recipe = make_recipe("views")
    program("run", recipe, "--copy", "--cache", "shelf")
    program("cache", "gc", "--max-size", "1 B", "--cache", "shelf")
    left = [stage_of(os.path.join(path, f)) for path, _, files in os.walk("shelf/objects") for f in files if f.endswith(".h5")]
    assert left == ["load", "load"], left
    program("run", recipe, "--cache", "shelf")
    os.remove("views/results/a/raw.h5")
    os.remove("views/results/b/alpha@z.h5")
    out, _ = program("cache", "gc", "--max-size", "1 B", "--json", "--cache", "shelf")
    assert json.loads(out.splitlines()[-1])["objects"] == 1
    program("cache", "gc", "--max-size", "1 B", "--cache", "shelf")
    shutil.rmtree("views")
    program("cache", "gc", "--max-size", "1 B", "--cache", "shelf")
    assert not any(f.endswith(".h5") for _, _, files in os.walk("shelf/objects") for f in files)


def test_keep_false_spares_what_other_results_name(recipe, good):
    with open(recipe) as f, open("other.yaml", "w") as g:
        g.write(f.read().replace("{stage: load}", "{stage: load, keep: false}"))
    for key, path in objects().items():
        if stage_of(path) in ("load", "zscore"):
            os.remove(path)
    program("run", "other.yaml", "--cache", "cache")
    assert content() == good
    shutil.rmtree("small")  # nobody else counts on them now
    os.remove(next(path for path in objects().values() if stage_of(path) == "powerlaw"))
    program("run", "other.yaml", "--cache", "cache")
    assert sorted(data for key, data in good.items() if key not in content()) == sorted(d for d in good.values() if b'"stage":"load"' in d)
    shutil.rmtree("other")
    program("run", recipe, "--cache", "cache")
    assert content() == good


def test_nothing_is_left_behind():
    for folder in "tmp", "leases":
        assert os.listdir(os.path.join("cache", folder)) == [], folder


# ---- places


def nobody():
    """Root may write anywhere, so it becomes nobody first."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}


def everything(folder):
    return sorted((path, sorted(files)) for path, _, files in os.walk(folder))


def test_an_unwritable_cache_is_named_with_a_remedy(recipe):
    os.mkdir("closed", 0o555)
    os.chmod(".", 0o755)
    for place in "closed", "closed/below", recipe:  # the last is a file
        for words in [["run", recipe]] + [["cache", "ls"], ["plan", recipe]] * (place == recipe):
            _, said = program(*words, "--cache", place, status=3, **nobody())
            assert place in said and "--cache" in said and "RUMBLE_CACHE" in said, said
    assert os.listdir("closed") == []


def test_looking_makes_no_cache(recipe):
    """Where there is none, it is told as empty, with its path; nothing appears there."""
    os.mkdir("empty")
    for place in "empty", "mistyped/place":
        for words in ["cache", "ls"], ["cache", "du"], ["cache", "verify"], ["cache", "verify", "--quick"], ["cache", "gc", "--max-size", "1 B"], \
                ["plan", recipe], ["status", recipe]:
            out, said = program(*words, "--cache", place)
            assert os.path.abspath(place) in out + said and "yet" in out + said and "nan" not in out, (words, out, said)
        out, _ = program("plan", recipe, "--json", "--cache", place)
        assert json.loads(out.splitlines()[-1])["free"] > 0
        _, said = program("export", recipe, "a/alpha@z", "--out", "none.npy", "--cache", place, status=1)
        assert "run" in said, said
    assert os.listdir("empty") == [] and not os.path.exists("mistyped") and not os.path.exists("none.npy")


def test_a_cache_of_others_can_be_looked_at(recipe, good):
    """A user who may only read it sees what is there, writes reports and exports from it, and is told that runs need more."""
    os.mkdir("mine", 0o777)
    os.chmod("mine", 0o777)
    os.chmod(".", 0o755)
    for path, folders, files in os.walk("cache"):
        os.chmod(path, 0o555)
    before = everything("cache")
    try:
        for words, expected in (["plan", recipe, "--check"], "Nothing to run"), (["status", recipe], f"{len(good)} cached"), \
                (["cache", "ls"], "powerlaw"), (["cache", "du"], "spectrum"), (["cache", "verify"], "0 damaged"), \
                (["cache", "verify", "--quick"], "0 damaged"), (["report", recipe, "--set", "report.output=r.html", "--out", "mine/out"], "r.html"), \
                (["export", recipe, "a/z", "--out", "mine/z.npy"], "z.npy"):
            out, said = program(*words, "--cache", "cache", **nobody())
            assert expected in out and "missing" not in said, (words, out, said)
        assert "has not been computed" not in open("mine/out/r.html").read() and np.load("mine/z.npy").shape == SAMPLES
        for words in ["run", recipe, "--out", "mine/run"], ["cache", "gc", "--max-size", "1 B"]:
            _, said = program(*words, "--cache", "cache", status=3, **nobody())
            assert "cannot be written" in said and "--cache" in said, said
        assert any(name.endswith(".svg") for name in os.listdir("mine/out/figures")), "a cache that cannot be written cost the figures"
        # where figures have no room the report is written without, and with them once they have
        os.makedirs("mine/full/figures")
        os.chmod("mine/full", 0o777)
        for mode, noted in (0o555, True), (0o777, False):
            os.chmod("mine/full/figures", mode)
            out, _ = program("report", recipe, "--set", "report.output=r.html", "--out", "mine/full", "--cache", "cache", **nobody())
            assert "unchanged" not in out and ("no room in figures/" in open("mine/full/r.html").read()) == noted
        assert any(name.endswith(".svg") for name in os.listdir("mine/full/figures"))
        assert everything("cache") == before and content() == good
    finally:
        for path, folders, files in os.walk("cache"):
            os.chmod(path, 0o755)


def test_a_copy_without_room_says_how_much_it_needs(recipe):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    _, said = program("run", recipe, "--copy", "--cache", "cache", "--out", "copied", status=3, preexec_fn=limit)
    assert "copied/results/b/raw.h5" in said and "the copy needs 2.4" in said and "--out" in said, said


def test_a_warning_of_many_is_said_once(recipe):
    """On standard error in full once and as a count at the end; events have it for every node."""
    x = np.random.default_rng(5).standard_normal((3, 40, 600)).astype("f4")
    x[:, 7] = 1
    for i in range(3):
        np.save(f"flat{i}.npy", x[i])
    with open("flat.yaml", "w") as f:
        f.write("rumble: 1\nrecordings:\n" + "".join(f"  - {{name: r{i}, path: flat{i}.npy, rate: 20 Hz}}\n" for i in range(3)) +
                "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n")
    _, said = program("run", "flat.yaml", "--cache", "flat")
    assert said.count("constant") == 1 and "and 1 more: warning: the same as of r" in said and "3 warnings" in said, said
    shutil.rmtree("flat")
    out, _ = program("run", "flat.yaml", "--cache", "flat", "--json")
    assert sorted(e["node"] for e in map(json.loads, out.splitlines()) if e["event"] == "warning") == ["r0/z", "r1/z", "r2/z"]


def test_exports():
    z = np.load("small.npy").astype("f8")
    z = ((z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)).astype("f4")
    for ending, load in (".npy", np.load), (".h5", lambda p: h5py.File(p)["recording/activity"][:]), \
            (".csv", lambda p: np.loadtxt(p, delimiter=",", skiprows=1)[:, 1:]):
        program("export", "small.yaml", "a/z", "--out", "z" + ending, "--cache", "cache")
        x = load("z" + ending)
        assert x.shape == z.shape and np.allclose(x, z, rtol=1e-5, atol=1e-6), ending
    program("export", "small.yaml", "a/z", "--out", "z.npy", "--cache", "cache", status=3)  # stands there already
    _, said = program("export", "small.yaml", "a/z", "--format", "mat", "--cache", "cache", status=2)
    assert "hdf5, npy, csv and nwb" in said


def main():
    rng = np.random.default_rng(3)
    for name, shape in ("small", SAMPLES), ("large", LARGE):
        x = rng.standard_normal((5, shape[1])).T @ rng.standard_normal((5, shape[0]))
        np.save(name + ".npy", np.ascontiguousarray((x + rng.standard_normal(x.shape)).T.astype("f4")))
    recipe = make_recipe()
    program("run", recipe, "--cache", "cache")
    good = content()
    assert any(len(data) > 1 << 20 for data in good.values())
    test_nothing_is_left_behind()
    test_objects_open_in_h5py(good)
    test_exports()
    test_lists_and_sums(good)
    test_damage_is_found_and_made_again(recipe, good)
    test_a_file_in_place_of_a_folder(recipe, good)
    test_verify_goes_on_past_what_is_bad(recipe, good)
    test_collection_spares_what_results_name(recipe, good)
    test_keep_false_spares_what_other_results_name(recipe, good)
    test_views_keep_their_samples()
    test_an_unwritable_cache_is_named_with_a_remedy(recipe)
    test_looking_makes_no_cache(recipe)
    test_a_cache_of_others_can_be_looked_at(recipe, good)
    test_a_copy_without_room_says_how_much_it_needs(recipe)
    test_a_warning_of_many_is_said_once(recipe)
    test_nothing_is_left_behind()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        main()
