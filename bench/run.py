#!/usr/bin/env python3
"""Times of rumble beside numpy, and of the program itself, as one table.

    bench/run.py [--build build/release] [--neurons 5000] [--frames 20000] [--repeat 3] [--part numeric|program|all]

`numeric` sets svca2, svca, dmd, timescales and the matrix product beside numpy doing the same on the same OpenBLAS, in turns, and keeps the
quickest of `repeat` runs of each. `program` runs recipes: the same analyses in workers, with their peak memory from the
journal; 500 rounds of shuffling; a warm run of 200 nodes; `check`; the cost of a small node. Times mean little while others
use the machine; the column "processor" (seconds of all threads) then says more.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def make_data(folder, nn, nt):
    """Signals with variance rank^-0.8 and private noise, as raw float32 and as .npy."""
    rng = np.random.default_rng(0)
    nk = 512
    signals = rng.standard_normal((nk, nt), dtype=np.float32) * (np.arange(1, nk + 1) ** -0.4).astype(np.float32)[:, None]
    x = np.lib.format.open_memmap(os.path.join(folder, "bench.npy"), "w+", np.float32, (nn, nt))
    with open(os.path.join(folder, "bench.f32"), "wb") as raw:
        for i in range(0, nn, 500):
            n = min(500, nn - i)
            x[i:i + n] = rng.standard_normal((n, nk), dtype=np.float32) @ signals
            x[i:i + n] += 0.5 * rng.standard_normal((n, nt), dtype=np.float32)
            x[i:i + n].tofile(raw)


def measure(command):
    """{seconds, processor, peak, flops} of the line that a program printed."""
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {words[i]: float(words[i + 1]) for i in range(1, 9, 2)}


def numeric(args, folder):
    path, size = os.path.join(folder, "bench.f32"), [str(args.neurons), str(args.frames)]
    ours = lambda m: [os.path.join(args.build, "bench", "bench_numeric"), m, path, *size, str(args.threads)]
    numpys = lambda m: [sys.executable, os.path.join(HERE, "numpy_reference.py"), m, path, *size]
    rows = [("svca2", ours("svca2")), ("svca2, numpy (SVD)", numpys("svca2")), ("svca2, numpy (Gram, double)", numpys("svca2-gram")),
            ("svca", ours("svca")), ("svca, numpy (SVD)", numpys("svca")), ("svca, numpy (Gram, double)", numpys("svca-gram")),
            ("dmd", ours("dmd")), ("dmd, numpy", numpys("dmd")), ("timescales", ours("timescales")),
            ("timescales, numpy", numpys("timescales")), ("pairs", ours("pairs")), ("pairs, numpy", numpys("pairs")),
            ("spectrum", ours("spectrum")), ("product of two halves", ours("product")), ("sgemm alone", ours("sgemm")),
            ("sgemm alone, numpy", numpys("sgemm")), ("500 shuffle rounds, numpy", numpys("shuffle"))]
    best = {}
    for turn in range(args.repeat):
        for name, command in rows:
            if turn and name.startswith("500"):
                continue
            found = measure(command)
            if name not in best or found["seconds"] < best[name]["seconds"]:
                best[name] = found
    activity = 4.0 * args.neurons * args.frames
    print(f"{args.neurons} neurons x {args.frames} frames, float32 ({activity / 1e6:.0f} MB), {args.threads} threads, best of {args.repeat}\n")
    print(f"| {'what':32} | seconds | processor | peak memory / activity |\n| {'-' * 32} | ------- | --------- | ---------------------- |")
    for name, _ in rows:
        b = best[name]
        print(f"| {name:32} | {b['seconds']:7.2f} | {b['processor']:9.2f} | {b['peak'] / activity:22.2f} |")
    rate = best["product of two halves"]["flops"] / best["sgemm alone"]["flops"]
    quickest = {m: min(best[f"{m}, numpy (SVD)"]["seconds"], best[f"{m}, numpy (Gram, double)"]["seconds"]) for m in ("svca2", "svca")}
    print(f"\nproduct: {100 * rate:.0f} % of sgemm's rate ({best['product of two halves']['flops'] / 1e9:.0f} of "
          f"{best['sgemm alone']['flops'] / 1e9:.0f} Gflop/s); wanted 85 %")
    each_once = best["pairs"]["seconds"] * best["sgemm alone"]["flops"] / (float(args.neurons) ** 2 * args.frames)
    print(f"pairs: {100 / each_once:.0f} % of sgemm's rate, for products of each pair once; wanted 80 %")
    quickest.update({m: best[f"{m}, numpy"]["seconds"] for m in ("dmd", "timescales", "pairs")})
    for m, wanted in (("svca2", 1.0), ("svca", 1.5), ("dmd", 0.5), ("timescales", 0.5), ("pairs", 0.5)):
        print(f"{m}: {best[m]['seconds'] / quickest[m]:.2f} x numpy's (the quicker one); wanted at most {wanted}")


ANALYSES = """rumble: 1
seed: 1
recordings:
  - {{name: bench, format: npy, path: {path}, rate: 22 Hz}}
stages:
  raw:      {{stage: load}}
  z:        {{stage: zscore, recording: raw}}
  shuffled: {{stage: shuffle, recording: z}}
  rounds:   {{stage: shuffle, recording: z, draws: paper, rounds: 500}}
  svca2:    {{stage: svca2, recording: [z, shuffled]}}
  svca:     {{stage: svca, recording: z}}
  direct:   {{stage: spectrum, recording: z}}
  alpha:    {{stage: powerlaw, spectrum: svca2.spectrum}}
"""


def many_nodes(path):
    """A recipe of 200 nodes: 21 fits of each of 9 spectra, and the 11 nodes that they need."""
    lines = ["rumble: 1", "seed: 1", "recordings:", f"  - {{name: small, format: npy, path: {path}, rate: 22 Hz}}", "stages:",
             "  raw: {stage: load}", "  z: {stage: zscore, recording: raw}"]
    for i in range(9):
        lines.append(f"  s{i}: {{stage: svca2, recording: z, lag: {i}}}")
        lines += [f"  fit{i}_{j}: {{stage: powerlaw, spectrum: s{i}.spectrum, ranks: {j + 2}..{j + 20}}}" for j in range(21)]
    return "\n".join(lines) + "\n"


def timed(command, env):
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return time.perf_counter() - start


def journal(cache):
    with open(os.path.join(cache, "journal.jsonl")) as lines:
        return [line for line in map(json.loads, lines) if "seconds" in line]


def program(args, folder):
    rumble, env = os.path.join(args.build, "rumble"), dict(os.environ)
    cache = os.path.join(folder, "cache")
    common = ["--cache", cache, "--out", os.path.join(folder, "out")]
    recipe = os.path.join(folder, "analyses.yaml")
    with open(recipe, "w") as f:
        f.write(ANALYSES.format(path=os.path.join(folder, "bench.npy")))
    total = timed([rumble, "run", recipe, "--jobs", "1", *common], env)
    activity = 4.0 * args.neurons * args.frames
    print(f"\n| {'node, in its worker':32} | seconds | processor | peak memory / activity | object, kB |")
    print(f"| {'-' * 32} | ------- | --------- | ---------------------- | ---------- |")
    for line in journal(cache):
        print(f"| {line['stage']:32} | {line['seconds']:7.2f} | {line['cpu']:9.2f} | "
              f"{line['peak'] / activity:22.2f} | {line['object'] / 1e3:10.0f} |")
    print(f"\nthe whole run, and its report: {total:.2f} s")

    small = os.path.join(folder, "small.npy")
    np.save(small, np.random.default_rng(2).standard_normal((60, 1000), dtype=np.float32))
    recipe = os.path.join(folder, "many.yaml")
    with open(recipe, "w") as f:
        f.write(many_nodes(small))
    common[3] = os.path.join(folder, "many")
    cold = timed([rumble, "run", recipe, *common], env)
    warm = min(timed([rumble, "run", recipe, *common], env) for _ in range(5))
    check = min(timed([rumble, "check", recipe], env) for _ in range(5))
    print(f"200 nodes: cold {cold:.2f} s ({1e3 * cold / 200:.1f} ms a node), warm {1e3 * warm:.0f} ms (wanted under 150), "
          f"check {1e3 * check:.0f} ms (wanted under 50)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build", "release"))
    parser.add_argument("--neurons", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--part", choices=["all", "numeric", "program"], default="all")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="rumble-bench-")
    try:
        make_data(folder, args.neurons, args.frames)
        if args.part != "program":
            numeric(args, folder)
        if args.part != "numeric":
            program(args, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
