// SPDX-License-Identifier: MIT
// Starts the other cores, which wait in the firmware's loop or in boot.S, with MMU and caches off.
#include "ports/common/cpus.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/core/region.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/common/port.hpp"
#include "ports/raspi3b/core_mailbox.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/platform.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bareheap::raspi3b {

namespace {

/// What a waiting core is told. Up to its MMU it reads memory past the caches, so what it needs till then is written
/// and cleaned to memory before the number is, by which it knows that it is meant. The rest it reads as all cores do.
struct alignas(cache_line_size) Order {
  std::atomic<std::uint64_t> cpu;  ///< who is to come; nobody; or that it has come
  std::uint64_t memory_attributes;
  std::uint64_t translation_control;
  std::uint64_t translation_table;
  std::uint64_t system_control;
  std::byte* stack_end;
  port::CpuEntry entry;
};

static_assert(offsetof(Order, memory_attributes) == 8 && offsetof(Order, translation_table) == 24);
static_assert(sizeof(Order) == 64);

constexpr std::uint64_t nobody = 0;  // core 0 never waits
constexpr std::uint64_t has_come = cpus;

/// A core in the firmware's loop jumps to what it finds here, in page 0 (Raspberry Pi tools, armstub8.S).
constexpr std::uintptr_t firmware_slot(std::uint32_t cpu) noexcept { return 0xd8 + 8 * std::uintptr_t{cpu}; }

}  // namespace

/// Between the core's arrival on its exception stack and its leaving for its own.
extern "C" {
extern Order raspi3b_order;
void raspi3b_wait_for_order();
[[noreturn]] void raspi3b_run_cpu(std::uint32_t cpu, port::CpuEntry entry, std::byte* stack_end) noexcept;
}

namespace {

constinit SpinWithInterruptsSaved<port::BoardProcessor> one_at_a_time;

/// CPU 0 from the start. Each CPU says it of itself, when calls may come to it.
constinit std::atomic<bool> runs[cpus] = {true};

/// Cleans the order to memory and waits until it is there.
void publish() noexcept {
  Platform::clean({reinterpret_cast<std::byte*>(&raspi3b_order), sizeof(Order)});
  Platform::barrier();
}

void write_order(std::byte* stack_end, port::CpuEntry entry) noexcept {
  Order& order = raspi3b_order;
  asm volatile("mrs %0, mair_el1" : "=r"(order.memory_attributes));
  asm volatile("mrs %0, tcr_el1" : "=r"(order.translation_control));
  asm volatile("mrs %0, ttbr0_el1" : "=r"(order.translation_table));
  asm volatile("mrs %0, sctlr_el1" : "=r"(order.system_control));
  order.stack_end = stack_end;
  order.entry = entry;
  publish();
}

/// Sends the core from the firmware's loop to the one in boot.S. Page 0 is not mapped, so this CPU turns its MMU off
/// for the one store, with interrupts masked: no other CPU loses the fault of its null pointers, and no TLB has an
/// entry to drop. Addresses stay what they are, what is in the caches stays there, and nothing but the store is done
/// meanwhile. It goes past the caches to memory (Arm ARM, DDI 0487I.a, section D8.2.10), where the core looks, and no
/// cache has this line, as it was never mapped. Where no such loop is, it is RAM that nobody uses.
void fetch_from_firmware(std::uint32_t cpu) noexcept {
  std::uint64_t control = 0;
  std::uint64_t without_mmu = 0;
  asm volatile(
      "mrs %0, sctlr_el1\n"
      "bic %1, %0, #1\n"
      "dsb sy\n"
      "msr sctlr_el1, %1\n"
      "isb\n"
      "str %2, [%3]\n"
      "dsb sy\n"
      "msr sctlr_el1, %0\n"
      "isb\n"
      : "=&r"(control), "=&r"(without_mmu)
      : "r"(&raspi3b_wait_for_order), "r"(firmware_slot(cpu))
      : "memory");
}

/// Sets the number and wakes all that wait. Relaxed: publish() has ordered it after the rest.
void call(std::uint32_t cpu) noexcept {
  raspi3b_order.cpu.store(cpu, std::memory_order_relaxed);
  publish();
  fetch_from_firmware(cpu);
  asm volatile("sev");
}

/// True when the core has come. Where it does not within a second the order is taken back, unless it comes just then.
bool await(std::uint32_t cpu) noexcept {
  const std::uint64_t start = port::timer_now();
  while (port::timer_now() - start < port::timer_frequency()) {
    // Acquire: pairs with the release in raspi3b_cpu_arrived(): the core has read the order, and it may be overwritten.
    if (runs[cpu].load(std::memory_order_acquire)) return true;
    port::BoardProcessor::pause();
  }
  std::uint64_t expected = cpu;
  // Relaxed: nothing else was written since.
  if (raspi3b_order.cpu.compare_exchange_strong(expected, nobody, std::memory_order_relaxed)) {
    publish();
    return false;
  }
  while (!runs[cpu].load(std::memory_order_acquire)) port::BoardProcessor::pause();
  return true;
}

bool start(std::uint32_t cpu, std::byte* stack_end, port::CpuEntry entry) noexcept {
  if (runs[cpu].load(std::memory_order_relaxed)) return false;
  write_order(stack_end, entry);
  call(cpu);
  return await(cpu);
}

}  // namespace

/// Where boot.S goes on with a core that was ordered: MMU and caches on, on its exception stack. One that comes too
/// late must not touch the stack that was meant for it, as the order was taken back. Acquire: pairs with the barrier
/// after which the number was written; what the other CPU wrote before is seen from here on.
extern "C" [[noreturn]] void raspi3b_cpu_arrived() noexcept {
  const std::uint32_t cpu = port::BoardProcessor::cpu();
  std::uint64_t expected = cpu;
  if (!raspi3b_order.cpu.compare_exchange_strong(expected, has_come, std::memory_order_acquire)) port::halt();
  std::byte* const stack_end = raspi3b_order.stack_end;
  const port::CpuEntry entry = raspi3b_order.entry;
  CoreMailbox::open();
  runs[cpu].store(true, std::memory_order_release);
  raspi3b_run_cpu(cpu, entry, stack_end);
}

}  // namespace bareheap::raspi3b

namespace bareheap::port {

/// What the processor says of itself (Cortex-A53 TRM, DDI 0500, L2CTLR_EL1, "Number of cores").
std::uint32_t cpu_count() noexcept {
  std::uint64_t control = 0;
  asm("mrs %0, s3_1_c11_c0_2" : "=r"(control));
  return std::min(static_cast<std::uint32_t>(control >> 24 & 3) + 1, raspi3b::cpus);
}

bool start_cpu(std::uint32_t cpu, Region stack, CpuEntry entry) noexcept {
  if (cpu == 0 || cpu >= cpu_count() || stack.wraps() || stack.size < frame_size()) return false;
  auto* const stack_end = reinterpret_cast<std::byte*>(align_down(address_of(stack.start) + stack.size, 16));
  SpinWithInterruptsSaved<BoardProcessor>::State state;
  raspi3b::one_at_a_time.lock(state, __builtin_return_address(0));
  const bool came = raspi3b::start(cpu, stack_end, entry);
  raspi3b::one_at_a_time.unlock(state, __builtin_return_address(0));
  return came;
}

bool send_call(std::uint32_t cpu) noexcept {
  if (cpu >= raspi3b::cpus || !raspi3b::runs[cpu].load(std::memory_order_acquire)) return false;
  raspi3b::CoreMailbox::ring(cpu);
  return true;
}

}  // namespace bareheap::port
