#!/usr/bin/env python3
"""The same analyses in numpy, as one would write them, timed.

    numpy_reference.py METHOD FILE NEURONS FRAMES

FILE holds float32[neuron frame], raw, and is mapped. Finding the mean and deviation of each neuron is not part of the time,
nor is reading the file from disk (it is read once before); z-scoring with them and splitting the neurons is, as it is for
rumble, where both happen while activity is packed for the product. METHOD:
svca2 and svca decompose the cross-covariance by numpy's SVD in single precision; svca2-gram and svca-gram take the
eigenvalues (and vectors) of its double-precision Gram matrix, as rumble does; dmd and timescales do theirs on eigenvectors in
double and everything else in single precision; sgemm is the matrix product alone; pairs is correlation against distance; shuffle
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
    near = np.ascontiguousarray(u.T[::-1])      # numpy multiplies without BLAS along negative strides
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


def dmd(z, lag=5, block=10000, ridge=0.01, n_pc=1000):
    w, u = np.linalg.eigh((z @ z.T).astype(np.float64))
    p = u[:, -n_pc:].T.astype(np.float32) @ z
    xx, xy, n = 0, 0, 0
    for a in range(0, z.shape[1], block):
        b = p[:, a:a + block]
        xx, xy, n = xx + b[:, :-lag] @ b[:, :-lag].T, xy + b[:, :-lag] @ b[:, lag:].T, n + b.shape[1] - lag
    xx, xy = xx.astype(np.float64) / n, xy.astype(np.float64) / n
    return np.linalg.eigvals(np.linalg.solve(xx + ridge * np.eye(len(xx)), xy).T)


def timescales(x, half, mean, scale, nblocks=10, nlags=100, n_pc=1000):
    width = x.shape[1] // nblocks
    z = scored(x, slice(None), mean, scale)[:, :width * nblocks].reshape(len(x), nblocks, width)
    z -= z.mean(2, keepdims=True)
    z /= 1e-3 + z.std(2, keepdims=True)
    fit, test = z[:, 0::2].reshape(len(z), -1), z[:, 1::2]
    u, v = components(fit[half] @ fit[~half].T, True)
    p = np.tensordot(u[:n_pc], test[half], (1, 0))
    q = np.tensordot(v[:n_pc], test[~half], (1, 0))
    g = np.fft.irfft(np.fft.rfft(p) * np.conj(np.fft.rfft(q)), width).mean(1)
    return g[:, :nlags] / g[:, :1]


def pairs(z):
    """Correlation against distance and strong pairs, with the matrix of all pairs in memory."""
    n, nbins, strong = len(z), 15, round(0.01 * len(z))
    place = np.random.default_rng(2).uniform(0, 3000, (2, n))
    r = z @ z.T / z.shape[1]
    d = np.sqrt(np.subtract.outer(place[0], place[0]) ** 2 + np.subtract.outer(place[1], place[1]) ** 2)
    r[d <= 20] = -np.inf
    cell = np.minimum(d // 200, nbins).astype(np.int64)
    cell[d <= 20] = nbins
    cell += np.arange(n)[:, None] * (nbins + 1)
    top = np.take_along_axis(cell, np.argpartition(r, -strong, axis=1)[:, -strong:], axis=1)
    count = lambda c, w=None: np.bincount(c.ravel(), w, n * (nbins + 1)).reshape(n, -1)[:, :nbins]
    return count(top), count(cell), count(cell, np.where(d > 20, r, 0).ravel())


def scored(x, rows, mean, scale):
    z = np.array(x[rows])
    z -= mean[rows][:, None]
    z *= scale[rows][:, None]
    return z


def main():
    method, path, nn, nt = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    x = np.memmap(path, dtype=np.float32, mode="r", shape=(nn, nt))
    mean, scale = x.mean(1), 1 / x.std(1)
    half = np.random.default_rng(1).random(nn) > 0.5
    if method == "sgemm":
        z1, z2 = scored(x, half, mean, scale), scored(x, ~half, mean, scale)
    if method == "shuffle":
        z = scored(x, np.ones(nn, bool), mean, scale)
    gram = method.endswith("-gram")
    start, cpu = time.perf_counter(), time.process_time()
    if method.startswith("svca"):
        z1, z2 = scored(x, half, mean, scale), scored(x, ~half, mean, scale)
        spectrum(z1 @ z2.T, gram) if method.startswith("svca2") else svca(z1, z2, gram)
    elif method == "dmd":
        dmd(scored(x, slice(None), mean, scale))
    elif method == "timescales":
        timescales(x, half, mean, scale)
    elif method == "sgemm":
        z1 @ z2.T
    elif method == "pairs":
        pairs(scored(x, np.ones(nn, bool), mean, scale))
    elif method == "shuffle":
        shuffle(z)
    else:
        sys.exit(f"numpy_reference.py: no method {method}")
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if method == "shuffle":
        seconds, cpu = seconds * ROUNDS / ROUNDS_RUN, cpu * ROUNDS / ROUNDS_RUN
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    flops = 0 if method == "shuffle" else 2.0 * half.sum() * (~half).sum() * nt / seconds
    print(f"{method} seconds {seconds:.3f} processor {cpu:.3f} peak {peak:.0f} flops {flops:.4g} numpy {np.__version__}")


if __name__ == "__main__":
    main()
