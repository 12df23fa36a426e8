// SPDX-License-Identifier: MIT
// The timer of each CPU, calls of other CPUs, and frames. The entry and the way back are in interrupts.S.
#include "ports/common/interrupts.hpp"

#include "bareheap/core/bits.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/port.hpp"
#include "ports/riscv64/cpu.hpp"
#include "ports/riscv64/port.hpp"
#include "ports/riscv64/sbi.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bareheap::port {

/// At places that interrupts.S knows. The register tp is the CPU's and in no frame.
struct alignas(16) Frame {
  std::uint64_t pc;
  std::uint64_t x[31];  ///< x1 to x31, of which sp and tp are not used
  std::uint64_t f[32];
  std::uint64_t sstatus;
  std::uint64_t fcsr;
};

static_assert(offsetof(Frame, f) == 256 && offsetof(Frame, sstatus) == 512 && offsetof(Frame, fcsr) == 520 &&
              sizeof(Frame) == 528);

namespace {

constexpr std::uint64_t supervisor_timer = 1U << 5;  // of sie
constexpr std::uint64_t interrupts_come = 1U << 1;   // of sstatus
constexpr std::uint64_t interrupts_came = 1U << 5;   // SPIE: they do after SRET
constexpr std::uint64_t from_s_mode = 1U << 8;       // SPP: SRET stays in S-mode
constexpr std::uint64_t never = ~std::uint64_t{0};

void set_timer(std::uint64_t time) noexcept {
  if (!riscv64::sbi::set_timer(time)) riscv64::stop("the firmware has no timer");
}

void start(std::uint64_t first, std::uint64_t period, TimerHandler handler) noexcept {
  const std::uint64_t state = BoardProcessor::mask_interrupts();
  riscv64::Cpu& cpu = riscv64::this_cpu();
  cpu.handler = handler;
  cpu.period = period;
  const std::uint64_t now = timer_now();
  cpu.next_tick = now + std::min(first, never - now);
  set_timer(cpu.next_tick);
  asm volatile("csrs sie, %0" : : "r"(supervisor_timer) : "memory");
  BoardProcessor::restore_interrupts(state);
}

/// The next tick is a period after the one that was due, or after now where that has passed: ticks that were missed are
/// one.
void set_next_tick(riscv64::Cpu& cpu) noexcept {
  if (cpu.period == 0) return set_timer(never);
  const std::uint64_t now = timer_now();
  cpu.next_tick += cpu.period;
  if (cpu.next_tick <= now) cpu.next_tick = now + cpu.period;
  set_timer(cpu.next_tick);
}

}  // namespace

/// These run on the stack of who was interrupted, with interrupts masked.
extern "C" Frame* riscv64_switch(Frame* interrupted) noexcept {
  const TimerHandler handler = riscv64::this_cpu().handler;
  if (handler == nullptr) riscv64::stop("yield() on a CPU that never had a timer started");
  return handler(interrupted);
}

/// The cause is one of two (interrupts.S). The call's pending bit is cleared before the handler reads anything, so that
/// who calls later interrupts again; the fence orders the register and memory.
extern "C" Frame* riscv64_interrupt(Frame* interrupted, std::uint64_t cause) noexcept {
  constexpr std::uint64_t call = std::uint64_t{1} << 63 | 1;
  if (cause == call) {
    asm volatile(
        "csrci sip, 2\n"
        "fence\n"
        :
        :
        : "memory");
    answer_call();
    return interrupted;
  }
  set_next_tick(riscv64::this_cpu());
  return riscv64_switch(interrupted);
}

extern "C" void riscv64_yield() noexcept;

void start_timer(std::uint32_t hertz, TimerHandler handler) noexcept {
  if (hertz == 0 || hertz > timer_frequency() / 10) {
    riscv64::stop("start_timer() wants 1 hertz to a tenth of timer_frequency()");
  }
  const std::uint64_t period = timer_frequency() / hertz;
  start(period, period, handler);
}

void start_timer_once(std::uint64_t ticks, TimerHandler handler) noexcept {
  start(ticks, 0, handler);
}

/// One that was due is no longer pending when the firmware was asked for another.
void stop_timer() noexcept {
  asm volatile("csrc sie, %0" : : "r"(supervisor_timer) : "memory");
  set_timer(never);
}

std::uint64_t timer_now() noexcept {
  std::uint64_t now;
  asm volatile("rdtime %0" : "=r"(now));
  return now;
}

std::uint64_t timer_frequency() noexcept { return riscv64::board().timer_frequency; }

void allow_interrupts() noexcept { BoardProcessor::restore_interrupts(interrupts_come); }

void wait_for_interrupt() noexcept { asm volatile("wfi" : : : "memory"); }

void yield() noexcept { riscv64_yield(); }

std::uintptr_t interrupted_at(const Frame* frame) noexcept { return frame->pc; }

std::size_t frame_size() noexcept { return sizeof(Frame); }

Frame* new_frame(Region stack, void (*entry)(void* argument) noexcept, void* argument) noexcept {
  const std::uintptr_t end = align_down(address_of(stack.end()), 16);
  if (stack.wraps() || end < address_of(stack.start) || end - address_of(stack.start) < sizeof(Frame)) return nullptr;
  auto* const frame = reinterpret_cast<Frame*>(end - sizeof(Frame));
  std::uint64_t status;
  asm("csrr %0, sstatus" : "=r"(status));
  *frame = {};
  frame->pc = reinterpret_cast<std::uintptr_t>(entry);
  frame->x[0] = reinterpret_cast<std::uintptr_t>(&halt);  // x1: where `entry` returns to
  frame->x[9] = address_of(argument);                     // x10
  frame->sstatus = (status & ~interrupts_come) | interrupts_came | from_s_mode;
  return frame;
}

}  // namespace bareheap::port
