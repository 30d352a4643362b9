/* pipeline/progress.h -- what a run says while it runs: a live display on a terminal, plain lines elsewhere, or JSON events. */
#ifndef RMB_PROGRESS_H
#define RMB_PROGRESS_H
#include <stdbool.h>
#include "pipeline/graph.h"
#include "pipeline/journal.h"

struct rmb_progress; /* opaque */
/* json: one event a line on standard output; else standard error. */
struct rmb_progress *rmb_progress_new(bool json, bool quiet);
void rmb_progress_free(struct rmb_progress *p);
void rmb_progress_begin(struct rmb_progress *p, int torun, int cached, double seconds, bool least);
/* A new round: so many are still to run beside those that ended. */
void rmb_progress_again(struct rmb_progress *p, int torun);
/* So many more than was said. */
void rmb_progress_more(struct rmb_progress *p, int torun);
void rmb_progress_started(struct rmb_progress *p, const struct rmb_node *node, const struct rmb_measure *expected);
void rmb_progress_moved(struct rmb_progress *p, const struct rmb_node *node, double fraction);
void rmb_progress_warned(struct rmb_progress *p, const struct rmb_node *node, const char *text);
/* measure NULL: another run made it. */
void rmb_progress_done(struct rmb_progress *p, const struct rmb_node *node, const struct rmb_measure *measure);
void rmb_progress_failed(struct rmb_progress *p, const struct rmb_node *node, int code, const char *text);
void rmb_progress_note(struct rmb_progress *p, const char *format, ...) RMB_PRINTF(2, 3);
/* It no longer runs, but is not done: it will be tried again, waits for another run, or was stopped. */
void rmb_progress_dropped(struct rmb_progress *p, const struct rmb_node *node);
/* Redraws the live display if it is time to. */
void rmb_progress_tick(struct rmb_progress *p);
void rmb_progress_end(struct rmb_progress *p, int code, const char *report);
#endif
