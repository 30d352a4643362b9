/* tests/test_load_damaged.c -- recordings that are cut or have a byte changed: each an error that names the file, or a correct read;
 * never a crash, a hang, or more than 1 GiB.
 *
 * Cases are read in child processes (this program again), as rumble reads them in workers: HDF5 and matio have faults of their own that
 * malformed files reach. Those are counted and printed, with the function; a fault in our own code fails the test. A tenth of all cases
 * runs as a test under the sanitizers, a hundredth without. All of them run by hand, as tests/README.md says:
 *
 *     test_load_damaged --all LEDGER [WORD...]      of the recordings whose names hold one of the words
 *
 * LEDGER gets a line for each batch, so that another run goes on where this one ended, and is summed up at the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rumble/seen.h"
#include "support/check.h"
#include "support/damaged.h"

/* STEP: one of so many cases runs as a test; LOOKED: is looked at, too. SANITIZER: exit status of a child that a sanitizer ended. */
#ifdef RUMBLE_SANITIZED
enum { STEP = 10 };
#else
enum { STEP = 100 };
#endif
enum { BATCH = 100, LOOKED = 4, SANITIZER = 99, MEGABYTES = 1024, SECONDS = 20 };

extern char **environ;
static const char *program;
static char folder[64];

/* ---- in the child */

static int
peak(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (int)(usage.ru_maxrss / 1024);
}

/* Ends this process if it works for too long, or waits for ever. */
static void
watch(void)
{
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { .tv_sec = SECONDS } }, NULL);
	alarm(20 * SECONDS);
}

static void
names_file(const struct rmb_test_ward *ward, int i, const char *text)
{
	if (!strstr(text, ward->load) || strlen(text) < strlen(ward->load) + 8)
		fail_msg("%s, case %d: '%s' does not name the file", rmb_test_damaged_name(ward->recording), i, text);
}

/* As `rumble inspect` does. */
static void
look(const struct rmb_test_ward *ward, int i)
{
	struct rmb_seen seen = { .arena = rmb_arena_new(), .depth = RMB_SAMPLE };
	struct rmb_error error = { 0 };
	assert_non_null(seen.arena);
	if (rmb_load_look(&ward->set, &seen, &error))
		names_file(ward, i, error.text);
	rmb_arena_free(seen.arena);
}

/* What is left of a text is one, too. */
static bool
is_text(const char *path)
{
	return strstr(path, ".csv") || strstr(path, ".tsv") || strstr(path, "params.py");
}

/* Loads one case and judges what came of it; `sum` is that of the undamaged file. */
static int
try_case(struct rmb_test_ward *ward, int i, double sum)
{
	struct rmb_test_load got;
	rmb_test_ward_case(ward, i);
	watch();
	rmb_test_load(ward->load, &ward->set, &got);
	if (got.code)
		names_file(ward, i, got.error.text);
	else if (i < RMB_TEST_CUTS && !is_text(ward->change))
		fail_msg("%s cut at %d/%d was read", rmb_test_damaged_name(ward->recording), i, RMB_TEST_CUTS);
	else if (ward->recording->checked && got.sum != sum)
		fail_msg("%s, case %d was read with the sum %.17g instead of %.17g", rmb_test_damaged_name(ward->recording), i, got.sum, sum);
	if (i / LOOKED % LOOKED == 0)
		look(ward, i);
	if (peak() > MEGABYTES)
		fail_msg("%s, case %d took %d MB", rmb_test_damaged_name(ward->recording), i, peak());
	return got.code;
}

static void
limit(int what, rlim_t most)
{
	setrlimit((__rlimit_resource_t)what, &(struct rlimit){ most, most });
}

/* Reads cases first.., every step-th, of a recording, and says of each on descriptor 3 whether it was an error and the most memory so far. */
static int
child_cases(const char *where, int which, int first, int last, int step)
{
	struct rmb_test_ward ward;
	struct rmb_test_load whole;
	snprintf(folder, sizeof folder, "%s", where);
	limit(RLIMIT_CORE, 0);
#ifndef RUMBLE_SANITIZED
	limit(RLIMIT_AS, (rlim_t)4 << 30);
#endif
	rmb_test_damaged_make(folder);
	rmb_test_ward_open(&ward, &rmb_test_damaged[which], folder);
	rmb_test_ward_case(&ward, -1);
	rmb_test_load(ward.load, &ward.set, &whole);
	if (whole.code)
		fail_msg("%s", whole.error.text);
	for (int i = first; i < last; i += step) {
		int code = try_case(&ward, i, whole.sum);
		if (dprintf(3, "%d %d\n", code != 0, peak()) < 0)
			return 1;
	}
	rmb_test_ward_close(&ward);
	return 0;
}

/* ---- in the parent */

struct outcome {
	int next;               /* first case that was not begun */
	int errors, reads, crashes, hangs, megabytes;
	bool ours;              /* it ended by a fault that is not a library's */
	char where[64];         /* the function in which a library crashed, or "-" */
};

static char *
report_text(void)
{
	char path[128];
	size_t n;
	snprintf(path, sizeof path, "%s/report", folder);
	unsigned char *bytes = rmb_test_slurp(path, &n);
	char *text = calloc(n + 1, 1);
	assert_non_null(text);
	memcpy(text, bytes, n);
	free(bytes);
	return text;
}

static bool
holds(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (strstr(line, *words))
			return true;
	return false;
}

/* The function of the first frame of a report which is not the sanitizer's, or the C library's (memcpy is nobody's); whether it is a
 * library's. */
static bool
first_frame(const char *text, char *where, size_t size)
{
	static const char *const nobody[] = { "libasan", "sanitizer", "sysdeps/", "libc.so", "__asan", "__interceptor", "__ubsan", NULL };
	static const char *const libraries[] = { "libhdf5", "libmatio", "libz.so", NULL };
	char *copy = strdup(text), *rest = NULL;
	bool theirs = true; /* a report without frames is that of a signal */
	assert_non_null(copy);
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *frame = strstr(line, "    #"), *name = frame ? strstr(frame, " in ") : NULL;
		if (!frame || holds(line, nobody))
			continue;
		theirs = holds(line, libraries);
		snprintf(where, size, "%.*s", name ? (int)strcspn(name + 4, " \n") : 7, name ? name + 4 : "unknown");
		break;
	}
	free(copy);
	return theirs;
}

/* Whose fault a sanitizer's report shows: who ended the process, unless it was at the end of memory of ours. Only the arena poisons any, and
 * what is written there went beyond a block of it; what goes on beyond another block is the fault of who made it. Next to what block a wild
 * pointer lies means nothing. */
static void
blame(struct outcome *out)
{
	static const char *const near[] = { "located 0 bytes to the right of", "located 0 bytes after", "bytes inside of", NULL };
	char *text = report_text(), maker[64];
	const char *made = holds(text, near) ? strstr(text, "allocated by thread") : NULL;
	snprintf(out->where, sizeof out->where, "signal");
	out->ours = (strstr(text, "runtime error:") && strstr(text, "stages/")) || (strstr(text, "use-after-poison") && strstr(text, "WRITE of size"));
	out->ours |= !first_frame(text, out->where, sizeof out->where) || (made && !first_frame(made, maker, sizeof maker));
	free(text);
}

static void
judge(struct outcome *out, int status, int step)
{
	bool hung = WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (!hung)
		blame(out);
	out->ours |= WIFEXITED(status) && WEXITSTATUS(status) != SANITIZER;
	out->crashes += !hung;
	out->hangs += hung;
	out->next += step;
}

/* Runs cases first.. in one child, which ends with the last of them or the first that it does not survive. */
static void
run_cases(int which, int first, int last, int step, struct outcome *out)
{
	char number[4][16], report[128];
	int pipes[2], failed, megabytes, status;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	*out = (struct outcome){ .next = first, .where = "-" };
	snprintf(number[0], sizeof number[0], "%d", which), snprintf(number[1], sizeof number[1], "%d", first);
	snprintf(number[2], sizeof number[2], "%d", last), snprintf(number[3], sizeof number[3], "%d", step);
	snprintf(report, sizeof report, "%s/report", folder);
	const char *const argument[] = { program, "--cases", folder, number[0], number[1], number[2], number[3], NULL };
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 3);
	posix_spawn_file_actions_addopen(&actions, 1, report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	assert_int_equal(posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argument, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	FILE *said = fdopen(pipes[0], "r");
	assert_non_null(said);
	for (; fscanf(said, "%d %d", &failed, &megabytes) == 2; out->next += step) {
		*(failed ? &out->errors : &out->reads) += 1;
		out->megabytes = megabytes;
	}
	fclose(said);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	judge(out, status, step);
	out->ours |= (out->crashes || out->hangs) && !rmb_test_damaged[which].library;
}

static void
set_sanitizer(void)
{
	static const char theirs[] = "leak:libhdf5\nleak:libmatio\n"; /* what the libraries lose */
	char path[128], options[192];
	snprintf(options, sizeof options, "allocator_may_return_null=1:max_allocation_size_mb=4096:quarantine_size_mb=16:exitcode=%d", SANITIZER);
	setenv("ASAN_OPTIONS", options, 1);
	snprintf(path, sizeof path, "%s/suppressions", folder);
	rmb_test_write(path, (const unsigned char *)theirs, sizeof theirs - 1);
	snprintf(options, sizeof options, "suppressions=%s:print_suppressions=0", path);
	setenv("LSAN_OPTIONS", options, 1);
}

static void
add(struct outcome *sum, const struct outcome *one)
{
	sum->next = one->next;
	sum->errors += one->errors, sum->reads += one->reads, sum->crashes += one->crashes, sum->hangs += one->hangs;
	sum->megabytes = one->megabytes > sum->megabytes ? one->megabytes : sum->megabytes;
}

static void
cut_and_flipped_recordings_give_an_error_or_a_read_and_faults_are_not_ours(void **state)
{
	(void)state;
	rmb_test_mkdir(folder, sizeof folder);
	for (int which = 0; which < rmb_test_ndamaged; which++) {
		const struct rmb_test_damaged *recording = &rmb_test_damaged[which];
		struct outcome sum = { 0 }, one;
		set_sanitizer();
		while (sum.next < RMB_TEST_CASES) {
			run_cases(which, sum.next, RMB_TEST_CASES, STEP, &one);
			add(&sum, &one);
			if (one.ours)
				fail_msg("%s, case %d: a fault of our own\n%s", rmb_test_damaged_name(recording), one.next - STEP, report_text());
			if (one.crashes)
				printf("%s, case %d: the library crashed in %s\n", rmb_test_damaged_name(recording), one.next - STEP, one.where);
		}
		printf("%s: %d errors, %d reads; the library crashed in %d and hung in %d; %d MB\n", rmb_test_damaged_name(recording), sum.errors, sum.reads,
		       sum.crashes, sum.hangs, sum.megabytes);
	}
	unsetenv("ASAN_OPTIONS");
	unsetenv("LSAN_OPTIONS");
	rmb_test_rmdir(folder);
}

/* ---- all cases, by hand */

/* One line of the ledger. */
static bool
read_line(FILE *ledger, char name[256], struct outcome *one)
{
	*one = (struct outcome){ 0 };
	return fscanf(ledger, " %255[^\t] %d %d %d %d %d %d %63s", name, &one->next, &one->errors, &one->reads, &one->crashes, &one->hangs, &one->megabytes,
	              one->where) == 8;
}

/* What the ledger holds of a recording; says where libraries crashed, if asked to. */
static struct outcome
look_up(const char *path, const char *wanted, bool say)
{
	FILE *ledger = fopen(path, "r");
	struct outcome sum = { 0 }, one;
	char name[256];
	while (ledger && read_line(ledger, name, &one))
		if (strcmp(name, wanted) == 0) {
			add(&sum, &one);
			if (say && strcmp(one.where, "-") != 0)
				printf("%s %s", sum.crashes > 1 ? "," : "", one.where);
		}
	if (ledger)
		fclose(ledger);
	return sum;
}

static void
print_sums(const char *ledger)
{
	struct outcome all = { 0 };
	printf("| recording | cases | errors | reads | crashes of the library | hangs | MB | crashed in |\n|---|---|---|---|---|---|---|---|\n");
	for (int which = 0; which < rmb_test_ndamaged; which++) {
		const char *name = rmb_test_damaged_name(&rmb_test_damaged[which]);
		struct outcome sum = look_up(ledger, name, false);
		printf("| %s | %d | %d | %d | %d | %d | %d |", name, sum.next, sum.errors, sum.reads, sum.crashes, sum.hangs, sum.megabytes);
		look_up(ledger, name, true);
		printf(" |\n");
		sum.next += all.next;
		add(&all, &sum);
	}
	printf("| all | %d | %d | %d | %d | %d | %d | |\n", all.next, all.errors, all.reads, all.crashes, all.hangs, all.megabytes);
}

/* All cases of one recording that the ledger does not have; whether a fault was ours. */
static bool
run_all(int which, const char *path)
{
	char name[256];
	snprintf(name, sizeof name, "%s", rmb_test_damaged_name(&rmb_test_damaged[which]));
	struct outcome one = look_up(path, name, false);
	bool ours = false;
	set_sanitizer();
	while (one.next < RMB_TEST_CASES) {
		int last = one.next + BATCH < RMB_TEST_CASES ? one.next + BATCH : RMB_TEST_CASES;
		run_cases(which, one.next, last, 1, &one);
		if (one.ours) {
			char *text = report_text();
			printf("%s, case %d: a fault of our own\n%s", name, one.next - 1, text);
			free(text);
		}
		ours |= one.ours;
		FILE *ledger = fopen(path, "a");
		assert_non_null(ledger);
		fprintf(ledger, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", name, one.next, one.errors, one.reads, one.crashes, one.hangs, one.megabytes,
		        one.ours ? "OURS" : one.where);
		fclose(ledger);
		fflush(stdout);
	}
	return ours;
}

static int
all_by_hand(const char *ledger, char *const *words)
{
	bool ours = false;
	rmb_test_mkdir(folder, sizeof folder);
	for (int which = 0; which < rmb_test_ndamaged; which++) {
		bool wanted = !*words;
		for (char *const *word = words; *word; word++)
			wanted |= strstr(rmb_test_damaged_name(&rmb_test_damaged[which]), *word) != NULL;
		ours |= wanted && run_all(which, ledger);
	}
	rmb_test_rmdir(folder);
	print_sums(ledger);
	return ours;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_and_flipped_recordings_give_an_error_or_a_read_and_faults_are_not_ours),
	};
	program = argv[0];
	if (argc == 7 && strcmp(argv[1], "--cases") == 0)
		return child_cases(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
	if (argc >= 3 && strcmp(argv[1], "--all") == 0)
		return all_by_hand(argv[2], argv + 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
