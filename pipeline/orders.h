/* pipeline/orders.h -- what a run tells a worker: one JSON document with a chain of nodes.
 *
 * {"cache": root, "run": id, "parent": pid, "threads": n, "memory": bytes, "confined": true,
 *  "nodes": [{"index": 7, "key": ..., "description": "...", "id": "fx26/svca2@z", "recording": "fx26", "seed": 1, "turn": 1,
 *             "files": {sha256: path, ...}, "places": {sha256: path, ...}, "unkeyed": {setting: value, ...}, 
 *             "varied": ["frames.width", ...],
 *             "inputs": [{"port": ..., "key": ..., "output": ..., "name": ..., "labels": {name: value, ...},
 *                         "origin": {"recording": ..., "entry": ..., "branch": ..., "replicate": n}}, ...]}, ...]}
 *
 * What is computed is read from the description, whose SHA-256 must be the key; the rest is where things lie and what they
 * are called. This file is the only one that knows the form. */
#ifndef RMB_ORDERS_H
#define RMB_ORDERS_H
#include <jansson.h>
#include <sys/types.h>
#include "pipeline/call.h"
#include "pipeline/graph.h"

struct rmb_task {               /* one node of the chain */
	int index;                  /* the run's number for it */
	struct rmb_order order;
};
struct rmb_orders {
	const char *cache, *run;
	pid_t parent;
	double memory;              /* bytes that a worker reading foreign files may allocate */
	bool confined;              /* it reads foreign files */
	int ntasks;
	struct rmb_task *task;      /* in dependency order */
};

/* One text for the worker's standard input (free() it; NULL: no memory). orders->task need not be set: node[n] says what to do. */
char *rmb_orders_write(const struct rmb_orders *orders, int threads, const struct rmb_recipe *recipe,
                       struct rmb_node *const *node, int n);
/* Reads it back into the arena. RMB_EINTERNAL if it does not hold together. */
int rmb_orders_read(struct rmb_arena *arena, const char *text, size_t length, struct rmb_orders *orders,
                    struct rmb_error *error) RMB_CHECKED;
#endif
