// SPDX-License-Identifier: MIT
// The same numbers in every run, for the C programs here.
#pragma once

#include <stdint.h>

static uint32_t random_state = 2463534242u;

static uint32_t random_below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state % limit;
}
