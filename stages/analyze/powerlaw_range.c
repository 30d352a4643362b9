#include "analyze/powerlaw_range.h"
#include <math.h>
#include "analyze/common.h"

/* Stretches of the range, each by itself. */
static int
publish_stretches(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw_options *options,
                  int64_t last)
{
	int64_t end[RMB_STRETCHES], first = options->first;
	struct rmb_axis axis = rmb_axis_index("stretch", rmb_powerlaw_stretches(first, last, end));
	struct rmb_array *rank = rmb_output(call, "local_rank", &axis), *exponent = rmb_output(call, "local_exponent", &axis);
	if (!rank || !exponent)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < axis.n; first = end[i++] + 1) {
		struct rmb_powerlaw_options stretch = *options;
		struct rmb_powerlaw fit;
		struct rmb_error error = { 0 };
		stretch.first = first;
		stretch.last = end[i];
		((double *)rank->data)[i] = sqrt((double)first * (double)end[i]);
		((double *)exponent->data)[i] =
			rmb_powerlaw_fit(spectrum->data, spectrum->axis[0].n, &stretch, &fit, &error) ? NAN : fit.alpha;
	}
	return 0;
}

enum { FIRSTS = 8, LASTS = 12 };
struct grid { int64_t nfirst, nlast, first[FIRSTS], last[LASTS]; };

/* Where fewer ranks are resolved than `lasts` begins with, ends are tried from half of those on. */
static struct grid
make_grid(struct rmb_range firsts, struct rmb_range lasts, int64_t components, int64_t resolved)
{
	int64_t some = components > 1 ? components : 1, top = lasts.last < some ? lasts.last : some,
	        low = resolved > 3 ? resolved / 2 : 1;
	struct grid grid;
	low = low < lasts.first ? low : lasts.first;
	grid.nfirst = rmb_log_spaced(firsts.first, firsts.last, FIRSTS, grid.first);
	grid.nlast = rmb_log_spaced(low < top ? low : top, top, LASTS, grid.last);
	return grid;
}

/* An output [first] or [last]; NULL: failed. */
static double *
make_column(struct rmb_call *call, const char *port, const char *axis_name, int64_t n)
{
	struct rmb_axis axis = rmb_axis_index(axis_name, n);
	struct rmb_array *column = rmb_output(call, port, &axis);
	return column ? column->data : NULL;
}

static int
publish_by_first(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw_options *options,
                 const struct grid *grid, int64_t last)
{
	double *first = make_column(call, "first_tried", "first", grid->nfirst),
	       *by_first = make_column(call, "by_first", "first", grid->nfirst);
	for (int64_t i = 0; first && by_first && i < grid->nfirst; i++) {
		first[i] = (double)grid->first[i];
		by_first[i] = rmb_powerlaw_exponent(spectrum->data, spectrum->axis[0].n, options, grid->first[i], last);
	}
	return first && by_first ? 0 : RMB_ELIMIT;
}

/* Of all ranges that end at the same rank, the fit's own beginning among them, the least and the largest; fmin and fmax
 * pass over NaN. */
static int
publish_by_last(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw_options *options,
                const struct grid *grid, int64_t resolved_rank)
{
	struct rmb_axis axes[] = { rmb_axis_index("first", grid->nfirst), rmb_axis_index("last", grid->nlast) };
	struct rmb_array *band = rmb_output(call, "band", axes);
	double *last = make_column(call, "last_tried", "last", grid->nlast),
	       *by_last = make_column(call, "by_last", "last", grid->nlast);
	double *low = make_column(call, "by_last_low", "last", grid->nlast),
	       *high = make_column(call, "by_last_high", "last", grid->nlast);
	struct rmb_scalar all[] = { { "band_low", NAN }, { "band_high", NAN } };
	if (!band || !last || !by_last || !low || !high)
		return RMB_ELIMIT;
	for (int64_t j = 0; j < grid->nlast; j++) {
		last[j] = (double)grid->last[j];
		low[j] = high[j] = by_last[j] =
			rmb_powerlaw_exponent(spectrum->data, spectrum->axis[0].n, options, options->first, grid->last[j]);
		for (int64_t i = 0; i < grid->nfirst; i++) {
			double alpha = rmb_powerlaw_exponent(spectrum->data, spectrum->axis[0].n, options, grid->first[i],
			                                     grid->last[j]);
			((double *)rmb_array_row(band, i))[j] = alpha;
			low[j] = fmin(low[j], alpha);
			high[j] = fmax(high[j], alpha);
		}
		if (grid->last[j] <= resolved_rank) {
			all[0].value = fmin(all[0].value, low[j]);
			all[1].value = fmax(all[1].value, high[j]);
		}
	}
	return rmb_output_scalars(call, all, 2);
}

int
rmb_publish_ranges(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw_options *options,
                   const struct rmb_powerlaw *fit, struct rmb_range firsts, struct rmb_range lasts, int64_t resolved_rank)
{
	struct grid grid = make_grid(firsts, lasts, fit->components, resolved_rank);
	int rc = publish_stretches(call, spectrum, options, fit->last);
	if (!rc)
		rc = publish_by_first(call, spectrum, options, &grid, fit->last);
	return rc ? rc : publish_by_last(call, spectrum, options, &grid, resolved_rank);
}
