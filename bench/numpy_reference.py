#!/usr/bin/env python3
"""The same analyses in numpy, as one would write them, timed.

    numpy_reference.py METHOD FILE NEURONS FRAMES

FILE holds float32[neuron frame], raw. Reading, z-scoring and splitting the neurons are not part of the time. METHOD:
svca2 and svca decompose the cross-covariance by numpy's SVD in single precision; svca2-gram and svca-gram take the
eigenvalues (and vectors) of its double-precision Gram matrix, as rumble does; sgemm is the matrix product alone; shuffle
is 500 rounds of rolling half the neurons, of which a few are run. Prints one line as bench_numeric does.
"""
import resource
import sys
import time

import numpy as np

ROUNDS, ROUNDS_RUN = 500, 5


def time_split(nt):
    """Published blocks of frames: test, training."""
    labels = "0310333313120320002123320111101030312330"
    length = nt // 40 - 3
    starts = [int(i * (nt - length - 5) / 39) for i in range(40)]
    frames = [np.arange(a, a + length) for a in starts]
    return [np.concatenate([f for f, c in zip(frames, labels) if (c == "0") == test]) for test in (True, False)]


def spectrum(c, gram):
    if not gram:
        return np.linalg.svd(c, compute_uv=False)
    c = c.astype(np.float64)
    return np.sqrt(np.maximum(np.linalg.eigvalsh(c @ c.T)[::-1], 0))


def components(c, gram):
    if not gram:
        u, s, vt = np.linalg.svd(c, full_matrices=False)
        return u.T, vt
    c = c.astype(np.float64)
    small = c if len(c) <= c.shape[1] else c.T
    w, u = np.linalg.eigh(small @ small.T)
    near = u.T[::-1]
    far = near @ small
    far /= np.linalg.norm(far, axis=1)[:, None]
    near, far = near.astype(np.float32), far.astype(np.float32)
    return (near, far) if small is c else (far, near)


def svca(z1, z2, gram):
    test, train = time_split(z1.shape[1])
    u, v = components(z1[:, train] @ z2[:, train].T, gram)
    p, q = u @ z1[:, test], v @ z2[:, test]
    return (p * q).mean(1), (p * p + q * q).mean(1) / 2


def shuffle(z):
    rng = np.random.default_rng(0)
    for _ in range(ROUNDS_RUN):
        rows = rng.permutation(len(z))[: len(z) // 2]
        z[rows] = np.roll(z[rows], rng.integers(z.shape[1]), axis=1)


def main():
    method, path, nn, nt = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    z = np.fromfile(path, dtype=np.float32).reshape(nn, nt)
    z -= z.mean(1, keepdims=True)
    z /= z.std(1, keepdims=True)
    if method != "shuffle":
        half = np.random.default_rng(1).random(nn) > 0.5
        z1, z2 = z[half], z[~half]
        del z
    gram = method.endswith("-gram")
    start, cpu = time.perf_counter(), time.process_time()
    if method.startswith("svca2"):
        spectrum(z1 @ z2.T, gram)
    elif method.startswith("svca"):
        svca(z1, z2, gram)
    elif method == "sgemm":
        z1 @ z2.T
    elif method == "shuffle":
        shuffle(z)
    else:
        sys.exit(f"numpy_reference.py: no method {method}")
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if method == "shuffle":
        seconds, cpu = seconds * ROUNDS / ROUNDS_RUN, cpu * ROUNDS / ROUNDS_RUN
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    flops = 0 if method == "shuffle" else 2.0 * len(z1) * len(z2) * nt / seconds
    print(f"{method} seconds {seconds:.3f} processor {cpu:.3f} peak {peak:.0f} flops {flops:.4g} numpy {np.__version__}")


if __name__ == "__main__":
    main()
