// SPDX-License-Identifier: MIT
// The names of C's malloc and of the language's new, each with its caller: the program's function, not one of these.
#include "bareheap/bindings/malloc_family.hpp"

#include "drop_in/checked/checked_process_heap.hpp"

#include <cerrno>
#include <new>

namespace bareheap::drop_in {

// In programs that have the C++ library.
[[gnu::weak]] std::new_handler get_new_handler() noexcept asm("_ZSt15get_new_handlerv");
[[noreturn, gnu::weak]] void throw_bad_alloc() asm("_ZSt17__throw_bad_allocv");

namespace {

struct System {
  static constexpr int error_no_memory = ENOMEM;
  static constexpr int error_invalid = EINVAL;
  static void out_of_memory() noexcept { errno = ENOMEM; }
  static void invalid() noexcept { errno = EINVAL; }
  static constexpr std::size_t page_size() noexcept { return LinuxSystem::page; }
};

using Family = MallocFamily<OnBehalf, System>;

// The caller of the function that this stands in.
[[gnu::always_inline]] inline OnBehalf caller_of(Origin origin) noexcept { return OnBehalf({caller_here(), origin}); }

std::size_t alignment_of(std::align_val_t alignment) noexcept { return static_cast<std::size_t>(alignment); }

// As the standard has it: asks the program's handler again and again; where there is none, throws, or ends a program
// that has no exceptions.
void* insist(OnBehalf heap, Layout asked) {
  for (;;) {
    if (const Block block = heap.allocate(asked)) return block.at;
    const std::new_handler handler = get_new_handler == nullptr ? nullptr : get_new_handler();
    if (handler != nullptr) {
      handler();
    } else if (throw_bad_alloc != nullptr) {
      throw_bad_alloc();
    } else {
      panic({.fault = Fault::out_of_memory,
             .caller = heap.caller(),
             .size = asked.size(),
             .alignment = asked.alignment()});
    }
  }
}

// Without the handler, which could throw what nobody catches here.
void* null_or_block(OnBehalf heap, Layout asked) noexcept { return heap.allocate(asked).at; }

Layout plain(std::size_t size) noexcept { return Layout(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }

void delete_block(OnBehalf heap, void* at) noexcept { heap.release(static_cast<std::byte*>(at)); }

void delete_block(OnBehalf heap, void* at, std::align_val_t alignment) noexcept {
  if (at == nullptr) return;
  std::byte* const block = static_cast<std::byte*>(at);
  heap.deallocate(block, Layout(heap.size_of(block), alignment_of(alignment)));
}

void delete_block(OnBehalf heap, void* at, Layout asked) noexcept {
  heap.deallocate(static_cast<std::byte*>(at), asked);
}

}  // namespace

}  // namespace bareheap::drop_in

using namespace bareheap::drop_in;

#pragma GCC visibility push(default)

extern "C" {

void* malloc(std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).malloc(size);
}

void free(void* at) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  Family(heap).free(at);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).calloc(count, size);
}

void* realloc(void* at, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).realloc(at, size);
}

void* reallocarray(void* at, std::size_t count, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).reallocarray(at, count, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).aligned_alloc(alignment, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).posix_memalign(result, alignment, size);
}

void* valloc(std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).valloc(size);
}

void* pvalloc(std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).pvalloc(size);
}

std::size_t malloc_usable_size(void* at) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  return Family(heap).usable_size(at);
}

void free_sized(void* at, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  Family(heap).free_sized(at, size);
}

void free_aligned_sized(void* at, std::size_t alignment, std::size_t size) noexcept {
  OnBehalf heap = caller_of(Origin::malloc);
  Family(heap).free_aligned_sized(at, alignment, size);
}

int malloc_trim(std::size_t) noexcept {
  process_heap.trim(bareheap::caller_here());
  return 0;
}

}  // extern "C"

using bareheap::Layout;

void* operator new(std::size_t size) { return insist(caller_of(Origin::object), plain(size)); }
void* operator new[](std::size_t size) { return insist(caller_of(Origin::array), plain(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return null_or_block(caller_of(Origin::object), plain(size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return null_or_block(caller_of(Origin::array), plain(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return insist(caller_of(Origin::aligned_object), Layout(size, alignment_of(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return insist(caller_of(Origin::aligned_array), Layout(size, alignment_of(alignment)));
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return null_or_block(caller_of(Origin::aligned_object), Layout(size, alignment_of(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return null_or_block(caller_of(Origin::aligned_array), Layout(size, alignment_of(alignment)));
}

void operator delete(void* at) noexcept { delete_block(caller_of(Origin::object), at); }
void operator delete[](void* at) noexcept { delete_block(caller_of(Origin::array), at); }
void operator delete(void* at, std::size_t size) noexcept { delete_block(caller_of(Origin::object), at, plain(size)); }
void operator delete[](void* at, std::size_t size) noexcept { delete_block(caller_of(Origin::array), at, plain(size)); }
void operator delete(void* at, const std::nothrow_t&) noexcept { delete_block(caller_of(Origin::object), at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { delete_block(caller_of(Origin::array), at); }
void operator delete(void* at, std::align_val_t alignment) noexcept {
  delete_block(caller_of(Origin::aligned_object), at, alignment);
}
void operator delete[](void* at, std::align_val_t alignment) noexcept {
  delete_block(caller_of(Origin::aligned_array), at, alignment);
}
void operator delete(void* at, std::size_t size, std::align_val_t alignment) noexcept {
  delete_block(caller_of(Origin::aligned_object), at, Layout(size, alignment_of(alignment)));
}
void operator delete[](void* at, std::size_t size, std::align_val_t alignment) noexcept {
  delete_block(caller_of(Origin::aligned_array), at, Layout(size, alignment_of(alignment)));
}
void operator delete(void* at, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  delete_block(caller_of(Origin::aligned_object), at, alignment);
}
void operator delete[](void* at, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  delete_block(caller_of(Origin::aligned_array), at, alignment);
}

#pragma GCC visibility pop
