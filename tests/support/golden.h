/* tests/support/golden.h -- reading the golden files of the reference implementation.
 *
 * A file holds inputs that all its cases share, and cases: the analysis, parameters, inputs that override the shared ones, and
 * the results expected. All that is read lives in the case's arena. A file that is missing fails the test by its name. */
#ifndef RMB_TEST_GOLDEN_H
#define RMB_TEST_GOLDEN_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/recording.h"

struct golden_case {
	const char *file, *name;  /* "tiny.h5", "svca2_lag4" */
	int64_t handle;           /* HDF5 identifier of the file */
	struct rmb_arena *arena;
};

/* An array of up to 3 axes, widened to double; rows: the first, columns: the product of the others, n: of all. data NULL:
 * there is none. */
struct golden_array { double *data; int64_t n, rows, columns; bool leading; };

/* Every golden file; ends with NULL. */
extern const char *const golden_files[];
/* Runs `test` on every case of `analysis` in all files; returns how many there were. */
int golden_each(const char *analysis, void (*test)(const struct golden_case *));

struct golden_array golden_input(const struct golden_case *, const char *name);
struct golden_array golden_expected(const struct golden_case *, const char *name);
/* The expected array; the test fails if the case has none. */
struct golden_array golden_must(const struct golden_case *, const char *name);
/* As whole numbers; *n = -1 and NULL if there is none. */
int64_t *golden_input_ints(const struct golden_case *, const char *name, int64_t *n);
int64_t *golden_expected_ints(const struct golden_case *, const char *name, int64_t *n);
/* A parameter, or `otherwise` if the case does not set it. */
double golden_number(const struct golden_case *, const char *name, double otherwise);
bool golden_is(const struct golden_case *, const char *name, const char *text);

/* Room for n results. */
double *golden_reals(const struct golden_case *, int64_t n);
/* The case's X in single precision, positions included, as a recording in memory: not scaled. */
struct rmb_recording golden_recording(const struct golden_case *);
/* A z-scored view of its neurons keep[nkeep] (NULL: all), (x - mean) / (sd + eps) with divisor T - ddof. */
struct rmb_recording golden_zscored(const struct golden_case *, const int64_t *keep, int64_t nkeep, int ddof, double eps);
/* Compares n values with the expected array of that name (the first entries, if that is all it stores); fails if there is
 * none. */
void golden_close(const struct golden_case *, const char *name, const double *values, int64_t n, double tolerance);
/* How many arrays golden_close has compared since this was last asked. */
int golden_compared(void);
#endif
