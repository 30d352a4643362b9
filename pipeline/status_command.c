/* pipeline/status_command.c -- `rumble status`: where each node stands. */
#include <jansson.h>
#include <sys/stat.h>
#include <time.h>
#include "pipeline/events.h"
#include "pipeline/session.h"
#include "pipeline/table.h"
#include "rumble/units.h"

enum state { CACHED, RUNNING, FAILED, LET_GO, WAITING, MISSING, NSTATES };
static const char *const state_names[NSTATES] = { "cached", "running", "failed", "let go", "waiting", "missing" };

struct standing { enum state state; double age; const char *note; };

/* Age of the object in s, or -1. */
static double
age_of(const struct rmb_session *session, const struct rmb_node *node)
{
	struct stat stat_of;
	const char *path = rmb_cache_path(session->arena, &session->cache, node->key);
	return path && stat(path, &stat_of) == 0 ? difftime(time(NULL), stat_of.st_mtime) : -1;
}

static struct standing
look_at(const struct rmb_session *session, const struct rmb_step *step)
{
	if (step->todo == RMB_CACHED)
		return (struct standing){ CACHED, age_of(session, step->node), NULL };
	if (rmb_lease_held(&session->cache, step->node->key))
		return (struct standing){ RUNNING, -1, "somebody alive works on it" };
	if (step->todo == RMB_WAITS)
		return (struct standing){ WAITING, -1, step->why };
	if (step->todo == RMB_LET_GO)
		return (struct standing){ LET_GO, -1, "keep: false, and nothing that is missing reads it" };
	const char *failure = rmb_journal_failure(session->journal, step->node);
	if (failure)
		return (struct standing){ FAILED, -1, failure };
	return (struct standing){ MISSING, -1, step->why };
}

/* "3 min", "2 days": one unit is enough. */
static const char *
age_text(struct rmb_arena *arena, double age)
{
	static const struct { double seconds; const char *name; } units[] = {
		{ 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	if (age < 0)
		return NULL;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (age >= units[i].seconds) {
			long n = (long)(age / units[i].seconds);
			return rmb_arena_printf(arena, "%ld %s%s ago", n, units[i].name, n == 1 ? "" : "s");
		}
	return "just now";
}

static void
print_row(struct rmb_table *table, struct rmb_arena *arena, const struct rmb_step *step, const struct standing *standing)
{
	char size[64];
	const char *cell[] = { step->node->id, state_names[standing->state], NULL, age_text(arena, standing->age),
	                       standing->note };
	if (standing->state == CACHED)
		cell[2] = rmb_arena_strdup(arena, rmb_quantity_print((double)step->bytes, "B", size, sizeof size));
	rmb_table_row(table, cell);
}

static void
print_event(const struct rmb_step *step, const struct standing *standing)
{
	json_t *object = json_pack("{sssossss}", "event", "node", "node", rmb_json_text(step->node->id), "state",
	                           state_names[standing->state], "key", step->node->key);
	if (object && standing->state == CACHED)
		json_object_update_new(object, json_pack("{sIsI}", "bytes", (json_int_t)step->bytes, "age",
		                                         (json_int_t)standing->age));
	if (object && standing->note)
		json_object_set_new(object, "why", rmb_json_text(standing->note));
	rmb_json_line(stdout, object);
}

static int
print_status(const struct rmb_session *session, struct rmb_plan *plan, const struct rmb_options *options)
{
	struct rmb_table *table = rmb_table_new(plan->arena, "llrll");
	int count[NSTATES] = {0};
	for (int i = 0; table && i < plan->nsteps; i++) {
		struct standing standing = look_at(session, &plan->step[i]);
		count[standing.state]++;
		if (options->json)
			print_event(&plan->step[i], &standing);
		else
			print_row(table, plan->arena, &plan->step[i], &standing);
	}
	if (!table || options->json)
		return 0;
	rmb_table_print(table, stdout);
	printf("\n%d node%s:", plan->nsteps, plan->nsteps == 1 ? "" : "s");
	for (int s = 0, said = 0; s < NSTATES; s++)
		if (count[s])
			printf("%s %d %s", said++ ? "," : "", count[s], state_names[s]);
	printf(". Cache: %s%s\n", rmb_harmless(plan->arena, session->cache.root),
	       session->cache.absent ? " (nothing there yet)" : "");
	return 0;
}

int
rmb_command_status(const struct rmb_options *options)
{
	return rmb_session_plan(options, RMB_NEED_STANDING, print_status);
}
