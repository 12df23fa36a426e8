// SPDX-License-Identifier: MIT
// An allocator's free that asks for memory by the public name itself, which goes to whoever stands before it: what
// traces_test.py preloads behind the recorder.
#include <stdlib.h>

void __libc_free(void *block);

void free(void *block) {
  static _Thread_local int inside;
  if (inside++ == 0) __libc_free(malloc(3));
  __libc_free(block);
  --inside;
}
