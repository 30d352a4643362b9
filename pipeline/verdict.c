/* pipeline/verdict.c -- why a worker ended without having done its node. */
#include "pipeline/verdict.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "pipeline/events.h"
#include "pipeline/inputs.h"
#include "pipeline/run.h"
#include "rumble/units.h"

/* The last line of what it said into line[size]. */
static void
last_line(const char *words, char *line, size_t size)
{
	size_t n = strlen(words), from;
	while (n > 0 && words[n - 1] == '\n')
		n--;
	for (from = n; from > 0 && words[from - 1] != '\n';)
		from--;
	snprintf(line, size, "%.*s", (int)(n - from), words + from);
}

static double
file_bytes(const struct rmb_node *node)
{
	double bytes = 0;
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		if (node->stage->params[p].kind == RMB_FILE && node->value[p].path)
			bytes += rmb_inputs_bytes(node->value[p].path, node->stage->params[p].inside);
	return bytes;
}

static int
by_signal(int number, const char *line, const struct rmb_end *end, const struct rmb_node *node, char *text, size_t size)
{
	char amount[64];
	const char *name = sigabbrev_np(number), *stage = node->stage->name;
	if (number == SIGKILL) {
		snprintf(text, size,
		         "the worker was killed (SIGKILL) while running %s; most likely the machine was out of memory: the "
		         "node needs about %s. Lower --jobs, or give --memory so that fewer run at once",
		         stage, rmb_quantity_print(end->memory, "B", amount, sizeof amount));
		return RMB_ELIMIT;
	}
	if (number == SIGXCPU) {
		snprintf(text, size,
		         "used more than %.0f s of processor time, which is the limit for reading a foreign file of this "
		         "size; is it damaged?",
		         rmb_confined_seconds(file_bytes(node)));
		return RMB_ELIMIT;
	}
	snprintf(text, size, "the worker was killed by SIG%s while running %s%s%s", name ? name : "?", stage,
	         *line ? ": " : "; this is a bug, please report it", line);
	/* Libraries for foreign files crash on damaged ones: that is the file's failure. */
	return node->stage->reads_files ? RMB_EINPUT : RMB_EINTERNAL;
}

int
rmb_verdict(const struct rmb_end *end, const struct rmb_node *node, char *text, size_t size)
{
	char line[512], amount[64];
	last_line(end->words, line, sizeof line);
	if (end->overdue) {
		snprintf(text, size, "passed the time limit of %s (--time-limit)",
		         rmb_quantity_print(end->time_limit, "s", amount, sizeof amount));
		return RMB_ELIMIT;
	}
	if (WIFSIGNALED(end->status))
		return by_signal(WTERMSIG(end->status), line, end, node, text, size);
	if (WEXITSTATUS(end->status) == RMB_EXIT_VANISHED) {
		snprintf(text, size, "a file or cached object vanished or was truncated while %s read it", node->stage->name);
		return node->stage->reads_files ? RMB_EINPUT : RMB_EOUTPUT;
	}
	snprintf(text, size, "the worker ended with status %d while running %s%s%s", WEXITSTATUS(end->status), node->stage->name,
	         *line ? ": " : "", line);
	return RMB_EINTERNAL;
}
