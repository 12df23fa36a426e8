// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

/// Reads how many instructions the calling thread has executed, under the Valgrind tool of this folder (x86-64 only).
/// An object serves all threads: each reads its own count. Hand it on by value: of an object whose address others know
/// the compiler loads the content again for each read, an instruction that counts.
class InstructionCounter {
 public:
  /// Two reads with nothing between them differ by this: the end of the first one and the beginning of the second.
  static constexpr std::uint64_t own_cost = 2;

  /// Asks for the counter; without the tool there is none.
  InstructionCounter() {
    if (const std::uint64_t* place = ask()) place_ = place;
  }

  /// Whether the program runs under the tool.
  [[nodiscard]] bool present() const { return place_ != &nothing; }

  /// Instructions that this thread executed up to the first of the two that read; 0 without the tool.
  [[nodiscard]] std::uint64_t now() const {
    std::uint64_t count;
    asm volatile("lfence\n\tmovq (%1), %0" : "=r"(count) : "r"(place_) : "memory");
    return count;
  }

 private:
  static constexpr std::uint64_t nothing = 0;

  /// A client request as valgrind.h has it: instructions that do nothing, but for Valgrind, which answers in rdx.
  static const std::uint64_t* ask() {
    const std::array<std::uint64_t, 6> request{std::uint64_t{'B'} << 24 | std::uint64_t{'H'} << 16};
    const std::uint64_t* answer = nullptr;
    asm volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                 : "+d"(answer)
                 : "a"(request.data())
                 : "cc", "memory");
    return answer;
  }

  const std::uint64_t* place_ = &nothing;
};
