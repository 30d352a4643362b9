"""Small files to begin fuzzing with: fuzz_corpus.py FOLDER makes FOLDER/TARGET/NAME for every target of tests/fuzz_*.c. The small ones
among the shared recordings are used, too, where RUMBLE_SHARED (or ../shared) has them."""
import glob
import io
import os
import pickle
import sys
import zipfile

import h5py
import numpy as np
import scipy.io

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("RUMBLE_SHARED", os.path.join(os.path.dirname(SOURCE), "shared"))
A = np.arange(12, dtype="f4").reshape(3, 4) / 7


def shared(*patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(SHARED, "recordings", pattern))):
            if os.path.getsize(path) < 30000:
                with open(path, "rb") as f:
                    yield f.read()


def npy(array, **more):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **more)
    return out.getvalue()


def npz(compression, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, array in arrays.items():
            archive.writestr(name + ".npy", npy(array))
    return out.getvalue()


def load():
    yield npy(A)
    yield npy(A.astype(">f8"), version=(2, 0))
    yield npy(np.asfortranarray(A.astype("i2")), version=(3, 0))
    yield npy(A.astype("f2"))
    yield npy(np.array(["V1", "CA1"]))
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield npz(compression, sp=A, xpos=A[:, 0], ypos=A[:, 1], snr=A[:, 2])
        yield npz(compression, st=A.ravel(), clu=np.arange(12) % 3, areas=np.array([b"V1", b"CA1", b"V1"]))
    yield npz(zipfile.ZIP_STORED, sp=A, tneural=np.arange(4) / 3, areas=np.array(["a", "bc", "d"], dtype=object))
    yield from shared("npy-conformance/*/*.np[yz]")
    yield b"time,unit\n0.5,1\n0.75,0\n1.5,1\n"
    yield b"time\tn1\tn2\n0\t1.5\t2\n0.1\t3\t4e-3\n0.2\t5\t6\n"
    yield b"neuron,x,y,0,1,2\na,1,2,3,4,5\nb,6,7,8,9,10\n"


def matlab():
    cells = np.empty((1, 3), object)
    for i in range(3):
        cells[0, i] = np.arange(i + 1.0)
    for first in (b"\0", b"\1"):
        for more in ({"format": "4"}, {}, {"do_compression": True}):
            out = io.BytesIO()
            arrays = {"activity_matrix": A, "xpos": A[:, 0], "snr": np.arange(3, dtype="u1")}
            if more.get("format") != "4":
                arrays |= {"times": cells, "s": {"x": A, "name": "text"}}
            scipy.io.savemat(out, arrays, **more)
            yield first + out.getvalue()
    for first in (b"\0", b"\2"):                             # what suite2p writes for MATLAB
        out = io.BytesIO()
        rois = np.empty(3, object)
        rois[:] = stat()
        cells = np.array([[1, .9], [0, .1], [1, .5]])
        scipy.io.savemat(out, {"stat": rois, "ops": {"fs": 7.5, "badframes": np.zeros(4, bool)}, "spks": A, "iscell": cells})
        yield first + out.getvalue()
    for i, file in enumerate(shared("mat-conformance/*.mat")):
        yield bytes([i % 4]) + file


def pickles():
    for protocol in (2, 3, 4, 5):
        yield pickle.dumps(np.array(stat(), dtype=object), protocol)
        yield pickle.dumps(np.array({"fs": 7.5, "nplanes": 1, "text": "caf\xe9", "none": None, "pair": (1, -2, 3 << 40)}, dtype=object), protocol)
    yield pickle.dumps(np.array(["V1", "CA1", "V1"], dtype=object), 4)


def stat():
    return [{"med": [1, 2 * i], "snr": np.float32(0.5), "ypix": np.arange(3), "overlap": np.array([True, False])} for i in range(3)]


def folders():
    """Behind a byte that says which of the files of tests/fuzz_folder.c it is: 0-7 of phy, 8-10 of ALF, 11-15 of suite2p."""
    tables = [b"dat_path = 'x.dat'\nsample_rate = 25000.\nn_channels_dat = 4\ndtype = 'int16'\nhp_filtered = False\n",
              b"cluster_id\tgroup\tdepth\tch\tfr\n0\tgood\t10\t1\t2.5 spk/s\n2\tmua\t20.5\t2\t1\n4\tnoise\t\t3\t0\n",
              b"cluster_id\tgroup\n0\tgood\n2\tunsorted\n", b"cluster_id\tgroup\n4\tgood\n", b"cluster_id\tKSLabel\r\n0\tgood\r\n2\tmua\r\n"]
    files = [[text] for text in tables] + [
        [npy(np.array([[0], [2], [0], [4], [2]], "i4"))], [npy(np.asfortranarray(np.arange(60, dtype="f4").reshape(5, 4, 3) % 7))],
        [npy(np.arange(6.0).reshape(3, 2))], [b"cluster_id,label,ks2_label\n0,1.0,good\n1,0.33,mua\n2,0.67,good\n3,1.0,good\n4,1.0,good\n"],
        [npy(np.array(["CA1", "V1", "", "LP", "V1"])), npy(np.array(["CA1", "V1", "", "LP", "V1"], object))], [npy(np.arange(5))],
        [npy(np.array(stat(), object)), npy(np.array([dict(roi, iplane=i) for i, roi in enumerate(stat())], object))],
        [npy(np.array({"fs": 7.5, "nplanes": 1, "badframes": np.array([False, True, False, False])}, dtype=object))],
        [npy(np.array({"fs": 7.5, "run": {"do_detection": True}}, dtype=object))], [npy(np.array({"badframes": np.array([True, False, False, False])}, dtype=object))],
        [npy(np.array([[1, 0.9], [0, 0.2], [1, 0.6]]))]]
    for pattern, which in (("params.py", 0), ("cluster_info.tsv", 1), ("cluster_group.tsv", 2)):
        files[which] += shared("phy-*/" + pattern)
    for which, texts in enumerate(files):
        for text in texts:
            for more in (0, 16, 32, 112):
                yield bytes([which + more]) + text


def hdf5():
    def file(fill, **more):
        out = io.BytesIO()
        with h5py.File(out, "w", **more) as f:
            fill(f)
        return out.getvalue()

    def frames(f):
        f["sp"], f["xpos"], f["ypos"], f["tneural"] = A, A[:, 0], A[:, 1], np.arange(4) / 3
        f["areas"] = np.array([b"V1", b"CA1", b"V1"])

    def chunked(f):
        f.create_dataset("spks", data=A, chunks=(2, 2), compression="gzip", shuffle=True, fletcher32=True)
        f["areas"] = ["V1", "CA1", "V1"]

    def spikes(f):
        f["spikes"], f["sCount"], f["epos"] = A.ravel().astype("f8"), np.array([5, 3, 4]), np.zeros((2, 3))

    def written(f):
        f["recording/activity"], f["recording/rate"], f["recording/segment"] = A, 20.0, np.array([0, 2])
        f["recording/segment_time"], f["recording/x"], f["recording/state"] = np.array([0.0, 9]), A[:, 0].astype("f8"), np.zeros(4, "i8")

    def nwb(f):
        f.attrs["nwb_version"] = "2.5.0"
        series = f.create_group("processing/ophys/Fluorescence/plane")
        series.attrs["neurodata_type"] = "RoiResponseSeries"
        series["data"] = A.T
        series["starting_time"] = 0.0
        series["starting_time"].attrs["rate"] = 20.0

    def units(f):
        f.attrs["nwb_version"] = "2.5.0"
        f.create_group("units").attrs["neurodata_type"] = "Units"
        f["units/spike_times"], f["units/spike_times_index"], f["units/id"] = A.ravel().astype("f8"), np.array([4, 8, 12], "u1"), np.arange(3)

    def series(f):
        f.attrs["nwb_version"] = "2.5.0"
        for i in range(2):
            one = f.create_group(f"acquisition/Activity_{i}")
            one.attrs["neurodata_type"] = "TimeSeries"
            one["data"], one["timestamps"] = A[i], np.arange(4) / 3

    def matlab73(f):
        cell = np.empty((3, 1), h5py.ref_dtype)
        for i in range(3):
            f[f"#refs#/{i}"] = A[i:i + 1, :i + 1].astype("f8")
            f[f"#refs#/{i}"].attrs["MATLAB_class"] = np.bytes_("double")
            cell[i, 0] = f[f"#refs#/{i}"].ref
        f.create_dataset("times", data=cell, dtype=h5py.ref_dtype).attrs["MATLAB_class"] = np.bytes_("cell")
        f["s/x"], f["s/name"] = A.T.astype("f8"), np.array([[86], [49]], "u2")
        f["s"].attrs["MATLAB_class"] = np.bytes_("struct")
        f["s/x"].attrs["MATLAB_class"], f["s/name"].attrs["MATLAB_class"] = np.bytes_("double"), np.bytes_("char")

    for fill in (frames, chunked, spikes, written, nwb, units):
        yield b"\0" + file(fill)
        yield b"\1" + file(fill)
    yield b"\2" + file(series)
    yield b"\3" + file(series)
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    for first in (b"\4", b"\6", b"\1"):
        yield first + head.ljust(512, b"\0") + file(matlab73, userblock_size=512)[512:]
    yield b"\0" + file(frames, libver="latest")


def recipe():
    yield b"\1" + b"  s: {stage: svca2, recording: [z, {stage: shuffle}], spacing: {by: area, V1: 25 um, else: 40 um}}\n"
    for name in sorted(os.listdir(os.path.join(SOURCE, "recipes"))):
        if name.endswith(".yaml"):
            with open(os.path.join(SOURCE, "recipes", name), "rb") as f:
                yield b"\0" + f.read()


def main():
    for target, seeds in {"load": load, "matlab": matlab, "pickle": pickles, "folder": folders, "hdf5": hdf5, "recipe": recipe}.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for i, seed in enumerate(seeds()):
            with open(os.path.join(folder, f"seed{i:03}"), "wb") as f:
                f.write(seed)


main()
