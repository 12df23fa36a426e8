// SPDX-License-Identifier: MIT
// Starts the further CPUs, which wait for a message with the page that they begin in (Intel SDM volume 3, section 8.4).
#include "ports/x86_64/cpus.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/core/region.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts_masked.hpp"
#include "ports/common/port.hpp"
#include "ports/x86_64/clock.hpp"
#include "ports/x86_64/cpu.hpp"
#include "ports/x86_64/local_apic.hpp"
#include "ports/x86_64/machine.hpp"
#include "ports/x86_64/mmu.hpp"
#include "ports/x86_64/vectors.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

extern "C" {
extern char trampoline_start[];
extern char trampoline_end[];
}

namespace bareheap::x86_64 {

namespace {

/// What boot.S does for the CPU that is called: it changes `called` from its own number to `has_come`, and only then
/// are the tables, the stack and the state its own. Addresses below 4 GiB have 32 bits here.
struct Order {
  std::atomic<std::uint32_t> called;
  std::uint32_t tables;
  std::uint32_t state;
  std::uint32_t reserved;
  std::uint64_t stack_end;
  port::CpuEntry entry;
};
static_assert(offsetof(Order, tables) == 4 && offsetof(Order, state) == 8 && offsetof(Order, stack_end) == 16);

constexpr std::uint32_t nobody = 0xffffffff;

}  // namespace

extern "C" constinit Order x86_64_order{nobody, 0, 0, 0, 0, nullptr};

namespace {

constinit CpuList cpus(0);
constinit SpinWithInterruptsSaved<port::BoardProcessor> one_at_a_time;
constinit std::atomic<bool> runs[most_cpus] = {true};  // CPU 0 from the start

void wait_microseconds(std::uint64_t microseconds) noexcept {
  const std::uint64_t start = cycle_count();
  while (cycle_count() - start < port::timer_frequency() / 1'000'000 * microseconds) port::BoardProcessor::pause();
}

/// Intel SDM volume 3, figure 10-12 and section 8.4.4.1: INIT, 10 ms, then twice the startup message with the page's
/// number.
void wake(std::uint32_t identity) noexcept {
  constexpr std::uint32_t init = 0x4500;
  constexpr std::uint32_t startup = 0x4600 | trampoline_address / page_size;
  LocalApic::command(identity, init);
  wait_microseconds(10'000);
  LocalApic::command(identity, startup);
  wait_microseconds(200);
  LocalApic::command(identity, startup);
}

/// True when the CPU has come. Where it does not within a second the order is taken back, unless it comes just then.
bool await(std::uint32_t cpu) noexcept {
  const std::uint64_t start = cycle_count();
  while (cycle_count() - start < port::timer_frequency()) {
    // Acquire: pairs with the release in x86_64_cpu_arrived(): the CPU has read the order, and it may be overwritten.
    if (runs[cpu].load(std::memory_order_acquire)) return true;
    port::BoardProcessor::pause();
  }
  std::uint32_t expected = cpus.identities()[cpu];
  if (x86_64_order.called.compare_exchange_strong(expected, nobody, std::memory_order_relaxed)) return false;
  while (!runs[cpu].load(std::memory_order_acquire)) port::BoardProcessor::pause();
  return true;
}

bool start(std::uint32_t cpu, std::uint64_t stack_end, port::CpuEntry entry) noexcept {
  if (runs[cpu].load(std::memory_order_relaxed)) return false;
  x86_64_cpus[cpu].number = cpu;
  x86_64_order.tables = static_cast<std::uint32_t>(address_of(page_tables()));
  x86_64_order.state = static_cast<std::uint32_t>(address_of(&x86_64_cpus[cpu]));
  x86_64_order.stack_end = stack_end;
  x86_64_order.entry = entry;
  // Release: pairs with the locked exchange in boot.S.
  x86_64_order.called.store(cpus.identities()[cpu], std::memory_order_release);
  wake(cpus.identities()[cpu]);
  return await(cpu);
}

}  // namespace

CpuList& known_cpus() noexcept {
  // Intel SDM volume 2, CPUID, leaf 1: EBX bits 31 to 24 are the number of this CPU's local APIC.
  std::uint32_t leaf = 1;
  std::uint32_t identity = 0;
  asm volatile("cpuid" : "+a"(leaf), "=b"(identity) : : "ecx", "edx");
  cpus = CpuList(identity >> 24);
  return cpus;
}

void place_trampoline() noexcept {
  auto* const trampoline = reinterpret_cast<std::byte*>(trampoline_address);
  __builtin_memcpy(trampoline, trampoline_start, static_cast<std::size_t>(trampoline_end - trampoline_start));
}

/// Where boot.S goes on with a CPU that was called, on the stack that it was given.
extern "C" [[noreturn]] void x86_64_cpu_arrived(std::uint32_t cpu) noexcept {
  load_descriptors(cpu);
  LocalApic::switch_on();
  const port::CpuEntry entry = x86_64_order.entry;
  runs[cpu].store(true, std::memory_order_release);
  entry(cpu);
  port::halt();
}

}  // namespace bareheap::x86_64

namespace bareheap::port {

std::uint32_t cpu_count() noexcept { return static_cast<std::uint32_t>(x86_64::cpus.identities().size()); }

bool start_cpu(std::uint32_t cpu, Region stack, CpuEntry entry) noexcept {
  if (cpu == 0 || cpu >= cpu_count() || stack.wraps() || stack.size < frame_size()) return false;
  const std::uint64_t stack_end = align_down(address_of(stack.start) + stack.size, 16);
  SpinWithInterruptsSaved<BoardProcessor>::State state;
  x86_64::one_at_a_time.lock(state, __builtin_return_address(0));
  const bool came = x86_64::start(cpu, stack_end, entry);
  x86_64::one_at_a_time.unlock(state, __builtin_return_address(0));
  return came;
}

/// Masked, as a message is written in two parts. The first of them is uncached, so the stores before it come before it
/// (Intel SDM volume 3, section 11.3), and the compiler moves none past the masking.
bool send_call(std::uint32_t cpu) noexcept {
  if (cpu >= cpu_count() || !x86_64::runs[cpu].load(std::memory_order_acquire)) return false;
  constexpr std::uint32_t fixed = 0x4000;
  const InterruptsMasked masked;
  x86_64::LocalApic::command(x86_64::cpus.identities()[cpu], fixed | x86_64::call_vector);
  return true;
}

}  // namespace bareheap::port
