// SPDX-License-Identifier: MIT
// A kernel without a C library whose parts in C call malloc: only <errno.h> and the other headers are picolibc's.
#include "firmware/firmware.h"

#include "ports/common/port.hpp"

namespace {

int error = 0;

}  // namespace

extern "C" int* errno_place() { return &error; }

void check(int holds, const char* what) {
  bareheap::put_text(bareheap::port::serial, holds != 0 ? "" : "failed: ");
  bareheap::put_text(bareheap::port::serial, what);
  bareheap::put_text(bareheap::port::serial, "\n");
  if (holds == 0) bareheap::port::exit(1);
}

extern "C" void kernel_main() noexcept {
  call_every_name();
  ask_for_too_much();
  check(heap_figures().sound, "the heap is sound");
}
