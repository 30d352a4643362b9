/* rumble/processor.h -- inner loops for the processor at hand. */
#ifndef RMB_PROCESSOR_H
#define RMB_PROCESSOR_H

/* Before a function: compiled for several instruction sets, and chosen at start-up. Contraction is off, so that all of them give
 * the same bits. clang 14 lacks the attribute in this form, and sanitizers run before the choice can be made. */
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__ && !defined RUMBLE_SANITIZED
#define RMB_EVERY_CPU __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define RMB_EVERY_CPU
#endif

#endif
