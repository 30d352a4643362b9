/* pipeline/journal.h -- measured time and peak memory of every node that ran, one JSON line each; it feeds the next plan. */
#ifndef RMB_JOURNAL_H
#define RMB_JOURNAL_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"

struct rmb_measure {
	double seconds, cpu, peak_bytes, object_bytes;
	int threads;
	int blas_threads; /* of an expectation: what the descriptor says */
	bool guess;  /* of an expectation: made without knowing how large the recording is */
};
/* One line by a single write(2) with O_APPEND. Failing to write it fails nothing. */
void rmb_journal_add(const struct rmb_cache *cache, const struct rmb_node *node, const struct rmb_measure *measure);
/* The same for a node that failed: `text` is the sentence that was said. */
void rmb_journal_failed(const struct rmb_cache *cache, const struct rmb_node *node, int code, const char *text);
/* Expectation for a node: measured rates of its stage where the journal has them, else the descriptor's estimate at
 * assumed rates. `journal` is opaque and read once. */
struct rmb_journal;
struct rmb_journal *rmb_journal_read(const struct rmb_cache *cache); /* NULL: none */
void rmb_journal_free(struct rmb_journal *journal);
void rmb_journal_expect(const struct rmb_journal *journal, const struct rmb_node *node, struct rmb_measure *expected);
/* Two digits are what an expectation is worth. */
double rmb_measure_rounded(double value);
/* What was said when the node last ran, if it failed then; NULL: it did not, or that is not known. */
const char *rmb_journal_failure(const struct rmb_journal *journal, const struct rmb_node *node);
#endif
