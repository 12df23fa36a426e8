// SPDX-License-Identifier: MIT
#include "link_program.hpp"

namespace bareheap::link_check {

const char* const expected_sentence = "a static variable's initialiser needs the static variable itself";

namespace {

volatile int depth = 1;

int needs_itself() {
  static const int number = depth > 0 ? needs_itself() + 1 : 0;
  return number;
}

}  // namespace

void end() { needs_itself(); }

}  // namespace bareheap::link_check
