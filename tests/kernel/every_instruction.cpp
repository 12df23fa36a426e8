// SPDX-License-Identifier: MIT
// An interrupt at every instruction of allocate and deallocate. Under QEMU's deterministic time (-icount shift=0: an
// instruction takes a nanosecond) a one-shot timer meets each instruction of a fixed row of calls in turn.
//
// The key on the serial line: 'i' interrupts, and says at which addresses; 't' makes the same calls without interrupts,
// for kernel_test.py, which has QEMU write down what is executed and compares.
#include "kernel/deadline.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bareheap.hpp"
#include "board/processor.hpp"
#include "laws/fixed.hpp"
#include "ports/common/interrupts.hpp"

namespace {

using namespace bareheap;
using kernel_test::expect;

constexpr std::uint64_t instructions_a_second = 1'000'000'000;
constexpr Layout of_handler(72, 8);
constexpr std::uint64_t pattern = 0x5ca1'ab1e'5ca1'ab1e;

/// The addresses that were interrupted, each once.
class Places {
 public:
  void add(std::uintptr_t address) noexcept {
    for (std::size_t index = 0; index < count_; ++index) {
      if (addresses_[index] == address) return;
    }
    if (expect(count_ < std::size(addresses_))) addresses_[count_++] = address;
  }

  void print() const noexcept {
    for (std::size_t index = 0; index < count_; ++index) {
      put_text(port::serial, "at ");
      put_hexadecimal(port::serial, addresses_[index]);
      put_text(port::serial, "\r\n");
    }
  }

 private:
  std::uintptr_t addresses_[8192]{};
  std::size_t count_ = 0;
};

constinit Places places;

template <class Heap>
[[gnu::noinline]] std::uint64_t* take(Heap& heap, Layout asked) noexcept {
  auto* const words = reinterpret_cast<std::uint64_t*>(heap.allocate(asked).at);
  if (words != nullptr) words[0] = words[asked.size() / 8 - 1] = pattern;
  return words;
}

/// True where the block kept its pattern.
template <class Heap>
[[gnu::noinline]] bool give(Heap& heap, std::uint64_t* words, Layout asked) noexcept {
  const bool kept = words != nullptr && words[0] == pattern && words[asked.size() / 8 - 1] == pattern;
  heap.deallocate(reinterpret_cast<std::byte*>(words), asked);
  return kept;
}

/// The calls: holes are cut at the front and in their middle, used up whole, and merge with none, with
/// the one below, the one above, and both.
template <class Heap>
[[gnu::noinline]] bool make_calls(Heap& heap) noexcept {
  constexpr Layout small(48, 8);
  constexpr Layout aligned(208, 256);
  std::uint64_t* const first = take(heap, small);
  std::uint64_t* const second = take(heap, aligned);
  std::uint64_t* const third = take(heap, small);
  std::uint64_t* const fourth = take(heap, small);
  bool kept = give(heap, third, small);
  std::uint64_t* const again = take(heap, small);
  kept &= give(heap, first, small);
  kept &= give(heap, again, small);
  kept &= give(heap, second, aligned);
  return kept & give(heap, fourth, small);
}

/// The calls, between two visits of slide(): all that is executed between the two can be interrupted.
template <class Heap>
[[gnu::noinline]] bool make_calls_after(Heap& heap, std::size_t instructions) noexcept {
  kernel_test::slide(instructions);
  const bool kept = make_calls(heap);
  kernel_test::slide(0);
  return kept;
}

/// One heap, and what is done to it by the code that is interrupted and by its handler.
template <class Policy, bool handler_tries>
struct Interrupted {
  static port::Frame* on_tick(port::Frame* interrupted) noexcept {
    if (!done) {
      ++interruptions;
      if constexpr (handler_tries) places.add(port::interrupted_at(interrupted));
    }
    ticked = true;
    if constexpr (handler_tries) {
      if (const auto guard = heap.try_lock()) {
        taken = take(*guard, of_handler);
      } else {
        ++refused;
      }
    } else {
      taken = take(heap, of_handler);
    }
    return interrupted;
  }

  /// One row of calls, with an interrupt `ticks` ticks after some moment and so many instructions sooner. False when
  /// the interrupt came after the calls.
  static bool interrupt_after(std::uint64_t ticks, std::size_t instructions) noexcept {
    taken = nullptr;
    ticked = false;
    done = false;
    port::start_timer_once(ticks, on_tick);
    const bool kept = make_calls_after(heap, instructions);
    const bool late = !ticked;
    done = true;
    const kernel_test::Deadline deadline(1);
    while (!ticked && expect(!deadline.has_passed())) {
    }
    if (taken != nullptr) expect(give(heap, taken, of_handler));
    expect(kept && heap.check() == Fault::none);
    const Statistics figures = statistics_of(heap);
    expect(figures.used_bytes == 0 && figures.free_tiles == 1);
    return !late;
  }

  /// Each number of ticks until the interrupt comes after the calls. Where the instructions lie within a tick when the
  /// timer is set is nobody's choice, so a random number of them goes in between: after n sweeps for each instruction
  /// of a tick an instruction of the calls has been missed with a probability of e^-n.
  static void sweep() noexcept {
    constexpr std::size_t sweeps_for_each = 16;
    const std::size_t instructions_a_tick = instructions_a_second / port::timer_frequency();
    laws::Dice dice(1);
    for (std::size_t number = 0; number < sweeps_for_each * instructions_a_tick; ++number) {
      for (std::uint64_t ticks = 1; interrupt_after(ticks, dice.below(instructions_a_tick)); ++ticks) {
      }
    }
  }

  static inline constinit Locked<HoleList, Policy> heap;
  static inline constinit std::uint64_t* volatile taken = nullptr;
  static inline constinit volatile bool ticked = false;
  static inline constinit volatile bool done = false;
  static inline constinit std::size_t interruptions = 0;
  static inline constinit std::size_t refused = 0;
};

using Masked = Interrupted<SpinWithInterruptsSaved<port::BoardProcessor>, false>;
using Plain = Interrupted<NoLock, true>;

/// The handler allocates at the end of the call that it fell due in.
void expect_whole_under_a_masking_lock() {
  if (!expect(static_cast<bool>(Masked::heap.init(port::heap_region())))) return;
  Masked::sweep();
  kernel_test::put_figure("interruptions", Masked::interruptions);
}

void expect_whole_where_the_handler_tries() {
  if (!expect(static_cast<bool>(Plain::heap.init(port::heap_region())))) return;
  Plain::sweep();
  kernel_test::put_figure("interruptions", Plain::interruptions);
  kernel_test::put_figure("handlers that found the heap busy", Plain::refused);
  places.print();
}

const kernel_test::Test tests[] = {
    {"an interrupt at every instruction, masking lock", expect_whole_under_a_masking_lock},
    {"an interrupt at every instruction, the handler tries", expect_whole_where_the_handler_tries},
};

void trace_calls() {
  const bool whole = Plain::heap.init(port::heap_region()) && make_calls_after(Plain::heap, 0);
  port::exit(whole ? 0 : 1);
}

}  // namespace

extern "C" void kernel_main() noexcept {
  put_text(port::serial, "slide() lies from ");
  put_hexadecimal(port::serial, reinterpret_cast<std::uintptr_t>(kernel_test::slide));
  put_text(port::serial, " to ");
  put_hexadecimal(port::serial, reinterpret_cast<std::uintptr_t>(kernel_test::slide_end));
  kernel_test::put_line({"\r\nready"});
  int key = -1;
  while (key == -1) key = port::read();
  if (key == 't') trace_calls();
  port::allow_interrupts();
  kernel_test::run_and_exit(tests);
}
