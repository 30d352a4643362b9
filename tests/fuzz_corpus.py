"""Small files to begin fuzzing with: fuzz_corpus.py FOLDER makes FOLDER/TARGET/NAME for every target of tests/fuzz_*.c."""
import io
import os
import pickle
import sys
import zipfile

import h5py
import numpy as np
import scipy.io

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
A = np.arange(12, dtype="f4").reshape(3, 4) / 7


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


def pickles():
    stat = [{"med": [1, 2], "snr": np.float32(0.5), "ypix": np.arange(3), "overlap": np.array([True, False])} for _ in range(2)]
    for protocol in (2, 3, 4, 5):
        yield pickle.dumps(np.array(stat, dtype=object), protocol)
        yield pickle.dumps(np.array({"fs": 7.5, "nplanes": 1, "text": "caf\xe9", "none": None, "pair": (1, -2, 3 << 40)}, dtype=object), protocol)
    yield pickle.dumps(np.array(["V1", "CA1", "V1"], dtype=object), 4)


def phy():
    texts = [b"dat_path = 'x.dat'\nsample_rate = 25000.\nn_channels_dat = 4\ndtype = 'int16'\nhp_filtered = False\n",
             b"cluster_id\tgroup\tdepth\tch\tfr\n0\tgood\t10\t1\t2.5 spk/s\n2\tmua\t20.5\t2\t1\n4\tnoise\t\t3\t0\n",
             b"cluster_id\tgroup\n0\tgood\n2\tunsorted\n", b"cluster_id\tgroup\n4\tgood\n", b"cluster_id\tKSLabel\r\n0\tgood\r\n2\tmua\r\n"]
    for which, text in enumerate(texts):
        yield bytes([which]) + text
        yield bytes([which + 5]) + text


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

    for fill in (frames, chunked, spikes, written, nwb, units):
        yield file(fill)
    yield file(frames, libver="latest")


def recipe():
    yield b"\1" + b"  s: {stage: svca2, recording: [z, {stage: shuffle}], spacing: {by: area, V1: 25 um, else: 40 um}}\n"
    for name in sorted(os.listdir(os.path.join(SOURCE, "recipes"))):
        if name.endswith(".yaml"):
            with open(os.path.join(SOURCE, "recipes", name), "rb") as f:
                yield b"\0" + f.read()


def main():
    for target, seeds in {"load": load, "matlab": matlab, "pickle": pickles, "phy": phy, "hdf5": hdf5, "recipe": recipe}.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for i, seed in enumerate(seeds()):
            with open(os.path.join(folder, f"seed{i:02}"), "wb") as f:
                f.write(seed)


main()
