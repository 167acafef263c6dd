#pragma once
#include <sys/types.h>

// What Swift cannot call: variadic functions, macros, and fork, which is only safe here because nothing between it and
// exec allocates or takes a lock.

/// Makes orphaned descendants children of this process.
int headgate_set_child_subreaper(int enabled);

/// Keeps this process's memory and environment from its user's other processes, such as the commands of steps.
int headgate_hide_process(void);

/// A descriptor that becomes readable when the process ends; -1 and errno when there is no such process.
int headgate_pidfd_open(pid_t pid);

/// Shares a file's blocks with an empty one (a reflink); -1 and errno where the file system cannot.
int headgate_clone_file(int destination, int source);

/// Writes everything of the file system that the descriptor is on to its disk; -1 and errno on failure.
int headgate_sync_file_system(int descriptor);

/// Handles signals from now on by making them readable on a descriptor, closed on exec and not blocking.
int headgate_signal_descriptor(const int *signals, int count);

/// The next signal from such a descriptor; 0 when none waits.
int headgate_next_signal(int descriptor);

/// A file without a name, closed on exec; -1 and errno on failure.
int headgate_anonymous_file(void);

/// A pipe whose ends are closed on exec; -1 and errno on failure.
int headgate_pipe(int ends[2]);

/// What a new process is started with. Every pointer outlives the call.
struct headgate_spawn {
    /// Path of the program; looked up by the caller.
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// Working directory; null keeps the caller's.
    const char *directory;
    /// Descriptors that become 0, 1 and 2.
    int input;
    int output;
    int error;
    /// Becomes descriptor 3; -1 for none. All others are closed.
    int kept;
};

/// Starts a program as a child in a process group of its own, killed when the calling thread's process dies.
///
/// The child waits until `headgate_release` is called, so that its pid can be recorded before it does anything.
/// Gives its pid, or -1 and errno. `gate` is the descriptor to release it by.
pid_t headgate_spawn_held(const struct headgate_spawn *request, int *gate);

/// Lets a held child go on; 0 when its program runs, or the errno of what failed. Closes the gate.
int headgate_release(int gate);

/// Starts a program in a session of its own that is nobody's child: it outlives the caller and leaves no zombie.
///
/// Gives its pid once the program runs, or -1 and errno.
pid_t headgate_spawn_detached(const struct headgate_spawn *request);

/// Leaves the machine's certificates unread, for a process that speaks to no remote by TLS: there it would trust none.
///
/// libgit2 reads all of them when it starts if it is built with mbed TLS, as Debian's is, for longer than a plan takes.
void headgate_use_no_certificates(void);

/// Keeps what the allocator holds on to small. To be called before there are many threads.
///
/// By default there are eight pools of free memory for each processor, and a large buffer that is freed makes room for
/// later ones of its size to be kept as well.
void headgate_keep_memory_small(void);

/// Gives back to the system what was freed.
void headgate_return_freed_memory(void);
