// SPDX-License-Identifier: MIT
// S2-04: a timer whose handler allocates and frees, a million times beside the main loop that does the same. What an
// interrupt finds inside the heap is counted.
#include "kernel/churn.hpp"
#include "kernel/deadline.hpp"
#include "kernel/heap.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/runner.hpp"
#include "kernel/threads.hpp"
#include "kernel/watched_processor.hpp"

#include "bareheap/bareheap.hpp"
#include "ports/common/interrupts.hpp"

namespace {

using namespace bareheap;
using kernel_test::Deadline;
using kernel_test::expect;
using kernel_test::WatchedProcessor;

constexpr std::size_t pairs_wanted = 1'000'000;
constexpr std::size_t inside_wanted = 10'000;
constexpr std::uint32_t seconds = 60;

/// The least that is asked for is 1,000 a second. With QEMU's deterministic time (-icount shift=0) this is an interrupt
/// every 20,000 instructions, however busy the machine is that QEMU runs on.
constexpr std::uint32_t hertz = 50'000;

constinit Region scratch;

/// A heap that the main loop and the handler share.
template <class Heap, class Policy>
struct Shared {
  using Locked = bareheap::Locked<Heap, Policy>;

  /// The handler of a lock that masks: it waits for nobody, as the lock is free whenever it runs.
  static port::Frame* allocate_on_tick(port::Frame* interrupted) noexcept {
    ticks = ticks + 1;
    inside = inside + WatchedProcessor::came_late();
    of_handler.step(heap);
    return interrupted;
  }

  /// The handler of a lock that does not mask: it finds the lock taken where it interrupted the heap, and goes.
  static port::Frame* try_on_tick(port::Frame* interrupted) noexcept {
    ticks = ticks + 1;
    if (const auto guard = heap.try_lock()) {
      of_handler.step(*guard);
    } else {
      inside = inside + 1;
    }
    return interrupted;
  }

  static bool enough(std::size_t pairs) noexcept { return pairs >= pairs_wanted && inside >= inside_wanted; }

  /// The main loop, under interrupts; returns how many pairs it did.
  static std::size_t churn_under(port::TimerHandler handler) noexcept {
    const Deadline deadline(seconds);
    std::size_t pairs = 0;
    port::start_timer(hertz, handler);
    port::allow_interrupts();
    do {
      for (unsigned step = 0; step < 1000; ++step) of_loop.step(heap);
      pairs += 1000;
    } while (!enough(pairs) && !deadline.has_passed());
    port::stop_timer();
    static_cast<void>(port::BoardProcessor::mask_interrupts());
    return pairs;
  }

  static void expect_nothing_lost() noexcept {
    of_loop.give_all_back(heap);
    of_handler.give_all_back(heap);
    expect(of_loop.torn() == 0 && of_handler.torn() == 0);
    expect(of_loop.refused() == 0 && of_handler.refused() == 0);
    expect(heap.check() == Fault::none);
    const Statistics figures = statistics_of(heap);
    expect(figures.used_bytes == 0 && figures.holes == 1);
  }

  static void run(port::TimerHandler handler) noexcept {
    if (!expect(static_cast<bool>(heap.init(scratch)))) return;
    const std::uint64_t start = port::timer_now();
    const std::size_t pairs = churn_under(handler);
    kernel_test::put_figure("milliseconds", (port::timer_now() - start) * 1000 / port::timer_frequency());
    kernel_test::put_figure("pairs", pairs);
    kernel_test::put_figure("interrupts", ticks);
    kernel_test::put_figure("interrupts inside the heap", inside);
    expect(enough(pairs));
    expect_nothing_lost();
  }

  static inline constinit Locked heap;
  static inline constinit kernel_test::Churn<8> of_loop{1};
  static inline constinit kernel_test::Churn<4> of_handler{2};
  static inline constinit volatile std::size_t ticks = 0;
  static inline constinit volatile std::size_t inside = 0;
};

template <class Heap>
void expect_interrupts_may_allocate() {
  using Masking = Shared<Heap, SpinWithInterruptsSaved<WatchedProcessor>>;
  Masking::run(Masking::allocate_on_tick);
}

template <class Policy>
void expect_interrupts_may_try() {
  using Trying = Shared<HoleList, Policy>;
  Trying::run(Trying::try_on_tick);
}

constinit volatile std::uint32_t destructions = 0;

port::Frame* destroy_on_tick(port::Frame* interrupted) noexcept {
  destructions = destructions + 1;
  kernel_test::destroy_registers();
  return interrupted;
}

/// A handler overwrites every vector register, while the code that it interrupts has a value in each.
void expect_registers_survive() {
  kernel_test::Registers in{};
  // As floating-point numbers these are ordinary ones, which every way of loading leaves as they are.
  for (std::uint64_t index = 0; index < 64; ++index) in.words[index] = 0x4000'0000'0000'0000 + index * 0x0101'0101'0101;
  port::start_timer(1000, destroy_on_tick);
  port::allow_interrupts();
  for (unsigned round = 0; round < 100; ++round) {
    kernel_test::Registers out{};
    const std::uint32_t before = destructions;
    const std::size_t words = kernel_test::hold_registers(in, out, destructions, 1'000'000'000);
    if (!expect(destructions != before)) break;
    bool kept = out.control_after == out.control_before;
    for (std::size_t index = 0; index < words; ++index) kept = kept && out.words[index] == in.words[index];
    if (!expect(kept)) break;
  }
  port::stop_timer();
  static_cast<void>(port::BoardProcessor::mask_interrupts());
}

const kernel_test::Test tests[] = {
    {"S2-04 the handler allocates, HoleList", expect_interrupts_may_allocate<HoleList>},
    {"S2-04 the handler allocates, PageHeap", expect_interrupts_may_allocate<PageHeap>},
    {"S2-04 the handler allocates, GranuleHeap", expect_interrupts_may_allocate<GranuleHeap>},
    {"S2-04 the handler tries, SpinLock", expect_interrupts_may_try<SpinLock<port::BoardProcessor>>},
    {"S2-04 the handler tries, NoLock", expect_interrupts_may_try<NoLock>},
    {"S2-04 the scheduler allocates", [] { kernel_test::expect_scheduler_may_allocate(scratch); }},
    {"interrupts keep vector registers", expect_registers_survive},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  scratch = kernel_test::start_heap();
  kernel_test::run_and_exit(tests);
}
