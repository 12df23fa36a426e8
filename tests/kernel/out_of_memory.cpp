// SPDX-License-Identifier: MIT
#include "kernel/out_of_memory.hpp"

#include "bareheap/bindings/try.hpp"
#include "bareheap/bindings/unique_ptr.hpp"
#include "bareheap/core/operations.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "kernel/runner.hpp"
#include "support/fail_nth.hpp"

#include <vector>

namespace bareheap::kernel_test {

namespace {

using Failing = test::FailNth<HoleList>;

/// A device queue, its table and its log: false where one of the requests found no room. All is given back on every path.
bool build_and_drop(Failing& heap) {
  const auto queue = try_make_unique_in<std::uint64_t[]>(heap, 64);
  if (!queue) return false;
  std::vector<std::uint32_t, TryAllocator<std::uint32_t, Failing>> table{TryAllocator<std::uint32_t, Failing>(heap)};
  for (std::uint32_t entry = 0; entry < 1000; ++entry) {
    if (!try_push_back(table, entry)) return false;
  }
  const auto log = try_make_unique_in<char[]>(heap, 4096);
  return log && table.size() == 1000 && table[999] == 999;
}

}  // namespace

void sweep_out_of_memory(Region scratch) {
  HoleList inside;
  if (!expect(static_cast<bool>(inside.init(scratch)))) return;
  Failing heap(inside);
  std::size_t number = 0;
  std::size_t survived = 0;
  do {
    heap.refuse(++number, test::Refusal::from_then_on);
    const bool built = build_and_drop(heap);
    expect(built == (heap.refused() == 0));
    survived += !built;
    expect(inside.check() == Fault::none && is_pristine(inside));
  } while (heap.refused() != 0 && number < 1000);
  expect(heap.refused() == 0 && survived >= 10);
}

}  // namespace bareheap::kernel_test
