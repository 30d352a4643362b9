/* simulate/wiring.h -- the settings that say which network: shared by every stage that draws one. */
#ifndef RMB_SIMULATE_WIRING_H
#define RMB_SIMULATE_WIRING_H
#include "numeric/network.h"
#include "rumble/stage.h"

/* The first member of a stage's settings, so that RMB_WIRING_PARAMS fits. */
struct wiring_settings {
	const char *connectivity, *definition, *entries;
	double asymmetry, probability, peak;
	int64_t cluster;
	double width, inhibition;
	const char *positions, *geometry;
	double box, edge;
};

#define RMB_WIRING_AT(member) .at = offsetof(struct wiring_settings, member)
#define RMB_WIRING_PARAMS \
	{ .name = "connectivity", .kind = RMB_WORD, RMB_WIRING_AT(connectivity), .def = "symmetric", \
	  .words = "symmetric|partial|nonsymmetric|sparse|clustered|local|clipped", \
	  .help = "family of the network; clipped: normal entries, eigenvalues beyond the edge moved onto it" }, \
	{ .name = "asymmetry", .kind = RMB_REAL, RMB_WIRING_AT(asymmetry), .def = "none", .none = true, .unit = "1", .max = 1, \
	  .help = "0: symmetric, 1: both directions of a pair are independent (partial; sparse, clustered, local: 0)" }, \
	{ .name = "definition", .kind = RMB_WORD, RMB_WIRING_AT(definition), .def = "equal", .words = "equal|paper", \
	  .help = "of asymmetry between 0 and 1; equal: 1 less the correlation of the two directions; paper: the published " \
	          "mixture" }, \
	{ .name = "entries", .kind = RMB_WORD, RMB_WIRING_AT(entries), .def = "uniform", \
	  .words = "uniform|binary|gaussian|half_normal|trunc_gaussian|exponential", \
	  .help = "distribution of the strengths (symmetric, partial, nonsymmetric); trunc_gaussian is the published name of " \
	          "half_normal" }, \
	{ .name = "probability", .kind = RMB_REAL, RMB_WIRING_AT(probability), .def = "none", .none = true, .unit = "1", \
	  .max = 1, .help = "of a connection (sparse); between clusters (clustered); the least, however far (local)" }, \
	{ .name = "peak", .kind = RMB_REAL, RMB_WIRING_AT(peak), .def = "0.5", .unit = "1", .min = 1e-9, .max = 1, \
	  .help = "probability of a connection inside a cluster, or at distance zero (clustered, local)" }, \
	{ .name = "cluster", .kind = RMB_INT, RMB_WIRING_AT(cluster), .def = "500", .min = 2, .max = 1e9, \
	  .help = "neurons of a cluster" }, \
	{ .name = "width", .kind = RMB_REAL, RMB_WIRING_AT(width), .def = "250 um", .unit = "um", .min = 1e-6, .max = 1e9, \
	  .help = "distance at which the probability has fallen to 1/e of its peak (local)" }, \
	{ .name = "inhibition", .kind = RMB_REAL, RMB_WIRING_AT(inhibition), .def = "1", .unit = "1", .min = 1e-3, .max = 1e3, \
	  .help = "how many times as wide the profile that balances it is (local)" }, \
	{ .name = "positions", .kind = RMB_WORD, RMB_WIRING_AT(positions), .def = "auto", .words = "auto|recording|drawn", \
	  .help = "places of the neurons (local); auto: the recording's if it has any, else drawn evenly on a torus" }, \
	{ .name = "geometry", .kind = RMB_WORD, RMB_WIRING_AT(geometry), .def = "auto", .words = "auto|plane|circular|paper", \
	  .help = "distances (local); auto: plane for places of a recording, circular for drawn ones; paper: the published " \
	          "wrapping at 1 um" }, \
	{ .name = "box", .kind = RMB_REAL, RMB_WIRING_AT(box), .def = "8000 um", .unit = "um", .min = 1e-3, .max = 1e9, \
	  .help = "side of the torus, and of the square on which places are drawn (local)" }, \
	{ .name = "edge", .kind = RMB_REAL, RMB_WIRING_AT(edge), .def = "0.999", .unit = "1", .min = 1e-6, .max = 0.9999999, \
	  .help = "largest real part of an eigenvalue; 1 is the edge of stability" }

/* For the descriptor: settings that do not go together. */
int rmb_wiring_check(const void *settings, struct rmb_error *error);
/* The same for what is known once the number of neurons is set in the recipe (INT64_MIN: it is not). */
int rmb_wiring_check_size(const struct wiring_settings *settings, int64_t n, struct rmb_error *error);
/* Family, asymmetry, entries, probabilities and edge as set: all that needs no neurons. */
struct rmb_network rmb_wiring_network(const struct wiring_settings *settings);
/* What a network is drawn from: its entries, and the places of its neurons where they are drawn. */
struct wiring_streams { struct rmb_stream network, places; };
/* Those that nodes with networks of n neurons share. */
struct wiring_streams rmb_wiring_streams_common(const struct rmb_call *call, int64_t n);
/* Those of this node alone. */
struct wiring_streams rmb_wiring_streams(const struct rmb_call *call);
/* The network of n neurons, drawn from those streams. `neurons` (NULL: none) may have places. Warns where something was
 * decided for the user. 0 or a failure. */
int rmb_wiring_make(struct rmb_call *call, const char *stage, const struct wiring_settings *settings,
                    const struct rmb_neurons *neurons, int64_t n, struct wiring_streams streams,
                    struct rmb_network *network) RMB_CHECKED;
#endif
