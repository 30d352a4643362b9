/* pipeline/command.c -- the command line. Two tables say everything: which commands there are and which options each takes;
 * parsing, usage and help are loops over them (argp does the layout). */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/command.h"
#include "pipeline/machine.h"
#include "pipeline/place.h"
#include "pipeline/run.h"
#include "pipeline/vanished.h"
#include "rumble/error.h"
#include "rumble/units.h"

/* ---- options */

enum {
	CACHE = 1 << 0,
	OUT = 1 << 1,
	SET = 1 << 2,
	ONLY = 1 << 3,
	UNTIL = 1 << 4,
	JOBS = 1 << 5,
	MEMORY = 1 << 6,
	TIME_LIMIT = 1 << 7,
	FAIL_FAST = 1 << 8,
	JSON = 1 << 9,
	QUIET = 1 << 10,
	CHECK = 1 << 11,
	COPY = 1 << 12,
	FORMAT = 1 << 13,
	DRY_RUN = 1 << 14,
	QUICK = 1 << 15,
	MAX_SIZE = 1 << 16,
	MAX_AGE = 1 << 17,
	FULL = 1 << 18,
	RECIPE = SET | JSON, /* what every command that reads a recipe takes */
	PLACES = RECIPE | CACHE | OUT,
	WORK = PLACES | ONLY | UNTIL | JOBS | MEMORY
};

enum take { FLAG, TEXT, LIST, COUNT, QUANTITY };

struct option_row {
	unsigned bit;
	int key;                 /* short letter, or a number above 255 */
	const char *name, *argument, *help;
	enum take take;
	const char *base;        /* QUANTITY: base unit */
	size_t at, count_at;     /* where it goes in struct rmb_options; LIST: where its length goes */
};

#define AT(field) offsetof(struct rmb_options, field)
static const struct option_row option_rows[] = {
	{ SET, 's', "set", "NAME=VALUE", "change the recipe, as in stages.svca2.spacing=40um; of inspect and init "
	                               "a setting of load, as in clock=30kHz", LIST, NULL, AT(set), AT(nset) },
	{ OUT, 'o', "out", "PATH", "where output goes (default: ./RECIPE/ without its ending; of init and export a file)", TEXT,
	  NULL, AT(out), 0 },
	{ CACHE, 256, "cache", "DIR", "where cached arrays live (default: $RUMBLE_CACHE, else $XDG_CACHE_HOME/rumble)", TEXT,
	  NULL, AT(cache), 0 },
	{ ONLY, 257, "only", "NODE", "run this node only, with what it needs; may be repeated", LIST, NULL, AT(only), AT(nonly) },
	{ UNTIL, 258, "until", "NODE", "run up to and including this node; may be repeated", LIST, NULL, AT(until), AT(nuntil) },
	{ JOBS, 'j', "jobs", "N", "workers at once (default: number of cores)", COUNT, NULL, AT(jobs), 0 },
	{ MEMORY, 'm', "memory", "SIZE", "memory that all workers may use together (default: 80 % of what is free)", QUANTITY,
	  "B", AT(memory), 0 },
	{ TIME_LIMIT, 259, "time-limit", "TIME", "longest time one node may take (default: none)", QUANTITY, "s", AT(time_limit),
	  0 },
	{ FAIL_FAST, 260, "fail-fast", NULL, "stop everything at the first failure", FLAG, NULL, AT(fail_fast), 0 },
	{ COPY, 261, "copy", NULL, "copy results instead of linking into the cache", FLAG, NULL, AT(copy), 0 },
	{ FORMAT, 'f', "format", "FORMAT", "graph: text, dot or svg; export, convert: hdf5, npy, csv or nwb (default: what "
	                                   "the ending of --out says, else hdf5)", TEXT, NULL, AT(format), 0 },
	{ CHECK, 262, "check", NULL, "exit with status 4 if anything would run", FLAG, NULL, AT(check), 0 },
	{ QUICK, 263, "quick", NULL, "look at headers and lengths only, not at every byte", FLAG, NULL, AT(quick), 0 },
	{ FULL, 267, "full", NULL, "read everything, however long that takes, not a sample", FLAG, NULL, AT(full), 0 },
	{ MAX_SIZE, 264, "max-size", "SIZE", "collect until the cache is at most this large", QUANTITY, "B", AT(max_size), 0 },
	{ MAX_AGE, 265, "max-age", "TIME", "collect what was not used for this long", QUANTITY, "s", AT(max_age), 0 },
	{ DRY_RUN, 'n', "dry-run", NULL, "say what would be done and do nothing", FLAG, NULL, AT(dry_run), 0 },
	{ JSON, 266, "json", NULL, "machine-readable events, one JSON object a line", FLAG, NULL, AT(json), 0 },
	{ QUIET, 'q', "quiet", NULL, "say nothing but errors", FLAG, NULL, AT(quiet), 0 },
};
enum { NOPTIONS = sizeof option_rows / sizeof *option_rows };

/* ---- commands */

static int version(const struct rmb_options *options);
static int node(const struct rmb_options *options);

static const struct rmb_command commands[] = {
	{ "Beginning with files", NULL, NULL, NULL, 0, 0, 0 },
	{ "inspect", "PATH...", "say what is in a recording, and how a recipe loads it", rmb_command_inspect, SET | JSON | FULL,
	  1, INT_MAX },
	{ "init", "PATH...", "write a recipe to begin with (--out FILE, else to standard output)", rmb_command_init, SET | OUT | QUIET,
	  1, INT_MAX },
	{ "Working with a recipe", NULL, NULL, NULL, 0, 0, 0 },
	{ "run", "RECIPE", "run what is missing, then write the report", rmb_command_run,
	  WORK | TIME_LIMIT | FAIL_FAST | QUIET | COPY, 1, 1 },
	{ "check", "RECIPE", "name every mistake in the recipe and the files it names; run nothing", rmb_command_check,
	  RECIPE | QUIET, 1, 1 },
	{ "plan", "RECIPE", "say what would run, why, and what it will cost", rmb_command_plan, WORK | CHECK, 1, 1 },
	{ "graph", "RECIPE", "print the graph (--format text, dot or svg)", rmb_command_graph, RECIPE | FORMAT, 1, 1 },
	{ "status", "RECIPE", "say where each node stands", rmb_command_status, PLACES, 1, 1 },
	{ "report", "RECIPE", "write the report again, from the cache alone", rmb_command_report, PLACES | QUIET, 1, 1 },
	{ "export", "RECIPE NODE", "write one result or recording to a file (--format hdf5, npy, csv or nwb)", rmb_command_export,
	  PLACES | FORMAT, 2, 2 },
	{ "convert", "FILE | RECIPE NODE", "write a recording or a result to a file that other programs read; run what is "
	                                   "missing",
	  rmb_command_convert, PLACES | FORMAT | JOBS | MEMORY | QUIET, 1, 2 },
	{ "Looking things up", NULL, NULL, NULL, 0, 0, 0 },
	{ "stages", "[NAME]", "list the stages, or describe one: settings, units, shapes, source", rmb_command_stages, JSON, 0,
	  1 },
	{ "schema", "", "print the JSON schema of the recipe language, for editors", rmb_command_schema, 0, 0, 0 },
	{ "version", "", "print versions of rumble and the libraries it uses", version, 0, 0, 0 },
	{ "Housekeeping", NULL, NULL, NULL, 0, 0, 0 },
	{ "cache", "ls|verify|gc|du", "list, verify, collect or measure the cache", rmb_command_cache,
	  CACHE | JSON | QUICK | MAX_SIZE | MAX_AGE | DRY_RUN, 1, 1 },
	{ "selftest", "", "check this machine's linear algebra against plain loops", rmb_command_selftest, 0, 0, 0 },
	{ "node", "", NULL, node, 0, 0, 0 },     /* the worker that `run` starts, and that which looks at files; not for people */
	{ "look", "", NULL, node, 0, 0, 0 },
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };

static int
node(const struct rmb_options *options)
{
	(void)options;
	return rmb_worker_main();
}

static int
version(const struct rmb_options *options)
{
	(void)options;
	rmb_print_versions(stdout);
	return 0;
}

static void
usage(FILE *to)
{
	fprintf(to, "rumble: do a recording's statistics look like those of a critically normalised network?\n\n"
	            "usage: rumble COMMAND [OPTION...] [ARGUMENT...]\n");
	for (int i = 0; i < NCOMMANDS; i++) {
		const struct rmb_command *c = &commands[i];
		if (!c->run)
			fprintf(to, "\n%s\n", c->name);
		else if (c->brief)
			fprintf(to, "  %-9s%-20s%s\n", c->name, c->args, c->brief);
	}
	fprintf(to, "\n`rumble help COMMAND` lists the options of a command. To begin: rumble run recipes/quickstart.yaml\n");
}

/* ---- parsing one command's words */

struct parse { const struct rmb_command *command; struct rmb_options *options; };

static const struct option_row *
find_row(unsigned mask, int key)
{
	for (int i = 0; i < NOPTIONS; i++)
		if ((option_rows[i].bit & mask) && option_rows[i].key == key)
			return &option_rows[i];
	return NULL;
}

static void
append(const char ***list, int *n, const char *word)
{
	const char **grown = realloc(*list, ((size_t)*n + 1) * sizeof *grown);
	if (!grown) {
		fputs("rumble: out of memory while reading the command line\n", stderr);
		exit(rmb_exit_code(RMB_ELIMIT));
	}
	*list = grown;
	grown[(*n)++] = word;
}

static void
store(const struct option_row *row, char *word, struct argp_state *state, struct rmb_options *options)
{
	char *field = (char *)options + row->at;
	struct rmb_error error = { 0 };
	long long count;
	switch (row->take) {
	case FLAG:
		*(bool *)field = true;
		break;
	case TEXT:
		if (!*word)
			argp_error(state, "--%s expects %s; found nothing", row->name, row->argument);
		*(const char **)field = word;
		break;
	case LIST:
		append((const char ***)field, (int *)((char *)options + row->count_at), word);
		break;
	case COUNT:
		if (rmb_integer_parse(word, &count, &error) || count < 1 || count > 4096)
			argp_error(state, "--%s takes a whole number from 1 to 4096; found '%s'", row->name, word);
		else
			*(int *)field = (int)count;
		break;
	case QUANTITY:
		if (rmb_quantity_parse(word, row->base, (double *)field, &error))
			argp_error(state, "--%s %s", row->name, error.text);
		else if (!(*(double *)field > 0))
			argp_error(state, "--%s must be larger than zero; found '%s'", row->name, word);
		break;
	}
}

static error_t
parse_one(int key, char *word, struct argp_state *state)
{
	struct parse *parse = state->input;
	const struct option_row *row = find_row(parse->command->options, key);
	if (row) {
		store(row, word, state, parse->options);
		return 0;
	}
	if (key == ARGP_KEY_ARG) {
		if (parse->options->nargs == parse->command->most)
			argp_error(state, "unexpected argument '%s'", word);
		append(&parse->options->arg, &parse->options->nargs, word);
		return 0;
	}
	if (key == ARGP_KEY_END && parse->options->nargs < parse->command->least)
		argp_error(state, "expects %s", parse->command->args);
	return ARGP_ERR_UNKNOWN;
}

static int
run_command(const struct rmb_command *command, int argc, char **argv)
{
	struct argp_option rows[NOPTIONS + 1] = { 0 };
	int n = 0;
	for (int i = 0; i < NOPTIONS; i++)
		if (option_rows[i].bit & command->options)
			rows[n++] = (struct argp_option){ .name = option_rows[i].name, .key = option_rows[i].key,
			                                  .arg = option_rows[i].argument, .doc = option_rows[i].help };
	struct argp argp = { .options = rows, .parser = parse_one, .args_doc = command->args, .doc = command->brief };
	struct rmb_options options = { 0 };
	struct parse parse = { command, &options };
	char name[64];
	snprintf(name, sizeof name, "rumble %s", command->name);
	argv[0] = name;
	argp_err_exit_status = rmb_exit_code(RMB_EUSAGE);
	int status = argp_parse(&argp, argc, argv, 0, NULL, &parse) ? rmb_exit_code(RMB_EUSAGE) : command->run(&options);
	free(options.arg);
	free(options.set);
	free(options.only);
	free(options.until);
	return status;
}

/* Who starts us may have closed the standard streams, and the next file that we opened would be the one that sentences go to.
 * What is held in place of standard output refuses to be written, so that results are not lost in silence. */
static int
hold_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) != fd)
			return -1;
	return 0;
}

/* A full disk may show only now. */
static int
close_output(int status)
{
	bool lost = ferror(stdout); /* an earlier write failed; errno is another's by now */
	if (fclose(stdout) == 0 && !lost)
		return status;
	fprintf(stderr, "rumble: cannot write to standard output%s%s\n",
	        lost ? "; some of what was said there is lost" : ": ", lost ? "" : strerror(errno));
	return status ? status : rmb_exit_code(RMB_EOUTPUT);
}

static const struct rmb_command *
find_command(const char *name)
{
	const char *names[NCOMMANDS + 1] = { 0 };
	int n = 0;
	for (int i = 0; i < NCOMMANDS; i++) {
		if (!commands[i].run)
			continue;
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		if (commands[i].brief)    /* those without are not for people */
			names[n++] = commands[i].name;
	}
	const char *near = rmb_nearest(name, names);
	fprintf(stderr, near ? "rumble: there is no command '%s'; did you mean '%s'?\n"
	                     : "rumble: there is no command '%s'; `rumble help` lists them\n", name, near);
	return NULL;
}

int
rmb_main(int argc, char **argv)
{
	if (hold_streams())
		return rmb_exit_code(RMB_EOUTPUT);
	if (argc < 2) {
		usage(stderr);
		return rmb_exit_code(RMB_EUSAGE);
	}
	const char *name = argv[1];
	char *explain[] = { argv[0], argc > 2 ? argv[2] : NULL, "--help", NULL }; /* rumble help run */
	if (strcmp(name, "help") == 0 && argc > 2) {
		name = argv[2];
		argv = explain;
		argc = 3;
	} else if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		usage(stdout);
		return close_output(0);
	}
	if (strcmp(name, "--version") == 0)
		name = "version";
	const struct rmb_command *command = find_command(name);
	struct rmb_error error = { 0 };
	if (command && command->brief && rmb_machine_has_room(&error))
		_exit(close_output(rmb_complain(NULL, &error))); /* returning waits for the threads of a library that never get theirs */
	rmb_vanished_watch("rumble: a cached object or an input file was cut short or replaced while it was read; run this "
	                   "again\n",
	                   rmb_exit_code(RMB_EOUTPUT));
	return command ? close_output(run_command(command, argc - 1, argv + 1)) : rmb_exit_code(RMB_EUSAGE);
}

int
rmb_complain(const struct rmb_options *options, const struct rmb_error *error)
{
	fflush(stdout);
	if (options && options->json)
		rmb_json_event(stdout, "error", error->code, error->text);
	else
		fprintf(stderr, "rumble: %s\n", error->text);
	return rmb_exit_code(error->code);
}
