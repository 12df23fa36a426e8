// SPDX-License-Identifier: MIT
// What the parts of a firmware, in C and in C++, know of each other.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct figures {
  unsigned lent;  // allocations that were granted, so far
  unsigned live;
  int sound;  // what check() says
};

// The heap (heap.hpp).
struct figures heap_figures(void);
int heap_owns(const void* at);
void* object_by_new(void);
void delete_object(void* object);

// Every name of the family (names.c).
void call_every_name(void);
void ask_for_too_much(void);

// Says what was checked; where it does not hold, that was the last word (program.c, kernel.cpp).
void check(int holds, const char* what);

#ifdef __cplusplus
}
#endif
