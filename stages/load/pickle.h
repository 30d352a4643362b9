/* load/pickle.h -- Python pickles as data: what suite2p writes into stat.npy, ops.npy, settings.npy and db.npy.
 *
 * A pickle is a program for a small stack machine that may import and call anything. This reader runs the machine's data part
 * alone: numbers, texts, lists, tuples, dictionaries, and the arrays and scalars of NumPy, which are recognised by the names
 * of their builders and built here. Every other name is refused and told. Nothing is imported, called or evaluated.
 * Protocols 2 to 5; sizes are checked against the bytes that are there before anything is allocated. */
#ifndef RMB_LOAD_PICKLE_H
#define RMB_LOAD_PICKLE_H
#include "load/format.h"

struct rmb_pickled; /* one value; lives in the arena */

/* Reads the pickle at bytes[n], which must stay. `what` names it in sentences. RMB_EINPUT: damaged, or holds what is refused. */
int rmb_pickle_read(struct rmb_arena *arena, const char *what, const unsigned char *bytes, size_t n,
                    const struct rmb_pickled **value, struct rmb_error *error) RMB_CHECKED;
/* Entry of a dictionary with that text as its key; NULL: none, or no dictionary. */
const struct rmb_pickled *rmb_pickle_get(const struct rmb_pickled *value, const char *key);
/* Entries of a list, a tuple, or an array of any shape (in its own order); -1: it is none of these. */
int64_t rmb_pickle_length(const struct rmb_pickled *value);
/* Entry i of a list, a tuple or an array of objects; NULL: there is none, or it is a bare number of an array. */
const struct rmb_pickled *rmb_pickle_item(const struct rmb_pickled *value, int64_t i);
/* A text, not NUL-terminated, of the value itself or of entry i; NULL: it is none. */
const char *rmb_pickle_text(const struct rmb_pickled *value, int64_t i, size_t *length);
/* Entry i as a number; a single number is its own entry 0, and so is the only item of an array without axes. */
bool rmb_pickle_number(const struct rmb_pickled *value, int64_t i, double *number);
#endif
