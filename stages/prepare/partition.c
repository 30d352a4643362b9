#include "prepare/partition.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "prepare/expression.h"

static int
by_name(const void *a, const void *b)
{
	const struct rmb_part *x = a, *y = b;
	return x->name && y->name ? strcmp(x->name, y->name) : (x->number > y->number) - (x->number < y->number);
}

static int
by_size(const void *a, const void *b)
{
	const struct rmb_part *x = a, *y = b;
	return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : by_name(a, b);
}

/* Each neuron as a part of its own. Returns how many have one, -1: no memory. */
static int64_t
one_each(struct rmb_arena *arena, const struct rmb_neurons *neurons, enum rmb_by by, struct rmb_part *part)
{
	const int64_t *number = by == RMB_BY_PLANE ? neurons->plane : by == RMB_BY_PROBE ? neurons->probe : NULL;
	size_t width = neurons->area_width + 1;
	int64_t n = 0;
	for (int64_t i = 0; number && i < neurons->n; i++)
		part[n++] = (struct rmb_part){ NULL, number[i], 1 };
	if (by != RMB_BY_AREA || !neurons->area)
		return n;
	char *names = rmb_arena_alloc(arena, (size_t)neurons->n, width);
	for (int64_t i = 0; names && i < neurons->n; i++) {
		const char *name = rmb_area_of(neurons, i, names + (size_t)i * width, width);
		if (*name)
			part[n++] = (struct rmb_part){ name, 0, 1 };
	}
	return names ? n : -1;
}

const struct rmb_part *
rmb_parts_find(struct rmb_arena *arena, const struct rmb_neurons *neurons, enum rmb_by by, int64_t *n)
{
	struct rmb_part *part = rmb_arena_alloc(arena, (size_t)neurons->n, sizeof *part);
	int64_t all = part ? one_each(arena, neurons, by, part) : -1;
	*n = 0;
	if (all < 0)
		return NULL;
	qsort(part, (size_t)all, sizeof *part, by_name);
	for (int64_t i = 0; i < all; i++)
		if (*n && by_name(&part[*n - 1], &part[i]) == 0)
			part[*n - 1].n++;
		else
			part[(*n)++] = part[i];
	for (int64_t i = 0; i < *n; i++)
		if (!part[i].name && !(part[i].name = rmb_arena_printf(arena, "%" PRId64, part[i].number)))
			return NULL;
	return part;
}

const char *
rmb_parts_print(struct rmb_arena *arena, const struct rmb_part *part, int64_t n)
{
	enum { SHOWN = 12 };
	struct rmb_part *sorted = rmb_arena_copy(arena, part, (size_t)n, sizeof *sorted);
	const char *text = n ? "" : "none";
	if (sorted)
		qsort(sorted, (size_t)n, sizeof *sorted, by_size);
	for (int64_t i = 0; sorted && text && i < n && i < SHOWN; i++)
		text = rmb_arena_printf(arena, "%s%s%s (%" PRId64 ")", text, i ? ", " : "", sorted[i].name, sorted[i].n);
	if (text && n > SHOWN)
		text = rmb_arena_printf(arena, "%s and %" PRId64 " more", text, n - SHOWN);
	return text ? text : "";
}
