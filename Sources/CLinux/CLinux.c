#define _GNU_SOURCE
#include "CLinux.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int headgate_set_child_subreaper(int enabled) {
    return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)enabled, 0UL, 0UL, 0UL);
}

int headgate_hide_process(void) {
    return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

int headgate_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int headgate_clone_file(int destination, int source) {
    return ioctl(destination, FICLONE, source);
}

int headgate_sync_file_system(int descriptor) {
    return syncfs(descriptor);
}

// A handler instead of a mask: a mask holds for one thread, and any other would die of the signal.
static int signal_pipe[2] = {-1, -1};

static void note_signal(int number) {
    int error = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe holds enough of them to wake its reader.
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = error;
}

int headgate_signal_descriptor(const int *signals, int count) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigset_t mask;
    sigemptyset(&mask);
    for (int i = 0; i < count; i++) {
        sigaddset(&mask, signals[i]);
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    }
    return sigprocmask(SIG_UNBLOCK, &mask, NULL) == 0 ? signal_pipe[0] : -1;
}

int headgate_next_signal(int descriptor) {
    unsigned char byte;
    return read(descriptor, &byte, 1) == 1 ? byte : 0;
}

int headgate_anonymous_file(void) {
    return memfd_create("headgate", MFD_CLOEXEC);
}

int headgate_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

// Reads one int, or gives 0 bytes at the end of the stream.
static ssize_t read_number(int descriptor, int *number) {
    ssize_t count;
    do count = read(descriptor, number, sizeof *number);
    while (count < 0 && errno == EINTR);
    return count;
}

static void write_number(int descriptor, int number) {
    while (write(descriptor, &number, sizeof number) < 0 && errno == EINTR) {}
}

static void default_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Replaces the calling process, or reports errno on `report` and ends it.
static void execute(const struct headgate_spawn *request, int report) {
    // Away from 0 to 4 first, so that none overwrites another.
    int moved;
    int sources[4] = {request->input, request->output, request->error, request->kept};
    for (int i = 0; i < 4; i++) {
        if (sources[i] >= 0 && (sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 5)) < 0) goto failed;
    }
    moved = fcntl(report, F_DUPFD_CLOEXEC, 5);
    if (moved < 0) goto failed;
    report = moved;
    for (int i = 0; i < 4; i++) {
        if (sources[i] >= 0 && dup2(sources[i], i) < 0) goto failed;
    }
    close_range(request->kept >= 0 ? 4 : 3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (request->directory != NULL && chdir(request->directory) != 0) goto failed;
    execve(request->path, request->arguments, request->environment);
failed:
    write_number(report, errno);
    _exit(127);
}

pid_t headgate_spawn_held(const struct headgate_spawn *request, int *gate) {
    // A byte down the socket lets the child go; its errno, or the end when exec closed it, comes back up.
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -1;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) {
        int error = errno;
        close(pair[1]);
        if (child < 0) close(pair[0]);
        else *gate = pair[0];
        errno = error;
        return child;
    }
    close(pair[0]);
    // Before anything else: a signal that is meant for the child must not be noted in the parent's pipe.
    default_signals();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0UL, 0UL, 0UL);
    int number;
    // A parent that died before the call above sends no signal.
    if (getppid() != parent || read_number(pair[1], &number) != sizeof number) _exit(127);
    execute(request, pair[1]);
    return -1;
}

int headgate_release(int gate) {
    int error = 0, go = 1;
    // A child that was killed while it waited must not kill its parent by SIGPIPE.
    while (send(gate, &go, sizeof go, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
    if (read_number(gate, &error) != sizeof error) error = 0;
    close(gate);
    return error;
}

pid_t headgate_spawn_detached(const struct headgate_spawn *request) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t middle = fork();
    if (middle < 0) {
        int error = errno;
        close(report[0]);
        close(report[1]);
        errno = error;
        return -1;
    }
    if (middle == 0) {
        setsid();
        pid_t child = fork();
        if (child == 0) {
            // Its own session too, so that the group and session of all that it starts bear its pid.
            setsid();
            default_signals();
            write_number(report[1], (int)getpid());
            execute(request, report[1]);
        }
        if (child < 0) {
            write_number(report[1], -1);
            write_number(report[1], errno);
        }
        _exit(0);
    }
    close(report[1]);
    int status, pid = -1, error = 0;
    while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {}
    if (read_number(report[0], &pid) != sizeof pid) pid = -1;
    if (read_number(report[0], &error) != sizeof error) error = 0;
    close(report[0]);
    if (pid < 0 || error != 0) {
        errno = error != 0 ? error : EAGAIN;
        return -1;
    }
    return (pid_t)pid;
}

static bool certificates_unwanted;

void headgate_use_no_certificates(void) {
    certificates_unwanted = true;
}

// A name is looked up in the program before its libraries, so libgit2 asks here; with another library for TLS, nobody.
struct mbedtls_x509_crt;
int mbedtls_x509_crt_parse_file(struct mbedtls_x509_crt *chain, const char *path) {
    if (certificates_unwanted) return 0;
    int (*parse)(struct mbedtls_x509_crt *, const char *);
    *(void **)&parse = dlsym(RTLD_NEXT, "mbedtls_x509_crt_parse_file");
    return parse != NULL ? parse(chain, path) : -1;
}

// Other C libraries than GNU's keep next to nothing, and have neither call.
void headgate_keep_memory_small(void) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
}

void headgate_return_freed_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
