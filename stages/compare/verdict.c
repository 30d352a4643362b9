#include "compare/verdict.h"
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

enum standing
rmb_comparison_standing(const struct finding *all, double level)
{
	if (isnan(all->p))
		return UNTESTED;
	if (all->p <= level)
		return APART;
	return all->attainable > level ? UNTESTED : COMPATIBLE;
}

/* Two digits, and no powers of ten up to a million. */
static const char *
brief(struct rmb_arena *arena, double x)
{
	return rmb_arena_printf(arena, fabs(x) >= 100 && fabs(x) < 1e6 ? "%.0f" : "%.2g", x);
}

/* "alpha.exponent, p = 0.05": the statistic that by itself rules the family out and is furthest apart; or all together, where
 * none does. */
static const char *
against(struct rmb_arena *arena, const struct finding *family, int64_t nstatistics, double level)
{
	const struct finding *most = NULL;
	for (int64_t s = 0; s < nstatistics; s++)
		if (family[s].p <= level && (!most || family[s].distance > most->distance))
			most = &family[s];
	const char *name = most ? most->statistic : "all together";
	double p = most ? most->p : family[nstatistics].p;
	return p < 1e-6 ? rmb_arena_printf(arena, "%s, p below 1e-6", name)
	                : rmb_arena_printf(arena, "%s, p = %.2g", name, p); /* no law is known further out */
}

/* "symmetric (distance 0.9, p = 0.4)", or of a family that is ruled out "shuffled (alpha.exponent, p = 0.05)". */
static const char *
evidence(struct rmb_arena *arena, const struct finding *family, int64_t nstatistics, double level)
{
	const struct finding *all = &family[nstatistics];
	if (isnan(all->distance))
		return rmb_arena_printf(arena, "%s (nothing to compare)", all->family);
	if (rmb_comparison_standing(all, level) != APART)
		return rmb_arena_printf(arena, "%s (distance %s, p = %.2g)", all->family, brief(arena, all->distance), all->p);
	const char *by = against(arena, family, nstatistics, level);
	return rmb_arena_printf(arena, "%s (%s)", all->family, by ? by : "");
}

/* `text` and the i-th of n names: "a, b and c". NULL: no memory. */
static const char *
join(struct rmb_arena *arena, const char *text, const char *name, int64_t i, int64_t n)
{
	return text && name ? rmb_arena_printf(arena, "%s%s%s", text, i == 0 ? "" : i == n - 1 ? " and " : ", ", name) : NULL;
}

/* The `count` families that stand so, with their evidence; "": none. */
static const char *
list(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics, double level,
     enum standing standing, int64_t count)
{
	const char *text = "";
	for (int64_t f = 0, i = 0; f < nfamilies; f++) {
		const struct finding *family = &finding[f * (nstatistics + 1)];
		if (rmb_comparison_standing(&family[nstatistics], level) == standing)
			text = join(arena, text, evidence(arena, family, nstatistics, level), i++, count);
	}
	return text;
}

static const char *
basis(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics, const struct basis *by)
{
	int64_t fewest = INT64_MAX, most = 0;
	const char *names = "";
	for (int64_t f = 0; f < nfamilies; f++) {
		int64_t n = finding[f * (nstatistics + 1) + nstatistics].replicates;
		fewest = n < fewest ? n : fewest;
		most = n > most ? n : most;
	}
	for (int64_t s = 0; s < nstatistics; s++)
		names = join(arena, names, finding[s].statistic, s, nstatistics);
	const char *least =
		by->rank ? rmb_arena_printf(arena, " (p = %.2g is the least they allow)", 1 / (double)(fewest + 1)) : "";
	return rmb_arena_printf(arena,
	                        "By %s, %s against %" PRId64
	                        "%s replicates a family%s, at a level of %g: a recording's own family is ruled out in %g %%, "
	                        "or somewhat more, for noise is matched. Distances are in units of the spread of a family's "
	                        "replicates, about 1 for one of them; intervals of %g %%.",
	                        names ? names : "", by->rank ? "ranked" : "Student's t", fewest,
	                        most > fewest ? " or more" : "", least ? least : "", by->level, 100 * by->level,
	                        100 * by->confidence);
}

/* Families that were ruled out and yet lie about as near as the only one that was not: "a, b"; "": none. One true family in
 * twenty is ruled out at a level of 0.05, and what is then left alone is a neighbour of it. */
static const char *
rivals(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics, double level)
{
	const struct finding *only = NULL;
	const char *text = "";
	for (int64_t f = 0; f < nfamilies; f++) {
		const struct finding *all = &finding[f * (nstatistics + 1) + nstatistics];
		only = rmb_comparison_standing(all, level) == COMPATIBLE ? all : only;
	}
	for (int64_t f = 0; f < nfamilies && only && text; f++) {
		const struct finding *all = &finding[f * (nstatistics + 1) + nstatistics];
		if (all != only && all->distance <= only->high)
			text = rmb_arena_printf(arena, "%s%s%s", text, *text ? ", " : "", all->family);
	}
	return text ? text : "";
}

/* What ends a sentence: "; ruled out are a (...) and b (...)". */
static const char *
ruled_out(struct rmb_arena *arena, const char *before, const char *bad, int64_t count)
{
	return !bad ? NULL : !*bad ? "" : rmb_arena_printf(arena, "%sruled out %s %s", before, count == 1 ? "is" : "are", bad);
}

static const char *
sentence(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics,
         const struct basis *how, const int64_t *count, const struct finding *nearest)
{
	double level = how->level;
	const char *good = list(arena, finding, nfamilies, nstatistics, level, COMPATIBLE, count[COMPATIBLE]);
	const char *bad = list(arena, finding, nfamilies, nstatistics, level, APART, count[APART]);
	const char *open = list(arena, finding, nfamilies, nstatistics, level, UNTESTED, count[UNTESTED]);
	const char *also = ruled_out(arena, "; ", bad, count[APART]), *because = ruled_out(arena, ": ", bad, count[APART]);
	if (!good || !open || !also || !because)
		return NULL;
	if (count[UNTESTED]) {
		const char *needs = how->rank ? rmb_arena_printf(arena, ", for p below %g takes %d replicates or more", level,
		                                                 (int)ceil(1 / level - 1 - 1e-9))
		                              : "";
		return rmb_arena_printf(arena, "%s is undecided: nothing can be concluded about %s%s%s%s%s.", how->recording,
		                        open, needs ? needs : "", *good ? "; compatible with " : "", good, also);
	}
	if (count[COMPATIBLE] > 1)
		return rmb_arena_printf(arena, "%s is undecided between %s, nearest %s%s.", how->recording, good,
		                        nearest->family, also);
	if (count[COMPATIBLE] == 0)
		return rmb_arena_printf(arena, "%s is like none of the families, nearest %s (distance %s)%s.", how->recording,
		                        nearest->family, brief(arena, nearest->distance), because);
	const char *near = rivals(arena, finding, nfamilies, nstatistics, level);
	if (*near)
		return rmb_arena_printf(arena, "%s is undecided: compatible with %s alone, but about as near: %s%s.",
		                        how->recording, good, near, also);
	return rmb_arena_printf(arena, "%s is compatible with %s%s%s.", how->recording, good,
	                        nfamilies == 1 ? ", the only family compared" : " alone", because);
}

struct verdict
rmb_comparison_verdict(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics,
                       const struct basis *how)
{
	int64_t count[3] = { 0 };
	const struct finding *nearest = NULL;
	for (int64_t f = 0; f < nfamilies; f++) {
		const struct finding *all = &finding[f * (nstatistics + 1) + nstatistics];
		count[rmb_comparison_standing(all, how->level)]++;
		if (!isnan(all->distance) && (!nearest || all->distance < nearest->distance))
			nearest = all;
	}
	struct verdict v = { "undecided", nearest ? nearest->family : "", nearest ? nearest->distance : NAN, count[COMPATIBLE],
	                     sentence(arena, finding, nfamilies, nstatistics, how, count, nearest),
	                     basis(arena, finding, nfamilies, nstatistics, how) };
	bool alone = !count[UNTESTED] && count[COMPATIBLE] == 1 && !*rivals(arena, finding, nfamilies, nstatistics, how->level);
	if (alone)
		v.decision = "compatible";
	else if (!count[UNTESTED] && !count[COMPATIBLE])
		v.decision = "none";
	return v;
}
