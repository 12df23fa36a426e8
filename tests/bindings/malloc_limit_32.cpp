// SPDX-License-Identifier: MIT
// Where addresses have 32 bits, a heap may have more memory than a difference of pointers can tell: the family lends no
// block of more than PTRDIFF_MAX bytes whatever the heap would do.
#include "bareheap/bindings/malloc_family.hpp"

namespace {

using bareheap::Block;
using bareheap::Layout;

/// Has room for everything, at one place.
struct Boundless {
  Block allocate(Layout asked) noexcept { return {place, asked.size()}; }
  void deallocate(std::byte*, Layout) noexcept {}
  bool resize(std::byte*, Layout, std::size_t) noexcept { return true; }
  Block allocate_zeroed(Layout asked) noexcept { return allocate(asked); }
  bool owns(const void*) const noexcept { return true; }
  void walk(bareheap::ExtentSink) const noexcept {}
  [[nodiscard]] bareheap::Fault check() const noexcept { return bareheap::Fault::none; }
  std::size_t size_of(const std::byte*) const noexcept { return 16; }

  alignas(16) std::byte place[16];
};

struct Errors {
  static constexpr int error_no_memory = 12;
  static constexpr int error_invalid = 22;
  static void out_of_memory() noexcept { ++count; }
  static void invalid() noexcept {}
  static std::size_t page_size() noexcept { return 4096; }
  static inline int count = 0;
};

/// How many of the calls answer null.
int refusals(std::size_t size) {
  static Boundless heap;
  const bareheap::MallocFamily<Boundless, Errors> c(heap);
  void* result = nullptr;
  const void* const answers[] = {
      c.malloc(size),       c.calloc(size, 1),         c.realloc(heap.place, size),     c.valloc(size),
      c.memalign(64, size), c.aligned_alloc(64, size), c.reallocarray(nullptr, 1, size)};
  int count = c.posix_memalign(&result, 64, size) == Errors::error_no_memory;
  for (const void* const answer : answers) count += answer == nullptr;
  return count;
}

}  // namespace

int main() {
  static_assert(sizeof(std::size_t) == 4);
  if (refusals(PTRDIFF_MAX) != 0 || Errors::count != 0) return 1;
  return refusals(std::size_t{PTRDIFF_MAX} + 1) == 8 && Errors::count == 7 ? 0 : 2;
}
