// SPDX-License-Identifier: MIT
// The sixteen ways in which the processor stops what it does (Arm ARM, DDI 0487, "Exception vectors"): four
// kinds, from four places. Here all of them are the end, so nothing of the interrupted program is kept.

.macro vector number
  .balign 0x80
  mov x0, #\number
  b tell_exception
.endm

.section .text.exceptions, "ax"
.balign 0x800
.globl exception_vectors
exception_vectors:
  vector 0
  vector 1
  vector 2
  vector 3
  vector 4
  vector 5
  vector 6
  vector 7
  vector 8
  vector 9
  vector 10
  vector 11
  vector 12
  vector 13
  vector 14
  vector 15
  .balign 0x80

// On a stack of its own: the fault may be that the other one is full.
tell_exception:
  adrp x9, __exception_stack_end
  add x9, x9, :lo12:__exception_stack_end
  mov sp, x9
  mov x29, xzr
  mov x30, xzr
  mrs x1, esr_el1
  mrs x2, elr_el1
  mrs x3, far_el1
  b raspi3b_exception
