// SPDX-License-Identifier: MIT
// 5. Containers on a heap of their own, beside the program's: by a std-style allocator, by std::pmr, and by forms that
// answer instead of stopping when there is no room.
#include "bareheap/bareheap.hpp"
#include "bareheap/bindings/memory_resource.hpp"
#include "bareheap/bindings/std_allocator.hpp"
#include "bareheap/bindings/try.hpp"

#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

alignas(16) static std::byte memory[16 * 1024];

using Heap = bareheap::Counted<bareheap::HoleList>;
static Heap heap;

int main() {
  if (!heap.init({memory, sizeof memory})) return 1;
  {
    using Entry = std::pair<const int, int>;
    using Entries = bareheap::StdAllocator<Entry, Heap>;
    std::map<int, int, std::less<>, Entries> squares{Entries(heap)};
    for (int number = 0; number < 20; ++number) squares[number] = number * number;

    bareheap::MemoryResource<Heap> resource(heap);
    std::pmr::string text(&resource);
    text = "a string that is too long for its own small buffer";

    std::vector<int, bareheap::TryAllocator<int, Heap>> numbers{bareheap::TryAllocator<int, Heap>(heap)};
    while (bareheap::try_push_back(numbers, 1)) {
    }
    std::printf("a map of %zu, a string of %zu, and a vector that took %zu and then said no\n", squares.size(),
                text.size(), numbers.size());
  }
  std::printf("pristine again: %s\n", bareheap::is_pristine(heap) ? "yes" : "no");
}
