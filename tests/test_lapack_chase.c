/* A band brought to three diagonals: the bytes that LAPACK's own routine makes, one step after the other, for any number of
 * threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/lapack_chase.h"
#include "rumble/random.h"
#include "support/check.h"

typedef void whole_of(const char *, const char *, const char *, const lapack_int *, const lapack_int *, void *band,
                      const lapack_int *, void *d, void *e, void *reflections, const lapack_int *, void *work,
                      const lapack_int *, lapack_int *, size_t, size_t, size_t);
extern whole_of LAPACK_GLOBAL(dsytrd_sb2st, DSYTRD_SB2ST), LAPACK_GLOBAL(ssytrd_sb2st, SSYTRD_SB2ST);

enum { MOST = 700, WIDEST = 64, LD = 2 * WIDEST + 1 };

/* band[n][2 width + 1], as doubles or floats. */
static void
draw(void *band, size_t size, lapack_int n, lapack_int width)
{
	struct rmb_stream stream = rmb_stream_named("band");
	lapack_int ld = 2 * width + 1;
	memset(band, 0, (size_t)(n * ld) * size);
	for (lapack_int i = 0; i < n; i++)
		for (lapack_int j = 0; j <= width && i + j < n; j++) {
			double value = rmb_random_normal(stream, (uint64_t)(i * ld + j));
			if (size == sizeof(double))
				((double *)band)[i * ld + j] = value;
			else
				((float *)band)[i * ld + j] = (float)value;
		}
}

static void
compare(whole_of *whole, rmb_chase_kernel *kernel, size_t size, lapack_int n, lapack_int width)
{
	static double band[MOST * LD], work[MOST * LD + 2 * WIDEST], reflections[4 * MOST], d[MOST], e[MOST];
	lapack_int ld = 2 * width + 1, nreflections = 4 * MOST, nwork = MOST * LD + 2 * WIDEST, info = 0;
	draw(band, size, n, width);
	whole("Y", "N", "L", &n, &width, band, &ld, d, e, reflections, &nreflections, work, &nwork, &info, 1, 1, 1);
	assert_int_equal(info, 0);
	for (int threads = 0; threads < 6; threads++) {
		struct rmb_error error = { 0 };
		draw(band, size, n, width);
		must(rmb_chase_band(kernel, size, band, n, width, threads, &error), &error);
		for (lapack_int i = 0; i < n; i++) {
			const char *row = (const char *)band + (size_t)(i * ld) * size;
			if (memcmp(row, (char *)d + (size_t)i * size, size) ||
			    (i + 1 < n && memcmp(row + size, (char *)e + (size_t)i * size, size)))
				fail_msg("row %d of %d, band of %d, %d threads, is another", (int)i, (int)n, (int)width, threads);
		}
	}
}

static void
the_bytes_are_those_of_lapack(void **state)
{
	(void)state;
	const lapack_int sizes[][2] = { { 1, 2 }, { 2, 2 }, { 3, 2 }, { 4, 3 }, { 16, 4 }, { 17, 4 }, { 18, 4 }, { 33, 32 },
	                                { 34, 32 }, { 35, 32 }, { 40, 64 }, { 97, 3 }, { 129, 64 }, { 300, 7 }, { MOST, 32 },
	                                { MOST, WIDEST } };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		compare(LAPACK_GLOBAL(dsytrd_sb2st, DSYTRD_SB2ST), LAPACK_GLOBAL(dsb2st_kernels, DSB2ST_KERNELS), sizeof(double),
		        sizes[i][0], sizes[i][1]);
		compare(LAPACK_GLOBAL(ssytrd_sb2st, SSYTRD_SB2ST), LAPACK_GLOBAL(ssb2st_kernels, SSB2ST_KERNELS), sizeof(float),
		        sizes[i][0], sizes[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_bytes_are_those_of_lapack) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
