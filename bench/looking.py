"""How long `rumble inspect` takes for 10 GB: 10,000 neurons x 250,000 frames of float32.

    /usr/bin/python3 bench/looking.py [PROGRAM] [FOLDER]

Makes the files one after another in FOLDER (10 GB of room are needed), looks at each three times, and removes it. The .npy has holes, for
its samples do not matter; the .npz is deflated, frames of its first neurons are noise; the HDF5 file has the frames first, in deflated
chunks, all of the same noise. Prints the least seconds, by the clock and of all processes by the processor."""
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile

import h5py
import numpy as np

NEURONS, FRAMES, CHUNK = 10000, 250000, 1000


def header():
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (NEURONS, FRAMES)
    return b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + text.ljust(117) + b"\n"


def make_npy(path):
    with open(path, "wb") as file:
        file.write(header())
        file.truncate(len(header()) + 4 * NEURONS * FRAMES)


def make_npz(path):
    noise = np.random.default_rng(1).standard_normal((20, FRAMES)).astype("f4")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("sp.npy", "w", force_zip64=True) as file:
        file.write(header())
        file.write(noise.tobytes())
        for _ in range(NEURONS - len(noise)):
            file.write(bytes(4 * FRAMES))


def make_hdf5(path):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("spks", (FRAMES, NEURONS), "f4", chunks=(CHUNK, CHUNK), compression=1)
        data[:CHUNK, :CHUNK] = np.random.default_rng(1).standard_normal((CHUNK, CHUNK)).astype("f4")
        packed = data.id.read_direct_chunk((0, 0))[1]
        for frame in range(0, FRAMES, CHUNK):
            for neuron in range(0, NEURONS, CHUNK):
                data.id.write_direct_chunk((frame, neuron), packed)


def processor():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/rumble"
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        for name, make in (("big.npy", make_npy), ("big.npz", make_npz), ("big.h5", make_hdf5)):
            path, seconds = os.path.join(folder, name), []
            make(path)
            for _ in range(3):
                clock, used = time.monotonic(), processor()
                said = subprocess.run([program, "inspect", path], check=True, capture_output=True, text=True).stdout
                seconds.append((time.monotonic() - clock, processor() - used))
            assert "10000" in said and "250000" in said, said
            print(f"{name}: {min(s for s, _ in seconds):.2f} s by the clock, {min(s for _, s in seconds):.2f} s by the processor", flush=True)
            os.remove(path)


main()
