#include "compare/members.h"
#include <math.h>
#include <string.h>
#include "numeric/percentile.h"

/* ---- who is who -------------------------------------------------------------------------------------------------- */

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
is_itself(const struct rmb_origin *a, const struct rmb_origin *b)
{
	return same(a->entry, b->entry) && same(a->branch, b->branch) && same(a->output, b->output) &&
	       a->replicate == b->replicate;
}

/* The input at `recording` that has the same statistic: of the same entry and output, or the only one of that output. -1: none. */
static int
statistic_of(const struct rmb_call *call, const struct rmb_origin *member)
{
	int found = -1, alike = 0;
	for (int s = 0; s < rmb_input_count(call, "recording"); s++) {
		const struct rmb_origin *origin = rmb_input_origin(call, "recording", s);
		if (!same(origin->output, member->output))
			continue;
		if (same(origin->entry, member->entry))
			return s;
		found = s;
		alike++;
	}
	return alike == 1 ? found : -1;
}

static const char *
family_name(const struct rmb_origin *origin)
{
	return *origin->branch ? origin->branch : origin->entry;
}

static int
find_statistics(struct rmb_call *call, struct members *m)
{
	int n = rmb_input_count(call, "recording");
	struct statistic *statistic = rmb_scratch(call, (size_t)n, sizeof *statistic);
	if (!statistic)
		return RMB_ELIMIT;
	for (int s = 0; s < n; s++) {
		const struct rmb_origin *origin = rmb_input_origin(call, "recording", s);
		const char *name = rmb_arena_printf(rmb_call_arena(call), "%s.%s", origin->entry, origin->output);
		if (!name)
			return rmb_fail(call, RMB_ELIMIT, "no memory for names");
		for (int before = 0; before < s; before++)
			if (same(statistic[before].name, name))
				return rmb_fail(call, RMB_EDATA,
				                "%s: 'recording' names %s twice (%s and %s); name the one branch and "
				                "replicate that is the recording",
				                m->stage, name, statistic[before].input,
				                rmb_input_name(call, "recording", s));
		statistic[s] = (struct statistic){ name, rmb_input_array(call, "recording", s),
		                                   rmb_input_name(call, "recording", s) };
	}
	m->nstatistics = n;
	m->statistic = statistic;
	return 0;
}

struct finder { struct rmb_call *call; struct members *members; struct family *family; int **number; };

static int64_t
family_at(struct finder *f, const char *name)
{
	int64_t i = 0;
	while (i < f->members->nfamilies && !same(f->family[i].name, name))
		i++;
	if (i == f->members->nfamilies)
		f->family[f->members->nfamilies++] = (struct family){ name, 0, f->number[i] };
	return i;
}

static int64_t
replicate_at(struct finder *f, int64_t family, int number)
{
	struct family *of = &f->family[family];
	int64_t i = 0;
	while (i < of->n && of->replicate[i] != number)
		i++;
	if (i == of->n)
		f->number[family][of->n++] = number;
	return i;
}

/* In two rounds: families and their replicates, then which array belongs where. */
static int
place_members(struct finder *f, const struct rmb_array **array, int64_t most)
{
	for (int i = 0; i < rmb_input_count(f->call, f->members->port); i++) {
		const struct rmb_origin *origin = rmb_input_origin(f->call, f->members->port, i);
		int s = statistic_of(f->call, origin);
		if (s < 0)
			return rmb_fail(f->call, RMB_EDATA,
			                "%s: '%s' names %s, but 'recording' has no %s.%s to compare it with; name the same "
			                "results at both",
			                f->members->stage, f->members->port, rmb_input_name(f->call, f->members->port, i),
			                origin->entry, origin->output);
		if (is_itself(origin, rmb_input_origin(f->call, "recording", s)))
			continue;
		int64_t family = family_at(f, family_name(origin)), replicate = replicate_at(f, family, origin->replicate);
		if (!array)
			continue;
		const struct rmb_array **slot = &array[(s * f->members->nfamilies + family) * most + replicate];
		if (*slot)
			return rmb_fail(f->call, RMB_EDATA,
			                "%s: family %s has two replicates %d of %s (%s is one of them); give families names "
			                "of their own",
			                f->members->stage, f->family[family].name, origin->replicate,
			                f->members->statistic[s].name, rmb_input_name(f->call, f->members->port, i));
		*slot = rmb_input_array(f->call, f->members->port, i);
	}
	return 0;
}

int
rmb_members_find(struct rmb_call *call, const char *stage, const char *port, struct members *m)
{
	*m = (struct members){ .stage = stage, .port = port };
	int rc = find_statistics(call, m), n = rmb_input_count(call, port);
	if (rc)
		return rc;
	struct finder f = { call, m, rmb_scratch(call, (size_t)n, sizeof *f.family),
	                    rmb_scratch(call, (size_t)n, sizeof *f.number) };
	for (int i = 0; f.number && i < n; i++)
		if (!(f.number[i] = rmb_scratch(call, (size_t)n, sizeof **f.number)))
			return RMB_ELIMIT;
	if (!f.family || !f.number)
		return RMB_ELIMIT;
	if ((rc = place_members(&f, NULL, 0)))
		return rc;
	if (m->nfamilies == 0)
		return rmb_fail(call, RMB_EDATA, "%s: '%s' holds nothing but the recording itself", stage, port);
	const struct rmb_array **array = rmb_scratch(call, (size_t)(m->nstatistics * m->nfamilies * n), sizeof *array);
	const struct rmb_array *const **row = rmb_scratch(call, (size_t)(m->nstatistics * m->nfamilies), sizeof *row);
	if (!array || !row || (rc = place_members(&f, array, n)))
		return rc ? rc : RMB_ELIMIT;
	for (int64_t i = 0; i < m->nstatistics * m->nfamilies; i++)
		row[i] = array + i * n;
	m->family = f.family;
	m->array = row;
	return 0;
}

/* ---- values at common points ------------------------------------------------------------------------------------- */

static double
value_at(const struct rmb_array *a, int64_t i)
{
	switch (a->type) {
	case RMB_FLOAT64: return ((const double *)a->data)[i];
	case RMB_FLOAT32: return (double)((const float *)a->data)[i];
	case RMB_INT64: return (double)((const int64_t *)a->data)[i];
	default: return NAN;
	}
}

static int64_t
length_of(const struct rmb_array *a)
{
	return a->naxes ? a->axis[0].n : 1;
}

static bool
by_rank(const struct rmb_array *a)
{
	return a->naxes == 1 && same(a->axis[0].name, "rank");
}

/* Indices below n at which a curve is looked at: all of them, or ranks evenly spaced in their logarithm. */
static int64_t
choose_points(const struct rmb_array *a, int64_t n, int64_t *index)
{
	int64_t count = 0;
	if (!by_rank(a) || n <= RMB_CURVE_POINTS) {
		for (; count < n; count++)
			index[count] = count;
		return count;
	}
	for (int i = 0; i < RMB_CURVE_POINTS; i++) {
		int64_t rank = llround(exp(log((double)n) * i / (RMB_CURVE_POINTS - 1)));
		if (count == 0 || rank - 1 > index[count - 1])
			index[count++] = rank - 1;
	}
	return count;
}

static bool
has_values(const struct rmb_array *a, const int64_t *index, int64_t n)
{
	for (int64_t j = 0; a && j < n; j++)
		if (isfinite(value_at(a, index[j])))
			return true;
	return false;
}

/* Keeps the points at which everything is finite, or above zero too. The recording counts like any replicate: points chosen
 * by replicates alone would be those at which they happen to scatter less than it. */
static int64_t
common_points(const struct rmb_array *const *array, int64_t n, const int64_t *index, int64_t count, bool positive, int64_t *kept)
{
	int64_t nkept = 0;
	for (int64_t j = 0; j < count; j++) {
		bool good = true;
		for (int64_t i = 0; i < n && good; i++) {
			double v = value_at(array[i], index[j]);
			good = isfinite(v) && (!positive || v > 0);
		}
		if (good)
			kept[nkept++] = index[j];
	}
	return nkept;
}

static int
check_shape(struct rmb_call *call, const struct members *m, const struct statistic *s, const struct rmb_array *a)
{
	if (a->naxes > 1 || a->type == RMB_TEXT)
		return rmb_fail(call, RMB_EDATA, "%s: %s is not a single number or a curve", m->stage, s->name);
	if (a->naxes != s->recording->naxes || (a->naxes && !same(a->axis[0].name, s->recording->axis[0].name)))
		return rmb_fail(call, RMB_EDATA, "%s: %s of a family is not of the same kind as that of the recording",
		                m->stage, s->name);
	return 0;
}

/* The arrays that have the statistic at all: the recording first. *shortest is what they have in common. */
static int
find_present(struct rmb_call *call, const struct members *m, int64_t s, int64_t f, const struct rmb_array **present,
             int64_t *place, int64_t *n, int64_t *shortest)
{
	const struct rmb_array *const *all = m->array[s * m->nfamilies + f];
	*n = 1;
	present[0] = m->statistic[s].recording;
	*shortest = length_of(present[0]);
	int rc = check_shape(call, m, &m->statistic[s], present[0]);
	for (int64_t r = 0; r < m->family[f].n && !rc; r++) {
		if (!all[r])
			continue;
		rc = check_shape(call, m, &m->statistic[s], all[r]);
		place[*n - 1] = r;
		present[(*n)++] = all[r];
		*shortest = length_of(all[r]) < *shortest ? length_of(all[r]) : *shortest;
	}
	return rc;
}

/* Values of what is present at the points, or their logarithms. */
static int
fill(struct rmb_call *call, const struct rmb_array *const *present, int64_t n, const int64_t *point, int64_t m, bool logs,
     struct sample *sample)
{
	double *value = rmb_scratch(call, (size_t)(n * m), sizeof *value);
	const double **row = rmb_scratch(call, (size_t)n, sizeof *row);
	if (!value || !row)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++) {
		row[i] = value + i * m;
		for (int64_t j = 0; j < m; j++) {
			double v = value_at(present[i], point[j]);
			value[i * m + j] = logs ? log(v) : v;
		}
	}
	sample->likeness = (struct rmb_likeness){ n - 1, m, row[0], row + 1 };
	sample->known = n > 2 && m > 0;
	sample->logs = logs;
	return 0;
}

int
rmb_members_sample(struct rmb_call *call, const struct members *m, int64_t s, int64_t f, struct sample *sample)
{
	int64_t most = m->family[f].n, n, shortest, kept = 1;
	const struct rmb_array **present = rmb_scratch(call, (size_t)most + 1, sizeof *present);
	int64_t *place = rmb_scratch(call, (size_t)most + 1, sizeof *place);
	*sample = (struct sample){ .missing = most, .place = place };
	int rc = present && place ? find_present(call, m, s, f, present, place, &n, &shortest) : RMB_ELIMIT;
	if (rc)
		return rc;
	int64_t *index = rmb_scratch(call, (size_t)shortest + 1, 2 * sizeof *index), *point = index + shortest + 1;
	if (!index)
		return RMB_ELIMIT;
	int64_t count = choose_points(present[0], shortest, index);
	for (int64_t i = 1; i < n; i++)
		if (has_values(present[i], index, count)) {
			place[kept - 1] = place[i - 1];
			present[kept++] = present[i];
		}
	sample->missing = most - (kept - 1);
	int64_t finite = common_points(present, kept, index, count, false, point);
	bool logs = by_rank(present[0]) && 10 * common_points(present, kept, index, count, true, point) >= 9 * finite;
	return fill(call, present, kept, point, common_points(present, kept, index, count, logs, point), logs, sample);
}

/* The least that counts at point j, a hundredth of the median; 0: there are negative values, or too many zeros. scratch[n + 1]. */
static double
least_at(const struct rmb_likeness *l, int64_t j, double *scratch)
{
	for (int64_t i = 0; i < l->n; i++)
		scratch[i] = l->row[i][j];
	scratch[l->n] = l->x[j];
	rmb_sort(scratch, l->n + 1);
	return scratch[0] >= 0 ? rmb_percentile(scratch, l->n + 1, 50) / 100 : 0;
}

int
rmb_members_logs(struct rmb_call *call, struct sample *sample)
{
	const struct rmb_likeness *l = &sample->likeness;
	sample->plain = *l;
	if (!sample->known || sample->logs)
		return 0;
	double *least = rmb_scratch(call, (size_t)(l->m + l->n + 1), sizeof *least);
	int64_t kept = 0;
	for (int64_t j = 0; least && j < l->m; j++)
		kept += (least[j] = least_at(l, j, least + l->m)) > 0;
	if (least && 10 * kept < 9 * l->m)
		return 0;
	double *value = rmb_scratch(call, (size_t)((l->n + 1) * kept), sizeof *value);
	const double **row = rmb_scratch(call, (size_t)l->n + 1, sizeof *row);
	if (!least || !value || !row)
		return RMB_ELIMIT;
	for (int64_t i = 0; i <= l->n; i++) {
		double *to = value + i * kept;
		row[i] = to;
		for (int64_t j = 0; j < l->m; j++)
			if (least[j] > 0)
				*to++ = log(fmax(i ? l->row[i - 1][j] : l->x[j], least[j]));
	}
	sample->logs = true;
	sample->likeness = (struct rmb_likeness){ l->n, kept, row[0], row + 1 };
	return 0;
}
