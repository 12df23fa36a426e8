// SPDX-License-Identifier: MIT
//
// A firmware in C that knows nothing of its heap: it allocates by the C library's names, and so does the C library.
// Each line that it prints is a check that passed; it ends with the first that does not.
#define _GNU_SOURCE
#include "firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check(int holds, const char* what) {
  printf("%s%s\n", holds ? "" : "failed: ", what);
  if (!holds) exit(1);
}

static void* volatile at_start;

__attribute__((constructor)) static void allocate_before_main(void) { at_start = malloc(32); }

static void let_the_library_allocate(void) {
  char* const copy = strdup("a text of the library");
  check(heap_owns(copy), "strdup");
  free(copy);
  char* made = NULL;
  check(asprintf(&made, "%d %s", 12345, "by asprintf") == 17 && heap_owns(made), "asprintf");
  free(made);
  check(setenv("NAME", "value", 1) == 0 && heap_owns(getenv("NAME")), "setenv");
  char written[32] = "";
  const unsigned before = heap_figures().live;
  FILE* const file = fmemopen(written, sizeof written, "w");
  check(heap_owns(file) && heap_figures().live > before, "fmemopen");
  fprintf(file, "%.17g", 1e-300 / 3);
  fclose(file);
  check(strtod(written, NULL) == 1e-300 / 3, "fprintf");
}

int main(void) {
  check(heap_owns(at_start), "malloc before main");
  free(at_start);
  call_every_name();
  ask_for_too_much();
  let_the_library_allocate();
  const struct figures figures = heap_figures();
  check(figures.sound, "the heap is sound");
  printf("%u blocks were lent\n", figures.lent);
  return 0;
}
