// SPDX-License-Identifier: MIT
// The functions by which programs ask for memory, under their own names: the program calls these, and they call those
// of the allocator. `operator new` and `delete` of the C++ library come through them.
//
// The order of the events is one in which the calls could have come one after another: a block is recorded as given
// back before it is, and as lent after it is; realloc, which does both, keeps the other threads out.
#include "allocator.hpp"
#include "recorder.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <malloc.h>
#include <unistd.h>

namespace bareheap::recorder {
namespace {

constexpr std::uint8_t natural_alignment_log2 = 4;  // what malloc's blocks have

std::uint64_t name_of(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

// As the allocator sees it: the next power of two.
std::uint8_t log2_of(std::size_t alignment) noexcept {
  const auto log2 = static_cast<unsigned>(alignment == 0 ? 0 : std::bit_width(alignment - 1));
  return static_cast<std::uint8_t>(std::min(63u, log2));
}

std::size_t product(std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes;
}

TraceEvent lent(const void* at, std::size_t size, std::uint8_t alignment_log2, const void* caller) noexcept {
  return {.refused = at == nullptr,
          .alignment_log2 = alignment_log2,
          .name = name_of(at),
          .size = size,
          .caller = name_of(caller)};
}

template <class Allocate>
void* allocate(std::size_t size, std::uint8_t alignment_log2, const void* caller, Allocate from) noexcept {
  const Functions* const functions = allocator();
  if (functions == nullptr) return early_block(size);
  Call call;
  void* const at = from(*functions);
  call.record(lent(at, size, alignment_log2, caller));
  return at;
}

void* allocate(std::size_t size, const void* caller) noexcept {
  return allocate(size, natural_alignment_log2, caller, [&](const Functions& real) { return real.malloc(size); });
}

void deallocate(void* at, const void* caller) noexcept {
  if (at == nullptr || is_early(at)) return;
  Call call;
  call.record({.call = TraceCall::deallocate, .name = name_of(at), .caller = name_of(caller)});
  call.unlock();
  if (const Functions* const functions = allocator(); functions != nullptr) functions->free(at);
}

void* replace_early(const void* at, std::size_t size, const void* caller) noexcept {
  void* const moved = allocate(size, caller);
  if (moved != nullptr) std::memcpy(moved, at, std::min(size, early_bytes_from(at)));
  return moved;
}

void* reallocate(void* at, std::size_t size, const void* caller) noexcept {
  if (at == nullptr) return allocate(size, caller);
  if (is_early(at)) return replace_early(at, size, caller);
  Call call;
  call.lock();
  void* const moved = allocator()->realloc(at, size);
  const bool freed = moved == nullptr && size == 0;
  call.record({.call = freed ? TraceCall::deallocate : TraceCall::reallocate,
               .refused = moved == nullptr && !freed,
               .name = name_of(at),
               .new_name = name_of(moved),
               .size = size,
               .caller = name_of(caller)});
  return moved;
}

}  // namespace
}  // namespace bareheap::recorder

using namespace bareheap::recorder;

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t size) noexcept { return allocate(size, __builtin_return_address(0)); }

void free(void* at) noexcept { deallocate(at, __builtin_return_address(0)); }

void free_sized(void* at, std::size_t) noexcept { deallocate(at, __builtin_return_address(0)); }

void free_aligned_sized(void* at, std::size_t, std::size_t) noexcept {
  deallocate(at, __builtin_return_address(0));
}

void* realloc(void* at, std::size_t size) noexcept {
  return reallocate(at, size, __builtin_return_address(0));
}

void* reallocarray(void* at, std::size_t count, std::size_t size) noexcept {
  return reallocate(at, product(count, size), __builtin_return_address(0));
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  const Functions* const functions = allocator();
  if (functions == nullptr) return early_block(product(count, size));
  Call call;
  void* const at = functions->calloc(count, size);
  bareheap::TraceEvent event = lent(at, product(count, size), natural_alignment_log2, __builtin_return_address(0));
  event.zeroed = true;
  call.record(event);
  return at;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return allocate(size, log2_of(alignment), __builtin_return_address(0),
                  [&](const Functions& real) { return real.aligned_alloc(alignment, size); });
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return allocate(size, log2_of(alignment), __builtin_return_address(0),
                  [&](const Functions& real) { return real.memalign(alignment, size); });
}

int posix_memalign(void** at, std::size_t alignment, std::size_t size) noexcept {
  int status = ENOMEM;
  void* lent_at = nullptr;
  allocate(size, log2_of(alignment), __builtin_return_address(0), [&](const Functions& real) {
    status = real.posix_memalign(&lent_at, alignment, size);
    return lent_at;
  });
  if (status == 0) *at = lent_at;
  return status;
}

void* valloc(std::size_t size) noexcept {
  return allocate(size, log2_of(static_cast<std::size_t>(getpagesize())), __builtin_return_address(0),
                  [&](const Functions& real) { return real.valloc(size); });
}

// The block is whole pages, and the program may use them.
void* pvalloc(std::size_t size) noexcept {
  const auto page = static_cast<std::size_t>(getpagesize());
  const std::size_t pages = size / page + (size % page != 0 ? 1 : 0);
  return allocate(product(pages, page), log2_of(page), __builtin_return_address(0),
                  [&](const Functions& real) { return real.pvalloc(size); });
}

}  // extern "C"
#pragma GCC visibility pop
