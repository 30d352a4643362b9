/* tests/support/check.h -- cmocka with its four includes, and comparisons that print their margin. */
#ifndef RMB_TEST_CHECK_H
#define RMB_TEST_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rumble/error.h"
#include "rumble/recording.h"

/* Largest |a - b| over the largest |b|; NaN must meet NaN and an infinity the same infinity, else infinity. */
double rmb_test_distance(const double *a, const double *b, int64_t n);
/* Fails unless that distance is at most `tolerance`; prints name, distance and tolerance so that erosion shows. */
void rmb_test_close(const char *name, const double *a, const double *b, int64_t n, double tolerance);
/* Samples x[nn][nt] as a recording at 22 Hz: one segment, nothing known of its neurons. x stays the caller's. */
struct rmb_recording rmb_test_recording(const float *x, int64_t nn, int64_t nt);
/* The same with neurons at (place[i], place[nn + i]). */
struct rmb_recording rmb_test_placed(const float *x, int64_t nn, int64_t nt, const double *place);
/* A new empty directory under the current one; removed with all it holds by rmb_test_rmdir. */
void rmb_test_mkdir(char *path, size_t size);
void rmb_test_rmdir(const char *path);
/* Group set-up and tear-down: the tests run inside a new directory, which is then removed. */
int rmb_test_enter(void **state);
int rmb_test_leave(void **state);

/* Fails with the sentence unless rc is 0. */
static inline void
must(int rc, const struct rmb_error *error)
{
	if (rc)
		fail_msg("%d: %s", rc, error->text);
}
#endif
