/* pipeline/init.c -- `rumble init`: a recipe to begin with, for files that somebody has. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/begin.h"
#include "pipeline/command.h"
#include "pipeline/table.h"

static int
one_kind(const char *const *path, const struct rmb_look *const *look, int n, struct rmb_error *error)
{
	for (int i = 1; i < n; i++)
		if (look[i]->seen.kind != look[0]->seen.kind)
			return rmb_error_set(error, RMB_EINPUT,
			                     "'%s' holds activity in frames and '%s' spike times, which take different "
			                     "stages: write a recipe for each kind",
			                     path[look[0]->seen.kind == RMB_RECORDING ? 0 : i],
			                     path[look[0]->seen.kind == RMB_RECORDING ? i : 0]);
	return 0;
}

/* A file that is not there yet, or standard output. */
static int
write_out(const char *out, const char *text, struct rmb_error *error)
{
	size_t length = strlen(text), at = 0;
	if (!out || strcmp(out, "-") == 0) {
		fputs(text, stdout);
		return 0;
	}
	int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return rmb_error_set(error, errno == EEXIST ? RMB_EUSAGE : RMB_EOUTPUT,
		                     errno == EEXIST ? "'%s' is there already, and init overwrites nothing%s"
		                                     : "cannot write '%s': %s; choose another file with --out",
		                     out, errno == EEXIST ? "" : strerror(errno));
	while (at < length) {
		ssize_t n = write(fd, text + at, length - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	if (at == length && close(fd) == 0)
		return 0;
	int code = rmb_error_set(error, RMB_EOUTPUT, "cannot write '%s': %s; choose another file with --out", out, strerror(errno));
	if (at < length)
		close(fd);
	unlink(out);
	return code;
}

/* Everything that is wrong with a file, not the first only. */
static int
tell_all(const struct rmb_options *options, struct rmb_arena *arena, const struct rmb_look *const *look)
{
	int code = 0;
	for (int i = 0; i < options->nargs; i++) {
		if (look[i]->code)
			fprintf(stderr, "rumble: %s\n", rmb_harmless(arena, look[i]->sentence));
		for (int k = 0; k < look[i]->seen.ncautions && !look[i]->code && !options->quiet; k++)
			fprintf(stderr, "%s: %s\n", rmb_harmless(arena, options->arg[i]),
			        rmb_harmless(arena, look[i]->seen.caution[k].text));
		code = code ? code : look[i]->code;
	}
	return code;
}

static int
init(const struct rmb_options *options, struct rmb_arena *arena, struct rmb_mistakes *m, struct rmb_error *error)
{
	const struct rmb_look **look = rmb_arena_alloc(arena, (size_t)options->nargs, sizeof *look);
	int code = look ? rmb_begin_look(arena, options->arg, options->nargs, options->set, options->nset, RMB_SAMPLE,
	                                 look, m, error)
	                : rmb_error_nomem(error, "a look at files");
	if (code || (code = tell_all(options, arena, look)) || (code = one_kind(options->arg, look, options->nargs, error)))
		return code;
	const char *text = rmb_begin_recipe(arena, options->arg, look, options->nargs, options->out);
	return text ? write_out(options->out, text, error) : rmb_error_nomem(error, "a recipe");
}

int
rmb_command_init(const struct rmb_options *options)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = arena ? rmb_mistakes_new(arena) : NULL;
	struct rmb_error error = { 0 };
	int code = m ? init(options, arena, m, &error) : rmb_error_nomem(&error, "a recipe");
	if (m && rmb_mistakes_count(m))
		rmb_mistakes_print(m, stderr, false);
	int status = error.code ? rmb_complain(options, &error) : rmb_exit_code(code);
	rmb_arena_free(arena);
	return status;
}
