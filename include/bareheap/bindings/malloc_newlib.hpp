// SPDX-License-Identifier: MIT
//
// bindings/malloc.hpp for programs over newlib, whose own functions call malloc by other names: _malloc_r and so on,
// with the place of errno (struct _reent) as the first argument. All that newlib's malloc objects define and that
// others in newlib ask for is here, so none of them is linked, nor sbrk.
//
// __malloc_lock and __malloc_unlock are newlib's way to keep others out of its own malloc. Nothing calls them any more;
// the heap's type says who may come in.
#pragma once

#include "bareheap/bindings/malloc.hpp"

#include <reent.h>

namespace bareheap::c_library {

/// What `call` answers. An error is left where `reent` says, which may be another thread's.
template <class Call>
void* with_errno_of(_reent* reent, Call call) noexcept {
  const int before = errno;
  errno = 0;
  void* const at = call();
  const int error = errno;
  errno = before;
  if (error != 0) __errno_r(reent) = error;
  return at;
}

[[gnu::used]] void* malloc_r(_reent* reent, std::size_t size) noexcept asm("_malloc_r");
[[gnu::used]] void free_r(_reent* reent, void* at) noexcept asm("_free_r");
[[gnu::used]] void* calloc_r(_reent* reent, std::size_t count, std::size_t size) noexcept asm("_calloc_r");
[[gnu::used]] void* realloc_r(_reent* reent, void* at, std::size_t size) noexcept asm("_realloc_r");
[[gnu::used]] void* memalign_r(_reent* reent, std::size_t alignment, std::size_t size) noexcept asm("_memalign_r");
[[gnu::used]] void* valloc_r(_reent* reent, std::size_t size) noexcept asm("_valloc_r");
[[gnu::used]] void* pvalloc_r(_reent* reent, std::size_t size) noexcept asm("_pvalloc_r");
[[gnu::used]] std::size_t malloc_usable_size_r(_reent* reent, void* at) noexcept asm("_malloc_usable_size_r");

void* malloc_r(_reent* reent, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return malloc(size); });
}

void free_r(_reent*, void* at) noexcept { free(at); }

void* calloc_r(_reent* reent, std::size_t count, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return calloc(count, size); });
}

void* realloc_r(_reent* reent, void* at, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return realloc(at, size); });
}

void* memalign_r(_reent* reent, std::size_t alignment, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return memalign(alignment, size); });
}

void* valloc_r(_reent* reent, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return valloc(size); });
}

void* pvalloc_r(_reent* reent, std::size_t size) noexcept {
  return with_errno_of(reent, [=]() noexcept { return pvalloc(size); });
}

std::size_t malloc_usable_size_r(_reent*, void* at) noexcept { return malloc_usable_size(at); }

}  // namespace bareheap::c_library
