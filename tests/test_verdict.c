/* Why a worker ended: every way has its sentence and its code. */
#include "support/check.h"
#include <signal.h>
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/verdict.h"

static const struct rmb_param no_params[] = { { 0 } };
static const struct rmb_stage analysis = { .name = "analysis", .params = no_params };
static const struct rmb_stage loader = { .name = "loader", .params = no_params, .reads_files = true };

static void
every_end_has_its_sentence(void **state)
{
	(void)state;
	static const struct { struct rmb_end end; const struct rmb_stage *stage; int code; const char *says; } ends[] = {
		{ { SIGKILL, true, 2, 0, "" }, &analysis, RMB_ELIMIT, "passed the time limit of 2 s (--time-limit)" },
		{ { SIGKILL, false, 2, 3e9, "" }, &analysis, RMB_ELIMIT, "out of memory: the node needs about 3 GB" },
		{ { SIGSEGV, false, 0, 0, "" }, &analysis, RMB_EINTERNAL, "killed by SIGSEGV while running analysis; this is a bug" },
		{ { SIGABRT, false, 0, 0, "one\nx.c:3: Assertion `n > 0' failed.\n\n" }, &analysis, RMB_EINTERNAL,
		  "killed by SIGABRT while running analysis: x.c:3: Assertion `n > 0' failed." },
		{ { SIGSEGV, false, 0, 0, "" }, &loader, RMB_EINPUT, "killed by SIGSEGV while running loader" },
		{ { SIGXCPU, false, 0, 0, "" }, &loader, RMB_ELIMIT, "more than 60 s of processor time" },
		{ { RMB_EXIT_VANISHED << 8, false, 0, 0, "" }, &analysis, RMB_EOUTPUT, "vanished or was truncated while analysis read it" },
		{ { RMB_EXIT_VANISHED << 8, false, 0, 0, "" }, &loader, RMB_EINPUT, "vanished or was truncated while loader read it" },
		{ { 70 << 8, false, 0, 0, "no newline" }, &analysis, RMB_EINTERNAL, "ended with status 70 while running analysis: no newline" },
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct rmb_node node = { .stage = ends[i].stage };
		char text[512];
		int code = rmb_verdict(&ends[i].end, &node, text, sizeof text);
		if (code != ends[i].code || !strstr(text, ends[i].says))
			fail_msg("end %zu: code %d, says '%s'", i, code, text);
		assert_true(text[strlen(text) - 1] != '\n');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_end_has_its_sentence) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
