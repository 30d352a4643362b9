/* bench/bench_numeric.c -- how long the analyses and their products take, and how much memory.
 *
 *     bench_numeric METHOD FILE NEURONS FRAMES THREADS [VALUES]
 *
 * FILE holds float32[neuron frame], raw; it is read as a worker reads an object. METHOD: see the end; product is that of two
 * halves, sgemm the same in one call of OpenBLAS with as many threads of its own. Prints one line: seconds, processor seconds,
 * peak resident bytes, floating-point operations of the product a second. VALUES receives some results as float64, which
 * numpy_reference.py writes too. Halves are the even and the odd neurons, and places are a formula, so that both have the
 * same. */
#include <cblas.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "numeric/blas.h"
#include "numeric/correlogram.h"
#include "numeric/lapack.h"
#include "numeric/leading.h"
#include "numeric/locality.h"
#include "numeric/pairs.h"
#include "numeric/product.h"
#include "numeric/propagator.h"
#include "numeric/shared.h"
#include "numeric/split.h"
#include "numeric/timescale.h"

struct bench {
	struct rmb_arena *arena;
	struct rmb_error error;
	struct rmb_recording scored, first, second;
	int64_t n1, n2, nt;
	int threads;
	double values[1024]; /* to compare */
	int64_t nvalues;
};

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Processor time of the whole process: what counts when others use the machine too. */
static double
processor(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void *
room(struct bench *bench, int64_t n, size_t size)
{
	void *p = rmb_arena_alloc(bench->arena, (size_t)n, size);
	if (!p) {
		fprintf(stderr, "bench_numeric: no memory\n");
		exit(3);
	}
	return p;
}

static void
must(struct bench *bench, int rc)
{
	if (rc) {
		fprintf(stderr, "bench_numeric: %s\n", bench->error.text);
		exit(1);
	}
}

/* Mean and deviation of each row, as the stage zscore finds them; not part of what is measured. */
static void
open_recording(struct bench *bench, const char *path, int64_t nn, int64_t nt)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	size_t bytes = (size_t)nn * (size_t)nt * sizeof(float);
	if (file < 0 || fstat(file, &stat) || (size_t)stat.st_size != bytes) {
		fprintf(stderr, "bench_numeric: %s does not hold %lld x %lld floats\n", path, (long long)nn, (long long)nt);
		exit(2);
	}
	const float *x = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
	if (x == MAP_FAILED) {
		perror("bench_numeric: mmap");
		exit(3);
	}
	double *offset = room(bench, nn, sizeof *offset), *scale = room(bench, nn, sizeof *scale);
	for (int64_t i = 0; i < nn; i++) {
		double sum = 0, square = 0;
		for (int64_t t = 0; t < nt; t++)
			sum += (double)x[i * nt + t];
		offset[i] = sum / (double)nt;
		for (int64_t t = 0; t < nt; t++)
			square += ((double)x[i * nt + t] - offset[i]) * ((double)x[i * nt + t] - offset[i]);
		scale[i] = 1 / sqrt(square / (double)nt);
		if (i % 512 == 511) /* the peak is to be that of the method */
			madvise((void *)(uintptr_t)x, bytes, MADV_DONTNEED);
	}
	int64_t *segment = room(bench, 1, sizeof *segment);
	struct rmb_recording raw = { .neurons = { .n = nn }, .nframes = nt, .rate = 22, .nsegments = 1, .segment = segment,
	                             .scaling = "none",
	                             .samples = x, .stored_rows = nn, .stored_frames = nt, .file = file };
	must(bench, rmb_view_scale(bench->arena, &raw, offset, scale, "zscore ddof=0 eps=0", &bench->scored, &bench->error));
	int64_t *even = room(bench, nn, sizeof *even), *odd = room(bench, nn, sizeof *odd);
	for (int64_t i = 0; i < nn; i++)
		(i % 2 ? odd : even)[i / 2] = i;
	bench->n1 = (nn + 1) / 2;
	bench->n2 = nn / 2;
	must(bench, rmb_view_neurons(bench->arena, &bench->scored, even, bench->n1, &bench->first, &bench->error));
	must(bench, rmb_view_neurons(bench->arena, &bench->scored, odd, bench->n2, &bench->second, &bench->error));
	bench->nt = nt;
	madvise((void *)(uintptr_t)x, bytes, MADV_DONTNEED);
}

static void
keep(struct bench *bench, const double *values, int64_t n)
{
	int64_t left = (int64_t)(sizeof bench->values / sizeof *bench->values) - bench->nvalues;
	n = n < left ? n : left;
	memcpy(bench->values + bench->nvalues, values, (size_t)n * sizeof *values);
	bench->nvalues += n;
}

/* Neurons spread evenly over 3 mm x 3 mm, x before y. */
static struct rmb_space
space_of(struct bench *bench, int64_t nn)
{
	double *x = room(bench, 2 * nn, sizeof *x), whole;
	for (int64_t i = 0; i < nn; i++) {
		x[i] = 3000 * modf((double)i * 0.7548776662466927, &whole);
		x[nn + i] = 3000 * modf((double)i * 0.5698402909980532, &whole);
	}
	return (struct rmb_space){ .axis = { x, x + nn }, .naxes = 2 };
}

static struct rmb_sweep
sweep_of(struct bench *bench)
{
	return (struct rmb_sweep){ .first = &bench->first, .second = &bench->second, .threads = bench->threads };
}

static double
product(struct bench *bench)
{
	struct rmb_sweep sweep = sweep_of(bench);
	double *c = room(bench, bench->n1 * bench->n2, sizeof *c), start = now();
	must(bench, rmb_product(&sweep, c, &bench->error));
	return now() - start;
}

static double
sgemm(struct bench *bench)
{
	int64_t n1 = bench->n1, n2 = bench->n2, nt = bench->nt;
	float *a = room(bench, (n1 + n2) * nt, sizeof *a), *b = a + n1 * nt, *c = room(bench, n1 * n2, sizeof *c);
	rmb_read_block(&bench->first, 0, n1, 0, nt, a);
	rmb_read_block(&bench->second, 0, n2, 0, nt, b);
	memset(c, 1, (size_t)(n1 * n2) * sizeof *c);
	rmb_blas_threads(bench->threads);
	double start = now();
	struct rmb_matrix left = { a, nt, false }, right = { b, nt, true };
	must(bench, rmb_gemm_single(n1, n2, nt, left, right, c, n2, &bench->error));
	return now() - start;
}

static double
svca2(struct bench *bench)
{
	int64_t nk = bench->n1 < bench->n2 ? bench->n1 : bench->n2;
	struct rmb_sweep sweep = sweep_of(bench);
	double start = now(), *c = room(bench, bench->n1 * bench->n2, sizeof *c), *s = room(bench, nk, sizeof *s);
	must(bench, rmb_product(&sweep, c, &bench->error));
	must(bench, rmb_spectrum_of(c, bench->n1, bench->n2, false, bench->threads, s, &bench->error));
	keep(bench, s, 500);
	return now() - start;
}

/* The first 500 alone, by blocks. */
static double
svca2_leading(struct bench *bench)
{
	int64_t nk = bench->n1 < bench->n2 ? bench->n1 : bench->n2;
	struct rmb_sweep sweep = sweep_of(bench);
	struct rmb_krylov how;
	double start = now(), *c = room(bench, bench->n1 * bench->n2, sizeof *c), *s = room(bench, nk, sizeof *s);
	must(bench, rmb_product(&sweep, c, &bench->error));
	must(bench, rmb_leading_values(c, bench->n1, bench->n2, 500, RMB_SOLVER_BLOCK, false, bench->threads, s, &how,
	                               &bench->error));
	keep(bench, s, 500);
	return now() - start;
}

static double
svca(struct bench *bench)
{
	int64_t nk = bench->n1 < bench->n2 ? bench->n1 : bench->n2, neff;
	struct rmb_time_split split;
	double start = now(), *values = room(bench, 3 * nk, sizeof *values);
	must(bench, rmb_time_split_make(bench->arena, bench->nt, 0.25, 3, &split, &bench->error));
	struct rmb_shared shared = { .sweep = sweep_of(bench), .train = split.train, .ntrain = split.ntrain, .test = split.test,
	                             .ntest = split.ntest };
	must(bench, rmb_shared_variance(&shared, values, values + nk, values + 2 * nk, &neff, &bench->error));
	keep(bench, values + nk, 100);
	return now() - start;
}

static double
spectrum(struct bench *bench)
{
	int64_t nn = bench->scored.neurons.n, side = nn < bench->nt ? nn : bench->nt;
	struct rmb_sweep sweep = { .first = &bench->scored, .by_neuron = bench->nt < nn, .threads = bench->threads };
	double start = now(), *c = room(bench, side * side, sizeof *c), *s = room(bench, side, sizeof *s);
	must(bench, rmb_product(&sweep, c, &bench->error));
	struct rmb_krylov how;
	must(bench, rmb_leading_eigenvalues(c, side, side, RMB_SOLVER_AUTO, false, bench->threads, s, &how, &bench->error));
	keep(bench, s, 500);
	return now() - start;
}

/* The first 100 components and how local they are. */
static double
locality(struct bench *bench)
{
	int64_t nn = bench->scored.neurons.n, nk = 100;
	struct rmb_space space = space_of(bench, nn);
	struct rmb_sweep sweep = { .first = &bench->scored, .threads = bench->threads };
	struct rmb_krylov how;
	double *w = room(bench, nk * nn, sizeof *w), *reals = room(bench, 4 * nk, sizeof *reals);
	struct rmb_locality found = { .ratio = reals + nk, .centre = { reals + 2 * nk, reals + 3 * nk },
	                              .near = room(bench, nk, sizeof(int64_t)) };
	double start = now();
	must(bench, rmb_weights(&sweep, RMB_SOLVER_AUTO, &nk, w, reals, &how, &bench->error));
	rmb_locality_find(w, nk, nn, &space, false, 375, &found);
	keep(bench, reals, nk);
	keep(bench, found.ratio, nk);
	return now() - start;
}

/* Correlation against distance, and strong pairs. */
static double
pairs(struct bench *bench)
{
	double *curve = room(bench, 4 * 15, sizeof *curve);
	struct rmb_pairs what = { .recording = &bench->scored, .space = space_of(bench, bench->scored.neurons.n), .top = 0.01,
	                          .nearest = 20,
	                          .width = 200, .nbins = 15, .threads = bench->threads };
	struct rmb_pair_table table;
	struct rmb_pair_curves curves = { .odds = curve, .mean = curve + 15, .sd = curve + 30, .pooled = curve + 45 };
	double start = now();
	must(bench, rmb_pair_table_make(bench->arena, &what, &table, &bench->error));
	must(bench, rmb_pairs_tabulate(&what, &table, &bench->error));
	rmb_pair_curves(&table, false, &curves);
	keep(bench, curves.odds, 15);
	keep(bench, curves.pooled, 15);
	return now() - start;
}

/* The matrix products of pairs alone, block by block. */
static double
pairs_product(struct bench *bench)
{
	enum { MOST = 16 };
	int64_t nn = bench->scored.neurons.n, nblocks = (nn + RMB_PAIR_BLOCK - 1) / RMB_PAIR_BLOCK,
	        *rows = room(bench, RMB_PAIR_BLOCK, sizeof *rows);
	struct rmb_recording block[MOST];
	double start = now(), *c = room(bench, (int64_t)RMB_PAIR_BLOCK * RMB_PAIR_BLOCK, sizeof *c);
	for (int64_t b = 0; b < nblocks && b < MOST; b++) {
		int64_t n = 0;
		for (int64_t i = b * RMB_PAIR_BLOCK; i < nn && n < RMB_PAIR_BLOCK; i++)
			rows[n++] = i;
		must(bench, rmb_view_neurons(bench->arena, &bench->scored, rows, n, &block[b], &bench->error));
		for (int64_t a = 0; a <= b; a++) {
			struct rmb_sweep sweep = { .first = &block[a], .second = a == b ? NULL : &block[b],
			                           .threads = bench->threads };
			must(bench, rmb_product(&sweep, c, &bench->error));
		}
	}
	return now() - start;
}

/* The propagator on up to 1,000 principal components, five frames ahead. */
static double
dmd(struct bench *bench)
{
	struct rmb_sweep sweep = { .first = &bench->scored, .threads = bench->threads };
	struct rmb_propagator_options options = { .lag = 5, .block = 10000, .ridge = 0.01, .nsegments = 1,
	                                          .segment = bench->scored.segment,
	                                          .threads = bench->threads };
	struct rmb_courses courses;
	struct rmb_propagator found;
	double start = now();
	must(bench, rmb_principal_courses(&sweep, 1000, RMB_SOLVER_EXACT, true, bench->arena, &courses, &bench->error));
	must(bench, rmb_propagator_make(&courses, &options, bench->arena, &found, &bench->error));
	keep(bench, found.real, 20);
	return now() - start;
}

/* Correlograms of up to 1,000 components. */
static double
timescales(struct bench *bench)
{
	struct rmb_sweep sweep = sweep_of(bench);
	struct rmb_correlogram_options options = { .nblocks = 10, .nlags = 100, .components = 1000 };
	struct rmb_correlograms found;
	double start = now();
	must(bench, rmb_correlograms_make(&sweep, &options, bench->arena, &found, &bench->error));
	for (int64_t k = 0; k < 100; k++)
		keep(bench, (double[]){ rmb_timescale_index(found.g + k * found.nlags) }, 1);
	return now() - start;
}

/* The same with smoothing, for which all components are found and ranked again. */
static double
smoothed(struct bench *bench)
{
	struct rmb_sweep sweep = sweep_of(bench);
	struct rmb_correlogram_options options = { .nblocks = 10, .nlags = 100, .components = 1000, .smooth = 2 };
	struct rmb_correlograms found;
	double start = now();
	must(bench, rmb_correlograms_make(&sweep, &options, bench->arena, &found, &bench->error));
	return now() - start;
}

static void
write_values(const struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bench->values, sizeof *bench->values, (size_t)bench->nvalues, file) != (size_t)bench->nvalues ||
	    fclose(file)) {
		perror("bench_numeric: values");
		exit(3);
	}
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; double (*run)(struct bench *); } methods[] = {
		{ "svca2", svca2 }, { "svca2-leading", svca2_leading }, { "svca", svca }, { "spectrum", spectrum },
		{ "product", product },
		{ "sgemm", sgemm }, { "pairs", pairs }, { "pairs-product", pairs_product },
		{ "dmd", dmd }, { "timescales", timescales }, { "smoothed", smoothed }, { "locality", locality },
	};
	struct bench bench = { .arena = rmb_arena_new(), .threads = argc >= 6 ? atoi(argv[5]) : 0 };
	for (size_t i = 0; argc >= 6 && i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(argv[1], methods[i].name) != 0)
			continue;
		open_recording(&bench, argv[2], atoll(argv[3]), atoll(argv[4]));
		double before = processor(), seconds = methods[i].run(&bench), used = processor() - before;
		struct rusage usage;
		getrusage(RUSAGE_SELF, &usage);
		printf("%s seconds %.3f processor %.3f peak %.0f flops %.4g kernel %s\n", argv[1], seconds, used,
		       1024.0 * (double)usage.ru_maxrss,
		       2.0 * (double)bench.n1 * (double)bench.n2 * (double)bench.nt / seconds, rmb_blas_kernel());
		if (argc > 6)
			write_values(&bench, argv[6]);
		rmb_arena_free(bench.arena);
		return 0;
	}
	fprintf(stderr, "usage: bench_numeric METHOD FILE NEURONS FRAMES THREADS [VALUES]\n");
	return 2;
}
