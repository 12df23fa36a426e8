// SPDX-License-Identifier: MIT
#include "kernel/lab.hpp"

#include "bareheap/engines/bump.hpp"
#include "kernel/heap.hpp"

#include <memory>
#include <new>
#include <vector>

namespace bareheap::kernel_test {

namespace {

/// The heap's size in the lab's text; the numbers of the tests follow from it.
constexpr std::size_t lab_heap_size = 100 * 1024;
constexpr std::size_t box_size = 8;

void simple_allocation() {
  const auto first = std::make_unique<int>(41);
  const auto second = std::make_unique<int>(13);
  expect(*first == 41 && *second == 13);
  expect(first.get() != second.get());
  for (const int* const box : {first.get(), second.get()}) {
    expect(program_heap.owns(reinterpret_cast<const std::byte*>(box)));
  }
}

void large_vector() {
  constexpr std::uint64_t count = 1000;
  std::vector<std::uint64_t> from_0;
  std::vector<std::uint64_t> from_1;
  for (std::uint64_t number = 0; number < count; ++number) {
    from_0.push_back(number);
    from_1.push_back(number + 1);
  }
  std::uint64_t sum_from_0 = 0;
  std::uint64_t sum_from_1 = 0;
  for (const std::uint64_t number : from_0) sum_from_0 += number;
  for (const std::uint64_t number : from_1) sum_from_1 += number;
  expect(sum_from_0 == 499'500 && sum_from_1 == 500'500);
}

/// Takes, checks and frees a box, again and again; true when every box lay where the first one did.
bool many_boxes_at_one_place() {
  const void* place = nullptr;
  for (std::size_t number = 0; number < lab_heap_size; ++number) {
    auto* const box = new std::uint64_t(number);
    const bool right = *box == number && (place == nullptr || place == box);
    place = box;
    delete box;
    if (!right) return false;
  }
  return true;
}

/// A Bump of the lab's size, in a block of the program's heap.
class LabBump {
 public:
  LabBump() { expect(static_cast<bool>(heap_.init({memory_.get(), lab_heap_size}))); }

  bool take_box() { return static_cast<bool>(heap_.allocate(Layout(box_size, box_size))); }

  bool take_and_free_box() {
    const Block box = heap_.allocate(Layout(box_size, box_size));
    heap_.deallocate(box.at, Layout(box_size, box_size));
    return static_cast<bool>(box);
  }

 private:
  struct Free {
    void operator()(std::byte* at) const { ::operator delete(at, lab_heap_size, std::align_val_t{16}); }
  };

  std::unique_ptr<std::byte, Free> memory_{
      static_cast<std::byte*>(::operator new(lab_heap_size, std::align_val_t{16}))};
  Bump heap_;
};

void many_boxes() {
  expect(many_boxes_at_one_place());
  LabBump bump;
  std::size_t taken = 0;
  while (bump.take_box()) ++taken;
  expect(taken == lab_heap_size / box_size);
}

void many_boxes_with_a_long_lived_one() {
  const auto long_lived = std::make_unique<int>(1);
  expect(many_boxes_at_one_place());
  expect(*long_lived == 1);
  LabBump bump;
  expect(bump.take_box());
  std::size_t taken = 0;
  while (bump.take_and_free_box()) ++taken;
  expect(taken == 12'799);
}

}  // namespace

const Test lab_tests[4] = {{"S2-14 simple allocation", simple_allocation},
                           {"S2-15 large vector", large_vector},
                           {"S2-16 many boxes", many_boxes},
                           {"S2-18 many boxes with a long-lived one", many_boxes_with_a_long_lived_one}};

}  // namespace bareheap::kernel_test
