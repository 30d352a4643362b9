/* pipeline/handbook.c -- `rumble stages` and `rumble schema`: what the descriptors say, for people and for editors. */
#include <stdio.h>
#include <string.h>
#include "pipeline/command.h"
#include "pipeline/graph.h"
#include "pipeline/recipe.h"

enum { PAGE = 100 };

/* ---- words for what the tables hold */

static const char *
kind_of_setting(const struct rmb_param *param)
{
	static const char *const name[] = { [RMB_REAL] = "number", [RMB_INT] = "whole number", [RMB_FLAG] = "true or false",
	                                    [RMB_WORD] = "word",
		[RMB_STRING] = "text", [RMB_FILE] = "path", [RMB_RANGE] = "range, as 11..500",
		[RMB_INTS] = "list of whole numbers",
		[RMB_REALS] = "list of numbers" };
	return name[param->kind];
}

/* "frequency in Hz", "list of numbers in um", "one of auto, npy or npz". */
static const char *
describe_kind(struct rmb_arena *arena, const struct rmb_param *param)
{
	if (param->kind == RMB_WORD) {
		char *list = rmb_arena_strdup(arena, ""), **word = (char **)rmb_param_words(arena, param);
		for (int i = 0; list && word && word[i]; i++)
			list = rmb_arena_printf(arena, "%s%s%s", list, i == 0 ? "" : word[i + 1] ? ", " : " or ", word[i]);
		return list ? list : "word";
	}
	if (param->unit && strcmp(param->unit, "1") != 0) {
		const char *text = rmb_arena_printf(arena, "%s in %s", kind_of_setting(param), param->unit);
		return text ? text : kind_of_setting(param);
	}
	return kind_of_setting(param);
}

static const char *
kinds_text(unsigned kinds)
{
	static const struct { unsigned kinds; const char *text; } name[] = { { RMB_RECORDING, "recording" },
	                                                                     { RMB_SPIKES, "spikes" },
		{ RMB_RECORDING | RMB_SPIKES, "recording or spikes" }, { RMB_ARRAY, "array" },
		{ RMB_RECORDING | RMB_ARRAY, "recording or array" },
		{ RMB_RECORDING | RMB_SPIKES | RMB_ARRAY, "anything" } };
	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		if (kinds == name[i].kinds)
			return name[i].text;
	return (kinds & RMB_AS_INPUT) ? "as its first input" : "anything";
}

static const char *
gather_text(enum rmb_gather gather)
{
	static const char *const text[] = { [RMB_ONE] = "", [RMB_BRANCHES] = "; takes a list as it is",
	                                    [RMB_REPLICATES] = "; takes all replicates",
		[RMB_RECORDINGS] = "; one node over all recordings", [RMB_ALL] = "; takes all branches and replicates",
		[RMB_SETS] = "; one node, once for each set" };
	return text[gather];
}

/* ---- a page for people */

/* Prints text wrapped at PAGE columns; every line but the first begins at `indent`, where the cursor stands already. */
static void
wrap(const char *text, int indent)
{
	int column = indent;
	for (const char *word = text + strspn(text, " \n"); *word;) {
		int n = (int)strcspn(word, " \n");
		if (column > indent && column + 1 + n > PAGE) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", n, word);
		column += n;
		word += n;
		word += strspn(word, " \n");
	}
	putchar('\n');
}

static void
print_settings(struct rmb_arena *arena, const struct rmb_stage *stage)
{
	int width = 0;
	for (int i = 0; i < rmb_nparams(stage); i++)
		width = (int)strlen(stage->params[i].name) > width ? (int)strlen(stage->params[i].name) : width;
	if (rmb_nparams(stage) > 0)
		puts("\nSettings");
	for (int i = 0; i < rmb_nparams(stage); i++) {
		const struct rmb_param *p = &stage->params[i];
		const char *range = rmb_param_range(arena, p);
		const char *line = rmb_arena_printf(arena, "%s%s%s%s. %s%s%s", describe_kind(arena, p), range ? ", " : "",
		                                    range ? range : "", p->none ? ", or none" : "",
		                                    p->def ? "Default " : "Must be given", p->def ? p->def : "", ".");
		printf("  %-*s  ", width, p->name);
		wrap(p->help ? p->help : "", width + 4);
		printf("  %*s  ", width, "");
		wrap(line ? line : "", width + 4);
	}
}

static const char *
port_line(struct rmb_arena *arena, const struct rmb_port *port, bool input)
{
	bool array = port->kinds == RMB_ARRAY;
	const char *or = array && port->axes ? strchr(port->axes, '|') : NULL;
	int first = or ? (int)(or - port->axes) : array && port->axes ? (int)strlen(port->axes) : 0;
	const char *line =
		rmb_arena_printf(arena, "%s%s%.*s%s%s%s%s%s%s%s", kinds_text(port->kinds), array && port->axes ? " [" : "",
	                         first, array && port->axes ? port->axes : "", or ? "] or [" : "", or ? or +1 : "",
	                         array && port->axes ? "]" : "",
	                         array && port->unit && strcmp(port->unit, "1") != 0 ? " in " : "",
	                         array && port->unit && strcmp(port->unit, "1") != 0 ? port->unit : "",
	                         input ? gather_text(port->gather) : "",
	                         port->optional ? (input ? "; may be left out" : "; not made under every setting") : "");
	return line ? line : "";
}

static void
print_ports(struct rmb_arena *arena, const char *title, const struct rmb_port *ports, bool input)
{
	int width = 0;
	for (int i = 0; ports && ports[i].name; i++)
		width = (int)strlen(ports[i].name) > width ? (int)strlen(ports[i].name) : width;
	if (width > 0)
		printf("\n%s\n", title);
	for (int i = 0; ports && ports[i].name; i++) {
		printf("  %-*s  ", width, ports[i].name);
		wrap(ports[i].help ? ports[i].help : "", width + 4);
		printf("  %*s  %s\n", width, "", port_line(arena, &ports[i], input));
	}
}

static void
print_example(const struct rmb_stage *stage)
{
	printf("\nIn a recipe\n  %s: {stage: %s", strcmp(stage->folder, "load") == 0 ? "raw" : stage->name, stage->name);
	for (int i = 0; stage->in && stage->in[i].name; i++)
		if (!stage->in[i].optional)
			printf(", %s: NODE", stage->in[i].name);
	for (int i = 0; i < rmb_nparams(stage); i++)
		if (!stage->params[i].def && !stage->reads_files)
			printf(", %s: VALUE", stage->params[i].name);
	puts(stage->propose ? ", vary: {NODE.SETTING: [VALUE, VALUE]}}" : "}");
	if (stage->propose)
		puts("  vary names settings of nodes above the one it reads, each with a list of values of the same length.");
	if (rmb_stage_is_fed(stage))
		puts("  `all` instead of a list means all values that there are in the recording.");
	if (stage->reads_files)
		puts("  Its settings stand with each recording, or here if they are the same for all.");
	for (int i = 0; stage->reads_files && i < rmb_nparams(stage); i++)
		if (rmb_source_key(stage->params[i].name) && strcmp(stage->params[i].name, "path") != 0)
			printf("  `%s` stands here only: with a recording it is something else.\n", stage->params[i].name);
}

static void
print_page(struct rmb_arena *arena, const struct rmb_stage *stage)
{
	printf("%s -- ", stage->name);
	wrap(stage->brief, 0);
	if (stage->about) {
		printf("\n");
		wrap(stage->about, 0);
	}
	print_example(stage);
	print_settings(arena, stage);
	print_ports(arena, "Inputs", stage->in, true);
	print_ports(arena, "Outputs (the first is meant if none is named)", stage->out, false);
	if (stage->cite) {
		printf("\nSource: ");
		wrap(stage->cite, 8);
	}
	printf("\nVersion %d%s\n", stage->version, stage->draws ? "; draws random numbers, so that seed and repeat matter" : "");
}

static void
print_list(void)
{
	static const struct { const char *folder, *title; } group[] = { { "load", "From lab files" },
	                                                                { "prepare", "From recording to recording" },
		{ "analyze", "From recording to statistics" }, { "simulate", "Surrogates" }, { "compare", "Comparing" } };
	for (size_t g = 0; g < sizeof group / sizeof *group; g++) {
		bool titled = false;
		for (const struct rmb_stage *const *s = rmb_stages; *s; s++) {
			if (strcmp((*s)->folder, group[g].folder) != 0)
				continue;
			if (!titled)
				printf("%s%s\n", g > 0 ? "\n" : "", group[g].title);
			titled = true;
			printf("  %-16s %s\n", (*s)->name, (*s)->brief);
		}
	}
	puts("\n`rumble stages NAME` describes one of them.");
}

/* ---- the same as JSON */

static json_t *
params_json(struct rmb_arena *arena, const struct rmb_stage *stage)
{
	json_t *list = json_array();
	for (int i = 0; i < rmb_nparams(stage); i++) {
		const struct rmb_param *p = &stage->params[i];
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s, s:s?, s:b, s:s?, s:s?}", "name", p->name, "kind",
		                                kind_of_setting(p), "unit", rmb_param_unit(p), "default", p->def, "none",
		                                (int)p->none, "range", rmb_param_range(arena, p), "help", p->help));
		if (p->words)
			json_object_set_new(json_array_get(list, (size_t)i), "words", json_string(p->words));
	}
	return list;
}

static json_t *
ports_json(const struct rmb_port *ports)
{
	json_t *list = json_array();
	for (int i = 0; ports && ports[i].name; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?}", "name", ports[i].name, "kind",
		                                      kinds_text(ports[i].kinds), "optional", (int)ports[i].optional, "axes",
		                                      ports[i].axes, "unit", ports[i].unit, "help", ports[i].help));
	return list;
}

static json_t *
stage_json(struct rmb_arena *arena, const struct rmb_stage *stage)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s?, s:s?, s:b, s:o, s:o, s:o}", "name", stage->name, "version",
	                 stage->version, "folder", stage->folder, "brief", stage->brief, "about", stage->about, "cite",
	                 stage->cite, "draws", stage->draws != NULL, "settings", params_json(arena, stage), "inputs",
	                 ports_json(stage->in), "outputs", ports_json(stage->out));
}

static int
print_json(json_t *json)
{
	int failed = !json || json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return rmb_exit_code(failed ? RMB_EOUTPUT : RMB_OK);
}

/* ---- commands */

static int
unknown(const struct rmb_options *options, const char *name)
{
	const char *known[256] = { NULL };
	struct rmb_error error = { 0 };
	for (int i = 0; i < 255 && rmb_stages[i]; i++)
		known[i] = rmb_stages[i]->name;
	const char *near = rmb_nearest(name, known);
	rmb_error_set(&error, RMB_EUSAGE,
	              near ? "there is no stage '%s'; did you mean '%s'?"
	                   : "there is no stage '%s'; `rumble stages` lists them",
	              name, near);
	return rmb_complain(options, &error);
}

int
rmb_command_stages(const struct rmb_options *options)
{
	const struct rmb_stage *stage = options->nargs > 0 ? rmb_stage_find(options->arg[0]) : NULL;
	if (options->nargs > 0 && !stage)
		return unknown(options, options->arg[0]);
	struct rmb_arena *arena = rmb_arena_new();
	int status = rmb_exit_code(arena ? RMB_OK : RMB_ELIMIT);
	if (arena && options->json) {
		json_t *all = stage ? stage_json(arena, stage) : json_array();
		for (const struct rmb_stage *const *s = rmb_stages; !stage && *s; s++)
			json_array_append_new(all, stage_json(arena, *s));
		status = print_json(all);
	} else if (arena && stage) {
		print_page(arena, stage);
	} else if (arena) {
		print_list();
	}
	rmb_arena_free(arena);
	return status;
}

int
rmb_command_schema(const struct rmb_options *options)
{
	(void)options;
	return print_json(rmb_schema());
}
