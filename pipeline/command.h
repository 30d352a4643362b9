/* pipeline/command.h -- the command line: one table of commands, one table of options; help and parsing read both. */
#ifndef RMB_COMMAND_H
#define RMB_COMMAND_H
#include <stdbool.h>
#include <stdio.h>

struct rmb_options {
	int nargs;                 /* words that are not options, after the command */
	const char **arg;
	int nset;                  /* --set NAME=VALUE */
	const char **set;
	int nonly, nuntil;         /* --only NODE, --until NODE */
	const char **only, **until;
	const char *cache;         /* --cache DIR; NULL: default place */
	const char *out;           /* --out; NULL: ./<recipe name>/ for runs */
	const char *format;        /* --format; NULL: the command's default */
	int jobs;                  /* --jobs N; 0: cores */
	double memory;             /* --memory SIZE, bytes; 0: default */
	double time_limit;         /* --time-limit T, s; 0: none */
	bool fail_fast, json, quiet, check, copy, dry_run, quick, full;
	double max_size, max_age;  /* cache gc: bytes, s; 0: not given */
};

struct rmb_command {           /* a row without run is a heading */
	const char *name, *args, *brief;
	int (*run)(const struct rmb_options *options);  /* returns an exit status */
	unsigned options;          /* which rows of the option table it takes */
	int least, most;           /* how many words it takes */
};

/* The whole program; returns its exit status. */
int rmb_main(int argc, char **argv);
/* Versions of rumble, the compiler and every library: the first thing a bug report needs. */
void rmb_print_versions(FILE *to);
/* One JSON line: {"event":event,"class":finer class of code,"message":text}. */
void rmb_json_event(FILE *to, const char *event, int code, const char *text);

/* Prints "rumble: sentence" (or a JSON event) for a failure and returns its exit status. */
struct rmb_error;
int rmb_complain(const struct rmb_options *options, const struct rmb_error *error);

/* The commands; each in the file that does its work. */
int rmb_command_run(const struct rmb_options *);
int rmb_command_check(const struct rmb_options *);
int rmb_command_plan(const struct rmb_options *);
int rmb_command_graph(const struct rmb_options *);
int rmb_command_status(const struct rmb_options *);
int rmb_command_report(const struct rmb_options *);
int rmb_command_export(const struct rmb_options *);
int rmb_command_init(const struct rmb_options *);
int rmb_command_inspect(const struct rmb_options *);
int rmb_command_convert(const struct rmb_options *);
int rmb_command_stages(const struct rmb_options *);
int rmb_command_schema(const struct rmb_options *);
int rmb_command_cache(const struct rmb_options *);
int rmb_command_selftest(const struct rmb_options *);
#endif
