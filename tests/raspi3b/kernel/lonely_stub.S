// SPDX-License-Identifier: MIT
// A loader that keeps cores 1 to 3 for itself and jumps to a raw image with core 0, at EL3. kernel_test.py builds it
// and says how it is loaded.
.text
.globl _start
_start:
  mrs x0, mpidr_el1
  tst x0, #0b11
  b.ne keep
  mov x0, #0x80000
  br x0
keep:
  wfe
  b keep
