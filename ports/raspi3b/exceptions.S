// SPDX-License-Identifier: MIT
// The sixteen ways in which the processor stops what it does (Arm ARM, DDI 0487, "Exception vectors"): four
// kinds, from four places. Here all but an interrupt of the kernel are the end, and nothing of the program is kept.

.macro vector number
  .balign 0x80
  mov x0, #\number
  b tell_exception
.endm

.macro interrupt_vector
  .balign 0x80
  b raspi3b_enter_interrupt
.endm

#include "stacks.inc"

.section .text.exceptions, "ax"
.balign 0x800
.globl exception_vectors
exception_vectors:
  vector 0
  vector 1
  vector 2
  vector 3
  vector 4
  interrupt_vector
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

// On a stack of its own, one for each CPU: the fault may be that the other one is full.
tell_exception:
  take_exception_stack x9, x10
  mov x29, xzr
  mov x30, xzr
  mrs x1, esr_el1
  mrs x2, elr_el1
  mrs x3, far_el1
  b raspi3b_exception
