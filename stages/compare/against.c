#include "compare/against.h"
#include <inttypes.h>
#include <math.h>
#include "numeric/statistics.h"

enum { RESAMPLES = 1000 };

/* What there is of one family: samples and, of each, how far replicates lie from each other. */
struct against {
	const struct members *members;
	int64_t family;
	struct sample *sample;  /* [statistics] */
	double *score;          /* [statistics][replicates]; NaN: has it not */
};

static int
take_samples(struct rmb_call *call, struct against *a, bool rank)
{
	int64_t nr = a->members->family[a->family].n, ns = a->members->nstatistics;
	a->sample = rmb_scratch(call, (size_t)ns, sizeof *a->sample);
	a->score = rmb_scratch(call, (size_t)(ns * nr), sizeof *a->score);
	double *own = rmb_scratch(call, (size_t)nr, sizeof *own);
	const double **others = rmb_scratch(call, (size_t)nr + 1, sizeof *others);
	if (!a->sample || !a->score || !own || !others)
		return RMB_ELIMIT;
	for (int64_t s = 0; s < ns; s++) {
		struct sample *sample = &a->sample[s];
		int rc = rmb_members_sample(call, a->members, s, a->family, sample);
		rc = rc ? rc : rmb_members_logs(call, sample);
		if (rc)
			return rc;
		for (int64_t r = 0; r < nr; r++)
			a->score[s * nr + r] = NAN;
		if (!sample->known || (!rank && sample->likeness.n < 3))
			continue;
		rmb_likeness_scores(&sample->likeness, rank, own, others);
		for (int64_t i = 0; i < sample->likeness.n; i++)
			a->score[s * nr + sample->place[i]] = own[i];
	}
	return 0;
}

static int
find_interval(struct rmb_call *call, const struct against_how *how, const struct rmb_likeness *likeness, int64_t count,
              struct finding *f)
{
	double *distance = rmb_scratch(call, RESAMPLES, sizeof *distance);
	const double **others = rmb_scratch(call, (size_t)(count * likeness->n), sizeof *others);
	if (!distance || !others)
		return RMB_ELIMIT;
	f->replicates = likeness->n;
	f->distance = rmb_likeness_joint(likeness, count);
	rmb_likeness_interval(likeness, count, how->confidence, RESAMPLES, rmb_node_stream(call, "intervals"), distance,
	                      others, &f->low, &f->high);
	return 0;
}

/* The scores of the replicates that have the statistic, one after the other. */
static const double *
scores_of(struct rmb_call *call, const struct against *a, int64_t s)
{
	const struct sample *sample = &a->sample[s];
	double *score = rmb_scratch(call, (size_t)sample->likeness.n, sizeof *score);
	for (int64_t i = 0; score && i < sample->likeness.n; i++)
		score[i] = a->score[s * a->members->family[a->family].n + sample->place[i]];
	return score;
}

/* The recording's number beside mean and spread of the replicates, and where one more would lie: Student's t, in the units
 * that are compared. */
static int
describe_number(struct rmb_call *call, const struct against_how *how, const struct sample *sample, struct finding *f)
{
	const struct rmb_likeness *l = &sample->likeness;
	double *value = rmb_scratch(call, (size_t)l->n, sizeof *value),
	       *compared = rmb_scratch(call, (size_t)l->n, sizeof *compared);
	if (!value || !compared)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < l->n; i++) {
		value[i] = sample->plain.row[i][0];
		compared[i] = l->row[i][0];
	}
	double middle = rmb_mean(compared, l->n), spread = rmb_deviation(compared, l->n) * sqrt(1 + 1 / (double)l->n);
	double half = rmb_student_quantile((1 - how->confidence) / 2, (double)(l->n - 1)) * spread;
	f->value = sample->plain.x[0];
	f->mean = rmb_mean(value, l->n);
	f->sd = rmb_deviation(value, l->n);
	f->expected_low = sample->logs ? exp(middle - half) : middle - half;
	f->expected_high = sample->logs ? exp(middle + half) : middle + half;
	return 0;
}

static int
find_one(struct rmb_call *call, const struct against_how *how, const struct against *a, int64_t s, struct finding *f)
{
	const struct sample *sample = &a->sample[s];
	const struct rmb_likeness *l = &sample->likeness;
	const char *family = a->members->family[a->family].name, *name = a->members->statistic[s].name;
	if (sample->missing)
		rmb_warn(call, "%" PRId64 " of the %" PRId64 " replicates of %s have no %s and are left out of it",
		         sample->missing, a->members->family[a->family].n, family, name);
	if (!sample->known) {
		rmb_warn(call,
		         "%s is not compared with %s: the recording has no value, or fewer than two replicates have one",
		         name, family);
		return 0;
	}
	const double *score = scores_of(call, a, s);
	int rc = score ? find_interval(call, how, l, 1, f) : RMB_ELIMIT;
	if (rc)
		return rc;
	if (l->m == 1 && a->members->statistic[s].recording->naxes == 0 && (rc = describe_number(call, how, sample, f)))
		return rc;
	if (f->sd == 0 && f->value != f->mean)
		rmb_warn(call,
		         "all replicates of %s have the same %s, and the recording has another: a distance of a million "
		         "stands for it",
		         family, name);
	f->attainable = how->rank ? 1 / (double)(l->n + 1) : 0;
	if (how->rank)
		f->p = rmb_rank_p(f->distance, score, l->n);
	else if (l->m == 1 || l->n > 2)
		f->p = rmb_likeness_normal_p(l, score);
	return 0;
}

/* Statistics that some replicates lack stay out of what is said of all together, unless every one is so: the recording and all
 * replicates are then looked at alike. */
static void
part_incomplete(struct rmb_call *call, struct against *a)
{
	int64_t whole = 0;
	for (int64_t s = 0; s < a->members->nstatistics; s++)
		whole += a->sample[s].known && a->sample[s].missing == 0;
	for (int64_t s = 0; s < a->members->nstatistics && whole; s++)
		if (a->sample[s].known && a->sample[s].missing) {
			a->sample[s].known = false;
			rmb_warn(call, "%s is left out of the distance from %s by all statistics together",
			         a->members->statistic[s].name, a->members->family[a->family].name);
		}
}

/* Replicates of the family that have every statistic that is known; their indices into place[]. */
static int64_t
complete(const struct against *a, int64_t *place)
{
	int64_t nr = a->members->family[a->family].n, n = 0;
	for (int64_t r = 0; r < nr; r++) {
		bool all = true;
		for (int64_t s = 0; s < a->members->nstatistics && all; s++) {
			const struct sample *sample = &a->sample[s];
			bool has = !sample->known;
			for (int64_t i = 0; i < sample->likeness.n && !has; i++)
				has = sample->place[i] == r;
			all = has;
		}
		if (all)
			place[n++] = r;
	}
	return n;
}

/* The known statistics with the rows of the replicates in place[n] alone. */
static int64_t
together(struct rmb_call *call, const struct against *a, const int64_t *place, int64_t n, struct rmb_likeness *likeness)
{
	int64_t count = 0;
	for (int64_t s = 0; s < a->members->nstatistics; s++) {
		const struct sample *sample = &a->sample[s];
		const double **row = sample->known ? rmb_scratch(call, (size_t)n, sizeof *row) : NULL;
		if (!row)
			continue;
		for (int64_t i = 0, k = 0; i < n; i++) {
			while (sample->place[k] != place[i])
				k++;
			row[i] = sample->likeness.row[k];
		}
		likeness[count++] = (struct rmb_likeness){ n, sample->likeness.m, sample->likeness.x, row };
	}
	return count;
}

/* Rank of the recording among its replicates by all statistics together; each is measured against all others. */
static double
joint_rank(struct rmb_call *call, const struct rmb_likeness *likeness, int64_t count, double distance)
{
	int64_t n = likeness->n;
	double *square = rmb_scratch(call, (size_t)n, sizeof *square), *score = rmb_scratch(call, (size_t)n, sizeof *score);
	const double **others = rmb_scratch(call, (size_t)n + 1, sizeof *others);
	if (!square || !score || !others)
		return NAN;
	for (int64_t c = 0; c < count; c++) {
		rmb_likeness_scores(&likeness[c], true, score, others);
		for (int64_t i = 0; i < n; i++)
			square[i] += score[i] * score[i];
	}
	for (int64_t i = 0; i < n; i++)
		square[i] = sqrt(square[i] / (double)count);
	return rmb_rank_p(distance, square, n);
}

static int
find_together(struct rmb_call *call, const struct against_how *how, struct against *a, struct finding *row)
{
	part_incomplete(call, a);
	int64_t ns = a->members->nstatistics, *place = rmb_scratch(call, (size_t)a->members->family[a->family].n, sizeof *place);
	struct rmb_likeness *likeness = rmb_scratch(call, (size_t)ns, sizeof *likeness);
	struct finding *all = &row[ns];
	if (!place || !likeness)
		return RMB_ELIMIT;
	int64_t n = complete(a, place), count = together(call, a, place, n, likeness);
	if (count == 0 || n < 2) {
		rmb_warn(call, "nothing can be said of %s: fewer than two replicates have all that is compared",
		         a->members->family[a->family].name);
		return 0;
	}
	int rc = find_interval(call, how, likeness, count, all);
	all->attainable = how->rank ? 1 / (double)(n + 1) : 0;
	if (how->rank)
		all->p = joint_rank(call, likeness, count, all->distance);
	for (int64_t s = 0; s < ns && !how->rank; s++)
		all->p = fmin(isnan(all->p) ? 1 : all->p, isnan(row[s].adjusted) ? 1 : row[s].adjusted);
	all->adjusted = all->p;
	return rc;
}

int
rmb_against_family(struct rmb_call *call, const struct against_how *how, const struct members *members, int64_t family,
                   struct finding *row)
{
	struct against a = { .members = members, .family = family };
	int64_t ns = members->nstatistics;
	double *p = rmb_scratch(call, (size_t)ns, sizeof *p), *adjusted = rmb_scratch(call, (size_t)ns, sizeof *adjusted);
	int rc = p && adjusted ? take_samples(call, &a, how->rank) : RMB_ELIMIT;
	for (int64_t s = 0; s <= ns; s++)
		row[s] = (struct finding){ s < ns ? members->statistic[s].name : "all", members->family[family].name, 0, NAN, NAN,
		                           NAN, NAN, NAN, NAN,
		                           NAN, NAN, NAN, NAN, NAN };
	for (int64_t s = 0; s < ns && !rc; s++) {
		rc = find_one(call, how, &a, s, &row[s]);
		p[s] = row[s].p;
	}
	if (rc)
		return rc;
	rmb_holm(p, ns, adjusted);
	for (int64_t s = 0; s < ns; s++)
		row[s].adjusted = adjusted[s];
	return find_together(call, how, &a, row);
}
