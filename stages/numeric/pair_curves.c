#include <math.h>
#include "numeric/pairs.h"

static void
mean_over_neurons(const struct rmb_pair_table *table, int64_t b, bool published, double *mean, double *sd)
{
	double sum = 0, square = 0;
	int64_t used = 0;
	for (int64_t i = 0; i < table->n; i++) {
		double r = table->mean[i * table->nbins + b];
		if (isnan(r) && !published)
			continue;
		sum += r;
		used++;
	}
	*mean = used ? sum / (double)used : NAN;
	for (int64_t i = 0; i < table->n; i++) {
		double r = table->mean[i * table->nbins + b];
		if (isnan(r) && !published)
			continue;
		square += (r - *mean) * (r - *mean);
	}
	*sd = used ? sqrt(square / (double)used) : NAN;
}

void
rmb_pair_curves(const struct rmb_pair_table *table, bool published, struct rmb_pair_curves *curves)
{
	int64_t nbins = table->nbins;
	double all_strong = (double)table->admitted_strong, all_other = (double)table->admitted_other, far = 0;
	if (published) {
		all_strong = (double)table->nstrong * (double)table->n;
		all_other = (double)(table->n - table->nstrong) * (double)table->n;
	}
	for (int64_t b = 0; b < nbins; b++) {
		double strong = 0, other = 0, sum = 0;
		for (int64_t i = b; i < table->n * nbins; i += nbins) {
			double pairs = (double)(table->strong[i] + table->other[i]);
			strong += (double)table->strong[i];
			other += (double)table->other[i];
			if (pairs > 0)
				sum += table->mean[i] * pairs;
		}
		curves->odds[b] = (strong / all_strong) / (other / all_other);
		curves->pooled[b] = sum / (strong + other);
		mean_over_neurons(table, b, published, &curves->mean[b], &curves->sd[b]);
	}
	int64_t last = nbins < 4 ? nbins : 4;
	for (int64_t b = nbins - last; b < nbins; b++)
		far += curves->odds[b] / (double)last;
	curves->near_far = curves->odds[0] / far;
}
