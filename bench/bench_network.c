/* bench/bench_network.c -- how long connectivity and its theory take.
 *
 *     bench_network METHOD NEURONS THREADS
 *
 * METHOD: draws (40 spectra of symmetric networks, 520 eigenvalues each, without matrices), symmetric or general (a matrix and
 * all its eigenvalues), or population (exact covariances of bins of 23 steps, and what analyses should find in them). Prints
 * one line: seconds, processor seconds, peak resident bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "numeric/network.h"
#include "numeric/population.h"
#include "numeric/theory.h"
#include "rumble/parallel.h"

enum { DRAWS = 40, COUNT = 520 };

struct bench {
	struct rmb_network net;
	struct rmb_arena *arena;
	struct rmb_error error;
	double *a, *real, *imaginary;
	const double *q;
};

static int
draw(void *argument, int64_t piece, int thread)
{
	struct bench *b = argument;
	int64_t n = b->net.n, count = n < COUNT ? n : COUNT;
	(void)thread;
	return rmb_symmetric_draw(b->net.stream, piece, n, count, rmb_symmetric_rows(n, count), b->q, b->real + piece * n,
	                          &b->error);
}

static int
draws(struct bench *b)
{
	double *q = rmb_arena_alloc(b->arena, (size_t)b->net.n, sizeof *q);
	b->real = rmb_arena_alloc(b->arena, (size_t)(DRAWS * b->net.n), sizeof *b->real);
	if (!q || !b->real)
		return rmb_error_nomem(&b->error, "draws");
	rmb_semicircle_quantiles(b->net.n, q);
	b->q = q;
	return rmb_parallel(b->net.threads, DRAWS, draw, b);
}

static int
room(struct bench *b)
{
	size_t n = (size_t)b->net.n;
	b->a = rmb_arena_alloc(b->arena, n * n, sizeof *b->a);
	b->real = rmb_arena_alloc(b->arena, n, sizeof *b->real);
	b->imaginary = rmb_arena_alloc(b->arena, n, sizeof *b->imaginary);
	return b->a && b->real && b->imaginary ? 0 : rmb_error_nomem(&b->error, "a network");
}

static int
eigenvalues(struct bench *b)
{
	int rc = room(b);
	return rc ? rc : rmb_network_matrix(&b->net, b->a, b->real, b->imaginary, &b->error);
}

static int
population(struct bench *b)
{
	struct rmb_population found;
	struct rmb_steps steps = { 0.04, 23 };
	struct rmb_eigenbasis basis;
	int rc = room(b);
	double *v = rc ? NULL : rmb_arena_alloc(b->arena, (size_t)(b->net.n * b->net.n), sizeof *v);
	if (!v)
		return rmb_error_nomem(&b->error, "a network");
	rc = rmb_network_eigenvectors(&b->net, b->a, v, b->real, b->imaginary, &b->error);
	if (!rc)
		rc = rmb_eigenbasis_make(v, b->real, b->imaginary, b->net.n, b->net.threads, b->arena, &basis, &b->error);
	if (rc)
		return rc;
	rmb_steps_shorten(&steps, rmb_network_largest_step(b->real, b->imaginary, b->net.n));
	return rmb_population_of_basis(&basis, steps, 5, true, b->arena, &found, &b->error);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; int (*run)(struct bench *); double asymmetry; } methods[] = {
		{ "draws", draws, 0 }, { "symmetric", eigenvalues, 0 }, { "general", eigenvalues, 1 },
		{ "population", population, 1 } };
	for (size_t i = 0; argc == 4 && i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(argv[1], methods[i].name) != 0)
			continue;
		struct bench b = { .arena = rmb_arena_new(), .net = { .n = atoll(argv[2]), .asymmetry = methods[i].asymmetry,
		                                                      .edge = 0.999,
		                   .threads = atoi(argv[3]), .stream = rmb_stream_named("bench") } };
		struct timespec start, end;
		struct rusage usage;
		clock_gettime(CLOCK_MONOTONIC, &start);
		int rc = b.arena ? methods[i].run(&b) : rmb_error_nomem(&b.error, "a benchmark");
		clock_gettime(CLOCK_MONOTONIC, &end);
		getrusage(RUSAGE_SELF, &usage);
		if (rc)
			fprintf(stderr, "bench_network: %s\n", b.error.text);
		else
			printf("%s seconds %.3f processor %.3f peak %.0f\n", argv[1],
			       (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec),
			       (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec,
			       1024.0 * (double)usage.ru_maxrss);
		rmb_arena_free(b.arena);
		return rc ? 1 : 0;
	}
	fprintf(stderr, "usage: bench_network draws|symmetric|general|population NEURONS THREADS\n");
	return 2;
}
