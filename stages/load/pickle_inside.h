/* load/pickle_inside.h -- values and the machine, for the three files that read pickles: pickle.c (its operations),
 * pickle_build.c (what names build), pickle_look.c (looking at values). */
#ifndef RMB_LOAD_PICKLE_INSIDE_H
#define RMB_LOAD_PICKLE_INSIDE_H
#include "load/pickle.h"

enum rmb_pickle_kind { NOTHING, TRUTH, WHOLE, REAL, TEXT, LIST, DICTIONARY, NAME, TYPE, ARRAY, OTHER, MARK };
/* How the items of an array lie; item size 0: unknown. */
struct rmb_pickle_items { struct rmb_member as; bool objects; };

struct rmb_pickled {
	enum rmb_pickle_kind kind;
	union {
		int64_t whole;                                                     /* TRUTH, WHOLE; NAME: which builder */
		double real;
		struct { const unsigned char *at; size_t n; } text;                /* TEXT, in the pickle itself: no NUL */
		struct {
			const struct rmb_pickled **item;
			int64_t n;
			size_t room;
		} list; /* DICTIONARY: key, value, key, value, ... */
		struct rmb_pickle_items *items;                                               /* TYPE */
		struct {
			const struct rmb_pickled *type, *data;
			int64_t n;
		} array; /* data: TEXT, or a LIST of objects; NULL: not yet built */
	};
};
struct rmb_pickle_machine {
	struct rmb_arena *arena;
	const char *what;
	struct rmb_error *error;
	const unsigned char *bytes;
	size_t n, at;
	const struct rmb_pickled **stack, **memo;
	size_t depth, remembered; /* entries of both; the memo has gaps of NULL */
	size_t stack_room, memo_room;
	bool done;
};

/* Records that the pickle is damaged, and how; false. */
bool rmb_pickle_damaged(struct rmb_pickle_machine *m, const char *how);
/* A new value; NULL: no memory, recorded. */
struct rmb_pickled *rmb_pickle_make(struct rmb_pickle_machine *m, enum rmb_pickle_kind kind);
/* Whether at[n] is this word. */
bool rmb_pickle_same(const unsigned char *at, size_t n, const char *word);

/* pickle_build.c: which builder module.name is; -1: none that makes data. */
int rmb_pickle_builder(const unsigned char *module, size_t nmodule, const unsigned char *name, size_t nname);
/* What that builder makes of a list of arguments; NULL: recorded. */
const struct rmb_pickled *rmb_pickle_build(struct rmb_pickle_machine *m, int builder, const struct rmb_pickled *arguments);
/* Gives `on` the state that stands behind it; false: recorded. */
bool rmb_pickle_set_state(struct rmb_pickle_machine *m, struct rmb_pickled *on, const struct rmb_pickled *state);
#endif
