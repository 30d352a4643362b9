/* pipeline/verdict.h -- why a worker ended without having done its node, as a sentence and a code. */
#ifndef RMB_VERDICT_H
#define RMB_VERDICT_H
#include "pipeline/graph.h"

struct rmb_end {                /* what the run knows of it */
	int status;                 /* of waitpid() */
	bool overdue;               /* the run ended it, for the time limit */
	double time_limit, memory;  /* s; bytes that the node was expected to need */
	const char *words;          /* the end of what it wrote to standard error */
};

/* The sentence into text[size]; returns its code. */
int rmb_verdict(const struct rmb_end *end, const struct rmb_node *node, char *text, size_t size);
#endif
