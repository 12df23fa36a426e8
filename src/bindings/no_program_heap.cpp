// SPDX-License-Identifier: MIT
//
// What a program is linked with that uses new and delete but has no heap. This file lies in an archive, so it is taken
// only where nothing else defines operator new, and then it asks for the one symbol that bindings/operator_new.hpp
// defines: the link fails, and the name says what is missing. It never runs.
#include <new>

extern "C" const char bareheap_program_heap;

namespace {

void* no_memory() { return const_cast<char*>(&bareheap_program_heap); }

}  // namespace

void* operator new(std::size_t) { return no_memory(); }
void* operator new[](std::size_t) { return no_memory(); }
void* operator new(std::size_t, std::align_val_t) { return no_memory(); }
void* operator new[](std::size_t, std::align_val_t) { return no_memory(); }
void* operator new(std::size_t, const std::nothrow_t&) noexcept { return no_memory(); }
void* operator new[](std::size_t, const std::nothrow_t&) noexcept { return no_memory(); }
void* operator new(std::size_t, std::align_val_t, const std::nothrow_t&) noexcept { return no_memory(); }
void* operator new[](std::size_t, std::align_val_t, const std::nothrow_t&) noexcept { return no_memory(); }
void operator delete(void*) noexcept {}
void operator delete[](void*) noexcept {}
void operator delete(void*, std::size_t) noexcept {}
void operator delete[](void*, std::size_t) noexcept {}
void operator delete(void*, std::align_val_t) noexcept {}
void operator delete[](void*, std::align_val_t) noexcept {}
void operator delete(void*, std::size_t, std::align_val_t) noexcept {}
void operator delete[](void*, std::size_t, std::align_val_t) noexcept {}
void operator delete(void*, const std::nothrow_t&) noexcept {}
void operator delete[](void*, const std::nothrow_t&) noexcept {}
void operator delete(void*, std::align_val_t, const std::nothrow_t&) noexcept {}
void operator delete[](void*, std::align_val_t, const std::nothrow_t&) noexcept {}
