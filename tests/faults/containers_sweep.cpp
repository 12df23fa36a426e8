// SPDX-License-Identifier: MIT
// Every container of C++ without memory: each case of tests/kernel/containers.cpp runs on a fresh heap over and over,
// each time with the next request refused, until none is left to refuse; once with a program that has no help, and once
// with an out-of-memory handler that has.
//
// A container cannot answer "no room". So without help each request must end in the one stop that is for it, with a
// heap that is whole, and with help the case must do its work as if nothing had been. A stop is a jump back to the
// sweep: what was lent then is dropped with the heap. All of this program's new is on the heap in question, so the
// sweep itself asks for none.
#include "bareheap/core/operations.hpp"
#include "bareheap/core/out_of_memory.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "kernel/containers.hpp"
#include "support/fail_nth.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

constinit bareheap::PageHeap page_heap;
constinit bareheap::test::FailNth<bareheap::PageHeap> program_heap(page_heap);
#include "bareheap/bindings/operator_new.hpp"

namespace {

using namespace bareheap;
using kernel_test::ContainerCase;

constinit OutOfMemory help = OutOfMemory::give_up;
constinit std::size_t calls_for_help = 0;
constinit Fault stop = Fault::none;
std::jmp_buf way_back;

/// How a run ended. The first that applies.
enum class End : unsigned char {
  corrupted,      ///< check() finds a broken invariant
  out_of_memory,  ///< stopped by what is to stop it
  stopped,        ///< by another fault
  leaked,
  failed,  ///< with a wrong answer
  fine,
};

alignas(4096) std::byte memory[std::size_t{4} << 20];

/// Runs the case on a fresh heap with this request refused.
End run(bool (*program)(), std::size_t request) noexcept {
  std::memset(memory, 0xA5, 64 * 1024);
  page_heap = PageHeap();
  if (!page_heap.init({memory, sizeof memory})) return End::failed;
  program_heap.refuse(request);
  calls_for_help = 0;
  stop = Fault::none;
  volatile bool answer = false;
  if (setjmp(way_back) == 0) answer = program();
  if (page_heap.check() != Fault::none) return End::corrupted;
  if (stop != Fault::none) return stop == Fault::out_of_memory ? End::out_of_memory : End::stopped;
  if (!is_pristine(page_heap)) return End::leaked;
  return answer ? End::fine : End::failed;
}

struct Sums {
  std::size_t of[static_cast<unsigned>(End::fine) + 1] = {};
  std::size_t requests = 0;  ///< refused, each in a run of its own

  std::size_t operator[](End end) const noexcept { return of[static_cast<unsigned>(end)]; }
};

/// Ends after the run in which nothing was refused; that one must be fine.
Sums sweep(bool (*program)(), OutOfMemory answer) noexcept {
  help = answer;
  Sums sums;
  while (true) {
    const End end = run(program, sums.requests + 1);
    const bool helped = answer == OutOfMemory::give_up || calls_for_help == program_heap.refused();
    ++sums.of[static_cast<unsigned>(helped ? end : End::failed)];
    if (program_heap.refused() == 0) return sums;
    ++sums.requests;
  }
}

bool report(const char* name, const char* how, const Sums& sums, std::size_t right) noexcept {
  const bool good = sums.requests != 0 && right == sums.requests && sums[End::fine] >= 1;
  std::printf(
      "%s %s, %s: %zu requests refused; %zu stopped for it, %zu stopped otherwise, %zu corrupted, %zu leaked, %zu "
      "failed, %zu fine\n",
      good ? "right" : "WRONG", name, how, sums.requests, sums[End::out_of_memory], sums[End::stopped],
      sums[End::corrupted], sums[End::leaked], sums[End::failed], sums[End::fine]);
  return good;
}

bool is_right(const ContainerCase& container) noexcept {
  const Sums alone = sweep(container.run, OutOfMemory::give_up);
  const Sums helped = sweep(container.run, OutOfMemory::try_again);
  const bool stops = report(container.name, "without help", alone, alone[End::out_of_memory]);
  return report(container.name, "with help", helped, helped[End::fine] - 1) && stops;
}

// Programs that are wrong on purpose where their second request is refused: the sweep must find each for what it is.

bool with_two_blocks(void (*where_refused)(char* first)) {
  char* const first = new (std::nothrow) char[64];
  if (first == nullptr) return true;
  char* const second = new (std::nothrow) char[64];
  if (second == nullptr) where_refused(first);
  ::operator delete (second, std::size_t{64});
  if (second != nullptr) ::operator delete (first, std::size_t{64});
  return true;
}

struct WrongCase {
  bool (*run)();
  End end;
};

constexpr WrongCase wrong_cases[] = {
    {[] { return with_two_blocks([](char*) {}); }, End::leaked},
    {[] {
       return with_two_blocks([](char* first) {
         char* volatile again = first;
         ::operator delete (again, std::size_t{64});
         ::operator delete (again, std::size_t{64});
       });
     },
     End::stopped},
    {[] {
       return with_two_blocks([](char* first) {
         ::operator delete (first, std::size_t{64});
         std::memset(memory + 64, 0x77, 1024);
       });
     },
     End::corrupted},
    {[] {
       char* const block = new (std::nothrow) char[64];
       ::operator delete (block, std::size_t{64});
       return block != nullptr;
     },
     End::failed},
};

bool finds_what_is_wrong() noexcept {
  for (const WrongCase& wrong : wrong_cases) {
    if (sweep(wrong.run, OutOfMemory::give_up)[wrong.end] != 1) return false;
  }
  return true;
}

}  // namespace

OutOfMemory bareheap::program_out_of_memory(Layout) noexcept {
  ++calls_for_help;
  return help;
}

void bareheap::panic(const FaultReport& report) noexcept {
  stop = report.fault;
  std::longjmp(way_back, 1);
}

int main() {
  bool right = finds_what_is_wrong();
  std::printf("%s: the sweep finds a leak, a wrong stop, a corruption and a wrong answer\n", right ? "right" : "WRONG");
  for (std::size_t index = 0; index < kernel_test::container_case_count; ++index) {
    right = is_right(kernel_test::container_cases[index]) && right;
  }
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
