"""What recipes/three-areas.yaml found: verdicts by recording, summaries over areas."""
import glob
import os

import h5py

from support.running import SOURCE

RECIPE = os.path.join(SOURCE, "recipes", "three-areas.yaml")
NETWORKS = ("symmetric", "nonsymmetric", "latent")  # families whose neurons share something
ALONE = ("shuffled", "independent")


def texts(values):
    return [v.decode() for v in values]


def verdicts(folder):
    """Recording -> {(family, statistic): row} and the columns that are one."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "results", "*", "verdict.h5"))):
        with h5py.File(path) as f:
            rows = {(family, statistic): {name: f[name][i] for name in ("distance", "low", "high", "p", "adjusted")}
                    for i, (family, statistic) in enumerate(zip(texts(f["family"]), texts(f["statistic"])))}
            found[os.path.basename(os.path.dirname(path))] = rows, {n: f[n][()].decode() for n in ("nearest", "decision", "verdict")}
    return found


def summary(folder, name):
    (path,) = glob.glob(os.path.join(folder, "results", "**", name + ".h5"), recursive=True)
    with h5py.File(path) as f:
        column = {n: texts(f[n]) if f[n].dtype.kind in "SO" else f[n][()] for n in f if isinstance(f[n], h5py.Dataset) and f[n].ndim}
    means = {(g, c): m for g, c, m in zip(column["mean_of"], column["mean_condition"], column["mean"])}
    between = {(a.split()[0], b.split()[0]): (p, q, s) for a, b, p, q, s in zip(*(column[n] for n in ("left", "right", "p", "adjusted", "stars")))
               if a.split()[0] != b.split()[0]}
    return means, between
