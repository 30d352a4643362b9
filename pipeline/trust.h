/* pipeline/trust.h -- linear algebra is tested once on each kind of machine before a cache takes numbers from it. */
#ifndef RMB_TRUST_H
#define RMB_TRUST_H
#include "pipeline/cache.h"

/* Runs the quick self test unless this cache knows that it passed with this kernel and build of the BLAS (about 50 ms once;
 * `tested` in the cache, a line for each). RMB_EINTERNAL if it fails. */
int rmb_trust_machine(const struct rmb_cache *cache, struct rmb_error *error) RMB_CHECKED;
#endif
