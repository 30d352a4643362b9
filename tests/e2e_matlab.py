"""MATLAB files through the binary: version 7.3 as h5py can write it, version 5 as scipy does, with the traits that real ones have."""
import h5py
import numpy as np
import scipy.io

from support.inspecting import inspect
from support.loads import load, refuse
from support.running import place, tests

TIMES = [np.array([0.25, 0.5, 4.75]), np.array([]), np.array([1.5]), np.array([2.25, 3.5])]
AREAS = ["CA1", "V1 \u03b1", "", "CA3"]
X = np.random.default_rng(3).normal(size=(4, 50))


class Matlab:
    """A file of version 7.3: HDF5 behind a user block with MATLAB's line."""

    def __init__(self, path):
        self.path, self.n = path, 0

    def __enter__(self):
        self.file = h5py.File(self.path, "w", userblock_size=512)
        self.refs = self.file.create_group("#refs#")
        return self

    def __exit__(self, *failure):
        self.file.close()
        with open(self.path, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Sun Nov 1 2026 HDF5 schema 1.00 .".ljust(116) + bytes(8) + b"\x00\x02IM")

    def put(self, group, name, value):
        if isinstance(value, dict):
            made = group.create_group(name)
            made.attrs["MATLAB_class"] = np.bytes_("struct")
            for key, field in value.items():
                self.put(made, key, field)
            return made
        if isinstance(value, list):
            parts = np.array([self.put(self.refs, f"r{self.next()}", v).ref for v in value], h5py.ref_dtype)
            made = group.create_dataset(name, data=parts[:, None], dtype=h5py.ref_dtype)
            kind = "cell"
        elif isinstance(value, str):
            made = group.create_dataset(name, data=np.array([[ord(c)] for c in value], np.uint16) if value else np.zeros(2, np.uint64))
            kind = "char"
        else:
            value = np.asarray(value)
            kind = {"b": "logical", "f": "double"}.get(value.dtype.kind, value.dtype.name)
            value = value[None] if value.ndim == 1 else value
            made = group.create_dataset(name, data=value.T.astype(np.uint8 if kind == "logical" else value.dtype) if value.size else np.array(value.shape, np.uint64))
        made.attrs["MATLAB_class"] = np.bytes_(kind)
        if (isinstance(value, str) and not value) or (isinstance(value, np.ndarray) and not value.size):
            made.attrs["MATLAB_empty"] = np.uint8(1)
        return made

    def next(self):
        self.n += 1
        return self.n


def test_probes_in_an_array_of_structs():
    """Eight probes as of Stringer et al. 2019: numbers of units begin anew from 1 in each, and heights are of all units, silent ones, too."""
    rng = np.random.default_rng(5)
    probes, want = [], {}
    for k in range(8):
        nunits, n = 5 + k, 40
        st, clu = np.sort(rng.uniform(0, 60, n)), rng.integers(2, nunits + 1, n)     # unit 1 is silent
        probes.append({"st": st[:, None], "clu": clu[:, None].astype(float), "Wheights": (np.arange(nunits) * 20. + k)[:, None]})
        want.update({k * 1_000_000 + u: (st[clu == u], (u - 1) * 20. + k) for u in range(1, nunits + 1)})
    spks = np.zeros((1, 8), [("st", object), ("clu", object), ("Wheights", object)])
    for k, probe in enumerate(probes):
        spks[0, k] = tuple(probe.values())
    with place() as p:
        scipy.io.savemat(p.file("spks.mat"), {"spks": spks})
        with Matlab(p.file("new.mat")) as m:
            group = m.file.create_group("spks")
            group.attrs["MATLAB_class"] = np.bytes_("struct")
            for field in ("st", "clu", "Wheights"):
                refs = np.array([[m.put(m.refs, f"r{m.next()}", probe[field]).ref] for probe in probes], h5py.ref_dtype)
                group.create_dataset(field, data=refs, dtype=h5py.ref_dtype)
        for path in ("spks.mat", "new.mat"):
            got, said = load(p, path, ", spikes: spks.st, unit: spks.clu, y: spks.Wheights, parts: probes")
            assert list(got["id"]) == list(want) and list(got["probe"]) == [u // 1_000_000 for u in want] and "taken as probes" in said
            assert list(got["y"]) == [y for _, y in want.values()]
            assert np.array_equal(got["time"], np.concatenate([t for t, _ in want.values()]))
        got, _ = load(p, "spks.mat", ", spikes: spks.st, unit: spks.clu, parts: probes")
        assert list(got["id"]) == [u for u, (t, _) in want.items() if len(t)]
        refuse(p, "spks.mat", ", spikes: spks.st, unit: spks.clu", "8 parts", "`parts: probes`", check=False)
        got, _ = load(p, "spks.mat", ", spikes: spks.st, unit: spks.clu, parts: same")
        assert len(got["first"]) == 13                        # neurons 1 to 12, and the end of the last
        st, clu = np.concatenate([probe["st"].ravel() for probe in probes[:2]]), np.concatenate([probe["clu"].ravel() for probe in probes[:2]])
        with Matlab(p.file("list.mat")) as m:                  # the last of seven neurons is silent
            for name, value in {"st": st, "clu": np.minimum(clu, 6), "xpos": np.arange(7.)}.items():
                m.put(m.file, name, value)
        got, said = load(p, "list.mat")
        assert "counts neurons from 1" in said and list(np.diff(got["first"])) == [np.sum(np.minimum(clu, 6) == u) for u in range(1, 8)]
        scipy.io.savemat(p.file("one.mat"), {"s": {"st": probes[0]["st"], "clu": probes[0]["clu"], "depth": probes[0]["Wheights"]}})
        got, said = load(p, "one.mat", ", spikes: s.st, unit: s.clu, y: s.depth")
        assert "counts neurons from 1" in said and list(got["first"])[:2] == [0, 0] and list(got["y"]) == list(probes[0]["Wheights"].ravel())
        refuse(p, "one.mat", ", spikes: s.st, unit: s.clu, parts: probes", "no such parts", check=False)


def test_what_suite2p_writes_for_matlab():
    """What suite2p writes for MATLAB: ROIs that are no cells are left out, and places are the medians of the others, y first."""
    n, nt = 6, 9
    stat = np.empty(n, object)
    stat[:] = [{"ypix": np.arange(3 + i), "med": np.array([10 * i + 1, 7 * i]), "iplane": i % 2, "snr": i / 10} for i in range(n)]
    cell = np.array([[1, .9], [0, .1], [1, .8], [1, .7], [0, .2], [1, .6]])
    spks = np.arange(n * nt).reshape(n, nt).astype("f4") ** 1.5
    spks[1, 2] = spks[3, 2] = np.nan                           # of what is no cell nobody asks
    with place() as p:
        content = {"stat": stat, "ops": {"fs": 7.5, "badframes": np.arange(nt) == 4, "tau": 1.0}, "spks": spks, "F": spks + 1, "iscell": cell}
        scipy.io.savemat(p.file("Fall.mat"), content)
        write(p.file("new.mat"), **{**content, "stat": list(stat)})
        assert list(load(p, "new.mat")[0]["y"]) == [1, 21, 51]
        got, said = load(p, "Fall.mat")
        assert "4 of 6 ROIs that 'iscell' calls cells" in said and "dropped 1 of 4 neurons" in said and "in pixels" in said
        assert got["rate"] == 7.5 and got["interval"].tolist() == [[0, 4], [5, 4]]
        assert list(got["id"]) == [0, 2, 5] and list(got["x"]) == [0, 14, 35] and list(got["y"]) == [1, 21, 51]
        assert list(got["plane"]) == [0, 0, 1] and np.allclose(got["quality"], [0, .2, .5])
        assert "the size of a pixel" in str(inspect(p.file("Fall.mat")))
        got, said = load(p, "Fall.mat", ", rois: all, pixel: 2 um")
        assert list(got["id"]) == [0, 2, 4, 5] and list(got["y"]) == [2, 42, 82, 102] and "2 of 6 neurons" in said
        scipy.io.savemat(p.file("Fall.mat"), {**content, "iscell": 0 * cell})
        refuse(p, "Fall.mat", "", "none of 6 ROIs", "`rois: all`", check=False)
        scipy.io.savemat(p.file("Fall.mat"), {**content, "iscell": cell[:5]})
        refuse(p, "Fall.mat", "", "'iscell' is 5 x 2", "6 x 2", "`rois: all` reads every ROI", check=False)
        assert list(load(p, "Fall.mat", ", rois: all")[0]["id"]) == [0, 2, 4, 5]
        short = np.empty(5, object)
        short[:] = [{"med": s["med"]} for s in stat[:5]]
        scipy.io.savemat(p.file("Fall.mat"), {**content, "stat": short})
        got, said = load(p, "Fall.mat")
        assert "x" not in got and "'stat.med' holds 10 numbers, and for 6 neurons" in said
        scipy.io.savemat(p.file("Fall.mat"), {**content, "ops": {"badframes": np.ones(nt, bool)}})
        refuse(p, "Fall.mat", ", rate: 5 Hz", "Fall.mat: all 9 frames are bad", check=False)
        np.savez(p.file("beside.npz"), spks=np.nan_to_num(spks), iscell=cell[:, 0] > 0.5, xpos=np.arange(6.))
        assert list(load(p, "beside.npz")[0]["x"]) == [0, 2, 3, 5]


def write(path, **variables):
    with Matlab(path) as m:
        for name, value in variables.items():
            m.put(m.file, name, value)


def names(got):
    return [a.decode().rstrip("\0") for a in got["area"]]


def check_units(got):
    assert np.array_equal(np.diff(got["first"]), [len(t) for t in TIMES]) and np.array_equal(got["time"], np.concatenate(TIMES))


def test_cells_in_both_versions():
    with place() as p:
        write(p.file("new.mat"), times=TIMES, areas=AREAS, depth=np.arange(4.0), good=np.array([True, False, True, True]))
        cell = np.empty((1, 4), object)
        text = np.empty((1, 4), object)
        for i in range(4):
            cell[0, i], text[0, i] = TIMES[i][None], AREAS[i]
        scipy.io.savemat(p.file("old.mat"), {"times": cell, "areas": text, "depth": np.arange(4.0), "good": np.array([True, False, True, True])}, do_compression=True)
        for path in "new.mat", "old.mat":
            for counts in "", ", counts: times.counts":
                got, _ = load(p, path, f", spikes: times{counts}, y: depth, quality: good")
                check_units(got)
                assert names(got) == AREAS and list(got["y"]) == [0, 1, 2, 3] and list(got["quality"]) == [1, 0, 1, 1]


def test_arrays_lie_as_in_matlab():
    with place() as p:
        write(p.file("x.mat"), activity_matrix=X, cell_coordinates=np.arange(8.0).reshape(4, 2), s={"inner": {"y": X[:, :7], "mask": np.arange(50) % 9 == 3}})
        got, said = load(p, "x.mat", ", rate: 2 Hz")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and list(got["x"]) == [0, 2, 4, 6] and "frames-first" not in said
        for name in "s.inner.y", "s/inner/y":
            got, _ = load(p, "x.mat", f", activity: {name}, rate: 2 Hz, orientation: neurons-first")
            assert np.array_equal(got["activity"], X[:, :7].astype(np.float32))
        got, said = load(p, "x.mat", ", rate: 2 Hz, bad_frames: s.inner.mask")
        assert "left out 6 of 50 frames" in said


def test_nested_cells_and_structs():
    with place() as p:
        unit = [{"time": TIMES[i], "tag": AREAS[i]} for i in range(4)]
        write(p.file("n.mat"), spikes=[[unit[0], unit[1]], np.zeros((0, 0)), [[unit[2]], [unit[3]]]])
        got, _ = load(p, "n.mat", ", spikes: spikes.time")
        check_units(got)


def test_a_small_file_that_would_take_all_memory_is_refused():
    with place() as p:
        scipy.io.savemat(p.file("z.mat"), {"spks": np.zeros((8000, 7000))}, do_compression=True)
        refuse(p, "z.mat", ", rate: 22 Hz", "z.mat: 'spks' is packed so tightly", "-v7.3")


def test_two_arrays_of_one_name_are_not_mixed():
    with place() as p:
        wide = np.arange(600_000.).reshape(2000, 300)
        for name, first, second in (("dot.mat", "x.y", None), ("odd.mat", "a\x01", "a?")):
            with h5py.File(p.file(name), "w", userblock_size=512) as f:
                f.create_dataset(first, data=np.zeros((2000, 300), "i1")).attrs["MATLAB_class"] = np.bytes_("int8")
                f.create_dataset(second or "z", data=wide).attrs["MATLAB_class"] = np.bytes_("double")
                if not second:
                    f.create_group("x")["y"] = h5py.SoftLink("/z")
            with open(p.file(name), "r+b") as f:
                f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b" " * 8 + b"\0\2IM")
            assert np.array_equal(load(p, name, f", rate: 9 Hz, activity: '{second or first}'")[0]["activity"], wide.T)
        scipy.io.savemat(p.file("odd5.mat"), {"s": {"aQ": np.zeros((1, 2000), "i1"), "aR": wide[:1, :2000]}})
        with open(p.file("odd5.mat"), "rb") as f:
            whole = f.read()
        with open(p.file("odd5.mat"), "wb") as f:
            f.write(whole.replace(b"aQ\0", b"a\x01\0").replace(b"aR\0", b"a?\0"))
        refuse(p, "odd5.mat", ", activity: 's.a?', rate: 9 Hz", "'s.a?' is damaged, or is not what its header says", check=False)


def test_what_cannot_be_read_is_said():
    with place() as p:
        write(p.file("a.mat"), x=X, t="some text", c=TIMES + ["text"])
        refuse(p, "a.mat", ", activity: t, rate: 2 Hz", "is text")
        refuse(p, "a.mat", ", spikes: c", "holds both text and numbers")
        refuse(p, "a.mat", ", activity: nothing", "names nothing", "x (4 x 50, float64)")
        refuse(p, "a.mat", ", format: matlab", "MATLAB v7.3", "format: matlab73")
        with Matlab(p.file("b.mat")) as m:                      # a cell that holds itself, and one of what is not there
            made = m.file.create_dataset("loop", (3, 1), dtype=h5py.ref_dtype)
            made.attrs["MATLAB_class"] = np.bytes_("cell")
            made[:] = made.ref
        refuse(p, "b.mat", ", spikes: loop", "parts within parts")
        with Matlab(p.file("c.mat")) as m:
            made = m.file.create_dataset("gone", (3, 1), dtype=h5py.ref_dtype)
            made.attrs["MATLAB_class"] = np.bytes_("cell")
        refuse(p, "c.mat", ", spikes: gone", "the cell 'gone'", "or is damaged")
        with Matlab(p.file("d.mat")) as m:
            m.file["activity"] = h5py.ExternalLink("other.mat", "/activity")
        refuse(p, "d.mat", "", "only links to other places or files", "save the variables themselves")


tests(globals())
