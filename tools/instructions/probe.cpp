// SPDX-License-Identifier: MIT
// What instructions_test.py counts: code of which the number of instructions is known, and calls of malloc.
//
// usage: probe shapes|threads|calls|chance
#include <sys/random.h>
#include <sys/time.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "instruction_counter.hpp"

// The comments say how many instructions run.
asm(R"(
  .text
nothing:                 # 1
  ret
loop:                    # 2 + 2 * first
  mov %rdi, %rcx
1: dec %rcx
  jnz 1b
  ret
loop_on_itself:          # 2 + first
  mov %rdi, %rcx
1: loop 1b
  ret
fences:                  # 2 + 3 * first
  mov %rdi, %rcx
1: mfence
  dec %rcx
  jnz 1b
  ret
either:                  # 5 if first is 0, else 8 if second is 0, else 6
  test %rdi, %rdi
  jz 1f
  test %rsi, %rsi
  jz 1f
  xor %eax, %eax
  ret
1: test %rdi, %rdi
  jz 2f
  xor %eax, %eax
2: ret
repeated:                # 3 and first rounds and the one that finds none left
  mov %rdi, %rcx
  lea -64(%rsp), %rdi
  rep stosb
  ret
system_call:             # 3
  mov $39, %eax
  syscall
  ret
jump_to_rand:            # 1 and those of rand
  jmp *rand@GOTPCREL(%rip)
)");

using Shape = void(std::uint64_t first, std::uint64_t second);
extern "C" Shape nothing, loop, loop_on_itself, fences, either, repeated, system_call, jump_to_rand;

namespace {

std::uint64_t difference(InstructionCounter counter, Shape* shape, std::uint64_t first, std::uint64_t second) {
  const std::uint64_t before = counter.now();
  shape(first, second);
  return counter.now() - before;
}

/// The instructions of `shape` alone: whatever the compiler puts around the call is around that of `nothing` too.
std::uint64_t count(InstructionCounter counter, Shape* shape, std::uint64_t first, std::uint64_t second) {
  auto* volatile run = difference;  // or the compiler would make two of it
  return run(counter, shape, first, second) - run(counter, nothing, first, second) + 1;
}

void print(std::string_view name, std::uint64_t value) {
  std::printf("%.*s %llu\n", static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(value));
}

void shapes(InstructionCounter counter) {
  print("present", counter.present());
  const std::uint64_t before = counter.now();
  print("own_cost", counter.now() - before);
  print("loop", count(counter, loop, 1000, 0));
  print("loop_on_itself", count(counter, loop_on_itself, 1000, 0));
  print("fences", count(counter, fences, 1000, 0));
  print("either_00", count(counter, either, 0, 0));
  print("either_01", count(counter, either, 0, 1));
  print("either_10", count(counter, either, 1, 0));
  print("either_11", count(counter, either, 1, 1));
  print("repeated_0", count(counter, repeated, 0, 0));
  print("repeated_50", count(counter, repeated, 50, 0));
  print("system_call", count(counter, system_call, 0, 0));
  print("rand", count(counter, jump_to_rand, 0, 0));
}

/// Long enough that Valgrind lets others run in between.
void threads(InstructionCounter counter) {
  std::array<std::uint64_t, 3> begins{}, counts{};
  for (int round = 0; round < 2; ++round) {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      running.emplace_back([&, i] {
        begins[i] = counter.now();
        counts[i] = count(counter, loop, 500'000 * (i + 1), 0);
      });
    }
  }
  for (const std::uint64_t begin : begins) print("begin", begin);
  for (const std::uint64_t instructions : counts) print("count", instructions);
}

/// 1000 pairs of calls, of mixed sizes and lives.
void calls(InstructionCounter counter) {
  std::array<void*, 100> blocks{};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t chance = i * 2654435761u >> 8;
    void*& block = blocks[chance % blocks.size()];
    const std::uint64_t before = counter.now();
    std::free(block);
    const std::uint64_t between = counter.now();
    block = std::malloc(chance / blocks.size() % 2000 + 1);
    const std::uint64_t after = counter.now();
    print("free", between - before - InstructionCounter::own_cost);
    print("malloc", after - between - InstructionCounter::own_cost);
  }
}

void chance() {
  std::uint64_t bytes = 0;
  if (getrandom(&bytes, sizeof bytes, 0) == sizeof bytes) print("chance", bytes);
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  print("steady", static_cast<std::uint64_t>(time.count()));
  const auto date = std::chrono::system_clock::now().time_since_epoch();
  print("system", static_cast<std::uint64_t>(date.count()));
  timeval day{};
  if (gettimeofday(&day, nullptr) == 0) print("day", static_cast<std::uint64_t>(day.tv_sec * 1'000'000 + day.tv_usec));
}

}  // namespace

int main(int argc, char** argv) {
  const InstructionCounter counter;
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "shapes") {
    shapes(counter);
  } else if (what == "threads") {
    threads(counter);
  } else if (what == "calls") {
    calls(counter);
  } else if (what == "chance") {
    chance();
  } else {
    std::fputs("usage: probe shapes|threads|calls|chance\n", stderr);
    return 2;
  }
}
