#!/usr/bin/env python3
"""Recordings of known origin through the verdict of recipes/verdict.yaml: how often it is right.

    python3 bench/truth.py run --rumble build/release/rumble --out truth --seconds 55    # again until it says that nothing is left
    python3 bench/truth.py table --out truth

Every recording is simulated by rumble itself, by a network, noise and random numbers of its own, and is then a recording like any other: stages and
settings of the verdict are those that stand in the recipe. What was run is kept in `out`, so that the work can be cut into pieces. Docs: docs/trust.md.
"""
import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import time

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RECIPE = os.path.join(HERE, "..", "recipes", "verdict.yaml")
RATE = 22

# What a recording of each origin is made by, and the family of the recipe that is its own. Sparse, clustered and local networks are symmetric here.
ORIGINS = {
    "symmetric": ("stage: surrogate", "symmetric"),
    "partial": ("stage: surrogate, connectivity: partial, asymmetry: 0.5", "partial"),
    "nonsymmetric": ("stage: surrogate, connectivity: nonsymmetric", "nonsymmetric"),
    "sparse": ("stage: surrogate, connectivity: sparse, probability: 0.1", "symmetric"),
    "clustered": ("stage: surrogate, connectivity: clustered, cluster: 25, probability: 0.05", "symmetric"),
    "local": ("stage: surrogate, connectivity: local, probability: 0.02", "symmetric"),
    "latent": ("stage: latent", "latent"),
    "lowrank": ("stage: lowrank", "lowrank"),
    "independent": ("stage: surrogate", "shuffled"),
}


def stages_of_recipe(families):
    """Lines of the shipped recipe from the families to the verdict, with these families alone; None: all of them."""
    with open(RECIPE, encoding="utf-8") as f:
        lines = f.read().split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("  z:")) + 1
    last = next(i for i, line in enumerate(lines) if line.startswith("  areas:"))
    each = next(i for i, line in enumerate(lines) if line.startswith("  each:"))
    if families:
        made = [line for line in lines[first:each] if not re.match(r"  \w", line) or line.split(":")[0].strip() in families]
        lines[each] = "  each: {stage: select, recording: [z, " + ", ".join(families) + "]}"
        return "\n".join(made + lines[each:last])
    return "\n".join(lines[first:last])


def write_case(folder, case, frames, stages):
    """The recipe of a recording of known origin, and places of its neurons."""
    made, _ = ORIGINS[case["origin"]]
    rng = np.random.default_rng([case["neurons"], case["seed"]])
    os.makedirs(folder, exist_ok=True)
    size = (case["neurons"], frames)
    np.savez(os.path.join(folder, "size.npz"), activity=rng.standard_normal(size).astype(np.float32), x=rng.uniform(0, 1000, size[0]),
             y=rng.uniform(0, 1000, size[0]))
    origin = "  truth: {%s, like: blank, noise: %g}\n" % (made, case["noise"])
    if case["origin"] == "independent":    # each neuron as it would be in a network, the others elsewhere
        origin += "  alone: {stage: independent, like: truth}\n"
    last = "alone" if case["origin"] == "independent" else "truth"
    with open(os.path.join(folder, "recipe.yaml"), "w", encoding="utf-8") as f:
        f.write(f"""rumble: 1
title: A recording of known origin
seed: {case["seed"]}
recordings:
  - {{name: made, format: npz, path: size.npz, activity: activity, x: x, y: y, rate: {RATE} Hz, orientation: neurons-first}}
stages:
  raw:   {{stage: load}}
  blank: {{stage: zscore, recording: raw}}
{origin}  z:     {{stage: zscore, recording: {last}}}
{stages}
""")


def read_verdict(path):
    with h5py.File(path, "r") as f:
        text = lambda name: [v.decode() for v in f[name][()]]
        numbers = {name: [None if v != v else float(v) for v in f[name][()]] for name in ("distance", "low", "high", "p")}
        return {"decision": f["decision"][()].decode(), "nearest": f["nearest"][()].decode(), "sentence": f["verdict"][()].decode(),
                "family": text("family"), "statistic": text("statistic"), **numbers}


def run(rumble, folder, until, seconds):
    """0: done; 1: failed; None: time was up, and the next run goes on from there."""
    command = [rumble, "run", "recipe.yaml", "--cache", "cache", "--out", "result", "--until", until]
    with open(os.path.join(folder, "said"), "w", encoding="utf-8") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
            return None


def complain(folder):
    with open(os.path.join(folder, "said"), encoding="utf-8") as f:
        sys.exit(f"{folder}: {f.read()[-2000:]}")


def result(folder, node):
    return os.path.join(folder, "result", "results", "made", node + ".h5")


def cases(args):
    for neurons, noise, origin, seed in itertools.product(args.neurons, args.noise, args.origins, args.seeds):
        yield {"origin": origin, "neurons": neurons, "noise": noise, "seed": seed}


def folder_of(out, case):
    return os.path.join(out, "{neurons}-{noise:g}-{origin}-{seed}".format(**case))


def run_all(args):
    end, left = time.monotonic() + args.seconds, 0
    for case in cases(args):
        folder = folder_of(args.out, case)
        verdict = os.path.join(folder, "verdict.json")
        if os.path.exists(verdict) and not args.again:
            continue
        if time.monotonic() > end - 1:
            left += 1
            continue
        write_case(folder, case, args.frames, stages_of_recipe(args.families))
        code = run(os.path.abspath(args.rumble), folder, "verdict", end - time.monotonic())
        if code is None:
            left += 1
            continue
        if code:
            complain(folder)
        found = {**case, **read_verdict(result(folder, "verdict"))}
        with open(verdict, "w", encoding="utf-8") as f:
            json.dump(found, f)
        print("{neurons} neurons, noise {noise:g}, {origin} {seed}: ".format(**case), found["decision"], kept(found), flush=True)
    print(f"{left} left" if left else "nothing left")


# ---- tables


def kept(found):
    """Families that are not ruled out."""
    rows = zip(found["family"], found["statistic"], found["p"])
    return [family for family, statistic, p in rows if statistic == "all" and p > 0.05]


OUTCOMES = ("named right", "undecided", "undecided, its own ruled out", "none", "named wrong")


def outcome(found):
    right, families = ORIGINS[found["origin"]][1], kept(found)
    if found["decision"] == "compatible":
        return "named right" if families == [right] else "named wrong"
    if found["decision"] == "none":
        return "none"
    return "undecided" if right in families else "undecided, its own ruled out"


def line(cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def table(title, rows, columns):
    line([title] + columns)
    line(["---"] * (len(columns) + 1))
    for name, values in rows:
        line([name] + values)
    print()


def counted(found, by):
    for key in dict.fromkeys(by(f) for f in found):
        yield key, [sum(outcome(f) == o for f in found if by(f) == key) or "" for o in OUTCOMES]


def tables(args):
    found = []
    for case in cases(args):
        path = os.path.join(folder_of(args.out, case), "verdict.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                found.append(json.load(f))
    families = list(dict.fromkeys(found[0]["family"]))
    print(f"{len(found)} recordings.\n")
    table("origin", counted(found, lambda f: f["origin"]), list(OUTCOMES))
    table("neurons", counted(found, lambda f: f["neurons"]), list(OUTCOMES))
    table("noise", counted(found, lambda f: f["noise"]), list(OUTCOMES))
    for neurons in args.neurons:
        rows = []
        for origin in args.origins:
            mine = [f for f in found if f["origin"] == origin and f["neurons"] == neurons]
            rows.append((origin, [sum(family in kept(f) for f in mine) or "" for family in families] + [sum(not kept(f) for f in mine) or "", len(mine)]))
        table(f"{neurons} neurons: not ruled out", rows, families + ["none", "of"])
    own = [f for f in found if ORIGINS[f["origin"]][1] == f["origin"] or f["origin"] == "independent"]
    out = sum(ORIGINS[f["origin"]][1] not in kept(f) for f in own)
    print(f"The recording's own family was ruled out in {out} of {len(own)} ({100 * out / len(own):.1f} %; 5 % are wanted).")
    for statistic in dict.fromkeys(found[0]["statistic"]):
        p = [f["p"][i] for f in own for i in range(len(f["p"])) if f["statistic"][i] == statistic and f["family"][i] == ORIGINS[f["origin"]][1]]
        p = [v for v in p if v is not None]
        print(f"  {statistic}: p of 0.05 in {sum(v <= 0.05 for v in p)}, below 0.5 in {sum(v < 0.5 for v in p)} of {len(p)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    listed = lambda kind: lambda text: [kind(part) for part in text.split(",")]
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--rumble", default="rumble")
    parser.add_argument("--out", default="truth")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many, to go on later")
    parser.add_argument("--again", action="store_true", help="also what has a verdict already, as after a change of compare")
    parser.add_argument("--neurons", type=listed(int), default=[60, 120, 200])
    parser.add_argument("--noise", type=listed(float), default=[0.5, 1, 2])
    parser.add_argument("--seeds", type=listed(int), default=[1])
    parser.add_argument("--origins", type=listed(str), default=list(ORIGINS))
    parser.add_argument("--families", type=listed(str), default=None, help="of the recipe; all")
    parser.add_argument("--frames", type=int, default=3000)
    args = parser.parse_args()
    {"run": run_all, "table": tables}[args.what](args)


if __name__ == "__main__":
    main()
