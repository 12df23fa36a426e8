// SPDX-License-Identifier: MIT
// Segments, which 64-bit mode hardly uses, task states, of which it uses the exception stack, and the entries of
// exceptions and interrupts (Intel SDM volume 3, sections 3.4.5, 6.14 and 7.7).
#include "bareheap/core/bits.hpp"
#include "ports/x86_64/cpu.hpp"
#include "ports/x86_64/vectors.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char exception_entries[];
extern char timer_entry[];
extern char call_entry[];
extern char yield_entry[];
extern char spurious_entry[];
extern char __exception_stacks_start[];
}

namespace bareheap::x86_64 {

extern "C" constinit Cpu x86_64_cpus[most_cpus]{};

namespace {

constexpr std::size_t exception_stack_size = 4096;
constexpr std::size_t entry_spacing = 16;  // exceptions.S

/// What LGDT and LIDT read.
struct [[gnu::packed]] TablePointer {
  std::uint16_t limit;
  const void* table;
};

struct [[gnu::packed]] TaskState {
  std::uint32_t reserved_0;
  std::uint64_t ring_stacks[3];
  std::uint64_t reserved_1;
  std::uint64_t interrupt_stacks[7];
  std::uint64_t reserved_2;
  std::uint16_t reserved_3;
  std::uint16_t io_permissions;
};
static_assert(sizeof(TaskState) == 104);

struct Gate {
  std::uint16_t offset_low;
  std::uint16_t selector;
  std::uint8_t interrupt_stack;
  std::uint8_t type;
  std::uint16_t offset_middle;
  std::uint32_t offset_high;
  std::uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

/// As in boot.S, whose table these replace.
constexpr std::uint64_t code_segment = 0x00af9b000000ffff;
constexpr std::uint64_t data_segment = 0x00cf93000000ffff;

/// Two words of the table for each task state.
constexpr std::size_t first_task_state = 3;

constinit std::uint64_t segments[first_task_state + 2 * most_cpus] = {0, code_segment, data_segment};
constinit TaskState task_states[most_cpus]{};
constinit Gate gates[vectors_end]{};

void describe_task_state(std::uint32_t cpu) noexcept {
  TaskState& state = task_states[cpu];
  state.interrupt_stacks[0] = address_of(__exception_stacks_start) + (cpu + 1) * exception_stack_size;
  state.io_permissions = sizeof(TaskState);
  constexpr std::uint64_t present_and_available = 0x89;
  const std::uint64_t base = address_of(&state);
  std::uint64_t* const descriptor = &segments[first_task_state + 2 * cpu];
  descriptor[0] =
      (sizeof(TaskState) - 1) | (base & 0xffffff) << 16 | present_and_available << 40 | (base >> 24 & 0xff) << 56;
  descriptor[1] = base >> 32;
}

/// `stack`: 0, the one that is interrupted, or 1, the exception stack.
void set_gate(std::size_t vector, const char* entry, std::uint8_t stack) noexcept {
  constexpr std::uint8_t present_with_interrupts_masked = 0x8e;
  const std::uint64_t offset = address_of(entry);
  gates[vector] = {static_cast<std::uint16_t>(offset),
                   code_selector,
                   stack,
                   present_with_interrupts_masked,
                   static_cast<std::uint16_t>(offset >> 16),
                   static_cast<std::uint32_t>(offset >> 32),
                   0};
}

void write_tables() noexcept {
  for (std::uint32_t cpu = 0; cpu < most_cpus; ++cpu) describe_task_state(cpu);
  for (std::size_t vector = 0; vector < exception_vectors; ++vector) {
    set_gate(vector, exception_entries + vector * entry_spacing, 1);
  }
  set_gate(old_spurious_vector_1, spurious_entry, 0);
  set_gate(old_spurious_vector_2, spurious_entry, 0);
  set_gate(spurious_vector, spurious_entry, 0);
  set_gate(timer_vector, timer_entry, 0);
  set_gate(call_vector, call_entry, 0);
  set_gate(yield_vector, yield_entry, 0);
}

}  // namespace

void load_descriptors(std::uint32_t cpu) noexcept {
  if (cpu == 0) write_tables();
  const TablePointer segment_table{sizeof segments - 1, segments};
  const TablePointer gate_table{sizeof gates - 1, gates};
  const auto task_state = static_cast<std::uint16_t>((first_task_state + 2 * cpu) * sizeof(std::uint64_t));
  asm volatile(
      "lgdt %0\n"
      "ltr %1\n"
      "lidt %2\n"
      :
      : "m"(segment_table), "r"(task_state), "m"(gate_table)
      : "memory");
}

}  // namespace bareheap::x86_64
