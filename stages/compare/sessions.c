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

/* ---- every number that is read: those of parts one by one */

struct piece { int input; double value; const char *part; /* NULL: of the recording as a whole */ };

/* The names of parts that belong to value i: those of the same recording, and of the same branch where several are there.
 * NULL: none. */
static const struct rmb_array *
names_of(struct rmb_call *call, const char *port, int i, const char *parts)
{
	const struct rmb_origin *of = rmb_input_origin(call, port, i);
	const struct rmb_array *names = NULL;
	for (int k = 0; k < rmb_input_count(call, parts); k++) {
		const struct rmb_origin *origin = rmb_input_origin(call, parts, k);
		if (strcmp(origin->recording, of->recording) == 0 && (!names || strcmp(origin->branch, of->branch) == 0))
			names = rmb_input_array(call, parts, k);
	}
	return names && names->type == RMB_TEXT && names->naxes == 1 ? names : NULL;
}

static const char *
part_name(struct rmb_call *call, const struct rmb_array *names, int64_t k)
{
	const char *name = rmb_arena_printf(rmb_call_arena(call), "%.*s", (int)names->width,
	                                    (const char *)names->data + (size_t)k * names->width);
	return name ? name : "";
}

static int
cut_up(struct rmb_call *call, const char *port, int i, const char *parts, struct piece *piece)
{
	const struct rmb_array *a = rmb_input_array(call, port, i),
	                       *names = a->naxes == 1 ? names_of(call, port, i, parts) : NULL;
	bool whole = a->type == RMB_INT64;
	if (a->naxes > 1 || (!whole && a->type != RMB_FLOAT64))
		return rmb_fail(call, RMB_EDATA, "%s is not a single number; name an output that is one",
		                rmb_input_name(call, port, i));
	if (a->naxes == 1 && !names)
		return rmb_fail(call, RMB_EDATA,
		                "%s is not a single number; name an output that is one, or of a split what its parts are "
		                "(part: NODE.part)",
		                rmb_input_name(call, port, i));
	if (names && names->axis[0].n != a->axis[0].n)
		return rmb_fail(call, RMB_EDATA, "%s has %" PRId64 " numbers and %" PRId64 " names of parts",
		                rmb_input_name(call, port, i), a->axis[0].n, names->axis[0].n);
	for (int64_t k = 0; k < rmb_array_count(a); k++)
		piece[k] = (struct piece){ i, whole ? (double)((const int64_t *)a->data)[k] : ((const double *)a->data)[k],
		                           names ? part_name(call, names, k) : NULL };
	return 0;
}

/* *n of them; NULL: failed. */
static struct piece *
all_pieces(struct rmb_call *call, const char *port, const char *parts, int64_t *n)
{
	int64_t most = 0;
	*n = 0;
	for (int i = 0; i < rmb_input_count(call, port); i++)
		most += rmb_input_array(call, port, i) ? rmb_array_count(rmb_input_array(call, port, i)) : 0;
	struct piece *piece = rmb_scratch(call, (size_t)most, sizeof *piece);
	for (int i = 0; piece && i < rmb_input_count(call, port); i++) {
		if (cut_up(call, port, i, parts, piece + *n))
			return NULL;
		*n += rmb_array_count(rmb_input_array(call, port, i));
	}
	return piece;
}

/* ---- whose they are */

struct places { int64_t *recording, *condition; }; /* of every piece */

static int
find_names(struct rmb_call *call, const char *port, const char *label, const struct piece *piece, int64_t n,
           struct sessions *s, struct places *at, int64_t *group_of, int64_t *session)
{
	int64_t nsessions = 0;
	const char **names = rmb_scratch(call, (size_t)n, sizeof *names);
	bool several = several_results(call, port, rmb_input_count(call, port));
	for (int64_t i = 0; i < n; i++) {
		int input = piece[i].input;
		const struct rmb_origin *origin = rmb_input_origin(call, port, input);
		const char *group = piece[i].part                ? piece[i].part
		                    : strcmp(label, "name") == 0 ? origin->recording
		                                                 : rmb_input_label(call, port, input, label),
		           *condition = condition_name(call, origin, several);
		const char *row = piece[i].part
		                  ? rmb_arena_printf(rmb_call_arena(call), "%s %s", origin->recording, piece[i].part)
		                  : origin->recording;
		if (!*origin->recording)
			return rmb_fail(call, RMB_EDATA, "%s is over all recordings; name results that each recording has",
			                rmb_input_name(call, port, input));
		if (!names || !condition || !row)
			return rmb_fail(call, RMB_ELIMIT, "no memory for names");
		int64_t before = s->nrecordings, r = at->recording[i] = index_of(s->recording, &s->nrecordings, row);
		at->condition[i] = index_of(s->condition, &s->nconditions, condition);
		if (!group && r == before)
			rmb_warn(call, "recording '%s' has no label '%s' and stands apart, as 'other'", origin->recording, label);
		group_of[r] = index_of(s->group, &s->ngroups, group ? group : "other");
		session[r] = index_of(names, &nsessions, origin->recording);
	}
	return 0;
}

static int
find_values(struct rmb_call *call, const char *port, const struct piece *piece, int64_t n, struct sessions *s,
            const struct places *at)
{
	int64_t cells = s->nrecordings * s->nconditions;
	double *value = rmb_scratch(call, (size_t)cells, sizeof *value);
	int64_t *count = rmb_scratch(call, (size_t)cells, sizeof *count);
	if (!value || !count)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++) {
		int64_t cell = at->recording[i] * s->nconditions + at->condition[i];
		if (isfinite(piece[i].value))
			value[cell] += piece[i].value, count[cell]++;
		else
			rmb_warn(call, "%s is not a number%s%s and is left out", rmb_input_name(call, port, piece[i].input),
			         piece[i].part ? " for " : "", piece[i].part ? piece[i].part : "");
	}
	for (int64_t cell = 0; cell < cells; cell++)
		value[cell] = count[cell] ? value[cell] / (double)count[cell] : NAN;
	s->value = value;
	s->replicates = count;
	return 0;
}

int
rmb_sessions_find(struct rmb_call *call, const char *port, const char *label, const char *parts, struct sessions *s)
{
	int64_t n, *group_of, *session;
	struct piece *piece = all_pieces(call, port, parts, &n);
	if (!piece)
		return RMB_EDATA;
	struct places at = { rmb_scratch(call, (size_t)n, sizeof *at.recording),
	                     rmb_scratch(call, (size_t)n, sizeof *at.condition) };
	*s = (struct sessions){ .recording = rmb_scratch(call, (size_t)n, sizeof *s->recording),
	                        .condition = rmb_scratch(call, (size_t)n, sizeof *s->condition),
	                        .group = rmb_scratch(call, (size_t)n, sizeof *s->group),
	                        .group_of = group_of = rmb_scratch(call, (size_t)n, sizeof *group_of),
	                        .session = session = rmb_scratch(call, (size_t)n, sizeof *session) };
	if (!group_of || !session || !at.recording || !at.condition || !s->recording || !s->condition || !s->group)
		return RMB_ELIMIT;
	int rc = find_names(call, port, label, piece, n, s, &at, group_of, session);
	return rc ? rc : find_values(call, port, piece, n, s, &at);
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

int64_t
rmb_sessions_both(const struct sessions *s, int64_t group, int64_t other, int64_t condition, double *x, double *y)
{
	int64_t n = 0;
	for (int64_t r = 0; r < s->nrecordings; r++)
		for (int64_t q = 0; q < s->nrecordings; q++) {
			double one = s->value[r * s->nconditions + condition], two = s->value[q * s->nconditions + condition];
			if (s->group_of[r] != group || s->group_of[q] != other || s->session[r] != s->session[q] ||
			    isnan(one) || isnan(two))
				continue;
			x[n] = one;
			y[n++] = two;
		}
	return n;
}
