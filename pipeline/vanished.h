/* pipeline/vanished.h -- a mapped file that is cut short under us: the kernel sends SIGBUS to whoever reads on. */
#ifndef RMB_VANISHED_H
#define RMB_VANISHED_H

/* From now on SIGBUS writes the sentence to standard error, removes what rmb_vanished_remove() named last, and ends the process
 * with that status. There is no way back: the reader may be anywhere, in BLAS for one. The sentence must stay. */
void rmb_vanished_watch(const char *sentence, int status);
/* The temporary file being written, which is to go then too; NULL: none any more. */
void rmb_vanished_remove(const char *path);
#endif
