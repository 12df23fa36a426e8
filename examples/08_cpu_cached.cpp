// SPDX-License-Identifier: MIT
// 8. One heap for several CPUs, in a kernel with a notion of CPU of its own. `Cpus` is all that the kernel says about
// it; here two threads play the CPUs, and each takes its interrupts when it unmasks them. CPU 1 goes idle with blocks
// in stock, and CPU 0 gets them nevertheless: it asks for all there is.
#include "bareheap/bareheap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"

#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>

static void handle_call() noexcept;

// What a machine has in registers.
static thread_local std::uint32_t number = 0;
static thread_local bool is_masked = false;
static std::atomic<bool> is_called[2];

struct Cpus {
  static constexpr std::uint32_t cpus = 2;
  static constexpr auto recall = bareheap::Recall::by_interrupt;

  static std::uint32_t cpu() noexcept { return number; }
  static bool mask_interrupts() noexcept { return std::exchange(is_masked, true); }
  static void restore_interrupts(bool was_masked) noexcept {
    is_masked = was_masked;
    if (!is_masked && is_called[number].exchange(false)) handle_call();
  }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept { std::this_thread::yield(); }
  static void call(std::uint32_t other) noexcept { is_called[other] = true; }
  static bool keep_waiting(std::uint32_t round) noexcept { return pause(), round < 1'000'000; }
};

static constinit bareheap::CpuCached<bareheap::GranuleHeap, Cpus> heap;
static void handle_call() noexcept { heap.serve(); }

// From here on: a program that uses the heap.
constexpr bareheap::Layout block(64, 16);
alignas(4096) static std::byte memory[std::size_t{1} << 20];
static std::atomic<bool> is_idle, is_over;

static void leave_blocks_in_stock() {
  number = 1;
  std::byte* taken[40];
  for (auto& at : taken) at = heap.allocate(block).at;
  for (auto& at : taken) heap.deallocate(at, block);
  for (is_idle = true; !is_over;) Cpus::restore_interrupts(Cpus::mask_interrupts());
}

int main() {
  if (!heap.init({memory, sizeof memory})) return 1;
  const std::size_t free = statistics_of(heap).free_bytes / block.size();
  std::thread cpu_1(leave_blocks_in_stock);
  while (!is_idle) Cpus::pause();
  std::size_t taken = 0;
  while (heap.allocate(block)) ++taken;
  is_over = true;
  cpu_1.join();
  std::printf("CPU 0 asked for all %zu blocks and got %s\n", free, taken == free ? "them" : "fewer");
  return taken == free ? 0 : 1;
}
