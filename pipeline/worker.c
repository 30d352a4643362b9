/* pipeline/worker.c -- `rumble node`: the process that executes a chain of nodes for a run.
 *
 * Orders come on standard input, events go to descriptor 3 (events.h). A node that fails, is held by another run or has lost
 * an input ends the chain; the run decides what becomes of the rest. The worker never outlives the run that started it, and
 * a signal asks it to stop at the next block (the second one ends it at once). */
#include <cblas.h>
#include <errno.h>
#include <hdf5.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/inputs.h"
#include "pipeline/look.h"
#include "pipeline/machine.h"
#include "pipeline/orders.h"
#include "pipeline/run.h"
#include "pipeline/vanished.h"

/* ---- signals */

static volatile sig_atomic_t stop_code; /* RMB_ETERMINATED or RMB_EINTERRUPTED once asked to stop */

static void
on_stop(int signal)
{
	if (stop_code)
		_exit(128 + signal);
	stop_code = -(128 + signal);
}

static void
watch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	rmb_vanished_watch("an object or file vanished while it was read\n", RMB_EXIT_VANISHED);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of write(), with a sentence */
}

/* ---- confinement */

#ifdef RUMBLE_SANITIZED
enum { SANITIZED = 1 }; /* shadow memory counts as data */
#else
enum { SANITIZED = 0 };
#endif

static void
limit(int what, double most)
{
	struct rlimit now;
	if (getrlimit((__rlimit_resource_t)what, &now) == 0 && most >= 0 && most < (double)now.rlim_max) {
		now.rlim_cur = (rlim_t)most;
		now.rlim_max = (rlim_t)most + (what == RLIMIT_CPU ? 5 : 0); /* at its hard limit Linux sends SIGKILL, never SIGXCPU */
		setrlimit((__rlimit_resource_t)what, &now);
	}
}

/* Bytes of private memory that the process has now: OpenBLAS and the libraries take theirs before the limit is set. */
static double
private_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	double size = 0, data = 0;
	if (f && fscanf(f, "%lf %*f %*f %*f %*f %lf", &size, &data) != 2)
		data = 0;
	if (f)
		fclose(f);
	return data * (double)sysconf(_SC_PAGESIZE);
}

/* Foreign files are read with limits on memory and processor time, so that a hostile one takes down this process alone. */
static void
confine(double seconds, double memory)
{
	limit(RLIMIT_CPU, seconds);
	if (memory > 0 && !SANITIZED)
		limit(RLIMIT_DATA, memory + private_bytes());
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
confine_for(const struct rmb_orders *orders)
{
	double bytes = 0;
	for (int t = 0; t < orders->ntasks; t++)
		for (int f = 0; f < orders->task[t].order.nfiles; f++)
			bytes += rmb_inputs_bytes(orders->task[t].order.file[f].path, orders->task[t].order.file[f].inside);
	confine(rmb_confined_seconds(bytes), orders->memory);
}

double
rmb_confined_seconds(double bytes)
{
	return ceil(60 + bytes / 5e5); /* enough where each byte unpacks to two hundred samples */
}

/* ---- telling */

static double
cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Peak resident bytes since forget_peak(). */
static double
peak_bytes(void)
{
	double kilobytes = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	while (f && kilobytes == 0 && fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %lf", &kilobytes) != 1)
			kilobytes = 0;
	if (f)
		fclose(f);
	return kilobytes * 1024;
}

static void
forget_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");
	if (!f)
		return;
	fputs("5", f);
	fclose(f);
}

struct teller { int index; double last; }; /* node, and when progress was last told */

static int
tell_progress(void *self, double fraction)
{
	struct teller *teller = self;
	double now = rmb_machine_clock();
	if (now - teller->last >= 0.1) {
		teller->last = now;
		rmb_event_send(json_pack("{s:s, s:i, s:f}", "event", "progress", "node", teller->index, "fraction", fraction));
	}
	return stop_code;
}

static void
tell_warning(void *self, const char *text)
{
	const struct teller *teller = self;
	rmb_event_send(json_pack("{s:s, s:i, s:o}", "event", "warning", "node", teller->index, "text", rmb_json_text(text)));
}

static int
tell_failure(int index, int code, const char *text)
{
	rmb_event_send(json_pack("{s:s, s:i, s:i, s:o}", "event", "failed", "node", index, "code", code, "text",
	                         rmb_json_text(text)));
	return code;
}

/* An input is not in the cache as it should be. */
static int
tell_loss(int index, const char *key, const char *text)
{
	rmb_event_send(
		json_pack("{s:s, s:i, s:s, s:o}", "event", "lost", "node", index, "key", key, "text", rmb_json_text(text)));
	return RMB_EDAMAGE;
}

static void
tell_done(int index, const struct rmb_measure *m)
{
	rmb_event_send(json_pack("{s:s, s:i, s:f, s:f, s:f, s:f, s:i}", "event", "done", "node", index, "seconds", m->seconds,
	                         "cpu", m->cpu, "peak", m->peak_bytes, "bytes", m->object_bytes, "threads", m->threads));
}

/* ---- one node */

/* The files read must still be what the key says they were. */
static int
files_stand(const struct rmb_cache *cache, const struct rmb_task *task, struct rmb_error *error)
{
	char memo[PATH_MAX], sha256[RMB_KEY_MAX];
	if (task->order.nfiles == 0)
		return 0;
	snprintf(memo, sizeof memo, "%s/hashes", cache->root);
	struct rmb_inputs *inputs = rmb_inputs_open(memo);
	int code = inputs ? 0 : rmb_error_nomem(error, "the hashes of input files");
	for (int f = 0; f < task->order.nfiles && code == 0; f++) {
		code = rmb_inputs_hash_content(inputs, task->order.file[f].path, task->order.file[f].inside, sha256, error);
		if (code == 0 && strcmp(sha256, task->order.file[f].sha256))
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s changed while it was read; run again once nobody writes to it",
			                     task->order.file[f].path);
	}
	rmb_inputs_close(inputs);
	return code;
}

/* Executes a node whose lease we hold. */
static int
execute(const struct rmb_cache *cache, const struct rmb_task *task, struct rmb_lease *lease, const char *run)
{
	struct teller teller = { task->index, rmb_machine_clock() };
	struct rmb_listener listener = { &teller, tell_progress, tell_warning };
	struct rmb_measure m = { .seconds = rmb_machine_clock(), .cpu = cpu_seconds(), .threads = task->order.threads };
	struct rmb_call *call = rmb_call_new(&task->order, cache, &listener);
	if (!call)
		return tell_failure(task->index, RMB_ELIMIT, "no memory to begin with");
	struct rmb_error *error = rmb_call_error(call);
	int64_t bytes = 0;
	bool ours = true;
	openblas_set_num_threads(1); /* solvers ask for more when theirs is large */
	forget_peak();
	int code = rmb_call_open(call, run);
	if (code == 0 && (code = rmb_call_run(call)) == 0 && (code = files_stand(cache, task, error)) == 0 &&
	    (ours = rmb_lease_holds(lease)))
		code = rmb_call_publish(call, &bytes);
	if (rmb_call_lost(call)) {
		code = tell_loss(task->index, rmb_call_lost(call), error->text);
	} else if (code) {
		tell_failure(task->index, stop_code ? stop_code : code, error->text);
	} else if (!ours) {
		rmb_event_send(json_pack("{s:s, s:i, s:s}", "event", "held", "node", task->index, "owner", "another run"));
		code = RMB_EDAMAGE;
	} else {
		m.seconds = rmb_machine_clock() - m.seconds;
		m.cpu = cpu_seconds() - m.cpu;
		m.peak_bytes = peak_bytes();
		m.object_bytes = (double)bytes;
		tell_done(task->index, &m);
	}
	rmb_call_free(call);
	return code;
}

/* Claims a node and executes it, unless another run holds it or has done it since the plan was made. Non-zero ends the chain. */
static int
do_task(const struct rmb_cache *cache, const struct rmb_task *task, const char *run)
{
	struct rmb_lease *lease = NULL;
	struct rmb_error error = { 0 };
	char owner[256] = "";
	switch (rmb_lease_claim(cache, task->order.key, &lease, owner, sizeof owner, &error)) {
	case RMB_HELD:
		rmb_event_send(json_pack("{s:s, s:i, s:o}", "event", "held", "node", task->index, "owner", rmb_json_text(owner)));
		return RMB_EDAMAGE;
	case RMB_CLAIM_FAILED:
		return tell_failure(task->index, error.code, error.text);
	case RMB_CLAIMED:
		break;
	}
	int64_t bytes;
	int code = 0;
	if (rmb_cache_has(cache, task->order.key, &bytes)) {
		rmb_event_send(json_pack("{s:s, s:i}", "event", "found", "node", task->index));
	} else {
		if (owner[0])
			rmb_event_send(json_pack("{s:s, s:i, s:o}", "event", "taken", "node", task->index, "owner",
			                         rmb_json_text(owner)));
		rmb_event_send(json_pack("{s:s, s:i}", "event", "started", "node", task->index));
		code = execute(cache, task, lease, run);
	}
	rmb_lease_release(lease);
	return code;
}

/* ---- the process */

static char *
read_all(int fd, size_t *length)
{
	size_t room = 1 << 16;
	char *text = malloc(room);
	for (*length = 0; text;) {
		ssize_t n = read(fd, text + *length, room - *length);
		if (n == 0 || (n < 0 && errno != EINTR))
			return text;
		*length += n > 0 ? (size_t)n : 0;
		if (*length == room) {
			char *grown = realloc(text, room *= 2);
			if (!grown)
				free(text);
			text = grown;
		}
	}
	return NULL;
}

/* The parent may have died before the kernel was asked to tell us. */
static int
follow(pid_t parent, struct rmb_error *error)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return getppid() == parent ? 0 : rmb_error_set(error, RMB_ETERMINATED, "the run that started this worker is gone");
}

static int
look(const json_t *looks, struct rmb_error *error)
{
	int code = follow((pid_t)json_integer_value(json_object_get(looks, "parent")), error);
	if (code)
		return code;
	confine(json_number_value(json_object_get(looks, "seconds")), json_number_value(json_object_get(looks, "bytes")));
	return rmb_looks_work(looks, error);
}

static int
work(struct rmb_arena *arena, const char *text, size_t length, struct rmb_error *error)
{
	struct rmb_orders orders = { 0 };
	int code = rmb_orders_read(arena, text, length, &orders, error);
	if (code || (code = follow(orders.parent, error)))
		return code;
	struct rmb_cache cache = { .root = rmb_arena_strdup(arena, orders.cache) };
	if (orders.confined)
		confine_for(&orders);
	for (int t = 0; t < orders.ntasks && openblas_get_parallel() == 0; t++)
		orders.task[t].order.threads = 1; /* a BLAS built without locks gives wrong numbers to threads */
	for (int t = 0; t < orders.ntasks && !stop_code; t++)
		if (do_task(&cache, &orders.task[t], orders.run))
			break;
	return 0;
}

static int
obey(struct rmb_arena *arena, struct rmb_error *error)
{
	size_t length;
	char *text = read_all(STDIN_FILENO, &length);
	json_t *looks = text ? rmb_looks_ordered(text, length) : NULL;
	int code = !text ? rmb_error_nomem(error, "the orders") : looks ? look(looks, error) : work(arena, text, length, error);
	json_decref(looks);
	free(text);
	return code;
}

int
rmb_worker_main(void)
{
	H5dont_atexit();              /* the library crashes at exit after a failed write */
	openblas_set_num_threads(1);  /* equal numbers for any --jobs; workers must not spin against each other */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
	watch_signals();
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	int code = arena ? obey(arena, &error) : rmb_error_nomem(&error, "a worker");
	if (code)
		fprintf(stderr, "%s\n", error.text);
	rmb_arena_free(arena);
	return rmb_exit_code(stop_code ? stop_code : code);
}
