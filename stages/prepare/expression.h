/* prepare/expression.h -- conditions on neurons, as recipes write them: "quality > 0.3 and area = CP|LS and not plane = 2".
 *
 *     condition  = part { "or" part }            part = factor { "and" factor }
 *     factor     = "not" factor | "(" condition ")" | comparison
 *     comparison = number-field ( = | != | < | <= | > | >= ) number [unit] { "|" number [unit] }
 *                | ( "area" | "label" ) ( = | != ) pattern
 *     pattern    = text { "|" text }, each in quotes if it holds blanks or signs; outside quotes * stands for any characters,
 *                  ? for one
 *
 * Fields: id, x, y, z (um), quality, plane, probe, rate (Hz), area, label (of a unit: good, mua). Several numbers or texts
 * are alternatives of = and !=. A comparison with something unknown is neither true nor false, and so is what depends on it. */
#ifndef RMB_PREPARE_EXPRESSION_H
#define RMB_PREPARE_EXPRESSION_H
#include "rumble/stage.h"

/* What conditions are on. */
struct rmb_known {
	const struct rmb_neurons *neurons;
	const double *rate; /* [neurons->n] Hz, or NULL */
};

enum { RMB_FALSE, RMB_TRUE, RMB_UNKNOWN };

/* For check(): RMB_ERECIPE and a sentence that names the setting and what was found where, unless `text` is a condition. */
int rmb_condition_check(const char *setting, const char *text, struct rmb_error *error) RMB_CHECKED;
/* Whether a condition that was checked mentions a field. */
bool rmb_condition_mentions(const char *text, const char *field);
/* The first field that a checked condition mentions and that is not known of any neuron; NULL: there is none. `rate`
 * counts as known. */
const char *rmb_condition_lacks(const char *text, const struct rmb_neurons *neurons);
/* Of neuron i: RMB_FALSE, RMB_TRUE or RMB_UNKNOWN. */
int rmb_condition_holds(const char *text, const struct rmb_known *known, int64_t i);

/* The same for a pattern alone: a setting `area`. */
int rmb_pattern_check(const char *setting, const char *text, struct rmb_error *error) RMB_CHECKED;
bool rmb_pattern_matches(const char *pattern, const char *text);
/* Text of neuron i's area, in place; at most area_width bytes. */
const char *rmb_area_of(const struct rmb_neurons *neurons, int64_t i, char *place, size_t size);
#endif
