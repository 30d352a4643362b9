/* pipeline/reference.c -- "node@branch#2.output" as written at an input port. Which branches and replicates a node has is
 * known only once the recipe is expanded; everything else about a reference is settled here. */
#include <string.h>
#include "pipeline/reading.h"

/* Names of all entries for suggestions, ending with NULL. */
static const char **
entry_names(struct rmb_reading *r)
{
	const char **name = rmb_arena_alloc(r->arena, (size_t)r->recipe->nentries + 1, sizeof *name);
	for (int i = 0; name && i < r->recipe->nentries; i++)
		name[i] = r->recipe->entry[i].name;
	return name;
}

static int
find_entry(struct rmb_reading *r, const struct rmb_tree *tree, const char *word)
{
	for (int i = 0; i < r->recipe->nentries; i++)
		if (strcmp(r->recipe->entry[i].name, word) == 0)
			return i;
	const char **name = entry_names(r);
	char list[256] = "";
	for (int i = 0; name && name[i] && strlen(list) + strlen(name[i]) + 3 < sizeof list; i++)
		strcat(strcat(list, i ? ", " : ""), name[i]);
	const char *near = name ? rmb_did_you_mean(r, word, name) : "";
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "unknown node '%s'%s%s%s", word, near,
	            *near ? "" : "; there are: ", *near ? "" : list);
	return -1;
}

/* The output named, or a mistake that lists those of the stage. */
static bool
check_output(struct rmb_reading *r, const struct rmb_tree *tree, const struct rmb_entry *entry, const char *output)
{
	const char *name[64] = { NULL };
	char list[512] = "";
	for (int i = 0; i < 63 && entry->stage->out[i].name; i++) {
		if (strcmp(entry->stage->out[i].name, output) == 0)
			return true;
		name[i] = entry->stage->out[i].name;
		if (strlen(list) + strlen(name[i]) + 3 < sizeof list)
			strcat(strcat(list, i ? ", " : ""), name[i]);
	}
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "'%s' (%s) has no output '%s'%s; it makes: %s", entry->name,
	            entry->stage->name, output, rmb_did_you_mean(r, output, name), list);
	return false;
}

static bool
malformed(struct rmb_reading *r, const struct rmb_tree *tree)
{
	rmb_mistake(r->m, RMB_ERECIPE, tree->place,
	            "'%s' names no node; write NODE, NODE.OUTPUT, NODE@BRANCH or NODE@BRANCH#2.OUTPUT", tree->text);
	return false;
}

/* "#2": a number from 1 without leading zero; 0: it is not. */
static int
replicate_number(const char *digits)
{
	size_t n = strspn(digits, "0123456789");
	int number = 0;
	if (n == 0 || n > 5 || digits[n] || *digits == '0')
		return 0;
	for (; *digits; digits++)
		number = number * 10 + (*digits - '0');
	return number;
}

bool
rmb_reference_read(struct rmb_reading *r, const struct rmb_tree *tree, struct rmb_reference *reference)
{
	if (!rmb_scalar(r, tree, "an input expects the name of a node, or a list of names"))
		return false;
	*reference = (struct rmb_reference){ .text = tree->text, .place = tree->place };
	char *word = rmb_arena_strdup(r->arena, tree->text);
	if (!word) {
		rmb_reading_nomem(r);
		return false;
	}
	char *dot = strrchr(word, '.');
	if (dot)
		*dot++ = '\0';
	char *hash = strchr(word, '#');
	if (hash)
		*hash++ = '\0';
	char *branch = strchr(word, '@');
	if (branch)
		*branch++ = '\0';
	if (!rmb_name_valid(word) || (branch && !*branch) || (dot && !*dot) ||
	    (hash && !(reference->replicate = replicate_number(hash))))
		return malformed(r, tree);
	reference->entry = find_entry(r, tree, word);
	reference->branch = branch;
	reference->output = dot;
	if (reference->entry < 0)
		return false;
	const struct rmb_entry *entry = &r->recipe->entry[reference->entry];
	return !dot || !entry->stage || check_output(r, tree, entry, dot);
}
