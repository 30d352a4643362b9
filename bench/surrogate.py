#!/usr/bin/env python3
"""Simulated recordings: seconds of rumble beside numpy stepping the same networks, and the figures of stepping with torch.

    bench/surrogate.py [--build build/release] [--part symmetric|nonsymmetric|all] [--frames 20000]

`symmetric` makes 20,000 frames of 5,000 neurons from nothing (method exact), `nonsymmetric` 20,000 frames of 2,000 neurons in 50 runs (method blocks). numpy steps 50
runs side by side for a few frames, in single precision, and its time is scaled to all frames; its burn-in is left out. The figures of torch were given: two cores of
the same kind of machine, 50 runs at once. Times mean little while others use the machine; the column "processor" (seconds of all threads) then says more.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

TORCH = {"symmetric": 372.0, "nonsymmetric": 88.0}  # s for 20,000 frames of 23 steps
PARTS = {
    "symmetric": (5000, "method: exact"),
    "nonsymmetric": (2000, "connectivity: nonsymmetric, runs: 50, method: blocks"),
}
RECIPE = """rumble: 1
seed: 1
recordings:
  - {{name: bench, format: npy, path: {path}, rate: 21.73913 Hz, orientation: neurons-first}}
stages:
  raw: {{stage: load}}
  z:   {{stage: zscore, recording: raw}}
  s:   {{stage: surrogate, like: z, {settings}}}
"""


def rumble(args, folder, nn, settings):
    """The journal's line of the node."""
    path = os.path.join(folder, "like.npy")
    np.save(path, np.random.default_rng(1).standard_normal((nn, args.frames), dtype=np.float32))
    recipe = os.path.join(folder, "recipe.yaml")
    with open(recipe, "w") as f:
        f.write(RECIPE.format(path=path, settings=settings))
    common = ["--cache", os.path.join(folder, "cache"), "--out", os.path.join(folder, "out")]
    program = os.path.join(args.build, "rumble")
    for until in ("z", "s"):
        subprocess.run([program, "run", recipe, "--until", until, *common], check=True, capture_output=True)
    with open(os.path.join(folder, "cache", "journal.jsonl")) as lines:
        return [line for line in map(json.loads, lines) if line.get("stage") == "surrogate"][-1]


def numpy_steps(nn, frames, measured=6, runs=50, width=23, h=0.04):
    """Seconds, of the clock and of all threads, that stepping takes for all frames."""
    rng = np.random.default_rng(2)
    a = rng.standard_normal((nn, nn), dtype=np.float32) / np.float32(2 * np.sqrt(nn))
    x = rng.standard_normal((nn, runs), dtype=np.float32)
    usage = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    start, processor = time.perf_counter(), usage()
    for _ in range(measured):
        total = np.zeros_like(x)
        for _ in range(width):
            x += np.float32(h) * (a @ x - x + rng.standard_normal(x.shape, dtype=np.float32))
            total += x
        total /= width
    scale = frames / (measured * runs)
    return (time.perf_counter() - start) * scale, (usage() - processor) * scale


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--build", default="build/release")
    parse.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parse.add_argument("--frames", type=int, default=20000)
    args = parse.parse_args()
    print(f"| {'what':52} | seconds | processor | torch / rumble |\n| {'-' * 52} | ------- | --------- | -------------- |")
    for part, (nn, settings) in PARTS.items():
        if args.part not in (part, "all"):
            continue
        with tempfile.TemporaryDirectory(prefix="rumble-bench-") as folder:
            line = rumble(args, folder, nn, settings)
        given = TORCH[part] * args.frames / 20000
        what = f"{part}, {nn} neurons, {args.frames} frames"
        print(f"| {what + ', rumble':52} | {line['seconds']:7.1f} | {line['cpu']:9.1f} | {given / line['seconds']:14.1f} |")
        seconds, processor = numpy_steps(nn, args.frames)
        print(f"| {what + ', numpy':52} | {seconds:7.1f} | {processor:9.1f} | {'':14} |")
        print(f"| {what + ', torch':52} | {given:7.1f} | {'':9} | {'':14} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
