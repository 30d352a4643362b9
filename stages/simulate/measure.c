#include "simulate/measure.h"
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "rumble/units.h"
#include "simulate/matched.h"

double
rmb_measure_noise(const struct measure_settings *set)
{
	double noise = 0;
	if (!set->noise)
		return 0;
	return strcmp(set->noise, "matched") == 0 || rmb_quantity_parse(set->noise, "1", &noise, NULL) ? NAN : noise;
}

int
rmb_measure_check(const struct measure_settings *set, struct rmb_error *error)
{
	bool signal = strcmp(set->measurement, "gaussian") == 0, calcium = strcmp(set->measurement, "calcium") == 0;
	double noise = rmb_measure_noise(set);
	if (set->noise && strcmp(set->noise, "matched") != 0 && !(noise >= 0 && noise <= 1e6))
		return rmb_error_set(error, RMB_ERECIPE, "noise is '%s'; it is none, matched or a number from 0 to 1e6",
		                     set->noise);
	if (signal && !isnan(set->mean_rate))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "mean_rate is read only with measurement poisson or calcium; measurement is 'gaussian'");
	if (!calcium && (set->indicator != 0.25 || set->brightness != 0.5))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "indicator and brightness are read only with measurement calcium; measurement is '%s'",
		                     set->measurement);
	return 0;
}

double
rmb_measure_memory(const struct measure_settings *set, const struct rmb_size *size, int64_t group)
{
	double n = size->neurons, columns = (double)rmb_lockstep_columns((int64_t)n, group), frames = size->frames,
	       noise = rmb_measure_noise(set);
	bool measured = strcmp(set->measurement, "gaussian") != 0 || set->smoothing > 0 || !(noise <= 0);
	/* a block; rows of it, or whole ones where they are measured, for eight threads */
	double bytes = 4 * n * columns + 192 * (measured ? fmax(columns, frames) : columns) + 300 * n + 16e6;
	double rows = fmin(n, RMB_PILOT_NEURONS);
	/* signals and what is measured of them; the components of both halves */
	return bytes + (isnan(noise) ? 8 * rows * fmin(frames, RMB_PILOT_FRAMES) + 20 * rows * rows + 64e6 : 0);
}

int
rmb_measure_blas_threads(const struct measure_settings *set, const struct rmb_size *size)
{
	return isnan(rmb_measure_noise(set)) ? rmb_solver_threads((int64_t)fmin(size->neurons, RMB_PILOT_NEURONS) / 2) : 1;
}
