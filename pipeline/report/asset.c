/* pipeline/report/asset.c -- whole files put into the program by the assembler, byte for byte. */
#include "pipeline/report/asset.h"

#define ASSET(name, file) \
	__asm__(".pushsection .rodata\n" #name "_first:\n.incbin \"" RUMBLE_ASSETS "/" file "\"\n" #name \
	        "_end:\n.byte 0\n.popsection\n"); \
	extern const char name##_first[], name##_end[]; \
	struct rmb_asset rmb_asset_##name(void) \
	{ \
		return (struct rmb_asset){ name##_first, (size_t)(name##_end - name##_first) }; \
	}

ASSET(css, "page.css")
ASSET(script, "page.js")
ASSET(plotly, "plotly.js")
ASSET(plotly_licence, "plotly.LICENSE")
