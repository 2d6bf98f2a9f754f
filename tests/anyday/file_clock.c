/* Lets the times of files follow a clock that is off: libfaketime, which moves the clock of a process, knows the
 * functions of older C libraries only, and a program that compares a file's age with the clock would see years.
 *
 * Preloaded before libfaketime, with NO_FAKE_STAT=1 and FAKETIME=+<seconds>s, which both read. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <utime.h>

static long offset(void) {
  static long seconds = -1;
  if (seconds < 0) {
    const char *text = getenv("FAKETIME");
    seconds = text ? strtol(text, NULL, 10) : 0;
  }
  return seconds;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define SHIFTED(result, entry)              \
  do {                                      \
    int outcome = (result);                 \
    if (outcome == 0) {                     \
      (entry)->st_atim.tv_sec += offset();  \
      (entry)->st_mtim.tv_sec += offset();  \
      (entry)->st_ctim.tv_sec += offset();  \
    }                                       \
    return outcome;                         \
  } while (0)

int stat(const char *path, struct stat *entry) { SHIFTED(NEXT(stat)(path, entry), entry); }
int lstat(const char *path, struct stat *entry) { SHIFTED(NEXT(lstat)(path, entry), entry); }
int fstat(int file, struct stat *entry) { SHIFTED(NEXT(fstat)(file, entry), entry); }
int fstatat(int folder, const char *path, struct stat *entry, int flags) {
  SHIFTED(NEXT(fstatat)(folder, path, entry, flags), entry);
}
int stat64(const char *path, struct stat64 *entry) { SHIFTED(NEXT(stat64)(path, entry), entry); }
int lstat64(const char *path, struct stat64 *entry) { SHIFTED(NEXT(lstat64)(path, entry), entry); }
int fstat64(int file, struct stat64 *entry) { SHIFTED(NEXT(fstat64)(file, entry), entry); }
int fstatat64(int folder, const char *path, struct stat64 *entry, int flags) {
  SHIFTED(NEXT(fstatat64)(folder, path, entry, flags), entry);
}
int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict entry) {
  int outcome = NEXT(statx)(folder, path, flags, mask, entry);
  if (outcome == 0) {
    entry->stx_atime.tv_sec += offset();
    entry->stx_mtime.tv_sec += offset();
    entry->stx_ctime.tv_sec += offset();
    entry->stx_btime.tv_sec += offset();
  }
  return outcome;
}

static const struct timespec *real(const struct timespec times[2], struct timespec shifted[2]) {
  if (!times) return times;
  for (int which = 0; which < 2; which++) {
    shifted[which] = times[which];
    if (times[which].tv_nsec != UTIME_NOW && times[which].tv_nsec != UTIME_OMIT) shifted[which].tv_sec -= offset();
  }
  return shifted;
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  struct timespec shifted[2];
  return NEXT(utimensat)(folder, path, real(times, shifted), flags);
}
int futimens(int file, const struct timespec times[2]) {
  struct timespec shifted[2];
  return NEXT(futimens)(file, real(times, shifted));
}
