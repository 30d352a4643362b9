#include "numeric/network.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "numeric/lapack.h"
#include "rumble/parallel.h"

/* Rows of a piece of work, and side of the squares in which a triangle and its mirror image are read together. */
enum { ROWS = 64 };

/* ---- what can be said before drawing ---- */

static bool
sparse(const struct rmb_network *net)
{
	return net->family == RMB_SPARSE || net->family == RMB_CLUSTERED || net->family == RMB_LOCAL;
}

bool
rmb_network_symmetric(const struct rmb_network *net)
{
	return net->family != RMB_CLIPPED && net->asymmetry == 0;
}

static int
check_places(const struct rmb_network *net, struct rmb_error *error)
{
	if (net->space.naxes < 1)
		return rmb_error_set(error, RMB_EDATA, "a local network needs the places of its neurons");
	for (int axis = 0; axis < net->space.naxes; axis++)
		for (int64_t i = 0; i < net->n; i++)
			if (!isfinite(net->space.axis[axis][i]))
				return rmb_error_set(error, RMB_EDATA,
				                     "a local network needs the place of every neuron; neuron %" PRId64
				                     " has none: leave it out with a select stage (`neurons`, or a `box` that "
				                     "holds all places), or use `positions: drawn`",
				                     i);
	return 0;
}

int
rmb_network_check(const struct rmb_network *net, struct rmb_error *error)
{
	if (net->n < 2)
		return rmb_error_set(error, RMB_EDATA, "a network needs 2 neurons or more; found %" PRId64, net->n);
	if (net->n > RMB_LAPACK_MAX)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "a network of %" PRId64 " neurons is larger than the %d whose eigenvalues LAPACK finds "
		                     "safely; use fewer neurons",
		                     net->n, RMB_LAPACK_MAX);
	if (!(net->edge > 0 && net->edge < 1))
		return rmb_error_set(error, RMB_EDATA, "the edge of a stable network lies between 0 and 1; found %g", net->edge);
	if (!(net->asymmetry >= 0 && net->asymmetry <= 1))
		return rmb_error_set(error, RMB_EDATA, "asymmetry lies between 0 and 1; found %g", net->asymmetry);
	if (sparse(net) && !(net->probability > 0 && net->probability < 1))
		return rmb_error_set(error, RMB_EDATA,
		                     "a probability of connection between 0 and 1 is needed, both excluded; found %g",
		                     net->probability);
	if (net->family != RMB_CLUSTERED && net->family != RMB_LOCAL)
		return 0;
	if (!(net->peak > 0 && net->peak <= 1))
		return rmb_error_set(error, RMB_EDATA, "the probability of connection %s lies between 0 and 1; found %g",
		                     net->family == RMB_LOCAL ? "at distance zero" : "inside a cluster", net->peak);
	if (net->family == RMB_LOCAL)
		return check_places(net, error);
	if (net->cluster < 2 || net->cluster > net->n)
		return rmb_error_set(error, RMB_EDATA, "clusters of %" PRId64 " neurons do not fit a network of %" PRId64 "; give a "
		                                       "smaller `cluster`",
		                     net->cluster, net->n);
	return 0;
}

void
rmb_network_places(struct rmb_stream stream, int64_t n, double box, double *x, double *y)
{
	for (int64_t i = 0; i < n; i++) {
		x[i] = box * rmb_random_uniform(stream, (uint64_t)(2 * i));
		y[i] = box * rmb_random_uniform(stream, (uint64_t)(2 * i + 1));
	}
}

/* ---- pieces of rows ---- */

struct shaping {
	const struct rmb_network *net;
	double *a;
	double mean;            /* of the half-normal */
	double balance;         /* height of the profile that is subtracted, over the other's */
	double *sum, *other;    /* [pieces] */
	int64_t *connected;     /* [pieces] */
};

static int64_t
pieces(const struct rmb_network *net)
{
	return (net->n + ROWS - 1) / ROWS;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
normal_draws(const struct rmb_network *net)
{
	return net->family == RMB_CLIPPED ||
	       (net->family == RMB_DENSE &&
	        (net->entries == RMB_BINARY || net->entries == RMB_GAUSSIAN || net->entries == RMB_HALF_NORMAL));
}

static int
draw_rows(void *argument, int64_t piece, int thread)
{
	const struct shaping *s = argument;
	int64_t n = s->net->n, end = least(n, (piece + 1) * ROWS) * n;
	bool normal = normal_draws(s->net);
	(void)thread;
	for (int64_t i = piece * ROWS * n; i < end; i++)
		s->a[i] = normal ? rmb_random_normal(s->net->stream, (uint64_t)i)
		                 : rmb_random_uniform(s->net->stream, (uint64_t)i);
	return 0;
}

int
rmb_network_raw(const struct rmb_network *net, double *a, struct rmb_error *error)
{
	struct shaping s = { .net = net, .a = a };
	int rc = rmb_network_check(net, error);
	return rc ? rc : rmb_parallel(net->threads, pieces(net), draw_rows, &s);
}

static int
sum_moduli(void *argument, int64_t piece, int thread)
{
	const struct shaping *s = argument;
	int64_t n = s->net->n, end = least(n, (piece + 1) * ROWS) * n;
	(void)thread;
	for (int64_t i = piece * ROWS * n; i < end; i++)
		s->sum[piece] += fabs(s->a[i]);
	return 0;
}

static double
profile(const struct rmb_network *net, double distance, double width)
{
	return net->peak * exp(-distance / width);
}

static int
sum_profiles(void *argument, int64_t piece, int thread)
{
	const struct shaping *s = argument;
	const struct rmb_network *net = s->net;
	(void)thread;
	for (int64_t i = piece * ROWS; i < least(net->n, (piece + 1) * ROWS); i++)
		for (int64_t j = 0; j < i; j++) {
			double distance = rmb_space_distance(&net->space, i, j);
			s->sum[piece] += profile(net, distance, net->width);
			s->other[piece] += profile(net, distance, net->width * net->inhibition);
		}
	return 0;
}

/* ---- one entry, one pair ---- */

/* Probability P of a connection between neurons i and j, and what is subtracted from its strength. */
static double
chance(const struct shaping *s, int64_t i, int64_t j, double *subtracted)
{
	const struct rmb_network *net = s->net;
	double p = net->probability;
	if (net->family == RMB_CLUSTERED && i / net->cluster == j / net->cluster && i / net->cluster < net->n / net->cluster)
		p = net->peak;
	*subtracted = p;
	if (net->family == RMB_LOCAL) {
		double distance = rmb_space_distance(&net->space, i, j);
		p = *subtracted = fmax(profile(net, distance, net->width), net->probability);
		if (net->inhibition != 1)
			*subtracted = fmax(s->balance * profile(net, distance, net->width * net->inhibition), net->probability);
	}
	return p;
}

/* B - P in both directions, from two uniform numbers. The upward connection is the downward one again with probability
 * 1 - asymmetry, and else drawn for itself: so that is the correlation of the two, and each is there with probability P.
 * The published mixture takes two independent ones. */
static void
sparse_pair(const struct shaping *s, int64_t i, int64_t j, bool mixed, double *up, double *low, int64_t *connected)
{
	double subtracted, p = chance(s, i, j, &subtracted), same = mixed ? 0 : 1 - s->net->asymmetry;
	bool downward = *low < p, upward = same == 1 ? downward : *up < (downward ? p + same * (1 - p) : (1 - same) * p);
	*connected += downward + upward;
	*low = downward - subtracted;
	*up = upward - subtracted;
}

/* Of a network that is not sparse, from its draw. */
static double
entry(const struct shaping *s, double raw)
{
	const struct rmb_network *net = s->net;
	if (net->family == RMB_CLIPPED)
		return raw / sqrt((double)net->n + 1e-3);
	switch (net->entries) {
	case RMB_UNIFORM:
		return 2 * raw - 1;
	case RMB_BINARY:
		return raw > 0 ? 1 : -1;
	case RMB_GAUSSIAN:
		return raw;
	case RMB_HALF_NORMAL:
		return fabs(raw) - s->mean;
	case RMB_EXPONENTIAL:
		break;
	}
	return -log1p(-raw) - 1;
}

/* Entries (i, j) and (j, i), i < j, become those of the matrix. */
static void
pair(const struct shaping *s, int64_t i, int64_t j, int64_t *connected)
{
	const struct rmb_network *net = s->net;
	double *up = &s->a[i * net->n + j], *low = &s->a[j * net->n + i], p = net->asymmetry;
	bool between = p > 0 && p < 1 && net->family != RMB_CLIPPED, mixed = between && net->published;
	if (sparse(net)) {
		sparse_pair(s, i, j, mixed, up, low, connected);
	} else {
		*low = entry(s, *low);
		*up = rmb_network_symmetric(net) ? *low : entry(s, *up);
		*connected += 2;
	}
	if (mixed)
		*low = (1 - p) * *up + p * *low;
	if (!between || mixed || sparse(net))
		return;
	double even = sqrt(1 - p / 2) * *low, odd = sqrt(p / 2) * *up; /* cos and sin of phi, cos(2 phi) = 1 - p */
	*up = even + odd;
	*low = even - odd;
}

static int
shape_rows(void *argument, int64_t piece, int thread)
{
	const struct shaping *s = argument;
	int64_t n = s->net->n, first = piece * ROWS, end = least(n, first + ROWS);
	(void)thread;
	for (int64_t column = first; column < n; column += ROWS)
		for (int64_t i = first; i < end; i++)
			for (int64_t j = column > i ? column : i + 1; j < least(n, column + ROWS); j++)
				pair(s, i, j, &s->connected[piece]);
	for (int64_t i = first; i < end; i++)
		s->a[i * n + i] = s->net->family == RMB_CLIPPED ? entry(s, s->a[i * n + i]) : 0;
	return 0;
}

static double
total(const double *sum, int64_t n)
{
	double all = 0;
	for (int64_t i = 0; i < n; i++)
		all += sum[i];
	return all;
}

static int
shape(struct shaping *s, int64_t npieces, struct rmb_error *error)
{
	const struct rmb_network *net = s->net;
	int64_t connected = 0;
	int rc = 0;
	if (net->family == RMB_DENSE && net->entries == RMB_HALF_NORMAL) {
		rc = rmb_parallel(net->threads, npieces, sum_moduli, s);
		s->mean = total(s->sum, npieces) / ((double)net->n * (double)net->n);
	}
	if (net->family == RMB_LOCAL && net->inhibition != 1) {
		rc = rmb_parallel(net->threads, npieces, sum_profiles, s);
		s->balance = total(s->sum, npieces) / total(s->other, npieces);
	}
	if (!rc)
		rc = rmb_parallel(net->threads, npieces, shape_rows, s);
	for (int64_t i = 0; i < npieces; i++)
		connected += s->connected[i];
	if (!rc && connected == 0)
		rc = rmb_error_set(error, RMB_EDATA,
		                   "none of the %" PRId64
		                   " neurons is connected at a probability of %g; raise it, or use more neurons",
		                   net->n, net->probability);
	return rc;
}

int
rmb_network_shape(const struct rmb_network *net, double *a, struct rmb_error *error)
{
	int64_t npieces = pieces(net);
	int rc = rmb_network_check(net, error);
	if (rc)
		return rc;
	struct shaping s = { .net = net, .a = a, .sum = calloc((size_t)npieces, sizeof *s.sum),
	                     .other = calloc((size_t)npieces, sizeof *s.other),
	                     .connected = calloc((size_t)npieces, sizeof *s.connected) };
	rc = s.sum && s.other && s.connected ? shape(&s, npieces, error) : rmb_error_nomem(error, "network");
	free(s.sum);
	free(s.other);
	free(s.connected);
	return rc;
}
