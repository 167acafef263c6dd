// Counts what a thread allocates, by standing in front of glibc's malloc wherever this is linked.
#ifndef HEADGATE_ALLOCATIONS_H
#define HEADGATE_ALLOCATIONS_H

/// How many times the calling thread has asked for memory so far.
unsigned long headgate_allocations(void);

#endif
