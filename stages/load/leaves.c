/* load/leaves.c -- what lies in cells and structs of MATLAB, as members. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "load/leaves.h"

int
rmb_leaf_below(const struct rmb_load_file *file, char *name, size_t n, const char *field, struct rmb_error *error)
{
	int length = snprintf(name + n, RMB_LEAF_NAME - n, "%s%s", n > 0 ? "." : "", field);
	return length >= 0 && (size_t)length < RMB_LEAF_NAME - n
	               ? 0
	               : rmb_error_set(error, RMB_ELIMIT, "%s: a name begins with '%.100s' and is longer than rumble reads (%d bytes)",
	                               file->path, rmb_load_printable(file->arena, name, strlen(name)), RMB_LEAF_NAME - 1);
}

int
rmb_leaves_make(struct rmb_load_file *file, struct rmb_leaves *leaves, struct rmb_error *error)
{
	*leaves = (struct rmb_leaves){ 0, rmb_arena_alloc(file->arena, RMB_MOST_LEAVES, sizeof *leaves->leaf) };
	return leaves->leaf ? 0 : rmb_error_nomem(error, file->path);
}

struct rmb_leaf *
rmb_leaves_find(const struct rmb_leaves *leaves, const char *name)
{
	for (int i = 0; i < leaves->n; i++)
		if (strcmp(leaves->leaf[i].name, name) == 0)
			return &leaves->leaf[i];
	return NULL;
}

/* The most that a deflated file can hold. */
static double
file_bytes(const struct rmb_load_file *file)
{
	return (double)file->size * RMB_DEFLATE_RATIO;
}

int
rmb_leaves_note(struct rmb_load_file *file, struct rmb_leaves *leaves, const char *name, const char *top, bool list,
                const struct rmb_member *shape, int64_t n, struct rmb_error *error)
{
	struct rmb_leaf *e = rmb_leaves_find(leaves, name);
	if (!e && leaves->n == RMB_MOST_LEAVES)
		return 0;
	if (!e) {
		e = &leaves->leaf[leaves->n++];
		*e = (struct rmb_leaf){
			.name = rmb_load_printable(file->arena, name, strlen(name)), .top = top, .list = list, .shape = *shape
		};
		if (!e->name)
			return rmb_error_nomem(error, name);
	}
	if (shape->refusal)
		e->shape = *shape;
	else if (!e->shape.refusal && (shape->number == RMB_BYTES) != (e->shape.number == RMB_BYTES) && n > 0) {
		if (e->items > 0)
			e->shape.refusal = "holds both text and numbers";
		else
			e->shape = *shape;
	}
	e->nparts++;
	if (n > 0 && shape->number != RMB_BYTES && (double)n * (double)shape->item > file_bytes(file))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is damaged: '%s' claims %" PRId64 " items, more than a file of %" PRId64
		                     " bytes can hold",
		                     file->path, e->name, n, file->size);
	if (n < 0 || __builtin_add_overflow(e->items, n, &e->items) || e->items > RMB_MEMBER_ITEMS || e->nparts > RMB_LEAF_PARTS)
		return rmb_error_set(error, RMB_ELIMIT, "%s: '%s' is larger than rumble reads", file->path, e->name);
	return 0;
}

const char *
rmb_leaves_counts(struct rmb_load_file *file, const struct rmb_leaf *leaf)
{
	return rmb_arena_printf(file->arena, "%s.counts", leaf->name);
}

int
rmb_leaves_members(struct rmb_load_file *file, const struct rmb_leaf *leaf, rmb_gathered_fill *fill, struct rmb_error *error)
{
	struct rmb_member shape = leaf->shape;
	bool text = shape.number == RMB_BYTES;
	shape.name = leaf->name;
	shape.effort = leaf->items * (int64_t)shape.item;
	if (!leaf->list && text) {
		shape.refusal = "is text: numbers are needed";
		shape.naxes = 0;
	}
	if (!leaf->list)
		return rmb_gathered_later(file, &shape, fill, error);
	const char *counts = rmb_leaves_counts(file, leaf);
	struct rmb_member all = rmb_gathered_numbers(leaf->name, text ? leaf->nparts : leaf->items),
			  each = rmb_gathered_numbers(counts, leaf->nparts);
	all.refusal = shape.refusal;
	all.effort = each.effort = shape.effort;
	if (text) {
		all.number = RMB_BYTES;
		all.item = RMB_LEAF_TEXT;
		all.type = "text";
	}
	int code = counts ? rmb_gathered_later(file, &all, fill, error) : rmb_error_nomem(error, leaf->name);
	return code || shape.refusal || text ? code : rmb_gathered_later(file, &each, fill, error);
}

/* ---- filling ---- */

int
rmb_leaves_begin(struct rmb_load_file *file, const struct rmb_leaves *leaves, const struct rmb_member *member, void *items,
                 struct rmb_leaf_reading *reading, struct rmb_error *error)
{
	static const char counts[] = ".counts";
	size_t length = strlen(member->name), tail = sizeof counts - 1;
	*reading = (struct rmb_leaf_reading){ .leaf = rmb_leaves_find(leaves, member->name), .member = member, .items = items };
	if (!reading->leaf && length > tail && strcmp(member->name + length - tail, counts) == 0) {
		const char *name = rmb_arena_printf(file->arena, "%.*s", (int)(length - tail), member->name);
		if (!name)
			return rmb_error_nomem(error, member->name);
		reading->leaf = rmb_leaves_find(leaves, name);
		reading->counts = true;
	}
	return reading->leaf ? 0 : rmb_error_set(error, RMB_EINTERNAL, "%s: '%s' is not known", file->path, member->name);
}

int
rmb_leaves_take(struct rmb_load_file *file, struct rmb_leaf_reading *r, const struct rmb_member *shape, void *raw, int64_t n,
                struct rmb_error *error)
{
	bool text = r->member->number == RMB_BYTES;
	int64_t room = r->member->count - r->done, wanted = r->counts || text ? 1 : n;
	bool as_is = !r->counts && !text && !r->leaf->list; /* raw items go where room was made for those of the first of this name */
	bool alike = shape->item == r->member->item && shape->number == r->member->number;
	if (n < 0 || shape->refusal || room < wanted || (n > 0 && !raw && !r->counts) || (n > 0 && as_is && !alike) ||
	    (!r->counts && n > 0 && text != (shape->number == RMB_BYTES)))
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is damaged, or is not what its header says", file->path,
		                     r->leaf->name);
	if (r->counts)
		((double *)(void *)r->items)[r->done] = (double)n;
	else if (text)
		memcpy(r->items + r->done * RMB_LEAF_TEXT, raw ? raw : "", (size_t)(n < RMB_LEAF_TEXT ? n : RMB_LEAF_TEXT - 1));
	else if (r->leaf->list)
		rmb_member_decode(shape, raw, n, (double *)(void *)r->items + r->done);
	else if (n > 0)
		memcpy(r->items, raw, (size_t)n * shape->item);
	r->done += wanted;
	return 0;
}

int
rmb_leaves_end(struct rmb_load_file *file, const struct rmb_leaf_reading *r, struct rmb_error *error)
{
	if (r->done == r->member->count)
		return 0;
	return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is damaged: its header says %" PRId64 " items, %" PRId64 " are there",
	                     file->path, r->member->name, r->member->count, r->done);
}
