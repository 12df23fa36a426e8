// SPDX-License-Identifier: MIT
// The fixed part of the laws, and a lattice of sizes and alignments, without any test framework: for compilers and targets
// that have none, such as 32 bits (-m32).
#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "laws/fixed.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace bareheap;
using laws::Verdict;

constexpr std::size_t region_size = std::size_t{4} << 20;
alignas(4096) std::byte memory[region_size];

int failures = 0;

void report(const char* heap, const Verdict& verdict) {
  std::printf("%-24s %s", heap, verdict.kept() ? "keeps the laws\n" : "");
  if (verdict.kept()) return;
  std::printf("%s: %s %zu, %zu\n", laws::name_of(verdict.law), verdict.part, verdict.first, verdict.second);
  ++failures;
}

/// Near every power of two: what the last bits of a size and of an alignment do to the arithmetic, on a heap in whose
/// way a block of `obstacle` bytes lies.
template <class Heap>
std::size_t lattice(Heap& heap, std::size_t obstacle) {
  std::size_t calls = 0;
  const Layout in_the_way(obstacle, 8);
  const Block first = heap.allocate(in_the_way);
  for (std::size_t alignment = 1; alignment != 0; alignment *= 2) {
    for (std::size_t power = 1; power != 0; power *= 2) {
      for (std::size_t step = 0; step < 256; ++step) {
        const Layout asked(power - 128 + step, alignment);
        const Block block = heap.allocate(asked);
        ++calls;
        if (!block) continue;
        if (block.size < asked.size() || !is_aligned(address_of(block.at), alignment)) ++failures;
        heap.deallocate(block.at, asked);
      }
    }
  }
  heap.deallocate(first.at, in_the_way);
  return calls;
}

template <class Heap>
void judge(const char* name, bool merges, std::size_t size = region_size) {
  report(name, laws::keep_the_laws<Heap>({memory, size}, merges, 16));
  Heap heap;
  if (!heap.init({memory, region_size})) return;
  std::size_t calls = 0;
  for (const std::size_t obstacle : {0u, 24u, 3000u}) calls += lattice(heap, obstacle);
  std::printf("%-24s %zu calls of the lattice\n", name, calls);
}

}  // namespace

int main() {
  judge<NullHeap>("NullHeap", true);
  judge<Bump>("Bump", true);
  judge<BasicBump<Direction::downward>>("Bump, downward", true);
  judge<HoleList>("HoleList", true);
  judge<BasicHoleList<Carving::tail>>("HoleList, from the tail", true);
  judge<PageHeap>("PageHeap", true);
  judge<StoryPages>("StoryPages", false);
  std::printf("%zu bits: %d failed\n", sizeof(void*) * 8, failures);
  return failures == 0 ? 0 : 1;
}
