#!/usr/bin/env python3
"""The same analyses in numpy and scipy, as one would write them, timed.

    numpy_reference.py METHOD FILE NEURONS FRAMES [VALUES]

FILE holds float32[neuron frame], raw, and is mapped. Finding the mean and deviation of each neuron is not part of the time, nor is reading
the file from disk (it is read once before); z-scoring with them and splitting the neurons is, as it is for rumble, where both happen while
activity is packed for the product. METHOD is a name of bench_numeric, alone or with a way of decomposing behind it:
    -gram     eigenvalues (and vectors) of the double-precision Gram matrix, as rumble does, where plain means numpy's SVD in single precision
    -subset   scipy.linalg.eigh for the leading eigenvectors alone, where plain means numpy.linalg.eigh for all of them
or `sgemm`, the matrix product alone. Prints one line as bench_numeric does and writes the same values.
"""
import resource
import sys
import time

import numpy as np
import scipy.linalg


def time_split(nt):
    """Published blocks of frames: test, training."""
    labels = "0310333313120320002123320111101030312330"
    length = nt // 40 - 3
    starts = [int(i * (nt - length - 5) / 39) for i in range(40)]
    frames = [np.arange(a, a + length) for a in starts]
    return [np.concatenate([f for f, c in zip(frames, labels) if (c == "0") == test]) for test in (True, False)]


def leading(c, k, how):
    """The k largest eigenvalues and eigenvectors (as rows), descending."""
    c, k = c.astype(np.float64), min(k, len(c))
    if how == "subset":
        w, u = scipy.linalg.eigh(c, subset_by_index=[len(c) - k, len(c) - 1], overwrite_a=True, check_finite=False)
    else:
        w, u = np.linalg.eigh(c)
    return w[::-1][:k], np.ascontiguousarray(u.T[::-1][:k])   # numpy multiplies without BLAS along negative strides


def singular(c, how):
    if how != "gram":
        return np.linalg.svd(c, compute_uv=False)
    c = c.astype(np.float64)
    return np.sqrt(np.maximum(np.linalg.eigvalsh(c @ c.T)[::-1], 0))


def components(c, k, how):
    """The k largest singular vectors, as rows in single precision."""
    if not how:
        u, s, vt = np.linalg.svd(c, full_matrices=False)
        return u.T[:k], vt[:k]
    c = c.astype(np.float64)
    small = c if len(c) <= c.shape[1] else c.T
    near = leading(small @ small.T, k, how)[1]
    far = near @ small
    far /= np.linalg.norm(far, axis=1)[:, None]
    near, far = near.astype(np.float32), far.astype(np.float32)
    return (near, far) if small is c else (far, near)


def svca2(z, how):
    return singular(z[0::2] @ z[1::2].T, how)[:500]


def svca(z, how):
    test, train = time_split(z.shape[1])
    z1, z2 = z[0::2], z[1::2]
    u, v = components(z1[:, train] @ z2[:, train].T, len(z2), how)
    p, q = u @ z1[:, test], v @ z2[:, test]
    reliable, total = (p * q).mean(1), (p * p + q * q).mean(1) / 2
    return reliable[:100]


def spectrum(z, how):
    return np.linalg.eigvalsh((z @ z.T).astype(np.float64))[::-1][:500]


def dmd(z, how, lag=5, block=10000, ridge=0.01, n_pc=1000):
    p = leading(z @ z.T, n_pc, how)[1].astype(np.float32) @ z
    xx, xy, n = 0, 0, 0
    for a in range(0, z.shape[1], block):
        b = p[:, a:a + block]
        xx, xy, n = xx + b[:, :-lag] @ b[:, :-lag].T, xy + b[:, :-lag] @ b[:, lag:].T, n + b.shape[1] - lag
    xx, xy = xx.astype(np.float64) / n, xy.astype(np.float64) / n
    return np.sort(np.linalg.eigvals(np.linalg.solve(xx + ridge * np.eye(len(xx)), xy).T).real)[::-1][:20]


def timescales(z, how, nblocks=10, nlags=100, n_pc=1000):
    width = z.shape[1] // nblocks
    z = z[:, :width * nblocks].reshape(len(z), nblocks, width)
    z -= z.mean(2, keepdims=True)
    z /= 1e-3 + z.std(2, keepdims=True)
    fit, test = z[:, 0::2].reshape(len(z), -1), z[:, 1::2]
    u, v = components(fit[0::2] @ fit[1::2].T, n_pc, how)
    p = np.tensordot(u, test[0::2], (1, 0))
    q = np.tensordot(v, test[1::2], (1, 0))
    g = np.fft.irfft(np.fft.rfft(p) * np.conj(np.fft.rfft(q)), width).mean(1)
    g = g[:, :nlags] / g[:, :1]
    return g[:100, 4:7].mean(1)


def places(n):
    i = np.arange(n)
    return np.array([3000 * np.modf(i * 0.7548776662466927)[0], 3000 * np.modf(i * 0.5698402909980532)[0]])


def locality(z, how, n_pc=100, radius=375):
    value, w = leading(z @ z.T, n_pc, how)
    square, place = w * w, places(len(z))
    centre = square @ place.T
    near = ((place[None] - centre[:, :, None]) ** 2).sum(1) <= radius ** 2
    return np.concatenate([value, (square * near).sum(1) / near.sum(1) / square.mean(1)])


def pairs(z, how):
    """Correlation against distance and strong pairs, with the matrix of all pairs in memory."""
    n, nbins, strong, place = len(z), 15, round(0.01 * len(z)), places(len(z))
    r = z @ z.T / z.shape[1]
    d = np.sqrt(np.subtract.outer(place[0], place[0]) ** 2 + np.subtract.outer(place[1], place[1]) ** 2)
    far = d > 20
    r[~far] = -np.inf
    cell = np.minimum(d // 200, nbins).astype(np.int64)
    cell[~far] = nbins + 1
    top = np.take_along_axis(cell, np.argpartition(r, -strong, axis=1)[:, -strong:], axis=1)
    count = lambda c, w=None: np.bincount(c.ravel(), w, nbins + 2)[:nbins + 1]
    chosen, every = count(top), count(cell)
    other = every - chosen
    odds = (chosen / chosen.sum()) / (other / other.sum())
    return np.concatenate([odds[:nbins], (count(cell, np.where(far, r, 0).ravel()) / every)[:nbins]])


METHODS = {"svca2": svca2, "svca": svca, "spectrum": spectrum, "dmd": dmd, "timescales": timescales, "locality": locality, "pairs": pairs}


def main():
    name, path, nn, nt = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    method, _, how = name.partition("-")
    if method != "sgemm" and method not in METHODS:
        sys.exit(f"numpy_reference.py: no method {method}")
    x = np.memmap(path, dtype=np.float32, mode="r", shape=(nn, nt))
    mean, scale = np.empty(nn, np.float32), np.empty(nn, np.float32)
    for i in range(nn):
        mean[i], scale[i] = x[i].mean(dtype=np.float64), 1 / x[i].std(dtype=np.float64)
    scored = lambda: (x - mean[:, None]) * scale[:, None]
    if method == "sgemm":
        z = scored()
        z1, z2 = np.ascontiguousarray(z[0::2]), np.ascontiguousarray(z[1::2])
    start, cpu = time.perf_counter(), time.process_time()
    values = z1 @ z2.T if method == "sgemm" else METHODS[method](scored(), how)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if len(sys.argv) > 5:
        np.asarray(values, np.float64).tofile(sys.argv[5])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    flops = 2.0 * ((nn + 1) // 2) * (nn // 2) * nt / seconds
    print(f"{name} seconds {seconds:.3f} processor {cpu:.3f} peak {peak:.0f} flops {flops:.4g} numpy {np.__version__}")


if __name__ == "__main__":
    main()
