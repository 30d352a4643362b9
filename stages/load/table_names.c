/* load/table_names.c -- what the name of a table's column says: its role, and the unit of its times. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include "load/table.h"

enum { LONGEST_BASE = 32 };

static const struct { const char *member, *name[16];
} usual[RMB_TABLE_ROLES + 1] = {
	[RMB_TABLE_TIME] = { "tneural",
	                     { "time", "times", "times_s", "time_sec", "timestamp", "timestamps", "spike_time", "spike_times",
	                       "spike_time_s", "spike_times_s", "t", "st", "seconds" } },
	[RMB_TABLE_UNIT] = { "cluster",
	                     { "unit", "unit_id", "unit_index", "units", "cluster", "cluster_id", "spike_cluster", "spike_clusters",
	                       "clu", "neuron", "neuron_id", "cell", "cell_id", "roi", "roi_id" } },
	[RMB_TABLE_FRAME] = { "frame", { "frame", "frames", "sample", "bin" } },
	[RMB_TABLE_X] = { "xpos", { "x", "xpos", "x_um" } },
	[RMB_TABLE_Y] = { "ypos", { "y", "ypos", "y_um", "depth", "depth_um" } },
	[RMB_TABLE_AREA] = { "areas", { "area", "areas", "region", "acronym" } },
	[RMB_TABLE_QUALITY] = { "quality", { "quality", "snr" } },
	[RMB_TABLE_PLANE] = { "iplane", { "plane", "iplane" } },
	[RMB_TABLE_PROBE] = { "iprobe", { "probe", "iprobe" } },
	[RMB_TABLE_SAMPLE] = { NULL, { "value", "values", "dff", "df_f", "df/f", "f", "fluorescence", "activity", "signal", "intensity",
	                               "deconvolved" } },
};

const char *
rmb_table_member(enum rmb_table_role role)
{
	return usual[role].member;
}

/* Whether two names differ in nothing but case, blanks and punctuation: "Unit ID" is unit_id, "Time (s)" is time_s. */
static bool
alike(const char *a, const char *b)
{
	static const char skipped[] = " _-.()[]";
	for (;; a++, b++) {
		a += strspn(a, skipped);
		b += strspn(b, skipped);
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

/* ---- times in other units than seconds */

/* A name's last word, where it is a unit: how many of it a second has. */
static const struct { const char *word; double ticks; bool alone;
} units[] = {
	{ "s", 1, false },         { "sec", 1, false },         { "secs", 1, false },         { "second", 1, false },
	{ "seconds", 1, false },   { "ms", 1e3, true },         { "msec", 1e3, true },        { "msecs", 1e3, true },
	{ "millisecond", 1e3, true }, { "milliseconds", 1e3, true }, { "us", 1e6, false },    { "\u00b5s", 1e6, false },
	{ "\u03bcs", 1e6, false }, { "usec", 1e6, true },       { "microsecond", 1e6, true }, { "microseconds", 1e6, true },
	{ "ns", 1e9, false },      { "nsec", 1e9, true },       { "nanoseconds", 1e9, true }, { "min", 1 / 60., false },
	{ "minutes", 1 / 60., true },
};

double
rmb_table_ticks(const char *name)
{
	static const char apart[] = " _-.()[]/";
	static const char *const bases[] = { "", "time", "times", "timestamp", "timestamps", "spike_time", "spike_times", "spike", "spikes",
		                             "t", "st", "onset" };
	size_t end = strlen(name), begin, base = 0;
	while (end > 0 && strchr(apart, name[end - 1]))
		end--;
	for (begin = end; begin > 0 && !strchr(apart, name[begin - 1]);)
		begin--;
	char before[LONGEST_BASE] = "";
	for (size_t i = 0; i < begin && base + 1 < sizeof before; i++)
		before[base++] = name[i];
	for (size_t u = 0; u < sizeof units / sizeof *units; u++)
		for (size_t b = 0; b < sizeof bases / sizeof *bases && begin < sizeof before; b++)
			if (strlen(units[u].word) == end - begin && strncasecmp(units[u].word, name + begin, end - begin) == 0 &&
			    (b > 0 || units[u].alone) && alike(before, bases[b]))
				return units[u].ticks;
	return NAN;
}

bool
rmb_table_counts(const struct rmb_lines *lines, int64_t column)
{
	static const char *const names[] = { "frame", "frames", "sample", "samples", "sample_index", "spike_sample", "spike_samples",
		                             "spike_frame", "spike_frames", "time_samples", "time_frames", "time_index", "tick", "ticks" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (alike(lines->name[column], names[i]))
			return true;
	return false;
}

/* ---- roles */

bool
rmb_table_plays(const struct rmb_lines *lines, int64_t column, enum rmb_table_role role)
{
	for (size_t i = 0; i < sizeof usual[role].name / sizeof *usual[role].name && usual[role].name[i]; i++)
		if (alike(lines->name[column], usual[role].name[i]))
			return true;
	return role == RMB_TABLE_TIME && !isnan(rmb_table_ticks(lines->name[column]));
}

/* Of two columns of times the one in seconds is meant. */
static bool
is_in_seconds(const struct rmb_lines *lines, int64_t column)
{
	double ticks = rmb_table_ticks(lines->name[column]);
	return isnan(ticks) || ticks == 1;
}

int
rmb_table_usual(const struct rmb_lines *lines, enum rmb_table_role role, int64_t *column, struct rmb_error *error)
{
	*column = -1;
	for (int64_t c = 0; c < lines->ncolumns; c++) {
		if (!rmb_table_plays(lines, c, role))
			continue;
		bool here = role != RMB_TABLE_TIME || is_in_seconds(lines, c),
		     before = *column >= 0 && (role != RMB_TABLE_TIME || is_in_seconds(lines, *column));
		if (*column >= 0 && here == before)
			return rmb_error_set(
				error, RMB_EINPUT,
				"%s has both a column '%s' and a column '%s': name the one that is meant in the recipe",
				lines->path, lines->name[*column], lines->name[c]);
		*column = before ? *column : c;
	}
	return 0;
}

int64_t
rmb_table_column(const struct rmb_lines *lines, const char *name)
{
	for (int64_t c = 0; c < lines->ncolumns && name; c++)
		if (strcmp(lines->name[c], name) == 0)
			return c;
	return -1;
}

bool
rmb_table_is_named(const struct rmb_load_file *file, const char *name)
{
	for (const char *const *one = file->wish ? file->wish->named : NULL; one && *one; one++)
		if (strcmp(*one, name) == 0)
			return true;
	return false;
}
