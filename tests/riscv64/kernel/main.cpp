// SPDX-License-Identifier: MIT
// What only this port has: says what it found, then does what the key names. riscv64_test.py reads it.
#include "bareheap/core/text.hpp"
#include "board/processor.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/common/port.hpp"
#include "ports/riscv64/mmu.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace {

using namespace bareheap;

alignas(4096) std::byte pages[4][4096];
alignas(16) std::byte stacks[8][16384];
std::atomic<std::uint32_t> order{0};
std::atomic<std::uint32_t> cpus_done{0};
std::atomic<std::uint32_t> calls_answered{0};

void put_line(const char* name, std::size_t first, std::size_t second) noexcept {
  put_text(port::serial, name);
  put_hexadecimal(port::serial, first);
  put_text(port::serial, " ");
  put_hexadecimal(port::serial, second);
  put_text(port::serial, "\n");
}

void put_flag(const char* name, bool flag) noexcept { put_line(name, flag ? 1 : 0, 0); }

void touch(std::byte* at) noexcept { *const_cast<volatile std::byte*>(at) = std::byte{1}; }

/// Has touched the page, so that its address is remembered, before CPU 0 protects it; touches it again then.
void touch_twice(std::uint32_t) noexcept {
  touch(pages[1]);
  order = 1;
  while (order != 2) port::BoardProcessor::pause();
  touch(pages[1]);
}

void count(std::uint32_t cpu) noexcept {
  if (port::BoardProcessor::cpu() == cpu) ++cpus_done;
}

void start_all() noexcept {
  std::uint32_t started = 0;
  for (std::uint32_t cpu = 1; cpu < port::cpu_count(); ++cpu) {
    started += port::start_cpu(cpu, {stacks[cpu], sizeof stacks[cpu]}, count);
  }
  while (cpus_done != started) port::BoardProcessor::pause();
  put_line("CPUs started and again ", started, port::start_cpu(1, {stacks[1], sizeof stacks[1]}, count));
}

void protect_for_another() noexcept {
  static_cast<void>(port::start_cpu(1, {stacks[1], sizeof stacks[1]}, touch_twice));
  while (order != 1) port::BoardProcessor::pause();
  put_flag("protected ", riscv64::protect_page(pages[1]));
  order = 2;
  port::halt();
}

void be_called(std::uint32_t) noexcept {
  port::allow_interrupts();
  while (true) port::wait_for_interrupt();
}

void call_for_ever(std::uint32_t) noexcept {
  for (std::uint32_t calls = 1; true; ++calls) {
    port::call_cpu(1);
    while (calls_answered != calls) port::BoardProcessor::pause();
  }
}

/// What the monitor does for two harts at once by one interrupt: CPU 1 is called all the time, and told of pages.
void fence_among_calls() noexcept {
  port::on_call([]() noexcept { ++calls_answered; });
  static_cast<void>(port::start_cpu(1, {stacks[1], sizeof stacks[1]}, be_called));
  static_cast<void>(port::start_cpu(2, {stacks[2], sizeof stacks[2]}, call_for_ever));
  std::uint32_t done = 0;
  for (; done < 25 && riscv64::protect_page(pages[2]) && riscv64::unprotect_page(pages[2]); ++done) {
  }
  const std::uint32_t answered = calls_answered;
  while (calls_answered - answered < 100) port::BoardProcessor::pause();
  put_line("pages and calls ", done, calls_answered);
  port::exit(0);
}

void call(std::uint32_t cpu) noexcept {
  port::on_call([]() noexcept {});
  port::call_cpu(cpu);
}

void protect_far(std::byte* page) noexcept {
  put_flag("far ", riscv64::protect_page(page));
  touch(page - 1);
  touch(page + 4096);
  put_flag("far again ", riscv64::unprotect_page(page));
  touch(page);
}

void protect_pages() noexcept {
  put_flag("protect ", riscv64::protect_page(pages[2]));
  put_flag("twice ", riscv64::protect_page(pages[2]));
  put_flag("unprotect ", riscv64::unprotect_page(pages[2]));
  touch(pages[2]);
  put_flag("unprotect twice ", riscv64::unprotect_page(pages[2]));
  put_flag("inside a page ", riscv64::protect_page(pages[2] + 16));
  put_flag("code ", riscv64::protect_page(reinterpret_cast<std::byte*>(0x80200000)));
  put_flag("a device ", riscv64::protect_page(reinterpret_cast<std::byte*>(0x10000000)));
  put_flag("no memory ", riscv64::protect_page(reinterpret_cast<std::byte*>(0x40000000)));
  put_flag("beyond ", riscv64::protect_page(reinterpret_cast<std::byte*>(std::uintptr_t{1} << 38)));
  put_flag("map a device ", riscv64::map_device(0x101000, 4096));
  put_flag("map it twice ", riscv64::map_device(0x101000, 4096));
  put_flag("map over memory ", riscv64::map_device(0x80200000, 4096));
  std::byte* const middle = port::heap_region().end() + (std::size_t{16} << 20);
  std::size_t tables = 0;
  protect_far(middle);
  while (tables < 64 && riscv64::protect_page(middle + (tables << 21))) ++tables;
  put_line("tables ", tables, 0);
}

void do_as_told(int key) noexcept {
  switch (key) {
    case 'c': return start_all();
    case 'd': return protect_pages();
    case 'o': return protect_for_another();
    case 'f': return fence_among_calls();
    case 'k': return call(1);
    case 'n': return call(port::cpu_count());
    case 'w': return touch(reinterpret_cast<std::byte*>(0x80200000));
    case 'm': return touch(reinterpret_cast<std::byte*>(0x80000000));
    case 'e': return reinterpret_cast<void (*)()>(pages[0])();
    case 'q': port::exit(0);
    case 'x': port::exit(42);
    default: return;
  }
}

}  // namespace

extern "C" void kernel_main() noexcept {
  put_line("heap ", address_of(port::heap_region().start), address_of(port::heap_region().end()));
  static_cast<void>(port::memory_after_heap(nullptr, [](Region stretch) {
    put_line("memory ", address_of(stretch.start), address_of(stretch.end()));
    touch(stretch.start);
    touch(stretch.end() - 1);
  }));
  put_line("CPUs and clock ", port::cpu_count(), port::timer_frequency());
  put_line("stack used ", port::boot_stack_used(), port::boot_stack_size());
  put_text(port::serial, "ready\n");
  while (true) do_as_told(port::read());
}
