#!/usr/bin/env python3
"""Times of loading beside cat, numpy and h5py, as the table "Loading" of bench/README.md.

    bench/load.py [--build build/release] [--folder DIR] [--part PART] [--gigabytes 2] [--repeat 2] [--make]

Files are made in DIR once (`--make` makes them and stops, so that measuring can be done apart) and stay there: remove DIR afterwards. Of
rumble the time is that of the node, from the journal; the content hashes of inputs are remembered before, and have a row of their
own. Others are read in a process of their own. Seconds are by the clock and of the processor, the quickest of `repeat`; memory is the peak
of resident memory.
"""
import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import h5py
import numpy as np

NT = 40000


def activity(neurons, seed):
    """Deconvolved activity: four fifths of the samples are 0, the others have the few digits that a float32 of such has."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((neurons, NT), dtype="f4") < 0.2, rng.random((neurons, NT), dtype="f4"), 0).astype("<f4")


def blocks(neurons):
    """Sixteen different blocks over and over: making random numbers is not what is measured."""
    some = [activity(50, seed) for seed in range(16)]
    for i in range(0, neurons, 50):
        yield i, some[i // 50 % 16][:min(50, neurons - i)]


def header(shape):
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': %r, }" % (shape,)
    return b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def make_mapped(path, neurons):
    with open(path, "wb") as f:
        f.write(header((neurons, NT)))
        for _, block in blocks(neurons):
            f.write(block.tobytes())


def make_contiguous(path, neurons):
    with h5py.File(path, "w") as f:
        d = f.create_dataset("sp", (neurons, NT), "<f4")
        for i, block in blocks(neurons):
            d[i:i + len(block)] = block


def make_npz(path, neurons):
    """Sixteen blocks are deflated once, each ending so that any other can follow; the archive has one member of all of them."""
    packed, sum_, size, stored = {}, zlib.crc32(header((neurons, NT))), 128, 0

    def deflate(block, level=1):
        squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
        return squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)

    with open(path, "wb") as f:
        f.write(bytes(30 + 6 + 20))  # local header, name, sizes of 64 bits
        stored = f.write(deflate(header((neurons, NT))))
        for i, block in blocks(neurons):
            raw = block.tobytes()
            key = (i // 50 % 16, len(raw))
            packed[key] = packed.get(key) or deflate(raw)
            sum_, size = zlib.crc32(raw, sum_), size + len(raw)
            stored += f.write(packed[key])
        stored += f.write(b"\x03\0")  # an empty last block
        directory = f.tell()
        wide = struct.pack("<HHQQ", 1, 16, size, stored)
        f.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 45, 45, 0, 8, 0, 33, sum_, 2 ** 32 - 1, 2 ** 32 - 1, 6, len(wide), 0, 0, 0, 0, 0) + b"sp.npy" + wide)
        end = f.tell()
        f.write(struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, 1, 1, end - directory, directory) + struct.pack("<IIQI", 0x07064b50, 0, end, 1))
        f.write(struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, end - directory, 2 ** 32 - 1, 0))
        f.seek(0)
        f.write(struct.pack("<IHHHHHIIIHH", 0x04034b50, 45, 0, 8, 0, 33, sum_, 2 ** 32 - 1, 2 ** 32 - 1, 6, len(wide)) + b"sp.npy" + wide)


def make_hdf5(path, neurons):
    """Chunks of sixteen blocks are packed once and written as they are."""
    packed = {}
    with h5py.File(path, "w") as f:
        d = f.create_dataset("sp", (neurons, NT), "f4", chunks=(50, 5000), compression="gzip", compression_opts=1, shuffle=True)
        for i, block in blocks(neurons):
            if len(block) < 50:
                d[i:i + len(block)] = block
                continue
            for c in range(0, NT, 5000):
                key = (i // 50 % 16, c)
                if key not in packed:
                    raw = np.ascontiguousarray(block[:, c:c + 5000]).view("u1").reshape(-1, 4).T.tobytes()
                    packed[key] = zlib.compress(raw, 1)
                d.id.write_direct_chunk((i, c), packed[key])


SPIKES, UNITS = 50_000_000, 800


def spikes():
    """Samples at 30 kHz and unit of each spike."""
    rng = np.random.default_rng(0)
    return np.cumsum(rng.integers(0, 5, SPIKES, dtype="u1"), dtype="i8"), rng.integers(0, UNITS, SPIKES, dtype="i4")


def make_phy(path, _):
    os.makedirs(path, exist_ok=True)
    time, unit = spikes()
    np.save(os.path.join(path, "spike_times.npy"), time)
    np.save(os.path.join(path, "spike_clusters.npy"), unit)
    with open(os.path.join(path, "params.py"), "w") as f:
        f.write("sample_rate = 30000.\n")
    with open(os.path.join(path, "cluster_group.tsv"), "w") as f:
        f.write("cluster_id\tgroup\n" + "".join(f"{u}\tgood\n" for u in range(UNITS)))


def make_list(path, _):
    time, unit = spikes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
        for name, array in [("st", time / 30000), ("clu", unit)]:
            with z.open(name + ".npy", "w", force_zip64=True) as f:
                np.lib.format.write_array(f, array)


def by_unit():
    """Times (s) unit after unit, and where each unit's end."""
    time, unit = spikes()
    return time[np.argsort(unit, kind="stable")] / 30000, np.cumsum(np.bincount(unit, minlength=UNITS))


PACKED = {"compression": "gzip", "compression_opts": 1}


def make_nwb(path, _):
    time, end = by_unit()
    with h5py.File(path, "w") as f:
        f.attrs["nwb_version"], f.attrs["neurodata_type"] = "2.6.0", "NWBFile"
        units = f.create_group("units")
        units.attrs["neurodata_type"] = "Units"
        units.create_dataset("id", data=np.arange(UNITS))
        units.create_dataset("spike_times", data=time, chunks=True, **PACKED)
        units.create_dataset("spike_times_index", data=end.astype("u4"))


def make_units(path, _):
    time, end = by_unit()
    with h5py.File(path, "w") as f:
        for u, part in enumerate(np.split(time, end[:-1])):
            f.create_dataset(f"units/{u}", data=part, chunks=True, **PACKED)


def make_cells(path, _):
    """What MATLAB 7.3 makes of a 1 x N cell."""
    time, end = by_unit()
    with h5py.File(path, "w", userblock_size=512) as f:
        cell = f.create_dataset("times", (UNITS, 1), h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        for u, part in enumerate(np.split(time, end[:-1])):
            d = f.create_dataset(f"#refs#/{u}", data=part[None], chunks=(1, 8192), **PACKED)
            d.attrs["MATLAB_class"] = np.bytes_("double")
            cell[u, 0] = d.ref
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def make_inspect(path, _):
    """10 GB of which only the header was ever written."""
    neurons = 62500
    with open(path, "wb") as f:
        f.write(header((neurons, NT)))
        f.truncate(128 + neurons * NT * 4)


BY_BLOCKS = "import h5py, numpy as np; d = h5py.File('{path}')['sp']; x = np.empty((100, d.shape[1]), 'f4'); \
[d.read_direct(x, np.s_[i:i + 100], np.s_[:len(d) - i]) for i in range(0, len(d), 100)]"
SPIKE_SETTINGS = {"phy": "window: none", "list": "window: none", "nwb": "window: none", "units": "spikes: units/*", "cells": "spikes: times"}
PARTS = {  # how it is made, and what else reads it
    "mapped": ("mapped.npy", make_mapped, {"cat": ["cat", "{path}"]}),
    "contiguous": ("contiguous.h5", make_contiguous, {"cat": ["cat", "{path}"], "h5py, in blocks of 100 neurons": [sys.executable, "-c", BY_BLOCKS]}),
    "npz": ("deflated.npz", make_npz, {"numpy": [sys.executable, "-c", "import numpy; numpy.load('{path}')['sp']"]}),
    "hdf5": ("chunked.h5", make_hdf5, {"h5py": [sys.executable, "-c", "import h5py; h5py.File('{path}')['sp'][:]"]}),
    "phy": ("phy", make_phy, {}),
    "list": ("list.npz", make_list, {"numpy": [sys.executable, "-c", "import numpy; z = numpy.load('{path}'); z['st'], z['clu']"]}),
    "nwb": ("units.nwb", make_nwb, {"h5py": [sys.executable, "-c", "import h5py; h5py.File('{path}')['units/spike_times'][:]"]}),
    "units": ("units.h5", make_units, {}),
    "cells": ("cells.mat", make_cells, {}),
    "inspect": ("large.npy", make_inspect, {}),
}


def child(words, **more):
    """Seconds by the clock and of the processor, and peak memory in MB, of a process and those it waits for."""
    start = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{words} failed:\n{said}")
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def best(runs):
    return [min(column) for column in zip(*runs)]


def show(what, seconds, processor, memory):
    print(f"| {what} | {seconds:.2f} | {processor:.2f} | {memory:.0f} |", flush=True)


class Program:
    def __init__(self, args):
        self.rumble, self.args, self.cache = os.path.join(args.build, "rumble"), args, os.path.join(args.folder, "cache")

    def recipe(self, name, path, stages):
        recipe = os.path.join(self.args.folder, name + ".yaml")
        with open(recipe, "w") as f:
            f.write(f"rumble: 1\nrecordings:\n  - {{name: r, path: {path}, {SPIKE_SETTINGS.get(name, 'rate: 20 Hz')}}}\nstages:\n{stages}")
        return recipe

    def nodes(self, name, path, stages):
        """{stage: [seconds, processor, memory]} of a run from nothing but the hashes of its inputs."""
        recipe = self.recipe(name, path, stages)
        shutil.rmtree(os.path.join(self.cache, "objects"), ignore_errors=True)
        open(os.path.join(self.cache, "journal.jsonl"), "w").close()
        child([self.rumble, "run", recipe, "--cache", self.cache, "--out", os.path.join(self.args.folder, "out"), "--jobs", "1"])
        with open(os.path.join(self.cache, "journal.jsonl")) as f:
            return {line["stage"]: [line["seconds"], line["cpu"], line["peak"] / 2 ** 20] for line in map(json.loads, f)}

    def hash(self, name, path, stages):
        shutil.rmtree(self.cache, ignore_errors=True)
        time.sleep(2.5)  # the hash of a file that was just written is not remembered
        recipe = self.recipe(name, path, stages)
        os.makedirs(self.cache)
        child([self.rumble, "selftest"])  # maps the program
        took = child([self.rumble, "plan", recipe, "--cache", self.cache])
        return took


def measure(part, path, args):
    program = Program(args)
    stages = "  raw: {stage: load}\n" + ("  frames: {stage: bin, recording: raw, rate: 22 Hz}\n" if part in SPIKE_SETTINGS else "")
    if part == "inspect":
        show("inspect, 10 GB", *best([child([program.rumble, "inspect", path]) for _ in range(args.repeat)]))
        return
    show(f"{part}: content hash", *program.hash(part, path, stages))
    for name, words in PARTS[part][2].items():
        words = [word.format(path=path) for word in words]
        show(f"{part}: {name}", *best([child(words) for _ in range(args.repeat)]))
    runs = [program.nodes(part, path, stages) for _ in range(args.repeat)]
    for stage in runs[0]:
        show(f"{part}: {stage}", *best([run[stage] for run in runs]))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(here, "../build/release"))
    parser.add_argument("--folder", default="/tmp/rumble-bench-load")
    parser.add_argument("--part", action="append", choices=list(PARTS))
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--make", action="store_true")
    args = parser.parse_args()
    neurons = int(args.gigabytes * 1e9 / 4 / NT)
    os.makedirs(args.folder, exist_ok=True)
    if not args.make:
        print("| what | seconds | processor | peak memory, MB |\n| --- | --- | --- | --- |")
    for part in args.part or PARTS:
        path = os.path.join(args.folder, PARTS[part][0])
        if not os.path.exists(path):
            PARTS[part][1](path, neurons)
        if not args.make:
            measure(part, path, args)


main()
