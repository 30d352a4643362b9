/* pipeline/graph.h -- the recipe expanded into nodes: one per entry, recording, branch and replicate.
 *
 * A node's object is named by the SHA-256 of its canonical description (key.c): stage, versions, settings, input keys,
 * seed and replicate if it draws, file contents if it loads. Names and places are in no key. */
#ifndef RMB_GRAPH_H
#define RMB_GRAPH_H
#include "pipeline/recipe.h"

struct rmb_node;
struct rmb_drive;
struct rmb_drives;

struct rmb_edge {               /* one thing at an input port */
	int port;                   /* index in stage->in */
	struct rmb_node *from;
	const char *output;         /* name of the output port of from->stage */
	int set, replicate;         /* at a port of sets: from 0; which set of the driver, and which replicate of it */
};

struct rmb_node {
	int index;                  /* in graph->node, which is in dependency order; ties by recipe order */
	const struct rmb_entry *entry;
	const struct rmb_stage *stage;
	int source;                 /* index of the recording, -1: group node */
	const char *branch;         /* "shuffled", "z,fast", or NULL */
	int replicate;              /* 1.., or 0: not repeated. Replicates of replicates are numbered through */
	int turn;                   /* 1..entry->repeat: of the entry's own repeats; what a stage that draws has as replicate */
	const char *name;           /* "svca2@shuffled#2": entry, branch, replicate */
	const char *id;             /* "fx26/svca2@shuffled#2", or "areas": unique, for people and file names */
	struct rmb_value *value;    /* resolved settings, one per parameter in table order; shared by branches and replicates */
	const void *settings;       /* the same as the stage's settings struct, for draws, makes and estimate */
	unsigned makes;             /* kinds the main output can have */
	int nedges;
	struct rmb_edge *edge;      /* by port, then recipe order */
	int nabsent;
	const char **absent;        /* recordings that a node over all does without, since they failed; by name */
	int nusers;
	struct rmb_node **user;     /* nodes that read this one, each once */
	bool keep;
	struct rmb_size size;       /* expected size of the recording it makes or reads, 0: unknown */
	char key[RMB_KEY_MAX];      /* "" until rmb_graph_keys */
	struct rmb_node *twin;      /* the first node with the same key (one object serves both); NULL: this is the first */
	const char *description;    /* canonical JSON whose SHA-256 is the key; NULL until rmb_graph_keys */
	int sets;                   /* drivers for whose sets it was made, which the first parts of its branch name */
	bool hidden;                /* made for the sets of a driver that the report does not show */
	struct rmb_drive *drive;    /* of a driver: its sets so far; NULL: it is none */
	int nmade;                  /* of a driver: nodes made for its sets, in dependency order */
	struct rmb_node **made;
	unsigned mark;              /* while sets are made: copy stands for this node in the set with that mark */
	struct rmb_node *copy;
};

struct rmb_graph {
	const struct rmb_recipe *recipe;
	int nnodes;
	struct rmb_node **node;
	struct rmb_arena *arena;
	struct rmb_drives *drives;  /* sets of all drivers */
};

/* Expands the recipe, which must outlive the graph. NULL: there are mistakes, told to m now or before. A recipe that was read
 * in spite of mistakes is expanded as far as possible, to find further ones. */
struct rmb_graph *rmb_graph_make(struct rmb_recipe *recipe, struct rmb_mistakes *m);
/* The same with the sets that drivers have proposed so far; drivers not among `drives`, which must outlive the graph, are asked
 * now. NULL: all are. */
struct rmb_graph *rmb_graph_make_driven(struct rmb_recipe *recipe, struct rmb_drives *drives, struct rmb_mistakes *m);
void rmb_graph_free(struct rmb_graph *graph); /* accepts NULL */
/* Hashes the input files (remembered in `memo`, a file in the cache; NULL: never remembered) and fills in key and
 * description of every node. Unreadable files are mistakes of code RMB_EINPUT; for those that are gone the hash that an
 * earlier run remembered (gone.h) is taken, with a remark. gone NULL: they are mistakes. */
int rmb_graph_keys(struct rmb_graph *graph, const char *memo, const json_t *gone, struct rmb_mistakes *m) RMB_CHECKED;
/* The node a user means by "fx26/svca2@z.s", "svca2@z" (if only one recording) or "svca2"; *output gets the output named
 * or NULL. NULL: none or several, and the error says which there are. */
struct rmb_node *rmb_graph_find(const struct rmb_graph *graph, const char *text, const char **output, struct rmb_error *error);

/* A name as users write it, in pieces; what is left out (NULL, 0) means all. */
struct rmb_node_name {
	const char *source, *entry, *branch, *output;
	int replicate;
	bool whole;                 /* `branch` is the whole branch of some node: longer branches that hold it are not meant */
};
/* Fails (RMB_EUSAGE) if no node has that name. */
int rmb_graph_parse_name(const struct rmb_graph *graph, const char *text, struct rmb_node_name *name,
                         struct rmb_error *error) RMB_CHECKED;
bool rmb_node_is_named(const struct rmb_graph *graph, const struct rmb_node *node, const struct rmb_node_name *name);

/* ---- node.c */

/* The output port of that name (NULL: the main one); NULL: there is none. */
const struct rmb_port *rmb_output_port(const struct rmb_stage *stage, const char *name);
/* Whether it is a driver that reads a recording beside its sets, on whose neurons these depend. */
bool rmb_stage_is_fed(const struct rmb_stage *stage);
/* Whether its sets are not all known yet: it runs once they are. */
bool rmb_node_waits(const struct rmb_node *node);
/* The branch without the parts that name sets; "": none. */
const char *rmb_node_own_branch(const struct rmb_node *node);
/* Kinds that the output at `port` of a node can have. */
unsigned rmb_node_kinds(const struct rmb_node *node, const struct rmb_port *port);
/* What the stage expects the node to cost, from the sizes of what it reads. */
void rmb_node_estimate(const struct rmb_node *node, struct rmb_cost *cost);
/* Kinds and size of what a node makes, once its settings and edges are there. */
void rmb_node_finish(struct rmb_node *node);
#endif
