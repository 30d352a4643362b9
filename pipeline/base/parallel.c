#include "rumble/parallel.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { MAX_THREADS = 64 };

struct job {
	int (*work)(void *argument, int64_t piece, int thread);
	void *argument;
	int64_t npieces;
	_Atomic int64_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* guards the two below */
	int64_t failed;       /* lowest piece that failed, or npieces */
	int result;           /* what it returned */
};

struct member { struct job *job; int thread; };

/* Pieces begin in order and a begun piece is finished, so the lowest failing piece is the same for any number of threads. */
static void
record(struct job *job, int64_t piece, int result)
{
	pthread_mutex_lock(&job->lock);
	if (piece < job->failed) {
		job->failed = piece;
		job->result = result;
	}
	pthread_mutex_unlock(&job->lock);
	atomic_store(&job->stop, true);
}

static void *
take_pieces(void *argument)
{
	struct member *member = argument;
	struct job *job = member->job;
	while (!atomic_load(&job->stop)) {
		int64_t piece = atomic_fetch_add(&job->next, 1);
		if (piece >= job->npieces)
			break;
		int result = job->work(job->argument, piece, member->thread);
		if (result)
			record(job, piece, result);
	}
	return NULL;
}

int
rmb_parallel(int threads, int64_t npieces, int (*work)(void *argument, int64_t piece, int thread), void *argument)
{
	struct job job = { .work = work, .argument = argument, .npieces = npieces, .failed = npieces };
	struct member member[MAX_THREADS];
	pthread_t id[MAX_THREADS];
	int n = threads < MAX_THREADS ? threads : MAX_THREADS, begun = 1;
	if (n > npieces)
		n = (int)npieces;
	pthread_mutex_init(&job.lock, NULL);
	member[0] = (struct member){ &job, 0 };
	for (; begun < n; begun++) {
		member[begun] = (struct member){ &job, begun };
		if (pthread_create(&id[begun], NULL, take_pieces, &member[begun]))
			break; /* fewer threads do the same work */
	}
	take_pieces(&member[0]);
	for (int i = 1; i < begun; i++)
		pthread_join(id[i], NULL);
	pthread_mutex_destroy(&job.lock);
	return job.result;
}
