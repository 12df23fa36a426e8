// SPDX-License-Identifier: MIT
#include "kernel/crew.hpp"

#include "kernel/deadline.hpp"
#include "kernel/heap.hpp"
#include "kernel/runner.hpp"

#include "board/processor.hpp"
#include "ports/common/cpus.hpp"

#include <atomic>

namespace bareheap::kernel_test {

namespace {

constexpr Layout stack_layout(32 * 1024, 4096);

constinit std::atomic<Job> job{nullptr};
constinit std::atomic<std::uint32_t> jobs{0};     // given so far; its increment hands the job over
constinit std::atomic<std::uint32_t> done{0};     // over all jobs and CPUs
constinit std::atomic<std::uint32_t> arrived{0};  // at meetings, over all of them

/// Waits until `count` is `wanted` or more.
void wait_for(const std::atomic<std::uint32_t>& count, std::uint32_t wanted, const char* sentence) noexcept {
  const Deadline deadline(crew_seconds);
  while (count.load(std::memory_order_acquire) < wanted) {
    port::BoardProcessor::pause();
    if (!deadline.has_passed()) continue;
    put_line({sentence});
    port::exit(1);
  }
}

void serve(std::uint32_t cpu) noexcept {
  for (std::uint32_t number = 1; true; ++number) {
    while (jobs.load(std::memory_order_acquire) < number) port::BoardProcessor::pause();
    job.load(std::memory_order_relaxed)(cpu);
    done.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace

void start_crew() noexcept {
  for (std::uint32_t cpu = 1; cpu < crew_size; ++cpu) {
    const Block stack = program_heap.allocate(stack_layout);
    if (stack && port::start_cpu(cpu, {stack.at, stack.size}, serve)) continue;
    put_line({"a CPU did not start"});
    port::exit(1);
  }
}

void run_on_all(Job next) noexcept {
  job.store(next, std::memory_order_relaxed);
  const std::uint32_t number = jobs.fetch_add(1, std::memory_order_release) + 1;
  next(0);
  wait_for(done, number * (crew_size - 1), "a CPU did not come to the end of its work within a minute");
}

void meet() noexcept {
  const std::uint32_t place = arrived.fetch_add(1, std::memory_order_acq_rel);
  wait_for(arrived, (place / crew_size + 1) * crew_size, "a CPU did not come to a meeting within a minute");
}

}  // namespace bareheap::kernel_test
