// SPDX-License-Identifier: MIT
// Interrupts: the physical timer of each core (Arm ARM, DDI 0487, "The Generic Timer in AArch64 state") by way of the
// cores' own interrupt controller, and calls of other cores. Nothing else is ever let through.
#include "ports/common/interrupts.hpp"
#include "ports/common/interrupts_masked.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"
#include "ports/raspi3b/core_mailbox.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/platform.hpp"

#include <cstddef>
#include <cstdint>
#include <new>

namespace bareheap::port {

/// interrupts.S fills it and knows the numbers.
struct Frame {
  std::uint64_t general[31];  ///< x0 to x30
  std::uint64_t place;        ///< where it goes on (ELR_EL1)
  std::uint64_t state;        ///< SPSR_EL1
  std::uint32_t fp_status;
  std::uint32_t fp_control;
  std::uint64_t vectors[32][2];  ///< q0 to q31
};

static_assert(sizeof(Frame) == 784 && sizeof(Frame) % 16 == 0);
static_assert(offsetof(Frame, place) == 248 && offsetof(Frame, state) == 256);
static_assert(offsetof(Frame, fp_status) == 264 && offsetof(Frame, fp_control) == 268);
static_assert(offsetof(Frame, vectors) == 272);

}  // namespace bareheap::port

namespace bareheap::raspi3b {

namespace {

using port::BoardProcessor;
using port::Frame;
using port::TimerHandler;

/// What a core's timer is for. Only that core looks at it, with interrupts masked.
struct Timer {
  TimerHandler handler;
  std::uint64_t interval;  ///< 0: once
};

constinit Timer timers[cpus] = {};

Timer& timer_of_this_cpu() noexcept { return timers[BoardProcessor::cpu()]; }

/// Arm ARM, CNTP_CTL_EL0.
constexpr std::uint64_t timer_enabled = 1U << 0;
constexpr std::uint64_t timer_due = 1U << 2;

std::uint64_t timer_control() noexcept {
  std::uint64_t control = 0;
  asm volatile("mrs %0, cntp_ctl_el0" : "=r"(control));
  return control;
}

void set_timer_control(std::uint64_t control) noexcept { asm volatile("msr cntp_ctl_el0, %0" : : "r"(control)); }

std::uint64_t due_time() noexcept {
  std::uint64_t time = 0;
  asm volatile("mrs %0, cntp_cval_el0" : "=r"(time));
  return time;
}

void set_due_time(std::uint64_t time) noexcept { asm volatile("msr cntp_cval_el0, %0" : : "r"(time)); }

std::uint32_t pending_sources() noexcept {
  return Platform::read_register(core_interrupts::source + 4 * BoardProcessor::cpu());
}

/// Until the controller has noticed what was written to the timer: an interrupt that was due is gone, unless the timer
/// is due again. Without it the interrupt could be taken once more, and nobody would know what for.
void await_controller() noexcept {
  asm volatile("isb");
  constexpr std::uint64_t due_again = timer_enabled | timer_due;
  while ((pending_sources() & core_interrupts::physical_timer) != 0 && (timer_control() & due_again) != due_again) {
  }
}

void start(Timer timer, std::uint64_t due) noexcept {
  const port::InterruptsMasked masked;
  timer_of_this_cpu() = timer;
  set_due_time(due);
  set_timer_control(timer_enabled);
  Platform::barrier();
  Platform::write_register(core_interrupts::timer_control + 4 * BoardProcessor::cpu(), core_interrupts::physical_timer);
  await_controller();
  Platform::barrier();
}

/// Sets the timer up for what comes after the interrupt that is due now.
void prepare_next(const Timer& timer) noexcept {
  if (timer.interval == 0) {
    set_timer_control(0);
  } else {
    const std::uint64_t now = port::timer_now();
    const std::uint64_t next = due_time() + timer.interval;
    set_due_time(next > now ? next : now + timer.interval);
  }
  await_controller();
}

[[noreturn]] void stop_for_sources(std::uint32_t sources) noexcept {
  port::begin_report();
  put_text(port::serial, "raspi3b: an interrupt that nobody asked for: sources ");
  put_hexadecimal(port::serial, sources);
  put_text(port::serial, sources == 0 ? " (spurious), CPU " : ", CPU ");
  put_decimal(port::serial, BoardProcessor::cpu());
  put_text(port::serial, "\n");
  port::exit(1);
}

[[noreturn]] void stop(const char* sentence) noexcept {
  port::begin_report();
  put_text(port::serial, "raspi3b: ");
  put_text(port::serial, sentence);
  put_text(port::serial, "\n");
  port::exit(1);
}

}  // namespace

/// Called by interrupts.S on the interrupted stack. The barriers are there because the interrupted code may be in the
/// middle of using another device (BCM2835 ARM Peripherals, section 1.3). Calls first; whether the timer is due is
/// asked after them, as their handler may have stopped it.
extern "C" Frame* raspi3b_interrupt(Frame* interrupted) noexcept {
  Platform::barrier();
  const std::uint32_t sources = pending_sources();
  constexpr std::uint32_t known = core_interrupts::physical_timer | core_interrupts::mailbox_0;
  if (sources == 0 || (sources & ~known) != 0) stop_for_sources(sources);
  if ((sources & core_interrupts::mailbox_0) != 0) {
    CoreMailbox::empty();
    port::answer_call();
    Platform::barrier();
    if ((pending_sources() & core_interrupts::physical_timer) == 0) return interrupted;
  }
  const Timer timer = timer_of_this_cpu();
  prepare_next(timer);
  Platform::barrier();
  return timer.handler(interrupted);
}

/// Called by interrupts.S for yield().
extern "C" Frame* raspi3b_yield(Frame* caller) noexcept {
  const TimerHandler handler = timer_of_this_cpu().handler;
  if (handler == nullptr) stop("yield() on a CPU that never had a timer started");
  return handler(caller);
}

}  // namespace bareheap::raspi3b

namespace bareheap::port {

void start_timer(std::uint32_t hertz, TimerHandler handler) noexcept {
  if (hertz == 0 || hertz > timer_frequency() / 10) {
    raspi3b::stop("start_timer() wants 1 hertz to a tenth of timer_frequency()");
  }
  const std::uint64_t interval = timer_frequency() / hertz;
  raspi3b::start({handler, interval}, timer_now() + interval);
}

void start_timer_once(std::uint64_t ticks, TimerHandler handler) noexcept {
  const std::uint64_t now = timer_now();
  const std::uint64_t longest = ~now;
  raspi3b::start({handler, 0}, now + (ticks < longest ? ticks : longest));
}

void stop_timer() noexcept {
  const InterruptsMasked masked;
  raspi3b::set_timer_control(0);
  raspi3b::Platform::barrier();
  raspi3b::await_controller();
  raspi3b::Platform::barrier();
}

/// The ISB keeps the counter from being read earlier than the code before it (Arm ARM, CNTPCT_EL0).
std::uint64_t timer_now() noexcept {
  std::uint64_t now = 0;
  asm volatile(
      "isb\n"
      "mrs %0, cntpct_el0\n"
      : "=r"(now)
      :
      : "memory");
  return now;
}

std::uint64_t timer_frequency() noexcept {
  std::uint64_t frequency = 0;
  asm("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency;
}

void allow_interrupts() noexcept { asm volatile("msr daifclr, #0b0010" : : : "memory"); }

void wait_for_interrupt() noexcept {
  asm volatile(
      "dsb sy\n"
      "wfi\n"
      :
      :
      : "memory");
}

std::uintptr_t interrupted_at(const Frame* frame) noexcept { return frame->place; }

std::size_t frame_size() noexcept { return sizeof(Frame); }

Frame* new_frame(Region stack, void (*entry)(void* argument) noexcept, void* argument) noexcept {
  constexpr std::uint64_t own_stack_pointer_only_irq_open = 0x345;
  const std::size_t end = align_down(address_of(stack.start) + stack.size, 16);
  if (stack.wraps() || end < address_of(stack.start) + sizeof(Frame)) return nullptr;
  auto* const frame = new (reinterpret_cast<void*>(end - sizeof(Frame))) Frame{};
  frame->general[0] = reinterpret_cast<std::uintptr_t>(argument);
  frame->general[30] = reinterpret_cast<std::uintptr_t>(&halt);
  frame->place = reinterpret_cast<std::uintptr_t>(entry);
  frame->state = own_stack_pointer_only_irq_open;
  return frame;
}

}  // namespace bareheap::port
