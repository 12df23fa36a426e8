// SPDX-License-Identifier: MIT
#include "kernels/lab/heap_allocation.hpp"

#include "heap.hpp"
#include "kernels/lab/log.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace bareheap::lab {

namespace {

bool takes_two_boxes(std::size_t) {
  const auto first = std::make_unique<int>(41);
  const auto second = std::make_unique<int>(13);
  const bool apart = first != second && program_heap.owns(first.get()) && program_heap.owns(second.get());
  return apart && *first == 41 && *second == 13;
}

/// The lab's text counts from 1, its code from 0: both.
bool fills_a_large_vector(std::size_t) {
  constexpr std::uint64_t count = 1000;
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; number < count; ++number) numbers.push_back(number);
  std::uint64_t from_0 = 0;
  std::uint64_t from_1 = 0;
  for (const std::uint64_t number : numbers) {
    from_0 += number;
    from_1 += number + 1;
  }
  return from_0 == 499'500 && from_1 == 500'500;
}

/// Each box is free when the next is taken, so they all lie at one place.
bool takes_many_boxes(std::size_t heap_size) {
  const void* place = nullptr;
  for (std::size_t number = 0; number < heap_size; ++number) {
    const auto box = std::make_unique<std::uint64_t>(number);
    if (*box != number || (place != nullptr && place != box.get())) return false;
    place = box.get();
  }
  return true;
}

}  // namespace

bool test_heap_allocation(std::size_t heap_size) {
  bool passed = true;
  std::size_t number = 0;
  for (bool (*const test)(std::size_t) : {takes_two_boxes, fills_a_large_vector, takes_many_boxes}) {
    say_piece("Initiating test 0x0");
    say_piece(number++);
    say_piece("... ");
    const bool passes = test(heap_size);
    say(passes ? "[Pass]" : "[Fail]");
    passed = passed && passes;
  }
  return passed;
}

}  // namespace bareheap::lab
