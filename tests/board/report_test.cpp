// SPDX-License-Identifier: MIT
// The last words of a machine: each test is a process that ends by them, as the state cannot be had back.
#include "ports/common/report.hpp"

#include "board/processor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace bareheap::runtime {

[[noreturn]] void fatal(const char* sentence) noexcept;

}  // namespace bareheap::runtime

namespace bareheap::port {

namespace {

constexpr int status_of_halt = 77;

// What happens on the machine, and then.
std::atomic<bool> halt_ends = false;
void (*while_writing)() noexcept = nullptr;
void (*while_exiting)() noexcept = nullptr;

void do_once(void (*&what)() noexcept) noexcept {
  if (auto* const now = what; now != nullptr) {
    what = nullptr;
    now();
  }
}

}  // namespace

void write(const char* characters, std::size_t size) noexcept {
  do_once(while_writing);
  for (std::size_t i = 0; i < size; ++i) {
    if (::write(STDERR_FILENO, characters + i, 1) != 1) std::abort();
    std::this_thread::yield();
  }
}

void exit(int status) noexcept {
  if (begin_exit()) {
    do_once(while_exiting);
    _exit(BoardProcessor::masked ? status : 78);
  }
  halt();
}

void halt() noexcept {
  if (halt_ends) _exit(status_of_halt);
  while (true) std::this_thread::yield();
}

namespace {

constexpr std::uint32_t cpus = 8;

/// Runs `what` on each CPU at the same moment. It does not come back.
template <class What>
[[noreturn]] void on_all_cpus(What what) {
  std::atomic<std::uint32_t> here = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    threads.emplace_back([&here, what, cpu] {
      here.fetch_add(1);
      while (here < cpus) std::this_thread::yield();
      what(cpu);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::abort();
}

void tell(std::uint32_t cpu) noexcept {
  BoardProcessor::number = cpu;
  runtime::fatal(("CPU " + std::to_string(cpu)).c_str());
}

void tell_of_fault() noexcept { runtime::fatal("a fault"); }

class ReportDeathTest : public testing::Test {
 protected:
  void TearDown() override {
    halt_ends = false;
    while_writing = while_exiting = nullptr;
  }
};

TEST_F(ReportDeathTest, One_line_with_interrupts_masked) {
  EXPECT_EXIT(tell(3), testing::ExitedWithCode(1), testing::MatchesRegex("runtime: CPU 3\n"));
}

TEST_F(ReportDeathTest, A_fault_in_the_report_ends_the_machine_without_another_word) {
  while_writing = tell_of_fault;
  EXPECT_EXIT(tell(3), testing::ExitedWithCode(1), testing::Eq(""));
}

TEST_F(ReportDeathTest, A_fault_in_exit_halts) {
  halt_ends = true;
  while_exiting = tell_of_fault;
  EXPECT_EXIT(port::exit(0), testing::ExitedWithCode(status_of_halt), testing::Eq(""));
}

TEST_F(ReportDeathTest, An_exit_that_failed_halts) {
  halt_ends = true;
  while_exiting = []() noexcept { port::exit(0); };
  EXPECT_EXIT(port::exit(0), testing::ExitedWithCode(status_of_halt), testing::Eq(""));
}

TEST_F(ReportDeathTest, Of_CPUs_that_fault_at_once_one_has_its_line) {
  for (int round = 0; round < 100; ++round) {
    EXPECT_EXIT(on_all_cpus(tell), testing::ExitedWithCode(1), testing::MatchesRegex("runtime: CPU [0-7]\n"));
  }
}

TEST_F(ReportDeathTest, A_later_fault_on_another_CPU_halts) {
  halt_ends = true;
  while_writing = []() noexcept { std::thread([] { tell(4); }).join(); };
  EXPECT_EXIT(tell(5), testing::ExitedWithCode(status_of_halt), testing::Eq(""));
}

TEST_F(ReportDeathTest, An_exit_on_another_CPU_leaves_the_line_whole) {
  while_writing = []() noexcept {
    std::thread([] { port::exit(0); }).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // enough for it to end the machine if it could
  };
  EXPECT_EXIT(tell(5), testing::ExitedWithCode(1), testing::MatchesRegex("runtime: CPU 5\n"));
}

}  // namespace

}  // namespace bareheap::port
