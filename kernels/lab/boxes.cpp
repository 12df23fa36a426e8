// SPDX-License-Identifier: MIT
#include "kernels/lab/boxes.hpp"

#include "heap.hpp"
#include "kernels/lab/log.hpp"
#include "ports/x86_64/mapped_heap.hpp"

#include <memory>
#include <vector>

namespace bareheap::lab {

bool show_boxes() {
  say("The first objects:");
  const auto box = std::make_unique<unsigned>(371U);
  say("Hello box containing ", *box, "!");
  say("Hello box at ", static_cast<const void*>(box.get()), "!");
  std::vector<int> numbers;
  for (int number = 0; number < 500; ++number) numbers.push_back(number);
  const std::size_t offset = address_of(numbers.data()) - x86_64::heap_start;
  return show("vector", *box == 371 && numbers[499] == 499, "500 numbers at ", static_cast<const void*>(numbers.data()),
              ", the heap's start + ", Hexadecimal{offset});
}

}  // namespace bareheap::lab
