// SPDX-License-Identifier: MIT
#include "ports/common/interrupts.hpp"

#include "bareheap/core/region.hpp"
#include "board/processor.hpp"
#include "kernel/runner.hpp"
#include "raspi3b/kernel/scenarios.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bareheap::raspi3b_test {

/// registers.S knows where its members are.
struct Registers {
  struct Values {
    std::uint64_t general[32];  ///< the last two are not used
    std::uint64_t control[4];   ///< flags, FPCR, FPSR, and one that is not used
    std::uint64_t vectors[32][2];
  };
  Values wanted;
  Values found;
};
static_assert(sizeof(Registers::Values) == 800);

extern "C" void hold_registers(Registers* registers, std::uint64_t loops) noexcept;

namespace {

using kernel_test::expect;
using port::BoardProcessor;
using port::Frame;

/// Two threads; each interrupt goes from one to the other.
constinit Frame* other_thread = nullptr;
constinit std::atomic<std::uint32_t> switches = 0;
constinit std::atomic<bool> usual_rounding = true;

Frame* switch_threads(Frame* interrupted) noexcept {
  std::uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  if (control != 0) usual_rounding = false;
  switches.fetch_add(1);
  Frame* const next = other_thread;
  other_thread = interrupted;
  return next;
}

alignas(16) constinit std::byte thread_stack[16384] = {};

Region region_of_thread_stack() { return {thread_stack, sizeof(thread_stack)}; }

struct Holder {
  std::uint64_t seed;
  Registers registers;
  std::atomic<std::uint32_t> rounds;
  std::atomic<std::uint32_t> lost;
};

constinit Holder holders[2] = {{.seed = 0x0123456789abcdef, .registers = {}, .rounds = 0, .lost = 0},
                               {.seed = 0xfedcba9876543210, .registers = {}, .rounds = 0, .lost = 0}};

void hold_once(Holder& holder) noexcept {
  std::uint64_t words[sizeof(Registers::Values) / 8];
  for (std::uint64_t& word : words) word = holder.seed = holder.seed * 6364136223846793005 + 1442695040888963407;
  Registers& registers = holder.registers;
  std::memcpy(&registers.wanted, words, sizeof(words));
  registers.wanted.control[0] &= 0xf0000000;  // NZCV
  registers.wanted.control[1] &= 0x07c00000;  // FPCR: the rounding modes, which a program may set
  registers.wanted.control[2] &= 0x0800009f;  // FPSR: what floating point has met
  hold_registers(&registers, 30'000);
  registers.found.general[30] = registers.wanted.general[30];
  registers.found.general[31] = registers.wanted.general[31];
  registers.found.control[3] = registers.wanted.control[3];
  if (std::memcmp(&registers.wanted, &registers.found, sizeof(registers.wanted)) != 0) holder.lost.fetch_add(1);
  holder.rounds.fetch_add(1);
}

void hold_for_ever(void* holder) noexcept {
  while (true) hold_once(*static_cast<Holder*>(holder));
}

}  // namespace

void all_registers_survive() {
  other_thread = port::new_frame(region_of_thread_stack(), hold_for_ever, &holders[1]);
  port::start_timer(2000, switch_threads);
  port::allow_interrupts();
  while (switches < 500 || holders[0].rounds < 100 || holders[1].rounds < 100) hold_once(holders[0]);
  static_cast<void>(BoardProcessor::mask_interrupts());
  expect(holders[0].lost == 0);
  expect(holders[1].lost == 0);
  expect(usual_rounding);
}

namespace {

constinit std::uint32_t turns[2] = {};

void take_turns(void* argument) noexcept {
  auto* const own = static_cast<std::uint32_t*>(argument);
  while (*own < 1000) {
    ++*own;
    port::yield();
  }
}

bool irq_masked() noexcept {
  const std::uint64_t state = BoardProcessor::mask_interrupts();
  BoardProcessor::restore_interrupts(state);
  return (state & 1U << 7) != 0;
}

}  // namespace

void threads_yield() {
  port::start_timer(1, switch_threads);
  port::stop_timer();
  other_thread = port::new_frame(region_of_thread_stack(), take_turns, &turns[1]);
  expect(irq_masked());
  for (turns[0] = 0; turns[0] < 999; ++turns[0]) {
    port::yield();
    expect(turns[1] == turns[0] + 1);
    expect(irq_masked());
  }
  port::allow_interrupts();
  port::yield();
  expect(turns[1] == 1000);
  expect(!irq_masked());
}

void new_frames_are_checked() {
  const std::size_t size = port::frame_size();
  expect(port::new_frame({thread_stack, size - 1}, hold_for_ever, nullptr) == nullptr);
  expect(port::new_frame({thread_stack + 1, size}, hold_for_ever, nullptr) == nullptr);
  expect(port::new_frame({thread_stack, 0}, hold_for_ever, nullptr) == nullptr);
  Frame* const frame = port::new_frame({thread_stack, size}, hold_for_ever, nullptr);
  expect(reinterpret_cast<std::byte*>(frame) == thread_stack);
  expect(port::interrupted_at(frame) == reinterpret_cast<std::uintptr_t>(&hold_for_ever));
}

}  // namespace bareheap::raspi3b_test
