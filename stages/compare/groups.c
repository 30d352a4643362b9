#include "compare/groups.h"
#include <math.h>
#include <string.h>
#include "numeric/statistics.h"

static bool
bootstraps(const struct groups *groups)
{
	return strcmp(groups->interval, "bootstrap") == 0;
}

static void
resample(const struct groups *groups, const double *x, int64_t nx, const double *y, int64_t ny, double *low, double *high)
{
	rmb_bootstrap(x, nx, y, ny, groups->confidence, RMB_RESAMPLES, rmb_node_stream(groups->call, "resamples"),
	              groups->resamples, low, high);
}

static void
around(const struct groups *groups, double middle, double error, double freedom, double *low, double *high)
{
	double half = rmb_student_quantile((1 - groups->confidence) / 2, freedom) * error;
	*low = middle - half;
	*high = middle + half;
}

double
rmb_groups_place(const struct sessions *s, int64_t group, int64_t condition)
{
	return (double)(group + 1) + (s->nconditions > 1 ? 0.6 * ((double)condition / (double)(s->nconditions - 1) - 0.5) : 0);
}

struct mean
rmb_groups_mean(const struct groups *groups, int64_t group, int64_t condition)
{
	int64_t n = rmb_sessions_pairs(&groups->s, group, condition, -1, groups->x, NULL);
	struct mean m = { groups->s.group[group], groups->s.condition[condition], n, NAN, NAN, NAN, NAN,
	                  rmb_groups_place(&groups->s, group, condition) };
	if (n > 0)
		m.mean = rmb_mean(groups->x, n);
	m.sd = rmb_deviation(groups->x, n);
	if (n > 1 && bootstraps(groups))
		resample(groups, groups->x, n, NULL, 0, &m.low, &m.high);
	else if (n > 1)
		around(groups, m.mean, m.sd / sqrt((double)n), (double)(n - 1), &m.low, &m.high);
	return m;
}

bool
rmb_groups_permute(const struct groups *groups)
{
	return strcmp(groups->variant, "default") == 0;
}

/* Of the pairs groups->x[n], groups->y[n]; in a test by permutations `few` says how it was done if all signs were tried. */
static void
test_pairs(const struct groups *groups, int64_t n, bool one_sided, const char *few, struct test *t)
{
	t->n = n;
	if (rmb_groups_permute(groups))
		t->how = rmb_signs_are_few(n) ? few : "signs of the differences, drawn";
	else
		t->how = one_sided ? "paired t, one-sided" : "paired t, two-sided";
	for (int64_t i = 0; i < n; i++)
		groups->both[i] = groups->x[i] - groups->y[i];
	if (n < 1)
		return;
	t->difference = rmb_mean(groups->both, n);
	if (rmb_groups_permute(groups))
		t->p = rmb_sign_test(groups->both, n, RMB_TWO_SIDED, rmb_node_stream(groups->call, "signs"));
	if (n < 2)
		return;
	struct rmb_ttest paired = rmb_paired_t(groups->x, groups->y, n, one_sided ? RMB_GREATER : RMB_TWO_SIDED);
	if (!rmb_groups_permute(groups))
		t->p = paired.p;
	if (bootstraps(groups))
		resample(groups, groups->both, n, NULL, 0, &t->low, &t->high);
	else
		around(groups, paired.difference, paired.error, paired.freedom, &t->low, &t->high);
}

/* The first condition against another, in one group. */
static void
test_within(const struct groups *groups, int64_t group, int64_t other, struct test *t)
{
	int64_t n = rmb_sessions_pairs(&groups->s, group, groups->first, other, groups->x, groups->y);
	test_pairs(groups, n, strcmp(groups->variant, "paper") == 0, "all signs of the differences", t);
}

/* Of groups->x[nx] in one group and groups->y[ny] of other recordings in another. */
static void
test_unpaired(const struct groups *groups, int64_t nx, int64_t ny, struct test *t)
{
	t->n = nx + ny;
	t->how = !rmb_groups_permute(groups)                       ? "Welch's t, two-sided"
	         : rmb_choices_are_few(nx + ny, nx) ? "all ways to deal recordings"
	                                            : "recordings dealt at random";
	if (nx < 1 || ny < 1)
		return;
	memcpy(groups->both, groups->x, (size_t)nx * sizeof *groups->x);
	memcpy(groups->both + nx, groups->y, (size_t)ny * sizeof *groups->y);
	t->difference = rmb_mean(groups->x, nx) - rmb_mean(groups->y, ny);
	if (rmb_groups_permute(groups))
		t->p = rmb_choice_test(groups->both, nx + ny, nx, RMB_TWO_SIDED, rmb_node_stream(groups->call, "choices"),
		                       groups->order);
	if (nx < 2 || ny < 2)
		return;
	struct rmb_ttest welch = rmb_welch_t(groups->x, nx, groups->y, ny, RMB_TWO_SIDED);
	if (!rmb_groups_permute(groups))
		t->p = welch.p;
	if (bootstraps(groups))
		resample(groups, groups->x, nx, groups->y, ny, &t->low, &t->high);
	else
		around(groups, welch.difference, welch.error, welch.freedom, &t->low, &t->high);
}

/* The first condition in two groups. Parts of one recording are alike for reasons of their own, so where more recordings have
 * both than have one alone, those are compared part with part and the others left out. */
static void
test_between(const struct groups *groups, int64_t group, int64_t other, struct test *t)
{
	int64_t nx = rmb_sessions_pairs(&groups->s, group, groups->first, -1, groups->x, NULL),
	        ny = rmb_sessions_pairs(&groups->s, other, groups->first, -1, groups->y, NULL),
	        both = rmb_sessions_both(&groups->s, group, other, groups->first, groups->both, groups->both + nx);
	if (both <= nx + ny - 2 * both) {
		test_unpaired(groups, nx, ny, t);
		return;
	}
	(void)rmb_sessions_both(&groups->s, group, other, groups->first, groups->x, groups->y);
	test_pairs(groups, both, false, "all signs of the differences of parts", t);
}

/* "V1 z" */
static const char *
side(const struct groups *groups, int64_t group, int64_t condition)
{
	const char *name = groups->s.nconditions > 1
	                   ? rmb_arena_printf(rmb_call_arena(groups->call), "%s %s", groups->s.group[group],
	                                      groups->s.condition[condition])
	                   : groups->s.group[group];
	return name ? name : "";
}

static int
adjust(const struct groups *groups, struct test *test, int64_t n)
{
	double *p = rmb_scratch(groups->call, (size_t)n + 1, 2 * sizeof *p), *adjusted = p + n + 1;
	if (!p)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++)
		p[i] = test[i].p;
	rmb_holm(p, n, adjusted);
	for (int64_t i = 0; i < n; i++) {
		test[i].adjusted = adjusted[i];
		test[i].stars = rmb_stars(rmb_groups_permute(groups) ? adjusted[i] : p[i]);
	}
	return 0;
}

const struct test *
rmb_groups_tests(const struct groups *groups, int64_t *n)
{
	const struct sessions *s = &groups->s;
	int64_t within = s->ngroups * (s->nconditions - 1), between = s->ngroups * (s->ngroups - 1) / 2, k = 0;
	struct test *test = rmb_scratch(groups->call, (size_t)(within + between) + 1, sizeof *test);
	for (int64_t i = 0; test && i < within + between; i++)
		test[i].difference = test[i].low = test[i].high = test[i].p = test[i].adjusted = NAN;
	for (int64_t g = 0; test && g < s->ngroups; g++)
		for (int64_t c = 0; c < s->nconditions; c++) {
			if (c == groups->first)
				continue;
			test[k].left = side(groups, g, groups->first);
			test[k].right = side(groups, g, c);
			test_within(groups, g, c, &test[k++]);
		}
	for (int64_t g = 0; test && g < s->ngroups; g++)
		for (int64_t other = g + 1; other < s->ngroups; other++) {
			test[k].left = side(groups, g, groups->first);
			test[k].right = side(groups, other, groups->first);
			test_between(groups, g, other, &test[k++]);
		}
	*n = within + between;
	return test && !adjust(groups, test, within) && !adjust(groups, test + within, between) ? test : NULL;
}
