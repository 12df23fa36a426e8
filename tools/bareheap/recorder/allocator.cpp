// SPDX-License-Identifier: MIT
#include "allocator.hpp"

#include <atomic>
#include <cstdint>

#include <dlfcn.h>

namespace bareheap::recorder {
namespace {

Functions functions{};
std::atomic<bool> found{false};
thread_local bool looking = false;

alignas(16) unsigned char early_memory[16384];
std::atomic<std::size_t> early_used{0};

template <class Function>
void look_up(Function*& function, const char* name) noexcept {
  function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void look_up_all() noexcept {
  looking = true;
  look_up(functions.malloc, "malloc");
  look_up(functions.calloc, "calloc");
  look_up(functions.realloc, "realloc");
  look_up(functions.free, "free");
  look_up(functions.aligned_alloc, "aligned_alloc");
  look_up(functions.memalign, "memalign");
  look_up(functions.posix_memalign, "posix_memalign");
  look_up(functions.valloc, "valloc");
  look_up(functions.pvalloc, "pvalloc");
  looking = false;
  found = true;
}

}  // namespace

const Functions* allocator() noexcept {
  if (found.load(std::memory_order_acquire)) return &functions;
  if (looking) return nullptr;
  look_up_all();
  return &functions;
}

void* early_block(std::size_t size) noexcept {
  if (size > sizeof early_memory) return nullptr;
  const std::size_t at = early_used.fetch_add((size + 15) & ~std::size_t{15});
  return at + size <= sizeof early_memory ? early_memory + at : nullptr;
}

bool is_early(const void* at) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(early_memory);
  return offset < sizeof early_memory;
}

std::size_t early_bytes_from(const void* at) noexcept {
  return static_cast<std::size_t>(early_memory + sizeof early_memory - static_cast<const unsigned char*>(at));
}

}  // namespace bareheap::recorder
