/* pipeline/journal.h -- measured time and peak memory of every node that ran, one JSON line each; it feeds the next plan. */
#ifndef RMB_JOURNAL_H
#define RMB_JOURNAL_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"

struct rmb_measure { double seconds, cpu, peak_bytes, object_bytes; int threads; };
/* One line by a single write(2) with O_APPEND. Failing to write it fails nothing. */
void rmb_journal_add(const struct rmb_cache *cache, const struct rmb_node *node, const struct rmb_measure *measure);
/* Expectation for a node: measured rates of its stage where the journal has them, else the descriptor's estimate at
 * assumed rates. `journal` is opaque and read once. */
struct rmb_journal;
struct rmb_journal *rmb_journal_read(const struct rmb_cache *cache); /* NULL: none */
void rmb_journal_free(struct rmb_journal *journal);
void rmb_journal_expect(const struct rmb_journal *journal, const struct rmb_node *node, struct rmb_measure *expected);
#endif
