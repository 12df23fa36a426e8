// SPDX-License-Identifier: MIT
// Three instructions a turn, counted by hand. The caller's count must not be 0.
  .section .text.bench_loop, "ax"
  .global bench_loop
bench_loop:
1:
  nop
  dec %rdi
  jnz 1b
  ret
