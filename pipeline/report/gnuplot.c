/* pipeline/report/gnuplot.c -- one gnuplot process for all figures of a report. No shell is involved: the script goes in on
 * standard input. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/report/gnuplot.h"
#include "pipeline/report/svg.h"

enum { PATIENCE = 60000 /* ms for all figures */ };

/* ---- the process ------------------------------------------------------------------------------------------------- */

bool
rmb_gnuplot_found(void)
{
	char path_name[4096];
	for (const char *path_list = getenv("PATH"); path_list && *path_list;
	     path_list += strcspn(path_list, ":"), path_list += *path_list == ':') {
		int n = snprintf(path_name, sizeof path_name, "%.*s/gnuplot", (int)strcspn(path_list, ":"), path_list);
		if (n < (int)sizeof path_name && access(path_name, X_OK) == 0)
			return true;
	}
	return false;
}

/* Starts gnuplot on a script and waits. 0, ENOENT: there is no gnuplot, -1: it failed. */
static int
run(const char *script_path, const char *message_path)
{
	char *argv[] = { "gnuplot", "-d", NULL };
	char *env[] = { "LC_ALL=C.UTF-8", NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status = -1;
	if (posix_spawn_file_actions_init(&files))
		return -1;
	posix_spawn_file_actions_addopen(&files, 0, script_path, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, message_path, O_WRONLY | O_CREAT, 0600);
	int code = posix_spawnp(&pid, argv[0], &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	if (code)
		return code == ENOENT ? ENOENT : -1;
	struct pollfd done = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	if (done.fd >= 0 && poll(&done, 1, PATIENCE) == 0)
		kill(pid, SIGKILL);
	if (done.fd >= 0)
		close(done.fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : -1;
}

/* The whole file as text in the arena; NULL: there is none, or it is empty. */
static const char *
whole_file(struct rmb_arena *arena, const char *name, size_t *length)
{
	FILE *from = fopen(name, "rb");
	char *text = NULL;
	long n = 0;
	if (!from)
		return NULL;
	if (fseek(from, 0, SEEK_END) == 0 && (n = ftell(from)) > 0 && (text = rmb_arena_alloc(arena, (size_t)n + 1, 1))) {
		rewind(from);
		*length = fread(text, 1, (size_t)n, from);
	}
	fclose(from);
	return text;
}

/* A picture that gnuplot finished: one cut short would not show. */
static void
take(struct rmb_arena *arena, struct rmb_figure_data *figure, const char *name)
{
	static const char end[] = "</svg>";
	size_t length = 0;
	const char *svg = whole_file(arena, name, &length);
	if (svg && memmem(svg, length, end, sizeof end - 1))
		figure->svg = rmb_svg_small(arena, svg, length, &figure->svg_length);
}

static void
remove_directory(struct rmb_arena *arena, const char *directory)
{
	DIR *list = opendir(directory);
	for (struct dirent *entry; list && (entry = readdir(list));)
		if (entry->d_name[0] != '.')
			unlink(rmb_arena_printf(arena, "%s/%s", directory, entry->d_name));
	if (list)
		closedir(list);
	rmdir(directory);
}

static const char *
missing(struct rmb_arena *arena, int code, struct rmb_figure_data **figure, int n, const char *message_path)
{
	int absent = 0;
	size_t length = 0;
	for (int i = 0; i < n; i++)
		absent += !figure[i]->svg;
	if (code == ENOENT)
		return "gnuplot is not installed, so there are no static figures (on paper, without scripts, as files in "
		       "figures/). Install gnuplot-nox and write the report again.";
	if (!absent)
		return NULL;
	const char *message = whole_file(arena, message_path, &length);
	return rmb_arena_printf(arena, "gnuplot did not draw %d of %d static figures%s%.*s", absent, n, message ? ": " : ".",
	                        message ? (int)length : 0, message ? message : "");
}

int
rmb_gnuplot(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char **note, struct rmb_error *error)
{
	const char *base = getenv("TMPDIR");
	char *directory = rmb_arena_printf(arena, "%s/rumble.XXXXXX", base && *base == '/' ? base : "/tmp");
	*note = NULL;
	if (!n)
		return 0;
	if (!directory || !mkdtemp(directory))
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "no temporary directory for figures can be made in %s (%s); set TMPDIR to one that is "
		                     "writable",
		                     base ? base : "/tmp", strerror(errno));
	const char *script_path = rmb_gnuplot_path(arena, directory, "script", 0, 0),
	           *message_path = rmb_gnuplot_path(arena, directory, "message", 0, 0);
	FILE *to = fopen(script_path, "wx");
	int code = to ? rmb_gnuplot_script(to, arena, figure, n, directory) : -1;
	if (to && fclose(to))
		code = -1;
	if (code)
		rmb_error_set(error, RMB_EOUTPUT,
		              "the figures' data cannot be written to %s (%s); set TMPDIR to a place with room", directory,
		              strerror(errno));
	else {
		int state = run(script_path, message_path);
		for (int i = 0; i < n; i++)
			take(arena, figure[i], rmb_gnuplot_path(arena, directory, "figure", i, 0));
		*note = missing(arena, state, figure, n, message_path);
	}
	remove_directory(arena, directory);
	return code ? RMB_EOUTPUT : 0;
}
