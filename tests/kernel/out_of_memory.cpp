// SPDX-License-Identifier: MIT
#include "kernel/out_of_memory.hpp"

#include "bareheap/bindings/memory_resource.hpp"
#include "bareheap/bindings/try.hpp"
#include "bareheap/bindings/unique_ptr.hpp"
#include "bareheap/core/operations.hpp"
#include "bareheap/core/out_of_memory.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "kernel/runner.hpp"
#include "support/fail_nth.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <unordered_map>
#include <vector>

namespace bareheap::kernel_test {

namespace {

using Failing = test::FailNth<HoleList>;

/// What the out-of-memory handler answers, and how often it was asked.
constinit OutOfMemory help = OutOfMemory::give_up;
constinit std::size_t calls_for_help = 0;

/// A device queue, its table and its log: false where one of the requests found no room. All is given back on every
/// path.
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

/// Containers, which cannot answer "no room": they live on the handler's help. True where all that went in is there.
bool fill_containers(Failing& heap) {
  MemoryResource<Failing> resource(heap);
  std::pmr::vector<std::pmr::string> names(&resource);
  std::pmr::map<int, std::pmr::string> by_number(&resource);
  std::pmr::unordered_map<int, int> squares(&resource);
  std::pmr::list<int> list(&resource);
  std::pmr::deque<int> deque(&resource);
  for (int number = 0; number < 40; ++number) {
    names.emplace_back("a name that is too long to be kept inside");
    by_number.emplace(number, names.back());
    squares[number] = number * number;
    list.push_front(number);
    deque.push_back(number);
  }
  return names.size() == 40 && by_number.at(39) == names[0] && squares.at(31) == 961 && list.back() == 0 &&
         deque[39] == 39;
}

/// Runs the program with every request from the first on refused, or with the first alone; then from the second on, and
/// so forth, until none is refused. After each run the heap must be whole and pristine. Returns how many were refused.
template <class Judge>
std::size_t sweep(Region scratch, test::Refusal refusal, bool (*program)(Failing& heap), Judge judge) {
  HoleList inside;
  if (!expect(static_cast<bool>(inside.init(scratch)))) return 0;
  Failing heap(inside);
  std::size_t number = 0;
  do {
    heap.refuse(++number, refusal);
    calls_for_help = 0;
    const bool answer = program(heap);
    expect(judge(answer, heap.refused()));
    expect(inside.check() == Fault::none && is_pristine(inside));
  } while (heap.refused() != 0 && number < 1000);
  expect(heap.refused() == 0);
  return number - 1;
}

}  // namespace

void sweep_out_of_memory(Region scratch) {
  const auto answers_no = [](bool built, std::size_t refused) {
    return built == (refused == 0) && calls_for_help == 0;
  };
  expect(sweep(scratch, test::Refusal::from_then_on, build_and_drop, answers_no) >= 10);
  help = OutOfMemory::try_again;
  const auto is_helped = [](bool filled, std::size_t refused) { return filled && calls_for_help == refused; };
  const std::size_t requests = sweep(scratch, test::Refusal::once, fill_containers, is_helped);
  help = OutOfMemory::give_up;
  expect(requests >= 200);
  put_figure("requests of containers that were refused once", requests);
}

}  // namespace bareheap::kernel_test

bareheap::OutOfMemory bareheap::program_out_of_memory(Layout) noexcept {
  ++kernel_test::calls_for_help;
  return kernel_test::help;
}
