#pragma once
#include <sys/prctl.h>

// prctl is variadic, which Swift cannot call.
static inline int headgate_set_child_subreaper(int enabled) {
    return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)enabled, 0UL, 0UL, 0UL);
}
