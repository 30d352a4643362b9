/* pipeline/report/page.h -- the report as plain data, and as one HTML page.
 *
 * Knows tables, figures and remarks, neither graph nor cache. All text is raw; the page escapes it. */
#ifndef RMB_REPORT_PAGE_H
#define RMB_REPORT_PAGE_H
#include <stdio.h>
#include "pipeline/report/figure.h"

struct rmb_column { const char *title, *help; bool number; }; /* help may be NULL */
struct rmb_table {
	const char *title;             /* or NULL */
	int ncolumns, nrows;
	const struct rmb_column *column;
	const char **cell;             /* [nrows][ncolumns]; NULL: empty */
};
struct rmb_remark {
	const char *text;
	const char *who;               /* whom it is about: `named` names, the last of which is `last`, ... */
	int named, more;               /* ... and `more` that are not listed */
	const char *last;
	const void *of;                /* the entry that the first of them belongs to; NULL: none */
	bool varies;                   /* the others have other numbers in it */
};

struct rmb_section {                   /* one recording, or the results over all of them */
	const char *title;
	const char *about;             /* labels and tags in one line; may be "" */
	int nremarks, nfigures;
	const struct rmb_remark *remark;
	struct rmb_figure_data **figure;
	int nheadlines, ntables;
	const struct rmb_remark *headline; /* what is to be read first */
	const struct rmb_table *table; /* results that are tables themselves */
	struct rmb_table data, numbers; /* what the results are made of, and scalar results; nrows 0: none */
	bool all;                      /* over all recordings: comes before the numbers of single ones */
};

struct rmb_page {
	const char *title, *lead;      /* lead: one line under the title */
	const char *fingerprint;
	const char *program;           /* "rumble 0.1.0" */
	const char *note;              /* why figures are static or missing; NULL: nothing to say */
	int nproblems, nverdicts, nsummaries, nsections, ncites;
	const struct rmb_remark *problem;  /* what failed, was blocked or is missing */
	const struct rmb_table *summary;   /* across recordings, the first `nverdicts` of what has a headline */
	const struct rmb_section *section;
	const char *recipe_name, *recipe;  /* file name and text */
	struct rmb_table build;        /* program, libraries, kernel */
	struct rmb_table nodes;        /* stage, settings and key of every node */
	const char **cite;
};

/* Everything up to and including the fingerprint is within this many bytes from the start of a page. */
enum { RMB_PAGE_HEAD = 4096 };
/* The whole page. 0 or RMB_ELIMIT. */
int rmb_page_write(FILE *to, const struct rmb_page *page, struct rmb_error *error) RMB_CHECKED;
#endif
