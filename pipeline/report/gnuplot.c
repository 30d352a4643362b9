/* pipeline/report/gnuplot.c -- one gnuplot process for all figures of a report. No shell is involved: the script goes in on
 * standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/owner.h"
#include "pipeline/report/gnuplot.h"
#include "pipeline/report/svg.h"

enum { PATIENCE = 60000 /* ms for all figures */ };
static const char script_name[] = "script", message_name[] = "message";

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

/* Starts gnuplot in the folder, on the script there, and waits. 0, ENOENT: there is no gnuplot, -1: it failed. */
static int
run(int folder)
{
	char *argv[] = { "gnuplot", "-d", NULL };
	char *env[] = { "LC_ALL=C.UTF-8", NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status = -1;
	if (posix_spawn_file_actions_init(&files))
		return -1;
	posix_spawn_file_actions_addfchdir_np(&files, folder);
	posix_spawn_file_actions_addopen(&files, 0, script_name, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, message_name, O_WRONLY | O_CREAT, 0600);
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
whole_file(struct rmb_arena *arena, int folder, const char *name, size_t *length)
{
	int file = name ? openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	FILE *from = file < 0 ? NULL : fdopen(file, "rb");
	char *text = NULL;
	long n = 0;
	if (!from) {
		if (file >= 0)
			close(file);
		return NULL;
	}
	if (fseek(from, 0, SEEK_END) == 0 && (n = ftell(from)) > 0 && (text = rmb_arena_alloc(arena, (size_t)n + 1, 1))) {
		rewind(from);
		*length = fread(text, 1, (size_t)n, from);
	}
	fclose(from);
	return text;
}

/* A picture that gnuplot finished: one cut short would not show. */
static void
take(struct rmb_arena *arena, struct rmb_figure_data *figure, int folder, const char *name)
{
	static const char end[] = "</svg>";
	size_t length = 0;
	const char *svg = whole_file(arena, folder, name, &length);
	if (svg && memmem(svg, length, end, sizeof end - 1))
		figure->svg = rmb_svg_small(arena, svg, length, &figure->svg_length);
}

static const char *
missing(struct rmb_arena *arena, int code, struct rmb_figure_data **figure, int n, int folder)
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
	const char *message = whole_file(arena, folder, message_name, &length);
	return rmb_arena_printf(arena, "gnuplot did not draw %d of %d static figures%s%.*s", absent, n, message ? ": " : ".",
	                        message ? (int)length : 0, message ? message : "");
}

static const char *
no_room(struct rmb_arena *arena, int number)
{
	return rmb_arena_printf(arena, "There is no room in figures/ to draw in (%s), so there are no new static figures. Make room "
	                        "and write the report again.", strerror(number));
}

/* Draws in a folder that is open. */
static const char *
draw(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, int folder)
{
	FILE *to = rmb_gnuplot_create(folder, script_name);
	int code = to ? rmb_gnuplot_script(to, arena, figure, n, folder) : -1;
	if (to && fclose(to))
		code = -1;
	if (code)
		return no_room(arena, errno);
	int state = run(folder);
	for (int i = 0; i < n; i++)
		take(arena, figure[i], folder, rmb_gnuplot_name(arena, "figure", i, 0));
	return missing(arena, state, figure, n, folder);
}

const char *
rmb_gnuplot(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, int place)
{
	char name[RMB_TEMPORARY_MAX];
	rmb_owner_sweep(place, RMB_TEMPORARY_AGE);
	if (!n)
		return NULL;
	rmb_owner_temporary("gnuplot", name);
	int folder = mkdirat(place, name, 0700) ? -1 : openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *note = folder < 0 ? no_room(arena, errno) : draw(arena, figure, n, folder);
	if (folder >= 0)
		close(folder);
	rmb_owner_remove(place, name);
	return note;
}
