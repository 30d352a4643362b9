/* Windows around frames against loops over their definitions, and deconvolution against the conditions that its problem's
 * solution meets. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include "numeric/deconvolution.h"
#include "numeric/percentile.h"
#include "numeric/running.h"
#include "rumble/random.h"
#include "support/check.h"

enum { MOST = 400 };

/* Heavy tails, and values that repeat. */
static void
draw(const char *name, int64_t n, double *x)
{
	struct rmb_stream stream = rmb_stream_named(name);
	for (int64_t t = 0; t < n; t++) {
		double u = rmb_random_uniform(stream, (uint64_t)t);
		x[t] = t % 3 ? floor(8 * u) : 5 - log(u + 1e-9) * (t % 7 ? 1 : -40);
	}
}

/* The frames of a window, sorted; how many. */
static int64_t
window(const double *x, int64_t n, int64_t t, int64_t width, double *sorted)
{
	int64_t k = 0;
	for (int64_t u = t - width / 2; u < t - width / 2 + width; u++)
		if (u >= 0 && u < n)
			sorted[k++] = x[u];
	rmb_sort(sorted, k);
	return k;
}

static void
windows_hold_what_they_should(void **state)
{
	(void)state;
	double x[MOST], sorted[MOST], least[MOST], largest[MOST], mean[MOST], percentile[MOST];
	int64_t room[3 * MOST + 1];
	const int64_t lengths[] = { 1, 2, 3, 17, 64, MOST }, widths[] = { 1, 2, 3, 8, 31, 63, 64, 65, 399, 400, 401, 5000 };
	const double percents[] = { 0, 8, 50, 77.7, 100 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
			int64_t n = lengths[i], width = widths[w];
			double percent = percents[w % 5];
			draw("windows", n, x);
			rmb_running_extreme(x, n, width, false, room, least);
			rmb_running_extreme(x, n, width, true, room, largest);
			rmb_running_mean(x, n, width, mean);
			rmb_running_percentile(x, n, width, percent, room, percentile);
			for (int64_t t = 0; t < n; t++) {
				int64_t k = window(x, n, t, width, sorted);
				double sum = 0;
				for (int64_t j = 0; j < k; j++)
					sum += sorted[j];
				assert_true(least[t] == sorted[0] && largest[t] == sorted[k - 1]);
				assert_true(fabs(mean[t] - sum / (double)k) <= (double)n * DBL_EPSILON * 1000);
				assert_true(fabs(percentile[t] - rmb_percentile(sorted, k, percent)) <= 4 * DBL_EPSILON * 1000);
			}
		}
}

static void
a_mean_forgets_what_left_its_window(void **state)
{
	(void)state;
	enum { LONG = 5000 };
	static double x[LONG], y[LONG];
	for (int64_t t = 0; t < LONG; t++)
		x[t] = t == 10 ? 1e17 : 1;
	rmb_running_mean(x, LONG, 9, y);
	for (int64_t t = 1024; t < LONG; t++)
		assert_true(y[t] == 1);
	for (int64_t t = 0; t < LONG; t++)
		x[t] = 7.3; /* and a constant stays one */
	rmb_running_mean(x, LONG, 41, y);
	for (int64_t t = 0; t < LONG; t++)
		assert_true(y[t] == x[t]);
}

static void
gaussian_weights_see_mirrored_ends(void **state)
{
	(void)state;
	double x[MOST], y[MOST], slow[MOST], tap[201], room[MOST + 400];
	const int64_t lengths[] = { 1, 2, 5, 100, MOST };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (double sd = 0.6; sd < 50; sd *= 3) {
			int64_t n = lengths[i], half = rmb_gaussian_half(sd);
			double sum = 0;
			rmb_gaussian_taps(rmb_gaussian_exponent(sd), half, tap);
			draw("gaussian", n, x);
			rmb_running_gaussian(x, n, tap, half, room, y);
			for (int64_t d = -half; d <= half; d++)
				sum += exp(-(double)(d * d) / (2 * sd * sd));
			for (int64_t t = 0; t < n; t++) {
				slow[t] = 0;
				for (int64_t d = -half; d <= half; d++) {
					int64_t u = t + d;
					while (u < 0 || u >= n)
						u = u < 0 ? -1 - u : 2 * n - 1 - u;
					slow[t] += x[u] * exp(-(double)(d * d) / (2 * sd * sd)) / sum;
				}
			}
			assert_true(rmb_test_distance(y, slow, n) < 1e-14);
		}
}

static double
largest_of(const double *x, int64_t n, int64_t t, int64_t width)
{
	double sorted[MOST];
	return sorted[window(x, n, t, width, sorted) - 1];
}

static void
the_maximin_baseline_is_what_it_says(void **state)
{
	(void)state;
	double x[MOST], smooth[MOST], low[MOST], sorted[MOST], baseline[MOST], tap[50], room[2 * MOST + 100];
	const int64_t n = 333, half = rmb_gaussian_half(2.5);
	rmb_gaussian_taps(rmb_gaussian_exponent(2.5), half, tap);
	for (int64_t width = 1; width < 700; width = 3 * width + 1) {
		draw("baseline", n, x);
		rmb_running_gaussian(x, n, tap, half, room, smooth);
		rmb_baseline_maximin(x, n, tap, half, width, room, baseline);
		for (int64_t t = 0; t < n; t++) {
			window(smooth, n, t, width, sorted);
			low[t] = sorted[0];
		}
		for (int64_t t = 0; t < n; t++)
			assert_true(baseline[t] == largest_of(low, n, t, width));
	}
}

/* With multipliers m(t) of c(t) >= decay c(t - 1):  m(t) = c(t) - x(t) + decay m(t + 1),  m(t) >= 0,  m(t) s(t) = 0 and m(0)
 * = 0 are met by the solution and by nothing else, for the problem is convex. */
static void
spikes_meet_the_conditions_of_the_solution(void **state)
{
	(void)state;
	double x[MOST], spikes[MOST], calcium[MOST], m[MOST + 1];
	struct rmb_decaying run[MOST];
	for (int k = 0; k < 60; k++) {
		char name[32];
		int64_t n = k < 5 ? k + 1 : MOST - k;
		double decay = k % 3 == 0 ? 0.5 : k % 3 == 1 ? 0.95 : 0.9999, scale = 0, first = 0;
		snprintf(name, sizeof name, "spikes %d", k);
		draw(name, n, x);
		rmb_deconvolve(x, n, decay, run, spikes);
		assert_true(spikes[0] == 0);
		/* c(0) is the least squares fit of all frames given the jumps */
		double faded = 1, product = 0, norm = 0;
		calcium[0] = 0;
		for (int64_t t = 0; t < n; t++, faded *= decay) {
			calcium[t] = t ? decay * calcium[t - 1] + spikes[t] : 0;
			product += faded * (x[t] - calcium[t]);
			norm += faded * faded;
			scale += fabs(x[t]);
			assert_true(spikes[t] >= 0);
		}
		first = product / norm;
		for (int64_t t = 0; t < n; t++, first *= decay)
			calcium[t] += first;
		m[n] = 0;
		for (int64_t t = n - 1; t >= 0; t--) {
			m[t] = calcium[t] - x[t] + decay * m[t + 1];
			assert_true(m[t] >= -1e-12 * scale * (double)n);
			assert_true(fabs(m[t] * spikes[t]) <= 1e-12 * scale * scale);
		}
		assert_true(fabs(m[0]) <= 1e-12 * scale * (double)n);
	}
}

static void
calcium_without_noise_gives_its_spikes_back(void **state)
{
	(void)state;
	double x[MOST], spikes[MOST];
	struct rmb_decaying run[MOST];
	for (int64_t t = 0; t < MOST; t++)
		x[t] = t ? 0.9 * x[t - 1] + (t % 37 == 5 ? (double)t : 0) : 3;
	rmb_deconvolve(x, MOST, 0.9, run, spikes);
	for (int64_t t = 0; t < MOST; t++)
		assert_true(fabs(spikes[t] - (t % 37 == 5 ? (double)t : 0)) < 1e-11 * MOST);
	for (int64_t t = 0; t < MOST; t++)
		x[t] = -4; /* a constant below zero only rises towards it */
	rmb_deconvolve(x, MOST, 0.9, run, x);
	assert_true(x[0] == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_hold_what_they_should),
		cmocka_unit_test(a_mean_forgets_what_left_its_window),
		cmocka_unit_test(gaussian_weights_see_mirrored_ends),
		cmocka_unit_test(the_maximin_baseline_is_what_it_says),
		cmocka_unit_test(spikes_meet_the_conditions_of_the_solution),
		cmocka_unit_test(calcium_without_noise_gives_its_spikes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
