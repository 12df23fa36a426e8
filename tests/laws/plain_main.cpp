// SPDX-License-Identifier: MIT
// The fixed part of the laws, and a lattice of sizes, alignments and ways to ask, without any test framework: for
// compilers and targets that have none.
#include "laws/fixed.hpp"
#include "wrappers/stacks.hpp"

#include <cstdio>
#include <string_view>

namespace {

using namespace bareheap;
using laws::Verdict;

constexpr std::size_t region_size = std::size_t{4} << 20;
alignas(4096) std::byte memory[region_size];

int failures = 0;
std::size_t lattice_calls = 0;

/// How the compiler names the type; the file has no list of its own.
template <class Heap>
constexpr std::string_view name_of() {
  const std::string_view name = __PRETTY_FUNCTION__;
  const std::size_t start = name.find("Heap = ") + 7;
  return name.substr(start, name.find_first_of(";]", start) - start);
}

void report(std::string_view heap, const Verdict& verdict) {
  if (verdict.kept()) return;
  std::printf("%.*s: %s: %s %zu, %zu\n", static_cast<int>(heap.size()), heap.data(), laws::name_of(verdict.law),
              verdict.part, verdict.first, verdict.second);
  ++failures;
}

void expect(bool holds) { failures += !holds; }

bool is_right(Block block, Layout asked) {
  return block.size >= asked.size() && is_aligned(address_of(block.at), asked.alignment());
}

/// One point of the lattice, asked in every way there is: zeroed, plainly, and where there is a block, by resize and
/// reallocate to the size beside it.
template <class Heap>
void ask(Heap& heap, Layout asked, std::size_t beside) {
  lattice_calls += 2;
  const Block zeroed = asked.size() < 128 ? allocate_zeroed(heap, asked) : Block{};
  if (zeroed) {
    expect(is_right(zeroed, asked));
    heap.deallocate(zeroed.at, asked);
  }
  const Block block = heap.allocate(asked);
  if (!block) return;
  expect(is_right(block, asked));
  lattice_calls += 2;
  const bool resized = heap.resize(block.at, asked, beside);
  const Layout now = resized ? asked.with_size(beside) : asked;
  const Block moved = beside < 128 ? reallocate(heap, block.at, now, asked.size()) : Block{};
  expect(!moved || is_right(moved, asked));
  heap.deallocate(moved ? moved.at : block.at, moved ? asked : now);
}

/// Near every power of two: what the last bits of a size and of an alignment do to the arithmetic, on a heap in whose
/// way a block of `obstacle` bytes lies.
template <class Heap>
void lattice(Heap& heap, std::size_t obstacle, std::size_t step) {
  const Layout in_the_way(obstacle, 8);
  const Block first = heap.allocate(in_the_way);
  for (std::size_t alignment = 1; alignment != 0; alignment *= 2) {
    for (std::size_t power = 1; power != 0; power *= 2) {
      for (std::size_t beyond = 0; beyond < 256; beyond += step) {
        ask(heap, Layout(power - 128 + beyond, alignment), power - 128 + (beyond + 77) % 256);
      }
    }
  }
  heap.deallocate(first.at, in_the_way);
  expect(heap.check() == Fault::none);
}

template <class Heap>
void try_lattice(std::size_t size, std::size_t step) {
  Heap heap;
  if (!heap.init({memory, size})) return;
  const int before = failures;
  for (const std::size_t obstacle : {0u, 24u, 3000u}) lattice(heap, obstacle, step);
  AllocatorRef any(heap);
  lattice(any, 100, step);
  const std::string_view name = name_of<Heap>();
  if (failures != before) std::printf("%.*s: the lattice\n", static_cast<int>(name.size()), name.data());
}

template <class Heap>
void judge() {
  report(name_of<Heap>(), laws::keep_the_laws<Heap>({memory, region_size}, laws::merges<Heap>, 16));
  try_lattice<Heap>(region_size, 1);
}

/// All of it for each engine. The other laws of the stacks are asked by tests/wrappers; of the lattice every 13th size
/// is enough to meet the arithmetic of a wrapper, in so much memory that Checked does not fill megabytes at each call.
template <class... Engines, class... Stacks>
void judge_all(laws::HeapList<Engines...>, laws::HeapList<Stacks...>) {
  (judge<Engines>(), ...);
  (try_lattice<Stacks>(region_size / 16, 13), ...);
  std::printf("%zu engines and %zu stacks in %zu bits, ", sizeof...(Engines), sizeof...(Stacks), sizeof(void*) * 8);
}

}  // namespace

int main() {
  judge_all(laws::Engines{}, laws::BAREHEAP_STACKS{});
  std::printf("%zu calls of the lattice: %d failed\n", lattice_calls, failures);
  return failures == 0 ? 0 : 1;
}
