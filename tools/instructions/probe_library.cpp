// SPDX-License-Identifier: MIT
// Preloaded: a `rand` of four instructions.
asm(R"(
  .text
  .globl rand
  .type rand, @function
rand:
  mov $7, %eax
  nop
  nop
  ret
)");
