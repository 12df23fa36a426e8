// SPDX-License-Identifier: MIT
#include "link_program.hpp"

namespace bareheap::link_check {

const char* const expected_sentence = "a pure virtual function was called";

namespace {

struct Shape {
  Shape() { describe(); }
  virtual int corners() const = 0;

  /// Kept apart, so that the compiler does not see that the object is only half built.
  [[gnu::noinline]] void describe() const { number_of_corners = corners(); }

  static inline volatile int number_of_corners = 0;
};

struct Square final : Shape {
  int corners() const override { return 4; }
};

}  // namespace

void end() { Square square; }

}  // namespace bareheap::link_check
