// SPDX-License-Identifier: MIT
// The test kernel: the same source on every board. The laws, the lab's tests, and every container of C++.
#include "c_abi/every_call.h"
#include "kernel/containers.hpp"
#include "kernel/coroutines.hpp"
#include "kernel/doors.hpp"
#include "kernel/heap.hpp"
#include "kernel/lab.hpp"
#include "kernel/laws.hpp"
#include "kernel/out_of_memory.hpp"

#include "bareheap/bareheap.hpp"

namespace {

using namespace bareheap;
using kernel_test::expect;

constinit Region scratch;

template <class Heap>
void expect_laws() {
  kernel_test::expect_laws<Heap>(scratch, !std::same_as<Heap, StoryPages>);
}

/// Each container case must be right and leave the heap as it found it.
void expect_containers() {
  expect(kernel_test::container_case_count != 0);
  for (std::size_t index = 0; index < kernel_test::container_case_count; ++index) {
    const kernel_test::ContainerCase& container = kernel_test::container_cases[index];
    const std::size_t before = statistics_of(program_heap).used_bytes;
    kernel_test::put_line({container.name});
    expect(container.run());
    expect(statistics_of(program_heap).used_bytes == before);
    expect(program_heap.check() == Fault::none);
  }
}

const kernel_test::Test tests[] = {
    {"laws of NullHeap", expect_laws<NullHeap>},
    {"laws of Bump", expect_laws<Bump>},
    {"laws of Bump downward", expect_laws<BasicBump<Direction::downward>>},
    {"laws of HoleList", expect_laws<HoleList>},
    {"laws of HoleList from the tail", expect_laws<BasicHoleList<Carving::tail>>},
    {"laws of PageHeap", expect_laws<PageHeap>},
    {"laws of StoryPages", expect_laws<StoryPages>},
    {"laws of RealTimeHeap", expect_laws<RealTimeHeap>},
    {"laws of GranuleHeap", expect_laws<GranuleHeap>},
    {"laws of SmallRealTimeHeap", [] { kernel_test::expect_laws_in_short<SmallRealTimeHeap>(scratch, true); }},
    {"laws of SmallGranuleHeap", [] { kernel_test::expect_laws_in_short<SmallGranuleHeap>(scratch, true); }},
    kernel_test::lab_tests[0],
    kernel_test::lab_tests[1],
    kernel_test::lab_tests[2],
    kernel_test::lab_tests[3],
    {"S2-10 containers", expect_containers},
    {"S2-11 coroutines", [] { kernel_test::expect_coroutines(scratch); }},
    {"doors to the heap", kernel_test::go_through_doors},
    {"the C interface", [] { expect(every_call(scratch.start, std::size_t{64} << 10) == 0); }},
    {"out of memory at every request", [] { kernel_test::sweep_out_of_memory(scratch); }},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  scratch = kernel_test::start_heap();
  kernel_test::run_and_exit(tests);
}
