/* pipeline/wiring.c -- what only the whole recipe shows: inputs that are missing, cycles, kinds that do not fit, and settings
 * that a stage refuses together.
 *
 * Entries are visited in dependency order. Each is looked at once for every recording, for settings and with them the kind
 * of thing it makes may depend on it; entries that cannot differ are looked at once for all. */
#include <ctype.h>
#include <string.h>
#include "pipeline/reading.h"

enum { ANY_KIND = RMB_RECORDING | RMB_SPIKES | RMB_ARRAY };
enum mark { NEW = 0, ON_THE_WAY, SEEN };

struct wiring {
	struct rmb_reading *r;
	struct rmb_recipe *recipe;
	char *mark;          /* enum mark of each entry */
	int *order, norder;  /* entries, each after those it reads */
	int *way, nway;      /* entries from a start to the one being visited */
	bool *group;         /* one node over all recordings */
	unsigned *kinds;     /* [entry][recording] kinds of the main output */
};

/* ---- inputs that must be there */

static const struct rmb_use *
use_of(const struct rmb_entry *entry, int port)
{
	for (int i = 0; i < entry->nuses; i++)
		if (entry->use[i].port == port)
			return &entry->use[i];
	return NULL;
}

static void
check_missing(struct wiring *w, struct rmb_entry *entry)
{
	for (int i = 0; entry->stage->in && entry->stage->in[i].name; i++) {
		const struct rmb_port *port = &entry->stage->in[i];
		if (port->optional || use_of(entry, i))
			continue;
		entry->partial = true;
		rmb_mistake(w->r->m, RMB_ERECIPE, entry->place, "'%s' does not say what %s reads: add '%s: NODE'%s%s%s",
		            entry->name, entry->stage->name, port->name, port->help ? " (" : "", port->help ? port->help : "",
		            port->help ? ")" : "");
	}
}

/* ---- order and cycles */

static void
tell_cycle(struct wiring *w, const struct rmb_reference *closing)
{
	int from = w->nway - 1;
	while (w->way[from] != closing->entry)
		from--;
	char text[900] = "";
	for (int i = from; i < w->nway; i++) {
		const char *name = w->recipe->entry[w->way[i]].name;
		if (strlen(text) + strlen(name) + 8 < sizeof text)
			strcat(strcat(text, name), " -> ");
	}
	rmb_mistake(w->r->m, RMB_ERECIPE, closing->place, "the stages go round in a cycle, where each reads the next: %s%s", text,
	            w->recipe->entry[closing->entry].name);
}

struct step { int use, reference; };

/* Depth first without recursion: a chain may be as long as the recipe. */
static void
visit(struct wiring *w, int start, struct step *step)
{
	w->nway = 0;
	w->way[w->nway] = start;
	step[w->nway++] = (struct step){ 0, 0 };
	w->mark[start] = ON_THE_WAY;
	while (w->nway > 0) {
		const struct rmb_entry *entry = &w->recipe->entry[w->way[w->nway - 1]];
		struct step *at = &step[w->nway - 1];
		if (at->use == entry->nuses) {
			w->mark[w->way[--w->nway]] = SEEN;
			w->order[w->norder++] = w->way[w->nway];
			continue;
		}
		if (at->reference == entry->use[at->use].nreferences) {
			*at = (struct step){ at->use + 1, 0 };
			continue;
		}
		const struct rmb_reference *reference = &entry->use[at->use].reference[at->reference++];
		if (w->mark[reference->entry] == ON_THE_WAY)
			tell_cycle(w, reference);
		else if (w->mark[reference->entry] == NEW) {
			w->mark[reference->entry] = ON_THE_WAY;
			w->way[w->nway] = reference->entry;
			step[w->nway++] = (struct step){ 0, 0 };
		}
	}
}

/* ---- settings of an entry for one recording */

static bool
mentions(const char *sentence, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = sentence; (at = strstr(at, word)); at++)
		if ((at == sentence || (!isalnum((unsigned char)at[-1]) && at[-1] != '_')) &&
		    !isalnum((unsigned char)at[n]) && at[n] != '_')
			return true;
	return false;
}

/* What a stage refuses is told at the setting that its sentence names first, if that was written. */
static struct rmb_place
place_of(const struct rmb_entry *entry, const struct rmb_value *value, const char *sentence)
{
	for (int i = 0; i < rmb_nparams(entry->stage); i++)
		if (value[i].place.file && mentions(sentence, entry->stage->params[i].name))
			return value[i].place;
	return entry->place;
}

/* Resolves the settings, lets the stage look at them, and says what its main output can be. */
static unsigned
look_at(struct wiring *w, struct rmb_entry *entry, int source)
{
	const struct rmb_stage *stage = entry->stage;
	int n = rmb_nparams(stage), code = 0;
	struct rmb_value *value = rmb_arena_alloc(w->r->arena, (size_t)n, sizeof *value);
	if (!value)
		rmb_reading_nomem(w->r);
	for (int i = 0; value && i < n; i++) {
		int this = rmb_recipe_value(w->recipe, entry, i, source, &value[i], w->r->m);
		code = code ? code : this;
	}
	void *settings = value && !code ? rmb_settings_make(w->r->arena, stage, value) : NULL;
	if (value && !code && !settings)
		rmb_reading_nomem(w->r);
	if (!settings)
		return stage->out[0].kinds;
	struct rmb_error error = { 0 };
	if (stage->check && stage->check(settings, &error)) {
		entry->refused = true;
		rmb_mistake(w->r->m, RMB_ERECIPE, place_of(entry, value, error.text), "%s: %s", stage->name, error.text);
	}
	return stage->makes ? stage->makes(settings) : stage->out[0].kinds;
}

/* ---- kinds */

const char *
rmb_kind_names(unsigned kinds)
{
	static const char *const name[] = { "nothing", "a recording", "spikes", "a recording or spikes", "an array",
	                                    "a recording or an array",
		"spikes or an array", "anything" };
	return name[kinds & ANY_KIND];
}

static const struct rmb_port *
output_of(const struct rmb_entry *entry, const char *name)
{
	const struct rmb_port *port = entry->stage->out;
	while (name && port->name && strcmp(port->name, name) != 0)
		port++;
	return port->name ? port : entry->stage->out;
}

static unsigned
kinds_of(const struct wiring *w, const struct rmb_reference *reference, int source)
{
	const struct rmb_entry *from = &w->recipe->entry[reference->entry];
	const struct rmb_port *port = from->stage ? output_of(from, reference->output) : NULL;
	if (!port)
		return ANY_KIND;
	if (port != from->stage->out && !(port->kinds & RMB_AS_INPUT))
		return port->kinds;
	return w->kinds[(size_t)reference->entry * (size_t)w->recipe->nsources + (size_t)source];
}

/* A stage that would turn what is there into what is wanted. */
static const char *
remedy(unsigned there, unsigned wanted)
{
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		if ((*s)->in && (*s)->in[0].name && ((*s)->in[0].kinds & there) == there &&
		    !((*s)->out[0].kinds & RMB_AS_INPUT) && ((*s)->out[0].kinds & ANY_KIND & ~wanted) == 0)
			return (*s)->name;
	return NULL;
}

/* A stage that makes one number of an array with those axes. */
static const char *
reducer(const char *axes)
{
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		if ((*s)->in && (*s)->in[0].name && (*s)->in[0].axes && strcmp((*s)->in[0].axes, axes) == 0 &&
		    (*s)->out[0].axes && !*(*s)->out[0].axes)
			return (*s)->name;
	return NULL;
}

/* Whether an input with such axes, or alternatives of them, takes those. */
static bool
takes(const char *alternatives, const char *axes)
{
	size_t n = strlen(axes);
	for (const char *at = alternatives;; at = strchr(at, '|') + 1) {
		if (strcspn(at, "|") == n && strncmp(at, axes, n) == 0)
			return true;
		if (!strchr(at, '|'))
			return false;
	}
}

static void
refuse_axes(struct wiring *w, const struct rmb_entry *entry, const struct rmb_port *in, const struct rmb_reference *reference,
            const struct rmb_port *out)
{
	bool number = takes(in->axes, "");
	const char *between = number ? reducer(out->axes) : NULL;
	if (number)
		rmb_mistake(w->r->m, RMB_ERECIPE, reference->place,
		            "%s reads a single number at '%s', but '%s' is an array [%s]%s%s%s", entry->stage->name, in->name,
		            reference->text, out->axes,
		            between ? "; put a stage between them that makes one number of it, such as " : "",
		            between ? between : "", between ? "" : "; name an output that is a number, as NODE.OUTPUT");
	else
		rmb_mistake(w->r->m, RMB_ERECIPE, reference->place,
		            *out->axes ? "%s reads an array [%s] at '%s', but '%s' is an array [%s]"
		                       : "%s reads an array [%s] at '%s', but '%s' is a single number",
		            entry->stage->name, in->axes, in->name, reference->text, out->axes);
}

static void
check_kind(struct wiring *w, const struct rmb_entry *entry, int port, struct rmb_reference *reference, int source)
{
	const struct rmb_port *in = &entry->stage->in[port];
	const struct rmb_entry *from = &w->recipe->entry[reference->entry];
	unsigned there = kinds_of(w, reference, source) & ANY_KIND;
	const struct rmb_port *out = output_of(from, reference->output);
	if (there == 0) /* what passes through it goes round in a cycle, which is told */
		return;
	if (there & in->kinds) {
		if (in->kinds == RMB_ARRAY && there == RMB_ARRAY && in->axes && out->axes && !takes(in->axes, out->axes))
			refuse_axes(w, entry, in, reference, out);
		return;
	}
	reference->told = true;
	const char *between = remedy(there, in->kinds & ANY_KIND);
	bool also = reference->output == NULL && between == NULL;
	const char *other = NULL; /* an output of the same node that would do */
	for (const struct rmb_port *p = from->stage->out; also && p->name && !other; p++)
		if (p != out && (p->kinds & in->kinds))
			other = p->name;
	rmb_mistake(w->r->m, RMB_ERECIPE, reference->place, "%s reads %s at '%s', but '%s' (%s) makes %s%s%s%s%s%s",
	            entry->stage->name, rmb_kind_names(in->kinds), in->name, reference->text, from->stage->name,
	            rmb_kind_names(there), between ? "; put the stage " : "", between ? between : "",
	            between ? " between them" : "", other ? "; its output is read as NODE." : "", other ? other : "");
}

static void
check_inputs(struct wiring *w, const struct rmb_entry *entry, int source)
{
	for (int i = 0; i < entry->nuses; i++)
		for (int k = 0; k < entry->use[i].nreferences; k++)
			if (w->recipe->entry[entry->use[i].reference[k].entry].stage)
				check_kind(w, entry, entry->use[i].port, &entry->use[i].reference[k], source);
}

/* Kinds of what passes through: those of everything at the first input. */
static unsigned
kinds_through(const struct wiring *w, const struct rmb_entry *entry, int source)
{
	const struct rmb_use *use = use_of(entry, 0);
	unsigned kinds = 0;
	for (int i = 0; use && i < use->nreferences; i++)
		kinds |= kinds_of(w, &use->reference[i], source);
	return kinds ? kinds & ANY_KIND : ANY_KIND;
}

/* ---- all entries */

static bool
over_all(const struct wiring *w, const struct rmb_entry *entry)
{
	bool all = entry->nuses > 0;
	for (int i = 0; i < entry->nuses; i++) {
		if (entry->stage->in[entry->use[i].port].gather == RMB_RECORDINGS)
			return true;
		for (int k = 0; k < entry->use[i].nreferences; k++)
			all = all && w->group[entry->use[i].reference[k].entry];
	}
	return all;
}

static bool
differs(const struct rmb_entry *entry)
{
	bool by = entry->stage->reads_files;
	for (int i = 0; i < entry->nsettings; i++)
		by = by || entry->setting[i].by;
	return by;
}

static void
check_entry(struct wiring *w, int index)
{
	struct rmb_entry *entry = &w->recipe->entry[index];
	unsigned *kinds = &w->kinds[(size_t)index * (size_t)w->recipe->nsources];
	w->group[index] = over_all(w, entry);
	bool once = w->group[index] || !differs(entry);
	for (int s = 0; s < w->recipe->nsources; s++)
		kinds[s] = once && s > 0 ? kinds[0] : look_at(w, entry, w->group[index] ? -1 : s);
	for (int s = 0; s < w->recipe->nsources; s++) {
		if (kinds[s] & RMB_AS_INPUT)
			kinds[s] = kinds_through(w, entry, s);
		check_inputs(w, entry, s);
	}
}

void
rmb_reading_wiring(struct rmb_reading *r)
{
	struct rmb_recipe *recipe = r->recipe;
	size_t n = (size_t)recipe->nentries, sources = (size_t)recipe->nsources;
	struct wiring w = { .r = r, .recipe = recipe, .mark = rmb_arena_alloc(r->arena, n, 1),
	                    .order = rmb_arena_alloc(r->arena, n, sizeof(int)),
		.way = rmb_arena_alloc(r->arena, n, sizeof(int)), .group = rmb_arena_alloc(r->arena, n, sizeof(bool)),
		.kinds = rmb_arena_alloc(r->arena, n * sources, sizeof(unsigned)) };
	struct step *step = rmb_arena_alloc(r->arena, n, sizeof *step);
	if (!w.mark || !w.order || !w.way || !w.group || !w.kinds || !step) {
		rmb_reading_nomem(r);
		return;
	}
	for (size_t i = 0; i < n * sources; i++)
		w.kinds[i] = ANY_KIND; /* until it is known: of entries without a stage, and round a cycle */
	for (int i = 0; i < recipe->nentries; i++) {
		if (recipe->entry[i].stage)
			check_missing(&w, &recipe->entry[i]);
		if (w.mark[i] == NEW)
			visit(&w, i, step);
	}
	for (int i = 0; i < w.norder; i++)
		if (recipe->entry[w.order[i]].stage)
			check_entry(&w, w.order[i]);
	for (int i = 0; i < recipe->nentries; i++)
		if (recipe->entry[i].stage && recipe->entry[i].stage->propose)
			rmb_reading_vary_above(r, &recipe->entry[i]);
}
