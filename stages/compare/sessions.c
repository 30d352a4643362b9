#include "compare/sessions.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Index of a name in a list that it joins if it is new. */
static int64_t
index_of(const char **list, int64_t *n, const char *name)
{
	int64_t i = 0;
	while (i < *n && strcmp(list[i], name) != 0)
		i++;
	if (i == *n)
		list[(*n)++] = name;
	return i;
}

/* The branch; with several entries or outputs at the port, these too. */
static const char *
condition_name(struct rmb_call *call, const struct rmb_origin *origin, bool several)
{
	const char *branch = origin->branch;
	if (!several)
		return *branch ? branch : origin->entry;
	return rmb_arena_printf(rmb_call_arena(call), "%s.%s%s%s", origin->entry, origin->output, *branch ? "@" : "", branch);
}

static bool
several_results(const struct rmb_call *call, const char *port, int n)
{
	for (int i = 1; i < n; i++) {
		const struct rmb_origin *a = rmb_input_origin(call, port, 0), *b = rmb_input_origin(call, port, i);
		if (strcmp(a->entry, b->entry) != 0 || strcmp(a->output, b->output) != 0)
			return true;
	}
	return false;
}

static int
number_of(struct rmb_call *call, const char *port, int i, double *value)
{
	const struct rmb_array *a = rmb_input_array(call, port, i);
	if (a && a->naxes == 0 && a->type == RMB_FLOAT64)
		*value = *(const double *)a->data;
	else if (a && a->naxes == 0 && a->type == RMB_INT64)
		*value = (double)*(const int64_t *)a->data;
	else
		return rmb_fail(call, RMB_EDATA, "%s is not a single number; name an output that is one", rmb_input_name(call, port, i));
	return 0;
}

struct places { int64_t *recording, *condition; }; /* of every input */

static int
find_names(struct rmb_call *call, const char *port, const char *label, struct sessions *s, struct places *at, int64_t *group_of)
{
	int n = rmb_input_count(call, port);
	bool several = several_results(call, port, n);
	for (int i = 0; i < n; i++) {
		const struct rmb_origin *origin = rmb_input_origin(call, port, i);
		const char *group = rmb_input_label(call, port, i, label), *condition = condition_name(call, origin, several);
		if (!*origin->recording)
			return rmb_fail(call, RMB_EDATA, "%s is over all recordings; name results that each recording has", rmb_input_name(call, port, i));
		if (!condition)
			return rmb_fail(call, RMB_ELIMIT, "no memory for names");
		int64_t before = s->nrecordings, r = at->recording[i] = index_of(s->recording, &s->nrecordings, origin->recording);
		at->condition[i] = index_of(s->condition, &s->nconditions, condition);
		if (!group && r == before)
			rmb_warn(call, "recording '%s' has no label '%s' and stands apart, as 'other'", origin->recording, label);
		group_of[r] = index_of(s->group, &s->ngroups, group ? group : "other");
	}
	return 0;
}

static int
find_values(struct rmb_call *call, const char *port, struct sessions *s, const struct places *at)
{
	int64_t cells = s->nrecordings * s->nconditions;
	double *value = rmb_scratch(call, (size_t)cells, sizeof *value);
	int64_t *count = rmb_scratch(call, (size_t)cells, sizeof *count);
	if (!value || !count)
		return RMB_ELIMIT;
	for (int i = 0; i < rmb_input_count(call, port); i++) {
		double one;
		int rc = number_of(call, port, i, &one);
		if (rc)
			return rc;
		int64_t cell = at->recording[i] * s->nconditions + at->condition[i];
		if (isfinite(one))
			value[cell] += one, count[cell]++;
		else
			rmb_warn(call, "%s is not a number and is left out", rmb_input_name(call, port, i));
	}
	for (int64_t cell = 0; cell < cells; cell++)
		value[cell] = count[cell] ? value[cell] / (double)count[cell] : NAN;
	s->value = value;
	s->replicates = count;
	return 0;
}

int
rmb_sessions_find(struct rmb_call *call, const char *port, const char *label, struct sessions *s)
{
	size_t n = (size_t)rmb_input_count(call, port);
	int64_t *group_of = rmb_scratch(call, n, sizeof *group_of);
	struct places at = { rmb_scratch(call, n, sizeof *at.recording), rmb_scratch(call, n, sizeof *at.condition) };
	*s = (struct sessions){ .recording = rmb_scratch(call, n, sizeof *s->recording), .condition = rmb_scratch(call, n, sizeof *s->condition),
	                        .group = rmb_scratch(call, n, sizeof *s->group), .group_of = group_of };
	if (!group_of || !at.recording || !at.condition || !s->recording || !s->condition || !s->group)
		return RMB_ELIMIT;
	int rc = find_names(call, port, label, s, &at, group_of);
	return rc ? rc : find_values(call, port, s, &at);
}

int64_t
rmb_sessions_pairs(const struct sessions *s, int64_t group, int64_t condition, int64_t other, double *x, double *y)
{
	int64_t n = 0;
	for (int64_t r = 0; r < s->nrecordings; r++) {
		const double *row = s->value + r * s->nconditions;
		if (s->group_of[r] != group || isnan(row[condition]) || (other >= 0 && isnan(row[other])))
			continue;
		x[n] = row[condition];
		if (other >= 0)
			y[n] = row[other];
		n++;
	}
	return n;
}
