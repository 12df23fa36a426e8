// SPDX-License-Identifier: MIT
// What the cases of the judge share: how a case fails, how a stop of the heap is survived, memory, and pictures.
#pragma once

#include "mutation/subject.hpp"
#include "support/dice.hpp"

#include <csetjmp>
#include <source_location>
#include <vector>

namespace bareheap::mutation {

using test::Dice;

/// Prints the place and ends the program where something does not hold.
void expect(bool holds, std::source_location place = std::source_location::current());

/// The way back from panic(), and what it said.
extern std::jmp_buf after_stop;
extern bool stop_expected;
extern FaultReport last_stop;

/// The fault that stops a call; none: it came back.
template <class Call>
Fault stops(Call call) {
  last_stop = {};
  stop_expected = true;
  if (setjmp(after_stop) == 0) call();
  stop_expected = false;
  return last_stop.fault;
}

/// True where a call that a damaged heap may lead astray comes back.
template <class Call>
bool survives(Call call) {
  stop_expected = true;
  const bool came_back = setjmp(after_stop) == 0;
  if (came_back) call();
  stop_expected = false;
  return came_back;
}

/// Small memory, filled with what memory holds at power-on.
inline constexpr std::size_t arena_size = std::size_t{1} << 20;
std::byte* fresh_arena();

/// Addresses without end, zeroed where they are touched.
std::byte* wide_arena(std::size_t size);

std::vector<Extent> picture_of(const Subject& heap);
std::size_t count_of(const std::vector<Extent>& picture, ExtentKind kind);
std::size_t bytes_of(const std::vector<Extent>& picture, ExtentKind kind);

/// The cases. Each ends the program where the heap is wrong.
void judge_misuse(Subject& heap);
void judge_regions(Subject& heap);
void judge_sizes(Subject& heap);
void judge_stock(Subject& heap);
void judge_rows(Subject& heap);
void judge_damage(Subject& heap);
void judge_random_calls(Subject& heap);

}  // namespace bareheap::mutation
