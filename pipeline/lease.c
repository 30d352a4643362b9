/* pipeline/lease.c -- who works on a key.
 *
 * A lease is a file leases/KEY.lease.N. It is made by link() from a file that already holds its token, so it is never seen
 * empty and only one process can make it. Its modification time is its heartbeat; it lapses after a minute without one, by
 * the file server's clock (that of a file we have just made), or at once when its process is gone on this host. A lease that
 * lapsed is not removed: whoever takes over makes N + 1. To claim, a process
 *
 *     1. lists the generations of the key, and gives way if the owner of any of them is alive,
 *     2. links the next number,
 *     3. lists again, and steps back if anybody else alive has appeared.
 *
 * Of two processes in between 1 and 3 at once, each that finishes 3 has linked before the other listed, so never do both
 * stay. The number alone would do, were it not that numbers begin anew when all files of a key are gone; that is why there
 * is a step 3, and why the first number of a row is the clock in microseconds: a name never comes back, so that removing it
 * late can never hit somebody else's lease. Numbers that no clock can have led to (planted, or left from when the clock was
 * wrong) begin no row: their owner is heeded while it lives, but the next number does not follow them, or a file with the last
 * number there is would leave none for others. Names are removed by two parties only: the owner on release (its own, once), and
 * the sweep (what has been silent for ten minutes, ten times longer than a claim may take between 1 and 3).
 *
 * A process that sleeps past its lease and wakes finds a higher number when it looks again before publishing. If it looks
 * just too early, two results are published, one after the other, which are the same: losing a race costs time only. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache_folder.h"
#include "pipeline/object_block.h"
#include "pipeline/owner.h"

enum { BEAT = 15, LAPSE = 60, SWEEP = 600, SLOW = 30, AHEAD = 86400, ATTEMPTS = 12 }; /* s, but for the last */

struct rmb_lease {
	char path[PATH_MAX], folder[PATH_MAX], key[RMB_KEY_MAX];
	uint64_t number;
	int fd;                     /* the file itself, whatever its name becomes */
	struct rmb_lease *next;     /* in the list that is beaten */
};

/* ---- tokens and the file server's clock */

struct token { char path[PATH_MAX]; int fd; struct timespec now; };

/* A new file that says who we are; its times tell what the file server takes for now. 0 or errno. */
static int
make_token(const struct rmb_cache *cache, struct token *token)
{
	struct rmb_owner owner;
	struct stat stat;
	char by[RMB_OWNER_MAX], ending[RMB_ENDING_MAX], host[256] = "", text[1024];
	const char *job = getenv("SLURM_JOB_ID");
	rmb_owner_self(&owner);
	rmb_owner_print(&owner, by);
	rmb_owner_ending(ending);
	gethostname(host, sizeof host - 1);
	snprintf(token->path, sizeof token->path, "%s/tmp/token%s", cache->root, ending);
	snprintf(text, sizeof text, "%s %016" PRIx64 " %.200s %.64s\n", by, rmb_owner_random(), host[0] ? host : "?",
	         job && job[0] ? job : "-");
	token->fd = open(token->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (token->fd < 0)
		return errno;
	int number = rmb_write_at(token->fd, text, strlen(text), 0);
	if (!number && fstat(token->fd, &stat))
		number = errno;
	if (number) {
		close(token->fd);
		unlink(token->path);
		return number;
	}
	token->now = stat.st_mtim;
	return 0;
}

static void
drop_token(struct token *token)
{
	if (token->fd >= 0) {
		close(token->fd);
		unlink(token->path);
	}
	token->fd = -1;
}

/* ---- looking at the generations of a key */

struct generations {
	const struct rmb_cache *cache;
	uint64_t skip;              /* our own number */
	struct token *token;        /* NULL or fd -1: made when the clock is needed */
	uint64_t highest;           /* of the row that goes on; 0: there is none */
	uint64_t alive;             /* the highest whose owner is alive, 0: nobody is */
	char owner[384], gone[384]; /* one who is alive; one who is not, and has left a lease */
};

/* "KEY.lease.N": N, or 0. key NULL: of any key. */
static uint64_t
lease_number(const char *name, const char *key)
{
	size_t n = RMB_KEY_MAX - 1;
	char *end;
	if (strlen(name) < n + 8 || (key && strncmp(name, key, n)) || strncmp(name + n, ".lease.", 7) || name[n + 7] < '0' ||
	    name[n + 7] > '9')
		return 0;
	uint64_t number = strtoull(name + n + 7, &end, 10);
	return *end || number > INT64_MAX / 2 ? 0 : number; /* a row that no clock began */
}

/* The file server's clock; NULL if it cannot be read. */
static const struct timespec *
server_clock(struct generations *g)
{
	return g->token->fd < 0 && make_token(g->cache, g->token) ? NULL : &g->token->now;
}

static uint64_t
microseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000;
}

/* Whether a row that a clock began may have come to this number: it grows by one for each owner, slower than any clock. */
static bool
is_in_reach(struct generations *g, uint64_t number)
{
	const struct timespec *now = server_clock(g);
	return !now || number <= microseconds(now) + (uint64_t)AHEAD * 1000000;
}

/* Seconds since the last heartbeat, by the file server's clock; 0 if the clock cannot be read. */
static double
silence(struct generations *g, const struct stat *stat)
{
	const struct timespec *now = server_clock(g);
	return now ? (double)(now->tv_sec - stat->st_mtim.tv_sec) + (double)(now->tv_nsec - stat->st_mtim.tv_nsec) * 1e-9 : 0;
}

/* A generation whose owner nobody can judge is alive as long as it beats. */
static bool
is_alive(struct generations *g, int folder, const char *name)
{
	char text[1024], host[256] = "?";
	struct rmb_owner owner;
	struct stat stat;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat)) { /* removed just now */
		if (fd >= 0)
			close(fd);
		return false;
	}
	ssize_t n = S_ISREG(stat.st_mode) ? read(fd, text, sizeof text - 1) : 0;
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	bool known = rmb_owner_read(text, &owner) == 0;
	enum rmb_life life = known ? rmb_owner_life(&owner) : RMB_ELSEWHERE;
	double quiet = life == RMB_GONE ? 0 : silence(g, &stat);
	/* a beat to come is none: the clock was put back since, and who lives beats again within seconds */
	bool alive = life != RMB_GONE && quiet <= LAPSE && (life == RMB_ALIVE || quiet >= -LAPSE);
	char *who = alive ? g->owner : g->gone;
	sscanf(text, "%*s %*s %255s", host);
	if (known)
		snprintf(who, sizeof g->owner, "process %" PRId64 " on %s", owner.pid, host);
	else
		snprintf(who, sizeof g->owner, "an unknown process");
	return alive;
}

/* Looks at all generations of the key but our own. 0 or errno. */
static int
look(struct generations *g, const char *key)
{
	DIR *folder = rmb_folder_open(g->cache, "leases");
	if (!folder)
		return errno;
	g->highest = g->alive = 0;
	for (const struct dirent *entry; (entry = readdir(folder));) {
		uint64_t number = lease_number(entry->d_name, key);
		if (number == 0 || number == g->skip)
			continue;
		if (number > g->highest && is_in_reach(g, number))
			g->highest = number;
		if (number > g->alive && is_alive(g, dirfd(folder), entry->d_name))
			g->alive = number;
	}
	closedir(folder);
	return 0;
}

/* ---- the heartbeat: one thread for all leases of the process */

static struct { pthread_mutex_t mutex; pthread_cond_t wake; struct rmb_lease *first; bool running; } beaten = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false
};

static void *
beat(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&beaten.mutex);
	while (beaten.first) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += BEAT;
		if (pthread_cond_clockwait(&beaten.wake, &beaten.mutex, CLOCK_MONOTONIC, &until) == 0)
			continue; /* the last lease went */
		for (struct rmb_lease *lease = beaten.first; lease; lease = lease->next)
			futimens(lease->fd, NULL);
	}
	beaten.running = false;
	pthread_mutex_unlock(&beaten.mutex);
	return NULL;
}

/* Begins to beat a lease; false: there is no thread to do it. */
static bool
begin_beat(struct rmb_lease *lease)
{
	sigset_t all, before;
	pthread_t id;
	pthread_mutex_lock(&beaten.mutex);
	lease->next = beaten.first;
	beaten.first = lease;
	if (!beaten.running) {
		sigfillset(&all); /* signals are for the threads that know what to do about them */
		pthread_sigmask(SIG_SETMASK, &all, &before);
		beaten.running = pthread_create(&id, NULL, beat, NULL) == 0;
		if (beaten.running)
			pthread_detach(id);
		else
			beaten.first = lease->next;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	bool running = beaten.running;
	pthread_mutex_unlock(&beaten.mutex);
	return running;
}

static void
end_beat(struct rmb_lease *lease)
{
	pthread_mutex_lock(&beaten.mutex);
	struct rmb_lease **at = &beaten.first;
	while (*at && *at != lease)
		at = &(*at)->next;
	if (*at)
		*at = lease->next;
	if (!beaten.first)
		pthread_cond_signal(&beaten.wake);
	pthread_mutex_unlock(&beaten.mutex);
}

/* ---- claiming */

static void
drop(struct rmb_lease *lease)
{
	struct stat named, ours;
	if (stat(lease->path, &named) == 0 && fstat(lease->fd, &ours) == 0 && named.st_ino == ours.st_ino &&
	    named.st_dev == ours.st_dev)
		unlink(lease->path);
	close(lease->fd);
	free(lease);
}

static double
seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Links the token under the next number. 0 and a lease, or errno (EEXIST: somebody was quicker). */
static int
link_next(const struct generations *g, const char *key, struct rmb_lease **out)
{
	struct token *token = g->token;
	struct stat stat;
	struct rmb_lease *lease = calloc(1, sizeof *lease);
	if (!lease)
		return ENOMEM;
	lease->number = g->highest ? g->highest + 1 : microseconds(&token->now);
	lease->fd = token->fd;
	snprintf(lease->key, sizeof lease->key, "%s", key);
	if (snprintf(lease->path, sizeof lease->path, "%s/leases/%s.lease.%" PRIu64, g->cache->root, key, lease->number) >=
	    (int)sizeof lease->path) {
		free(lease);
		return ENAMETOOLONG;
	}
	int number = link(token->path, lease->path) ? errno : 0;
	/* The answer to a link that was made can be lost on its way from a file server; the count of names is not. */
	if (number && (fstat(token->fd, &stat) || stat.st_nlink != 2)) {
		free(lease);
		return number;
	}
	unlink(token->path);
	token->fd = -1; /* the lease has it now */
	*out = lease;
	return 0;
}

/* One round of the three steps. RMB_CLAIMED; RMB_HELD; RMB_CLAIM_FAILED with errno, EAGAIN: another round may do. */
static enum rmb_claim
claim_once(struct generations *g, const char *key, struct rmb_lease **lease, int *number)
{
	double begun = seconds();
	g->skip = 0;
	if ((*number = look(g, key)))
		return RMB_CLAIM_FAILED;
	if (g->alive)
		return RMB_HELD;
	if (g->token->fd < 0 && (*number = make_token(g->cache, g->token)))
		return RMB_CLAIM_FAILED;
	*number = link_next(g, key, lease);
	if (*number == EEXIST)
		*number = EAGAIN;
	if (*number)
		return RMB_CLAIM_FAILED;
	g->skip = (*lease)->number;
	*number = look(g, key);
	if (*number == 0 && !g->alive && g->highest < g->skip && seconds() - begun < SLOW)
		return RMB_CLAIMED;
	drop(*lease);
	*lease = NULL;
	*number = EAGAIN;
	return RMB_CLAIM_FAILED;
}

enum rmb_claim
rmb_lease_claim(const struct rmb_cache *cache, const char *key, struct rmb_lease **lease, char *owner, size_t size,
                struct rmb_error *error)
{
	struct token token = { .fd = -1 };
	struct generations g = { .cache = cache, .token = &token };
	enum rmb_claim claim = RMB_CLAIM_FAILED;
	int number = EAGAIN;
	*lease = NULL;
	for (int i = 0; i < ATTEMPTS && claim == RMB_CLAIM_FAILED && number == EAGAIN; i++) {
		if (i > 0) /* by chance, so that those who stepped back together do not meet again */
			usleep((useconds_t)(rmb_owner_random() % (1000u << (i < 6 ? i : 6))));
		drop_token(&token); /* each round reads the clock anew */
		claim = claim_once(&g, key, lease, &number);
	}
	drop_token(&token);
	if (claim == RMB_CLAIM_FAILED && number == EAGAIN) {
		snprintf(g.owner, sizeof g.owner, "several processes at once");
		claim = RMB_HELD;
	}
	if (claim == RMB_CLAIMED && !begin_beat(*lease)) {
		drop(*lease);
		*lease = NULL;
		rmb_error_set(error, RMB_ELIMIT, "no thread for the heartbeat of a lease; close other programs or lower --jobs");
		return RMB_CLAIM_FAILED;
	}
	if (claim == RMB_CLAIM_FAILED)
		rmb_error_set(error, RMB_EOUTPUT, "%s/leases: no lease can be made: %s", cache->root, strerror(number));
	if (claim == RMB_CLAIMED)
		snprintf((*lease)->folder, sizeof (*lease)->folder, "%s", cache->root);
	if (claim != RMB_CLAIM_FAILED && owner)
		snprintf(owner, size, "%s", claim == RMB_HELD ? g.owner : g.gone);
	return claim;
}

/* Somebody alive with a higher number has taken over, or is between steps 2 and 3 and will step back in a moment. */
bool
rmb_lease_holds(struct rmb_lease *lease)
{
	struct token token = { .fd = -1 };
	struct rmb_cache cache = { .root = lease->folder };
	struct generations g = { .cache = &cache, .token = &token, .skip = lease->number };
	struct stat stat;
	bool holds = false;
	for (int i = 0; i < 20 && !holds; i++) {
		if (i > 0)
			usleep(5000);
		if (fstat(lease->fd, &stat) || stat.st_nlink == 0)
			break;
		holds = look(&g, lease->key) == 0 && g.alive < lease->number;
	}
	if (holds)
		futimens(lease->fd, NULL);
	drop_token(&token);
	return holds;
}

void
rmb_lease_release(struct rmb_lease *lease)
{
	if (!lease)
		return;
	end_beat(lease);
	drop(lease);
}

bool
rmb_lease_held(const struct rmb_cache *cache, const char *key)
{
	struct token token = { .fd = -1 };
	struct generations g = { .cache = cache, .token = &token };
	bool held = look(&g, key) == 0 && g.alive > 0;
	drop_token(&token);
	return held;
}

void
rmb_lease_sweep(const struct rmb_cache *cache)
{
	struct token token = { .fd = -1 };
	struct generations g = { .cache = cache, .token = &token };
	DIR *folder = rmb_folder_open(cache, "leases");
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		struct stat stat;
		if (lease_number(entry->d_name, NULL) && fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
		    silence(&g, &stat) > SWEEP)
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder)
		closedir(folder);
	drop_token(&token);
}
