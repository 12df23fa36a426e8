// SPDX-License-Identifier: MIT
// Every wrapper, in a few stacks that are little alike; in `./test long` all the stacks there are.
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  bareheap::laws::fuzz(bareheap::laws::BAREHEAP_STACKS{}, {bytes, size});
  return 0;
}
