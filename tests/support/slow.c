#include "support/slow.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

double
slow_value(const struct rmb_recording *recording, int64_t row, int64_t frame)
{
	int64_t shift = recording->shift ? recording->shift[row] : 0, nt = recording->nframes;
	int64_t at = ((frame - shift) % nt + nt) % nt, stored = at;
	for (int64_t i = 0; i < recording->nintervals; i++) {
		if (at < recording->interval[i].n) {
			stored = recording->interval[i].start + at;
			break;
		}
		at -= recording->interval[i].n;
	}
	double x = (double)recording->samples[(recording->row ? recording->row[row] : row) * recording->stored_frames + stored];
	return recording->scale ? (x - recording->offset[row]) * recording->scale[row] : x;
}

void
slow_product(const struct rmb_recording *first, const struct rmb_recording *second, const struct rmb_interval *interval,
             int64_t nintervals, int64_t lead, double *c)
{
	int64_t n1 = first->neurons.n, n2 = second->neurons.n;
	memset(c, 0, (size_t)(n1 * n2) * sizeof *c);
	for (int64_t b = 0; b < nintervals; b++)
		for (int64_t t = interval[b].start; t < interval[b].start + interval[b].n; t++)
			for (int64_t i = 0; i < n1; i++)
				for (int64_t j = 0; j < n2; j++)
					c[i * n2 + j] += slow_value(first, i, t + lead) * slow_value(second, j, t);
}

/* Sorts w descending, and the rows of v (length n) and u (length m) with it; either may be NULL. */
static void
sort_rows(double *w, int64_t nk, double *v, int64_t n, double *u, int64_t m)
{
	for (int64_t i = 0; i < nk; i++)
		for (int64_t j = i + 1; j < nk; j++) {
			if (w[j] <= w[i])
				continue;
			double t = w[i];
			w[i] = w[j];
			w[j] = t;
			for (int64_t k = 0; v && k < n; k++) {
				t = v[i * n + k];
				v[i * n + k] = v[j * n + k];
				v[j * n + k] = t;
			}
			for (int64_t k = 0; u && k < m; k++) {
				t = u[i * m + k];
				u[i * m + k] = u[j * m + k];
				u[j * m + k] = t;
			}
		}
}

static void
rotate(double *x, double *y, int64_t n, double c, double s)
{
	for (int64_t k = 0; k < n; k++) {
		double a = x[k], b = y[k];
		x[k] = c * a - s * b;
		y[k] = s * a + c * b;
	}
}

/* Cosine and sine that make two vectors of squared lengths p, q and product r orthogonal. */
static void
angle(double p, double q, double r, double *c, double *s)
{
	double zeta = (q - p) / (2 * r), t = (zeta >= 0 ? 1 : -1) / (fabs(zeta) + sqrt(1 + zeta * zeta));
	*c = 1 / sqrt(1 + t * t);
	*s = *c * t;
}

void
slow_singular(const double *c, int64_t m, int64_t n, double *s, double *u, double *v)
{
	int64_t nk = m < n ? m : n, length = m < n ? n : m;
	double *rows = malloc((size_t)(nk * length) * sizeof *rows), *turn = calloc((size_t)(nk * nk), sizeof *turn);
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < n; j++)
			rows[m < n ? i * length + j : j * length + i] = c[i * n + j];
	for (int64_t k = 0; k < nk; k++)
		turn[k * nk + k] = 1;
	for (int sweep = 0, turned = 1; sweep < 60 && turned; sweep++) {
		turned = 0;
		for (int64_t i = 0; i < nk; i++)
			for (int64_t j = i + 1; j < nk; j++) {
				double p = 0, q = 0, r = 0, co, si;
				for (int64_t k = 0; k < length; k++) {
					p += rows[i * length + k] * rows[i * length + k];
					q += rows[j * length + k] * rows[j * length + k];
					r += rows[i * length + k] * rows[j * length + k];
				}
				if (fabs(r) <= 1e-17 * sqrt(p * q))
					continue;
				turned = 1;
				angle(p, q, r, &co, &si);
				rotate(rows + i * length, rows + j * length, length, co, si);
				rotate(turn + i * nk, turn + j * nk, nk, co, si);
			}
	}
	for (int64_t k = 0; k < nk; k++) {
		double power = 0;
		for (int64_t i = 0; i < length; i++)
			power += rows[k * length + i] * rows[k * length + i];
		s[k] = sqrt(power);
		for (int64_t i = 0; i < length && power > 0; i++)
			rows[k * length + i] /= s[k];
	}
	sort_rows(s, nk, rows, length, turn, nk);
	memcpy(m < n ? u : v, turn, (size_t)(nk * nk) * sizeof *turn);
	memcpy(m < n ? v : u, rows, (size_t)(nk * length) * sizeof *rows);
	free(rows);
	free(turn);
}

void
slow_eigen(const double *a, int64_t n, double *w, double *v)
{
	double *d = malloc((size_t)(n * n) * sizeof *d), *rows = calloc((size_t)(n * n), sizeof *rows);
	memcpy(d, a, (size_t)(n * n) * sizeof *d);
	for (int64_t k = 0; k < n; k++)
		rows[k * n + k] = 1;
	for (int sweep = 0, turned = 1; sweep < 60 && turned; sweep++) {
		turned = 0;
		for (int64_t i = 0; i < n; i++)
			for (int64_t j = i + 1; j < n; j++) {
				double co, si;
				if (fabs(d[i * n + j]) <= 1e-18 * (fabs(d[i * n + i]) + fabs(d[j * n + j])))
					continue;
				turned = 1;
				angle(d[i * n + i], d[j * n + j], d[i * n + j], &co, &si);
				rotate(d + i * n, d + j * n, n, co, si);
				for (int64_t k = 0; k < n; k++)
					rotate(d + k * n + i, d + k * n + j, 1, co, si);
				rotate(rows + i * n, rows + j * n, n, co, si);
			}
	}
	for (int64_t k = 0; k < n; k++)
		w[k] = d[k * n + k];
	sort_rows(w, n, rows, n, NULL, 0);
	if (v)
		memcpy(v, rows, (size_t)(n * n) * sizeof *rows);
	free(d);
	free(rows);
}

void
slow_shared(const struct rmb_recording *first, const struct rmb_recording *second, const struct rmb_interval *train, int64_t ntrain,
            const struct rmb_interval *test, int64_t ntest, double *s, double *scov, double *varcov)
{
	int64_t n1 = first->neurons.n, n2 = second->neurons.n, nk = n1 < n2 ? n1 : n2, frames = 0;
	double *c = malloc((size_t)(n1 * n2 + nk * (n1 + n2)) * sizeof *c), *u = c + n1 * n2, *v = u + nk * n1;
	slow_product(first, second, train, ntrain, 0, c);
	slow_singular(c, n1, n2, s, u, v);
	for (int64_t k = 0; k < nk; k++)
		scov[k] = varcov[k] = 0;
	for (int64_t b = 0; b < ntest; b++)
		for (int64_t t = test[b].start; t < test[b].start + test[b].n; t++, frames++)
			for (int64_t k = 0; k < nk; k++) {
				double p = 0, q = 0;
				for (int64_t i = 0; i < n1; i++)
					p += u[k * n1 + i] * slow_value(first, i, t);
				for (int64_t j = 0; j < n2; j++)
					q += v[k * n2 + j] * slow_value(second, j, t);
				scov[k] += p * q;
				varcov[k] += (p * p + q * q) / 2;
			}
	for (int64_t k = 0; k < nk; k++) {
		scov[k] /= (double)frames;
		varcov[k] /= (double)frames;
	}
	free(c);
}
