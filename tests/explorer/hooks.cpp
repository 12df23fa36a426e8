// SPDX-License-Identifier: MIT
// What GCC calls for -fsanitize=thread, in place of its own library: each access that is not atomic, and the atomic
// built-ins that the map of a heap is read and written with.
#include "explorer/machine.hpp"

#include <cstdint>

namespace {

using explorer::Change;
using explorer::Machine;

template <std::size_t size, bool writes>
[[gnu::always_inline]] inline void access(void* at) {
  Machine::the().access(at, size, writes, __builtin_return_address(0));
}

explorer::Place place(const volatile void* word) { return {const_cast<void*>(word), 8, 0}; }

std::memory_order order(int number) { return static_cast<std::memory_order>(number); }

}  // namespace

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void*) {}

void __tsan_read1(void* at) { access<1, false>(at); }
void __tsan_read2(void* at) { access<2, false>(at); }
void __tsan_read4(void* at) { access<4, false>(at); }
void __tsan_read8(void* at) { access<8, false>(at); }
void __tsan_read16(void* at) { access<16, false>(at); }
void __tsan_write1(void* at) { access<1, true>(at); }
void __tsan_write2(void* at) { access<2, true>(at); }
void __tsan_write4(void* at) { access<4, true>(at); }
void __tsan_write8(void* at) { access<8, true>(at); }
void __tsan_write16(void* at) { access<16, true>(at); }
void __tsan_read_range(void* at, unsigned long size) {
  Machine::the().access(at, size, false, __builtin_return_address(0));
}
void __tsan_write_range(void* at, unsigned long size) {
  Machine::the().access(at, size, true, __builtin_return_address(0));
}

using Word = unsigned long;

Word __tsan_atomic64_load(const volatile void* at, int how) { return Machine::the().load(place(at), order(how)); }
void __tsan_atomic64_store(volatile void* at, Word value, int how) {
  Machine::the().store(place(at), value, order(how));
}
Word __tsan_atomic64_fetch_or(volatile void* at, Word bits, int how) {
  return Machine::the().change(place(at), Change::bits_or, bits, order(how));
}
Word __tsan_atomic64_fetch_and(volatile void* at, Word bits, int how) {
  return Machine::the().change(place(at), Change::bits_and, bits, order(how));
}
Word __tsan_atomic64_fetch_xor(volatile void* at, Word bits, int how) {
  return Machine::the().change(place(at), Change::bits_xor, bits, order(how));
}
void __tsan_atomic_thread_fence(int how) { Machine::the().fence(order(how)); }
void __tsan_atomic_signal_fence(int) {}
}
