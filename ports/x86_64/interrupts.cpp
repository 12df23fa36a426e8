// SPDX-License-Identifier: MIT
// The local APIC's timer, calls of other CPUs, and what interrupts find and leave (interrupts.S).
#include "ports/common/interrupts.hpp"

#include "bareheap/core/bits.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/port.hpp"
#include "ports/x86_64/clock.hpp"
#include "ports/x86_64/cpu.hpp"
#include "ports/x86_64/io.hpp"
#include "ports/x86_64/local_apic.hpp"
#include "ports/x86_64/stop.hpp"
#include "ports/x86_64/vectors.hpp"

#include <algorithm>
#include <new>

namespace bareheap::port {

/// As interrupts.S has it. The first 512 bytes are FXSAVE64's (Intel SDM volume 1, table 10-2).
struct alignas(16) Frame {
  std::uint16_t x87_control;
  std::uint8_t x87_state[22];
  std::uint32_t sse_control;
  std::uint8_t vectors[484];
  std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
  std::uint64_t rip, code_selector, flags, stack, stack_selector;
};
static_assert(offsetof(Frame, sse_control) == 24 && offsetof(Frame, r15) == 512 && offsetof(Frame, rip) == 632);
static_assert(sizeof(Frame) == 672);

}  // namespace bareheap::port

namespace bareheap::x86_64 {

namespace {

/// interrupts.S has the numbers.
enum class Cause : std::uint32_t { timer, yield, call };

constinit ClockRates rates{};

/// 8259A data sheet, initialisation words 1 to 4 and operation word 1: where its vectors begin, how the two are
/// connected, and that all inputs are masked.
void mask_old_controllers() noexcept {
  constexpr std::uint16_t first = 0x20;
  constexpr std::uint16_t second = 0xa0;
  constexpr std::uint8_t words[][2] = {
      {0x11, 0x11}, {old_vectors, old_vectors + 8}, {0x04, 0x02}, {0x01, 0x01}, {0xff, 0xff}};
  for (std::uint16_t i = 0; i < 5; ++i) {
    Io::write(first + (i != 0), words[i][0]);
    Io::write(second + (i != 0), words[i][1]);
  }
}

/// The timer's interrupt once after so many cycles, at the earliest, or after a second where that is sooner.
void count_down(std::uint64_t cycles) noexcept {
  const std::uint64_t ticks = (std::min(cycles, rates.cycles) * rates.apic + rates.cycles - 1) / rates.cycles;
  LocalApic::write(Apic::timer, timer_vector);
  LocalApic::write(Apic::timer_initial, static_cast<std::uint32_t>(std::max<std::uint64_t>(ticks, 1)));
}

/// An interrupt that is due already cannot be taken back: it is let in, and it alone, and finds the timer stopped. CR8
/// says up to which priority nothing comes (Intel SDM volume 3, section 10.8.6).
void stop_this_timer(Cpu& cpu) noexcept {
  cpu.timer = Timer::stopped;
  LocalApic::write(Apic::timer, LocalApic::timer_masked);
  LocalApic::write(Apic::timer_initial, 0);
  if (!LocalApic::is_requested(timer_vector)) return;
  asm volatile(
      "mov %0, %%cr8\n"
      "sti\n"
      "nop\n"
      "cli\n"
      "mov %1, %%cr8\n"
      :
      : "r"(priority_below_timer), "r"(std::uint64_t{0})
      : "memory");
}

/// True where the handler is to be called.
bool is_due(Cpu& cpu) noexcept {
  if (cpu.timer != Timer::once) return cpu.timer == Timer::repeats;
  const std::uint64_t now = cycle_count();
  if (now < cpu.due) {
    count_down(cpu.due - now);
    return false;
  }
  cpu.timer = Timer::stopped;
  return true;
}

}  // namespace

std::uintptr_t local_apic_address() noexcept {
  // Intel SDM volume 2, CPUID, leaf 1, EDX bit 9; volume 3, section 10.4.4: IA32_APIC_BASE, and figure 10-26: bit 10.
  std::uint32_t leaf = 1;
  std::uint32_t features = 0;
  asm volatile("cpuid" : "+a"(leaf), "=d"(features) : : "ebx", "ecx");
  if ((features >> 9 & 1) == 0) stop("this processor has no local APIC");
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x1b));
  if ((low >> 10 & 1) != 0) stop("the local APIC is in its x2APIC mode, which this port does not know");
  return align_down(std::uint64_t{high} << 32 | low, page_size);
}

void prepare_interrupts() noexcept {
  mask_old_controllers();
  LocalApic::find();
  LocalApic::switch_on();
  rates = measure_clocks();
}

/// From interrupts.S: the frame that was saved, and what for. The local APIC is told first: a call that comes while one
/// is answered interrupts again.
extern "C" port::Frame* x86_64_interrupt(port::Frame* interrupted, Cause cause) noexcept {
  if (cause != Cause::yield) LocalApic::write(Apic::end_of_interrupt, 0);
  if (cause == Cause::call) {
    port::answer_call();
    return interrupted;
  }
  Cpu& cpu = this_cpu();
  if (cause == Cause::timer && !is_due(cpu)) return interrupted;
  if (cpu.handler == nullptr) stop("yield() on a CPU that never had a timer started");
  return cpu.handler(interrupted);
}

}  // namespace bareheap::x86_64

namespace bareheap::port {

using namespace x86_64;

void start_timer(std::uint32_t hertz, TimerHandler handler) noexcept {
  if (hertz == 0 || hertz > timer_frequency() / 10) stop("start_timer() wants 1 hertz to a tenth of timer_frequency()");
  const BoardProcessor::State state = BoardProcessor::mask_interrupts();
  Cpu& cpu = this_cpu();
  stop_this_timer(cpu);
  cpu.handler = handler;
  cpu.timer = Timer::repeats;
  const std::uint64_t ticks = rates.apic / hertz;
  LocalApic::write(Apic::timer, LocalApic::timer_repeats | timer_vector);
  LocalApic::write(Apic::timer_initial, static_cast<std::uint32_t>(std::max<std::uint64_t>(ticks, 1)));
  BoardProcessor::restore_interrupts(state);
}

void start_timer_once(std::uint64_t ticks, TimerHandler handler) noexcept {
  const BoardProcessor::State state = BoardProcessor::mask_interrupts();
  Cpu& cpu = this_cpu();
  stop_this_timer(cpu);
  cpu.handler = handler;
  cpu.timer = Timer::once;
  cpu.due = (CheckedSize(cycle_count()) + ticks).value();
  count_down(ticks);
  BoardProcessor::restore_interrupts(state);
}

void stop_timer() noexcept {
  const BoardProcessor::State state = BoardProcessor::mask_interrupts();
  stop_this_timer(this_cpu());
  BoardProcessor::restore_interrupts(state);
}

std::uint64_t timer_now() noexcept { return cycle_count(); }

std::uint64_t timer_frequency() noexcept { return rates.cycles; }

void allow_interrupts() noexcept { asm volatile("sti" : : : "memory"); }

void wait_for_interrupt() noexcept { asm volatile("hlt" : : : "memory"); }

void yield() noexcept { asm volatile("int %0" : : "i"(yield_vector) : "memory"); }

std::uintptr_t interrupted_at(const Frame* frame) noexcept { return frame->rip; }

/// A new_frame() needs two words more, and an interrupt may find the stack up to 15 bytes above a multiple of 16.
std::size_t frame_size() noexcept { return sizeof(Frame) + 16; }

Frame* new_frame(Region stack, void (*entry)(void* argument) noexcept, void* argument) noexcept {
  const std::size_t end = align_down(address_of(stack.end()), 16);
  if (stack.wraps() || end < address_of(stack.start) || end - address_of(stack.start) < frame_size()) return nullptr;
  std::byte* const top = stack.start + (end - address_of(stack.start));
  auto* const return_address = new (top - sizeof(std::uint64_t)) std::uint64_t{reinterpret_cast<std::uintptr_t>(&halt)};
  Frame* const frame = new (top - frame_size()) Frame{};
  frame->x87_control = 0x37f;  // as after FNINIT (Intel SDM volume 1, section 8.1.5), and as in boot.S
  frame->sse_control = 0x1f80;
  frame->rip = reinterpret_cast<std::uintptr_t>(entry);
  frame->rdi = address_of(argument);
  frame->stack = address_of(return_address);
  frame->code_selector = code_selector;
  frame->stack_selector = data_selector;
  frame->flags = 0x202;  // interrupts allowed; bit 1 is always 1 (Intel SDM volume 1, figure 3-8)
  return frame;
}

}  // namespace bareheap::port
