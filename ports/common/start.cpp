// SPDX-License-Identifier: MIT
#include "ports/common/start.hpp"

#include "ports/common/port.hpp"

namespace {

using Constructor = void();

}  // namespace

extern "C" {
extern Constructor* const __init_array_start[];
extern Constructor* const __init_array_end[];
}

namespace bareheap::port {

void start_program() noexcept {
  for (Constructor* const* constructor = __init_array_start; constructor != __init_array_end; ++constructor) {
    (*constructor)();
  }
  kernel_main();
  exit(0);
}

}  // namespace bareheap::port
