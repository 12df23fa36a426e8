// SPDX-License-Identifier: MIT
// What compiled C++ calls behind the program's back (Itanium C++ ABI; AArch64 and RISC-V follow it here).
#include "runtime/runtime.hpp"
#include "runtime/static_guard.hpp"

#include <cstdint>

extern "C" {

// Itanium C++ ABI 3.3.3: one-time construction.
int __cxa_guard_acquire(std::uint64_t* guard) { return bareheap::runtime::StaticGuard<>(*guard).acquire() ? 1 : 0; }
void __cxa_guard_release(std::uint64_t* guard) { bareheap::runtime::StaticGuard<>(*guard).release(); }
void __cxa_guard_abort(std::uint64_t* guard) { bareheap::runtime::StaticGuard<>(*guard).abort(); }

// Itanium C++ ABI 3.3.5: destructors of statics are registered here, to run at exit. A kernel does not exit, so nothing
// is kept, and success is answered. The handle tells whose destructors they are; a kernel is one piece.
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

// Itanium C++ ABI 3.2.6: what stands in a vtable where a function is pure, or deleted.
void __cxa_pure_virtual() { bareheap::runtime::fatal("a pure virtual function was called"); }
void __cxa_deleted_virtual() { bareheap::runtime::fatal("a deleted virtual function was called"); }

}  // extern "C"
