#include "support/check.h"
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

double
rmb_test_distance(const double *a, const double *b, int64_t n)
{
	double largest = 0, scale = 0;
	for (int64_t i = 0; i < n; i++) {
		if (isnan(b[i]) || isinf(b[i])) {
			if (isnan(b[i]) ? !isnan(a[i]) : a[i] != b[i])
				return INFINITY;
			continue;
		}
		if (!isfinite(a[i]))
			return INFINITY;
		largest = fmax(largest, fabs(a[i] - b[i]));
		scale = fmax(scale, fabs(b[i]));
	}
	return largest == 0 ? 0 : scale > 0 ? largest / scale : largest;
}

void
rmb_test_close(const char *name, const double *a, const double *b, int64_t n, double tolerance)
{
	double distance = rmb_test_distance(a, b, n);
	printf("%-40s distance %.2g, allowed %.2g\n", name, distance, tolerance);
	if (!(distance <= tolerance))
		fail_msg("%s: distance %g, allowed %g", name, distance, tolerance);
}

struct rmb_recording
rmb_test_recording(const float *x, int64_t nn, int64_t nt)
{
	static const int64_t segment[] = { 0 };
	return (struct rmb_recording){ .neurons = { .n = nn }, .nframes = nt, .rate = 22, .nsegments = 1, .segment = segment, .scaling = "none",
	                               .samples = x, .stored_rows = nn, .stored_frames = nt };
}

struct rmb_recording
rmb_test_placed(const float *x, int64_t nn, int64_t nt, const double *place)
{
	struct rmb_recording recording = rmb_test_recording(x, nn, nt);
	recording.neurons.x = place;
	recording.neurons.y = place + nn;
	return recording;
}

void
rmb_test_mkdir(char *path, size_t size)
{
	snprintf(path, size, "test.XXXXXX");
	if (!mkdtemp(path))
		fail_msg("cannot make a directory here");
}

static int
remove_one(const char *path, const struct stat *stat, int flag, struct FTW *walk)
{
	(void)stat, (void)flag, (void)walk;
	return remove(path);
}

void
rmb_test_rmdir(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
rmb_test_enter(void **state)
{
	static char directory[32];
	rmb_test_mkdir(directory, sizeof directory);
	*state = directory;
	return chdir(directory);
}

int
rmb_test_leave(void **state)
{
	if (chdir(".."))
		return 1;
	rmb_test_rmdir(*state);
	return 0;
}
