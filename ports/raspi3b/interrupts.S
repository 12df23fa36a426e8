// SPDX-License-Identifier: MIT
// From an interrupt, or from yield(), to the handler and to the frame that it answers with. The layout of a frame is
// struct Frame in interrupts.cpp, which checks these numbers.
//
// A stack without room for the frame: the first store is to the frame's lowest address, faults in the guard, and the
// exception is told from a stack of its own (exceptions.S). Nothing of it is kept, so that it took the place of
// the interrupt in ELR_EL1 and SPSR_EL1 does not matter.

#define FRAME_SIZE 784
#define FRAME_PLACE 248     // where it goes on, then SPSR
#define FRAME_FP_STATUS 264
#define FRAME_FP_CONTROL 268
#define FRAME_VECTORS 272
#define SPSR_EL1H 0b0101    // EL1 with its own stack pointer

// All but x0, x1, place and state.
.macro for_all_pairs operation
  \operation x2, x3, [sp, #16]
  \operation x4, x5, [sp, #32]
  \operation x6, x7, [sp, #48]
  \operation x8, x9, [sp, #64]
  \operation x10, x11, [sp, #80]
  \operation x12, x13, [sp, #96]
  \operation x14, x15, [sp, #112]
  \operation x16, x17, [sp, #128]
  \operation x18, x19, [sp, #144]
  \operation x20, x21, [sp, #160]
  \operation x22, x23, [sp, #176]
  \operation x24, x25, [sp, #192]
  \operation x26, x27, [sp, #208]
  \operation x28, x29, [sp, #224]
  \operation q0, q1, [sp, #FRAME_VECTORS]
  \operation q2, q3, [sp, #FRAME_VECTORS + 32]
  \operation q4, q5, [sp, #FRAME_VECTORS + 64]
  \operation q6, q7, [sp, #FRAME_VECTORS + 96]
  \operation q8, q9, [sp, #FRAME_VECTORS + 128]
  \operation q10, q11, [sp, #FRAME_VECTORS + 160]
  \operation q12, q13, [sp, #FRAME_VECTORS + 192]
  \operation q14, q15, [sp, #FRAME_VECTORS + 224]
  \operation q16, q17, [sp, #FRAME_VECTORS + 256]
  \operation q18, q19, [sp, #FRAME_VECTORS + 288]
  \operation q20, q21, [sp, #FRAME_VECTORS + 320]
  \operation q22, q23, [sp, #FRAME_VECTORS + 352]
  \operation q24, q25, [sp, #FRAME_VECTORS + 384]
  \operation q26, q27, [sp, #FRAME_VECTORS + 416]
  \operation q28, q29, [sp, #FRAME_VECTORS + 448]
  \operation q30, q31, [sp, #FRAME_VECTORS + 480]
.endm

.section .text.interrupts, "ax"

// Entered by the vector, with interrupts masked by the processor and ELR_EL1 and SPSR_EL1 of the interrupted code.
.globl raspi3b_enter_interrupt
raspi3b_enter_interrupt:
  sub sp, sp, #FRAME_SIZE
  stp x0, x1, [sp]
  mrs x0, elr_el1
  mrs x1, spsr_el1
  stp x0, x1, [sp, #FRAME_PLACE]
  adrp x1, raspi3b_interrupt
  add x1, x1, :lo12:raspi3b_interrupt
  b enter

// void bareheap::port::yield(): the frame that an interrupt right after the call would have made. DAIF has the bits of
// SPSR.
.globl _ZN8bareheap4port5yieldEv
_ZN8bareheap4port5yieldEv:
  mrs x1, daif
  msr daifset, #0b0010
  sub sp, sp, #FRAME_SIZE
  add x1, x1, #SPSR_EL1H
  stp x30, x1, [sp, #FRAME_PLACE]
  adrp x1, raspi3b_yield
  add x1, x1, :lo12:raspi3b_yield

// x1 is the function that answers with a frame; it runs with the usual rounding.
enter:
  for_all_pairs stp
  str x30, [sp, #240]
  mrs x2, fpsr
  mrs x3, fpcr
  str w2, [sp, #FRAME_FP_STATUS]
  str w3, [sp, #FRAME_FP_CONTROL]
  msr fpcr, xzr
  mov x0, sp
  blr x1

// The exception return also clears the exclusive monitor (Arm ARM, DDI 0487, "Exclusive access instructions and
// monitors"): code that was interrupted between LDXR and STXR tries again.
  mov sp, x0
  ldp x0, x1, [sp, #FRAME_PLACE]
  msr elr_el1, x0
  msr spsr_el1, x1
  ldr w0, [sp, #FRAME_FP_STATUS]
  ldr w1, [sp, #FRAME_FP_CONTROL]
  msr fpsr, x0
  msr fpcr, x1
  for_all_pairs ldp
  ldr x30, [sp, #240]
  ldp x0, x1, [sp]
  add sp, sp, #FRAME_SIZE
  eret
