// SPDX-License-Identifier: MIT
// CPUs that hold what another one needs: they leave, wait, or do not answer.
#include "kernel/cpu_cached.hpp"
#include "kernel/crew.hpp"
#include "kernel/deadline.hpp"

#include "board/processor.hpp"

#include <atomic>

namespace bareheap::kernel_test {

namespace {

using port::BoardProcessor;

constexpr std::size_t memory_size = std::size_t{2} << 20;
constexpr std::uint32_t other = crew_size - 1;

constinit std::atomic<std::uint32_t> calls{0};  // of handlers, on all CPUs
constinit std::atomic<std::uint32_t> calls_before{0};
constinit std::atomic<bool> is_over{false};

/// What this CPU has freed last stays in its stock.
void leave_some_in_stock() noexcept {
  Chain chain;
  chain.take(20);
  chain.give_all_back();
}

/// How often the lock is taken for so many pairs of calls.
std::uint64_t locks_of_pairs(unsigned pairs) noexcept {
  leave_some_in_stock();
  const std::uint64_t before = cached_heap.times_locked();
  for (; pairs != 0; --pairs) cached_heap.deallocate(cached_heap.allocate(Chain::layout).at, Chain::layout);
  return cached_heap.times_locked() - before - 1;
}

void leave_stock_there(std::uint32_t cpu) noexcept {
  if (cpu == other) leave_some_in_stock();
}

}  // namespace

void serve_heap() noexcept {
  ++calls;
  cached_heap.serve();
}

void expect_one_cpu_needs_no_others() {
  renew_heap(memory_size);
  Churn<16> churn(1);
  for (unsigned step = 0; step < 20'000; ++step) churn.step(cached_heap);
  churn.give_all_back(cached_heap);
  expect(churn.torn() == 0 && churn.refused() == 0);
  expect(locks_of_pairs(1000) == 0);
  expect_pristine();
  Chain chain;
  chain.take_all();
  expect(chain.length() == blocks_when_new());
  chain.give_all_back();
  expect_pristine();
}

namespace {

constinit std::atomic<std::uint64_t> locks{0};

void come_and_leave(std::uint32_t cpu) noexcept {
  if (cpu != other) return;
  locks = locks_of_pairs(1000);
  cached_heap.retire(cpu);
}

void let_calls_in(std::uint32_t) noexcept {
  port::allow_interrupts();
  for (unsigned round = 0; round < 1000; ++round) BoardProcessor::pause();
  static_cast<void>(BoardProcessor::mask_interrupts());
}

}  // namespace

// CPUs of the crew that wait for work have interrupts masked and do not serve: what they have in stock is out of
// reach.
void expect_cpus_leave_and_come_back() {
  renew_heap(memory_size);
  run_on_all(let_calls_in);
  const std::uint32_t before = calls;
  for (unsigned round = 0; round < 3; ++round) {
    run_on_all(come_and_leave);
    expect(locks == 0);
    expect_pristine();
    run_on_all(leave_stock_there);
    cached_heap.retire(other);
    expect_pristine();
  }
  cached_heap.retire(~std::uint32_t{0});
  expect_pristine();
  run_on_all(let_calls_in);
  expect(calls == before);  // who has left is asked for nothing
}

namespace {

constinit Chain of_first;

/// CPU 0 takes all, while the others do nothing else than `wait()` with something in stock.
void take_all_or(void (*wait)() noexcept, std::uint32_t cpu) noexcept {
  if (cpu != 0) leave_some_in_stock();
  meet();
  if (cpu == 0) {
    of_first.take_all();
    is_over = true;
  }
  const Deadline deadline(crew_seconds);
  while (!is_over && !deadline.has_passed()) wait();
  static_cast<void>(BoardProcessor::mask_interrupts());
  cached_heap.retire(cpu);
}

void take_all_or_be_called(std::uint32_t cpu) noexcept { take_all_or(port::allow_interrupts, cpu); }

void take_all_or_serve(std::uint32_t cpu) noexcept {
  take_all_or([]() noexcept { cached_heap.serve(); }, cpu);
}

/// How many calls were answered meanwhile.
std::uint32_t expect_all_is_had(Job job) {
  renew_heap(memory_size);
  const std::uint32_t before = calls;
  is_over = false;
  run_on_all(job);
  expect(of_first.length() == blocks_when_new());
  of_first.give_all_back();
  expect_pristine();
  return calls - before;
}

}  // namespace

void expect_called_cpus_hand_over() { expect(expect_all_is_had(take_all_or_be_called) >= crew_size - 1); }

void expect_masked_cpus_serve() { expect(expect_all_is_had(take_all_or_serve) == 0); }

namespace {

void wake_up(std::uint32_t cpu) noexcept {
  if (cpu != other) return;
  port::allow_interrupts();
  const Deadline deadline(crew_seconds);
  while (calls == calls_before && !deadline.has_passed()) BoardProcessor::pause();
  static_cast<void>(BoardProcessor::mask_interrupts());
}

/// CPU 0 has all but what the other has in stock, and knows that it does not answer.
void expect_all_but_its_stock() noexcept {
  const std::size_t all = blocks_when_new();
  const std::uint64_t start = port::timer_now();
  of_first.take_all();
  const std::uint64_t waited = (port::timer_now() - start) * 1000 / port::timer_frequency();
  put_figure("milliseconds until it was given up", waited);
  expect(waited >= 250);
  expect(of_first.length() > all / 2 && of_first.length() < all);
  const Deadline late(10);
  for (unsigned count = 0; count < 20; ++count) expect(!cached_heap.allocate(Chain::layout));
  expect(!late.has_passed());
  expect(calls == calls_before);
}

}  // namespace

void expect_silent_cpus_stop_nobody() {
  renew_heap(memory_size);
  calls_before = calls.load();
  run_on_all(leave_stock_there);
  expect_all_but_its_stock();
  run_on_all(wake_up);
  of_first.take_all();
  expect(of_first.length() == blocks_when_new());
  of_first.give_all_back();
  run_on_all(come_and_leave);
  expect(locks == 0);
  expect_pristine();
}

namespace {

constinit Block freed;

void free_again_there(std::uint32_t cpu) noexcept {
  if (cpu == other) cached_heap.deallocate(freed.at, Chain::layout);
}

void stop_as_nothing_did() noexcept {
  put_line({"nothing stopped the kernel"});
  port::exit(1);
}

void free_once() noexcept {
  renew_heap(memory_size);
  leave_some_in_stock();
  freed = cached_heap.allocate(Chain::layout);
  cached_heap.deallocate(freed.at, Chain::layout);
}

}  // namespace

void free_twice_here() noexcept {
  free_once();
  cached_heap.deallocate(freed.at, Chain::layout);
  stop_as_nothing_did();
}

void free_twice_elsewhere() noexcept {
  free_once();
  port::allow_interrupts();
  run_on_all(free_again_there);
  stop_as_nothing_did();
}

}  // namespace bareheap::kernel_test
