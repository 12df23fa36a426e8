// SPDX-License-Identifier: MIT
// The out-of-memory handler of the tests: what it does is set by the test that runs. It gives up where nothing is set.
#pragma once

#include "bareheap/core/out_of_memory.hpp"

#include <functional>

namespace bareheap::test {

inline std::function<OutOfMemory(Layout)> out_of_memory_handler;

/// Sets the handler for as long as it lives, and counts its calls.
class WithHandler {
 public:
  explicit WithHandler(std::function<OutOfMemory(Layout)> handler) {
    out_of_memory_handler = [this, handler = std::move(handler)](Layout asked) {
      ++calls;
      last = asked;
      return handler(asked);
    };
  }
  WithHandler(const WithHandler&) = delete;
  WithHandler& operator=(const WithHandler&) = delete;
  ~WithHandler() { out_of_memory_handler = nullptr; }

  int calls = 0;
  Layout last{0, 1};
};

}  // namespace bareheap::test
