// SPDX-License-Identifier: MIT
#include "kernel/doors.hpp"

#include "kernel/heap.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bindings/std_allocator.hpp"
#include "bareheap/bindings/try.hpp"
#include "bareheap/bindings/unique_ptr.hpp"

namespace bareheap::kernel_test {

extern "C" {

[[gnu::noinline]] long* door_of_allocator() { return StdAllocator<long, GranuleHeap>(program_heap).allocate(9); }
[[gnu::noinline]] void door_of_allocator_back(long* numbers) {
  StdAllocator<long, GranuleHeap>(program_heap).deallocate(numbers, 9);
}
[[gnu::noinline]] long* door_of_try() { return try_new<long>(program_heap, 371); }
[[gnu::noinline]] void door_of_try_back(long* number) { delete_in(program_heap, number); }
[[gnu::noinline]] long* door_of_unique() { return make_unique_in<long>(program_heap, 371).release(); }
[[gnu::noinline]] void door_of_unique_back(long* number) {
  const UniqueIn<long, GranuleHeap> owner(number, program_heap);
}

}  // extern "C"

void go_through_doors() {
  long* const numbers = door_of_allocator();
  long* const tried = door_of_try();
  long* const owned = door_of_unique();
  expect(numbers != nullptr && *tried == 371 && *owned == 371);
  door_of_unique_back(owned);
  door_of_try_back(tried);
  door_of_allocator_back(numbers);
}

}  // namespace bareheap::kernel_test
