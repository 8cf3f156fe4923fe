/*
 * What a disk and a clock may do to the bridge. The tests preload this into it and into nothing
 * else; the environment says what happens:
 *
 *   FAULT_KILL_STEP=KIND    it kills itself at a step of this kind: a write, a sync, a cut or a
 *                           deletion of a database or of its write-ahead log;
 *   FAULT_KILL_AT=N         at the Nth of them;
 *   FAULT_KILL_HOW=before   before the step;
 *                 =within   after a part of what is written;
 *                 =after    after the step.
 *   FAULT_SHADOW=FOLDER     what a power cut leaves is there: each file as it was when it was
 *                           synced last.
 *   FAULT_FULL=FILE         while this file is there, the disk is full: no file grows.
 *   FAULT_READ_ONLY=FILE    while this file is there, nothing is opened to be written.
 *   FAULT_SYNC=FILE         if this file is there, a sync fails, and the file is gone.
 *   FAULT_CLOCK=FILE        holds how many seconds the clock is ahead.
 *
 * That a file would become longer than it may is an error, as on a full disk, and not a signal.
 *
 * The system is called directly, so that nothing in here comes back to itself.
 */
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* A database or its write-ahead log, and not the index of that, which need not last. */
static int is_ours(const char *path)
{
	return ends_with(path, ".db") || ends_with(path, ".db-wal");
}

/* Whether the file behind a descriptor is ours; its path. */
static int find(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return is_ours(path);
}

/* Whether the environment names a file that is there. */
static int is_there(const char *variable)
{
	const char *path = getenv(variable);

	return path && access(path, F_OK) == 0;
}

/* Steps: where the bridge dies. */

enum how { NEVER, BEFORE, WITHIN, AFTER };

static void die(const char *how, const char *what, const char *path)
{
	dprintf(STDERR_FILENO, "faults: killed %s a %s of %s\n", how, what, path);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Counts a step, and says whether and how it is the last one. */
static enum how step(const char *what, const char *path)
{
	static atomic_long steps;
	const char *kind = getenv("FAULT_KILL_STEP"), *last = getenv("FAULT_KILL_AT");
	const char *how = getenv("FAULT_KILL_HOW");

	if (!kind || !last || !how || strcmp(kind, what) != 0)
		return NEVER;
	if (atomic_fetch_add(&steps, 1) + 1 != atol(last))
		return NEVER;
	if (strcmp(how, "after") == 0)
		return AFTER;
	if (strcmp(how, "within") == 0)
		return WITHIN;
	die("before", what, path);
	return BEFORE;
}

/* Writing. */

__attribute__((constructor)) static void be_told_by_errors(void)
{
	signal(SIGXFSZ, SIG_IGN);
}

static int would_grow(int fd, off_t end)
{
	struct stat status;

	return fstat(fd, &status) == 0 && end > status.st_size;
}

/* Writes at a place, or where the file stands if that is negative. */
static ssize_t put(int fd, const void *bytes, size_t count, off_t place)
{
	if (place < 0)
		return syscall(SYS_write, fd, bytes, count);
	return syscall(SYS_pwrite64, fd, bytes, count, place);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t count, off_t place)
{
	char path[PATH_MAX];
	enum how how;
	ssize_t written;
	off_t start;

	if (!find(fd, path))
		return put(fd, bytes, count, place);
	how = step("write", path);
	if (how == WITHIN) {
		put(fd, bytes, count / 2, place);
		die("within", "write", path);
	}
	start = place < 0 ? lseek(fd, 0, SEEK_CUR) : place;
	if (is_there("FAULT_FULL") && would_grow(fd, start + (off_t)count)) {
		errno = ENOSPC;
		return -1;
	}
	written = put(fd, bytes, count, place);
	if (how == AFTER)
		die("after", "write", path);
	return written;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	return faulty_write(fd, bytes, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t place)
{
	return faulty_write(fd, bytes, count, place);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t place)
{
	return faulty_write(fd, bytes, count, place);
}

/* Syncing. */

/*
 * Copies a file; one that is there already is replaced at once or not at all. It is read by the
 * descriptor that there is: to open another and to close that would give up SQLite's locks.
 */
static void copy(int from, const char *to)
{
	char draft[PATH_MAX + 8], buffer[1 << 16];
	ssize_t count;
	off_t place = 0;
	int fd;

	snprintf(draft, sizeof draft, "%s.draft", to);
	fd = syscall(SYS_openat, AT_FDCWD, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while ((count = pread(from, buffer, sizeof buffer, place)) > 0) {
		syscall(SYS_write, fd, buffer, count);
		place += count;
	}
	syscall(SYS_close, fd);
	syscall(SYS_renameat2, AT_FDCWD, draft, AT_FDCWD, to, 0);
}

/* SQLite opens what it syncs for reading, too. */
static void copy_to_shadow(int fd, const char *path)
{
	const char *folder = getenv("FAULT_SHADOW");
	char to[PATH_MAX];

	if (!folder)
		return;
	snprintf(to, sizeof to, "%s%s", folder, strrchr(path, '/'));
	copy(fd, to);
}

static int faulty_sync(int fd, long call)
{
	char path[PATH_MAX];
	enum how how;
	int result;

	if (!find(fd, path))
		return syscall(call, fd);
	how = step("sync", path);
	if (is_there("FAULT_SYNC")) {
		syscall(SYS_unlinkat, AT_FDCWD, getenv("FAULT_SYNC"), 0);
		errno = EIO;
		return -1;
	}
	result = syscall(call, fd);
	if (result == 0)
		copy_to_shadow(fd, path);
	if (how == AFTER)
		die("after", "sync", path);
	return result;
}

int fsync(int fd)
{
	return faulty_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return faulty_sync(fd, SYS_fdatasync);
}

/* Cutting and deleting. */

int ftruncate(int fd, off_t length)
{
	char path[PATH_MAX];

	if (find(fd, path) && step("cut", path) == AFTER) {
		syscall(SYS_ftruncate, fd, length);
		die("after", "cut", path);
	}
	return syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	return ftruncate(fd, length);
}

int unlink(const char *path)
{
	if (is_ours(path) && step("deletion", path) == AFTER) {
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
		die("after", "deletion", path);
	}
	return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* Opening. */

static int faulty_open(const char *path, int flags, mode_t mode)
{
	if (is_ours(path) && (flags & O_ACCMODE) != O_RDONLY && is_there("FAULT_READ_ONLY")) {
		errno = EROFS;
		return -1;
	}
	return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return faulty_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return faulty_open(path, flags | O_LARGEFILE, mode);
}

/* The clock. */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *path = getenv("FAULT_CLOCK");
	char text[32] = "";
	int result = syscall(SYS_clock_gettime, clock, now);
	int fd;

	if (clock != CLOCK_REALTIME || !path)
		return result;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		syscall(SYS_read, fd, text, sizeof text - 1);
		syscall(SYS_close, fd);
		now->tv_sec += atoll(text);
	}
	return result;
}
