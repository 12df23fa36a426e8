// SPDX-License-Identifier: MIT
// What comes between two instructions of the program and gives the CPU back, to the same program or another.
//
// The Frame, lowest address first; its address is a multiple of 16, since the processor aligns the stack before it
// pushes (Intel SDM volume 3, section 6.14.2):
//
//   0    x87, MMX and SSE registers with their control and status (FXSAVE64)
//   512  r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax
//   632  rip cs rflags rsp ss: pushed by the processor

.macro interrupt name, cause
.balign 16
.globl \name
\name:
  push %rax
  mov $\cause, %eax
  jmp save_and_ask
.endm

.section .text.interrupts, "ax"
interrupt timer_entry, 0  // Cause, in interrupts.cpp
interrupt yield_entry, 1
interrupt call_entry, 2

save_and_ask:
  push %rbx
  push %rcx
  push %rdx
  push %rsi
  push %rdi
  push %rbp
  push %r8
  push %r9
  push %r10
  push %r11
  push %r12
  push %r13
  push %r14
  push %r15
  sub $512, %rsp
  fxsave64 (%rsp)
  // The handler shall not round as the program does, nor fall for an error that the program left behind.
  fninit
  ldmxcsr initial_mxcsr
  cld
  mov %eax, %esi
  mov %rsp, %rdi
  call x86_64_interrupt
  mov %rax, %rsp
  fxrstor64 (%rsp)
  add $512, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %r11
  pop %r10
  pop %r9
  pop %r8
  pop %rbp
  pop %rdi
  pop %rsi
  pop %rdx
  pop %rcx
  pop %rbx
  pop %rax
  iretq

// Asks for nothing, not even to be told that it was seen (Intel SDM volume 3, section 10.9).
.balign 16
.globl spurious_entry
spurious_entry:
  iretq
