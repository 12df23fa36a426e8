// SPDX-License-Identifier: MIT
// Every engine.
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  bareheap::laws::fuzz(bareheap::laws::Engines{}, {bytes, size});
  return 0;
}
