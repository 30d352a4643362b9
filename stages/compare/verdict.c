#include "compare/verdict.h"
#include <inttypes.h>
#include <math.h>

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

/* "shuffled (distance 28, 20 to 44; p = 0.05; most apart by alpha.exponent)". What is not ruled out is not said to be apart. */
static const char *
evidence(struct rmb_arena *arena, const struct finding *family, int64_t nstatistics, enum standing standing)
{
	const struct finding *all = &family[nstatistics], *most = NULL;
	if (isnan(all->distance))
		return rmb_arena_printf(arena, "%s (nothing to compare)", all->family);
	for (int64_t s = 0; s < nstatistics && standing == APART; s++)
		if (!isnan(family[s].distance) && (!most || family[s].distance > most->distance))
			most = &family[s];
	const char *apart = nstatistics > 1 && most ? rmb_arena_printf(arena, "; most apart by %s", most->statistic) : "";
	const char *p = all->p < 1e-6 ? "p below 1e-6" : rmb_arena_printf(arena, "p = %.2g", all->p); /* no law is known further out */
	return rmb_arena_printf(arena, "%s (distance %s, %s to %s; %s%s)", all->family, brief(arena, all->distance), brief(arena, all->low),
	                        brief(arena, all->high), p, apart);
}

/* The families that stand so, with their evidence: "a (...), b (...)"; "": none. */
static const char *
list(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics, double level, enum standing standing)
{
	const char *text = "";
	for (int64_t f = 0; f < nfamilies && text; f++) {
		const struct finding *family = &finding[f * (nstatistics + 1)];
		const char *one = rmb_comparison_standing(&family[nstatistics], level) == standing ? evidence(arena, family, nstatistics, standing) : NULL;
		if (one)
			text = rmb_arena_printf(arena, "%s%s%s", text, *text ? ", " : "", one);
	}
	return text ? text : "";
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
	for (int64_t s = 0; s < nstatistics && names; s++)
		names = rmb_arena_printf(arena, "%s%s%s", names, s ? ", " : "", finding[s].statistic);
	const char *least = by->rank ? rmb_arena_printf(arena, " (p = %.2g is the least they allow)", 1 / (double)(fewest + 1)) : "";
	return rmb_arena_printf(arena, "By %s, %s against %" PRId64 "%s replicates a family%s, level %g. Distances are in units of the spread of a family's "
	                        "replicates, about 1 for one of them; intervals of %g %%.", names ? names : "", by->rank ? "ranked" : "Student's t", fewest,
	                        most > fewest ? " or more" : "", least ? least : "", by->level, 100 * by->confidence);
}

/* Families that were ruled out and yet lie about as near as the only one that was not: "a, b"; "": none. One true family in twenty is ruled out at a
 * level of 0.05, and what is then left alone is a neighbour of it. */
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

struct verdict
rmb_comparison_verdict(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies, int64_t nstatistics, const struct basis *how)
{
	double level = how->level;
	int64_t count[3] = { 0 };
	const struct finding *nearest = NULL;
	for (int64_t f = 0; f < nfamilies; f++) {
		const struct finding *all = &finding[f * (nstatistics + 1) + nstatistics];
		count[rmb_comparison_standing(all, level)]++;
		if (!isnan(all->distance) && (!nearest || all->distance < nearest->distance))
			nearest = all;
	}
	const char *good = list(arena, finding, nfamilies, nstatistics, level, COMPATIBLE), *bad = list(arena, finding, nfamilies, nstatistics, level, APART);
	const char *open = list(arena, finding, nfamilies, nstatistics, level, UNTESTED), *by = basis(arena, finding, nfamilies, nstatistics, how);
	struct verdict v = { "undecided", nearest ? nearest->family : "", nearest ? nearest->distance : NAN, count[COMPATIBLE], NULL };
	const char *not = *bad ? rmb_arena_printf(arena, ". Ruled out: %s", bad) : "";
	const char *needs = how->rank ? rmb_arena_printf(arena, " with so few replicates (p below %g takes %d or more)", level, (int)ceil(1 / level - 1 - 1e-9)) : "";
	if (!not || !needs || !by)
		return v;
	if (count[UNTESTED]) {
		v.sentence = rmb_arena_printf(arena, "Undecided: nothing can be concluded about %s%s%s%s%s. Nearest: %s. %s", open, needs,
		                              *good ? "; compatible with " : "", good, not, *v.nearest ? v.nearest : "none", by);
	} else if (count[COMPATIBLE] > 1) {
		v.sentence = rmb_arena_printf(arena, "Undecided between %s%s. Nearest: %s. %s", good, not, v.nearest, by);
	} else if (count[COMPATIBLE] == 1 && *rivals(arena, finding, nfamilies, nstatistics, level)) {
		v.sentence = rmb_arena_printf(arena, "Undecided: compatible with %s alone, but about as near: %s%s. Nearest: %s. %s", good,
		                              rivals(arena, finding, nfamilies, nstatistics, level), not, v.nearest, by);
	} else if (count[COMPATIBLE] == 1) {
		v.decision = "compatible";
		v.sentence = rmb_arena_printf(arena, "Compatible with %s%s%s. %s", good, nfamilies == 1 ? ", the only family compared" : " alone", not, by);
	} else {
		v.decision = "none";
		v.sentence = rmb_arena_printf(arena, "Like none of the families. Ruled out: %s. Nearest: %s; of recordings that are of a family, its own is ruled out "
		                              "in %g %%. %s", bad, v.nearest, 100 * level, by);
	}
	return v;
}
