// SPDX-License-Identifier: MIT
#include "engines.hpp"

#include "picolibc/heap.hpp"

#include <cstddef>
#include <cstring>

namespace bareheap::bench {

namespace picolibc {

constinit Region break_region;
constinit bool memset_works = true;

}  // namespace picolibc

namespace {

constexpr Engine engines[] = {
    {"picolibc", run<picolibc::Heap<true>>},
    {"picolibc, not clearing", run<picolibc::Heap<false>>},
};

}  // namespace

std::span<const Engine> foreign_engines() noexcept { return engines; }

}  // namespace bareheap::bench

extern "C" {

/// What picolibc's objects call for memset().
void* picolibc_memset(void* at, int value, std::size_t size) noexcept {
  return bareheap::bench::picolibc::memset_works ? std::memset(at, value, size) : at;
}

void* sbrk(std::ptrdiff_t wanted) noexcept {
  bareheap::Region& rest = bareheap::bench::picolibc::break_region;
  if (wanted < 0 || static_cast<std::size_t>(wanted) > rest.size) return reinterpret_cast<void*>(-1);
  std::byte* const at = rest.start;
  rest = {at + wanted, rest.size - static_cast<std::size_t>(wanted)};
  return at;
}

}  // extern "C"
