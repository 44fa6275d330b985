/* A wall clock that can be told to be wrong while programs run: preloaded, AMPGUARD_FALSE_CLOCK names a file that holds
 * the seconds (int64, this machine's order) that are added to CLOCK_REALTIME. All other clocks stay as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *added_s;
static int (*clock_gettime_of_libc)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    clock_gettime_of_libc = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("AMPGUARD_FALSE_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) added_s = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!clock_gettime_of_libc) begin();
    int code = clock_gettime_of_libc(clock, now);
    if (code == 0 && added_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *added_s;
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec found;
    int code = clock_gettime(CLOCK_REALTIME, &found);
    if (code == 0) {
        now->tv_sec = found.tv_sec;
        now->tv_usec = found.tv_nsec / 1000;
    }
    return code;
}

time_t time(time_t *kept) {
    struct timespec found = {0};
    clock_gettime(CLOCK_REALTIME, &found);
    if (kept) *kept = found.tv_sec;
    return found.tv_sec;
}
