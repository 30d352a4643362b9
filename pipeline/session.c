/* pipeline/session.c -- recipe, graph, cache and keys, opened in one order for all commands. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/absent.h"
#include "pipeline/look.h"
#include "pipeline/session.h"

/* Mistakes (or, without any, remarks) where the user looks for them. */
static void
say_mistakes(const struct rmb_session *session, const struct rmb_options *options)
{
	bool failed = rmb_mistakes_count(session->mistakes) > 0;
	if (failed || !options->quiet)
		rmb_mistakes_print(session->mistakes, failed && options->json ? stdout : stderr, failed && options->json);
}

static int
give_up(struct rmb_session *session, const struct rmb_options *options)
{
	say_mistakes(session, options);
	int code = rmb_mistakes_code(session->mistakes);
	if (code == RMB_EINPUT) /* nothing ran: the recipe names what is no input */
		code = RMB_ERECIPE;
	rmb_session_close(session);
	return rmb_exit_code(code ? code : RMB_EINTERNAL);
}

static int
complain(struct rmb_session *session, const struct rmb_options *options, const struct rmb_error *error)
{
	int status = rmb_complain(options, error);
	rmb_session_close(session);
	return status;
}

static int
make_keys(const struct rmb_session *session)
{
	const char *memo = session->cache.absent ? NULL : rmb_arena_printf(session->arena, "%s/hashes", session->cache.root);
	return rmb_graph_keys(session->graph, memo, session->gone, session->mistakes);
}

static int
make_again(struct rmb_session *session, struct rmb_error *error)
{
	rmb_graph_free(session->graph);
	session->graph = rmb_graph_make_driven(session->recipe, session->drives, session->mistakes);
	if (!session->graph || make_keys(session))
		return rmb_error_set(error, rmb_mistakes_code(session->mistakes), "%s", rmb_mistakes_first(session->mistakes));
	return 0;
}

/* What is lost tells drivers, and nodes over all recordings, that they must do without. */
static int
advance(struct rmb_session *session, bool *lost, bool *changed, struct rmb_error *error)
{
	if (lost && rmb_lost_for_good(session->graph, lost))
		return rmb_error_nomem(error, "what failed");
	int code = rmb_drives_advance(session->graph, &session->cache, lost, changed, error);
	if (!code && lost && rmb_absent_note(session->graph, lost, changed))
		code = rmb_error_nomem(error, "what failed");
	return code || !*changed ? code : make_again(session, error);
}

int
rmb_session_advance(struct rmb_session *session, const struct rmb_result *result, bool *changed, struct rmb_error *error)
{
	bool *lost = rmb_lost_after(session->graph, result);
	int code = lost ? advance(session, lost, changed, error) : rmb_error_nomem(error, "the results of the run");
	free(lost);
	return code;
}

/* The sets that earlier runs came to: their results are in the cache. A command that runs nothing looks back at what
 * failed, too; a run tries that again. */
static int
replay(struct rmb_session *session, const struct rmb_journal *journal, struct rmb_error *error)
{
	int code = 0;
	for (bool changed = true; changed && code == 0;) {
		bool *lost = journal ? rmb_lost_since(session->graph, &session->cache, journal) : NULL;
		code = journal && !lost ? rmb_error_nomem(error, "the results of the last run")
		                        : advance(session, lost, &changed, error);
		free(lost);
	}
	return code;
}

static int
look_back(struct rmb_session *session, struct rmb_error *error)
{
	struct rmb_journal *journal = rmb_journal_read(&session->cache);
	int code = journal ? replay(session, journal, error) : rmb_error_nomem(error, "the results of the last run");
	rmb_journal_free(journal);
	return code;
}

int
rmb_session_open(const struct rmb_options *options, enum rmb_session_need need, struct rmb_session *session)
{
	struct rmb_error error = {0};
	memset(session, 0, sizeof *session);
	if (options->nargs < 1) {
		rmb_error_set(&error, RMB_EUSAGE, "which recipe? Give the path of one, such as recipes/quickstart.yaml");
		return rmb_complain(options, &error);
	}
	session->arena = rmb_arena_new();
	session->mistakes = session->arena ? rmb_mistakes_new(session->arena) : NULL;
	if (!session->mistakes) {
		rmb_error_nomem(&error, "the recipe");
		return complain(session, options, &error);
	}
	session->out = options->out ? options->out : rmb_recipe_name(session->arena, options->arg[0]);
	session->last = rmb_arena_printf(session->arena, "%s/results/.last.json", session->out);
	session->gone = need >= RMB_NEED_WRITABLE || !session->last ? NULL : json_load_file(session->last, 0, NULL);
	session->recipe = rmb_recipe_read_parts(options->arg[0], options->set, options->nset, session->gone, session->mistakes);
	session->drives = session->recipe ? rmb_drives_new(session->arena) : NULL;
	if (session->drives)
		session->graph = rmb_graph_make_driven(session->recipe, session->drives, session->mistakes);
	if (!session->graph)
		return give_up(session, options);
	if (need >= RMB_NEED_KEYS) {
		if (need >= RMB_NEED_WRITABLE ? rmb_cache_open(options->cache, &session->cache, &error)
		                              : rmb_cache_look(options->cache, &session->cache, &error))
			return complain(session, options, &error);
		if (make_keys(session))
			return give_up(session, options);
		bool back = need == RMB_NEED_KEYS || need == RMB_NEED_STANDING;
		if (replay(session, NULL, &error) || (back && look_back(session, &error)))
			return complain(session, options, &error);
	}
	if (need >= RMB_NEED_JOURNAL)
		session->journal = rmb_journal_read(&session->cache);
	say_mistakes(session, options);
	return 0;
}

void
rmb_session_close(struct rmb_session *session)
{
	rmb_journal_free(session->journal);
	if (session->cache.root)
		rmb_cache_close(&session->cache);
	rmb_graph_free(session->graph);
	rmb_recipe_free(session->recipe);
	json_decref(session->gone);
	rmb_arena_free(session->arena);
	memset(session, 0, sizeof *session);
}

/* Of a large folder much has to be read to know its size. */
static bool
is_quick(const struct rmb_node *node)
{
	enum { FOLDER = 64 << 20 };
	struct rmb_cost cost = { 0 };
	struct stat stat_of;
	bool folder = false;
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		folder |= node->stage->params[p].kind == RMB_FILE && !node->value[p].none &&
		          stat(node->value[p].path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
	if (folder && node->stage->estimate)
		node->stage->estimate(node->settings, &(struct rmb_size){ 0 }, &cost);
	return cost.bytes <= FOLDER;
}

/* Sizes of recordings that are still to be loaded, from their headers, of large folders only if `all` are wanted; what is wrong with
 * a file the run will tell. */
static void
look_at_sources(const struct rmb_session *session, bool all)
{
	struct rmb_looks *looks = rmb_looks_new(session->arena, RMB_HEADERS);
	const struct rmb_graph *graph = session->graph;
	struct rmb_error ignored = { 0 };
	for (int i = 0; i < graph->nnodes && looks; i++) {
		const struct rmb_node *node = graph->node[i];
		if (node->stage->look && !node->twin && !rmb_cache_has(&session->cache, node->key, NULL) && is_quick(node) != all)
			rmb_looks_add(looks, node->stage, node->value);
	}
	if (!looks || looks->n == 0 || rmb_looks_run(looks, &ignored))
		return;
	for (int k = 0; k < looks->n; k++)
		for (int i = 0; i < graph->nnodes; i++)
			if (graph->node[i]->value == looks->look[k].value && looks->look[k].code == 0)
				graph->node[i]->size = looks->look[k].seen.size;
}

struct rmb_plan *
rmb_session_plan_again(const struct rmb_session *session, const struct rmb_options *options, struct rmb_error *error)
{
	const struct rmb_asked asked = { options->only, options->nonly, options->until, options->nuntil };
	struct rmb_error ignored = { 0 };
	look_at_sources(session, false);
	struct rmb_plan *plan = rmb_plan_make(session->graph, &session->cache, session->journal, &asked, session->last, error);
	if (!plan || rmb_plan_fits(plan, rmb_cache_free_bytes(&session->cache), 0, &ignored) == 0)
		return plan;
	look_at_sources(session, true); /* of a folder whose samples may stay there it was said that they are copied */
	rmb_plan_free(plan);
	return rmb_plan_make(session->graph, &session->cache, session->journal, &asked, session->last, error);
}

int
rmb_session_plan(const struct rmb_options *options, enum rmb_session_need need,
                 int (*work)(const struct rmb_session *session, struct rmb_plan *plan, const struct rmb_options *options))
{
	struct rmb_session session;
	struct rmb_error error = { 0 };
	int status = rmb_session_open(options, need, &session);
	if (status)
		return status;
	struct rmb_plan *plan = rmb_session_plan_again(&session, options, &error);
	status = plan ? work(&session, plan, options) : rmb_complain(options, &error);
	rmb_plan_free(plan);
	rmb_session_close(&session);
	return status;
}
