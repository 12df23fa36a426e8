// SPDX-License-Identifier: MIT
// The test kernel: the same source on every board. The laws, the lab's tests, and every container of C++.
#include "kernel/containers.hpp"
#include "kernel/heap.hpp"
#include "kernel/lab.hpp"
#include "kernel/out_of_memory.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bareheap.hpp"
#include "laws/fixed.hpp"

namespace {

using namespace bareheap;
using kernel_test::expect;

constinit Region scratch;

template <class Heap>
void expect_laws(bool merges) {
  constexpr std::size_t region_step = 256;
  const laws::Verdict verdict = laws::keep_the_laws<Heap>(scratch, merges, region_step);
  if (!expect(verdict.kept())) {
    for (const char* piece : {laws::name_of(verdict.law), ": ", verdict.part, "\r\n"}) put_text(port::serial, piece);
  }
}

/// Each container case must be right and leave the heap as it found it.
void expect_containers() {
  expect(kernel_test::container_case_count != 0);
  for (std::size_t index = 0; index < kernel_test::container_case_count; ++index) {
    const kernel_test::ContainerCase& container = kernel_test::container_cases[index];
    const std::size_t before = statistics_of(program_heap).used_bytes;
    put_text(port::serial, container.name);
    put_text(port::serial, "\r\n");
    expect(container.run());
    expect(statistics_of(program_heap).used_bytes == before);
    expect(program_heap.check() == Fault::none);
  }
}

const kernel_test::Test tests[] = {
    {"laws of NullHeap", [] { expect_laws<NullHeap>(true); }},
    {"laws of Bump", [] { expect_laws<Bump>(true); }},
    {"laws of HoleList", [] { expect_laws<HoleList>(true); }},
    {"laws of PageHeap", [] { expect_laws<PageHeap>(true); }},
    {"laws of StoryPages", [] { expect_laws<StoryPages>(false); }},
    kernel_test::lab_tests[0],
    kernel_test::lab_tests[1],
    kernel_test::lab_tests[2],
    kernel_test::lab_tests[3],
    {"S2-10 containers", expect_containers},
    {"out of memory at every request", [] { kernel_test::sweep_out_of_memory(scratch); }},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  scratch = kernel_test::start_heap();
  kernel_test::run_and_exit(tests);
}
