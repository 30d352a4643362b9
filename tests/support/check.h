/* tests/support/check.h -- cmocka with its four includes, and comparisons that print their margin. */
#ifndef RMB_TEST_CHECK_H
#define RMB_TEST_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Largest |a - b| over the largest |b|; NaN must meet NaN and an infinity the same infinity, else infinity. */
double rmb_test_distance(const double *a, const double *b, int64_t n);
/* Fails unless that distance is at most `tolerance`; prints name, distance and tolerance so that erosion shows. */
void rmb_test_close(const char *name, const double *a, const double *b, int64_t n, double tolerance);
/* A new empty directory under the current one; removed with all it holds by rmb_test_rmdir. */
void rmb_test_mkdir(char *path, size_t size);
void rmb_test_rmdir(const char *path);
/* Group set-up and tear-down: the tests run inside a new directory, which is then removed. */
int rmb_test_enter(void **state);
int rmb_test_leave(void **state);
#endif
