// SPDX-License-Identifier: MIT
// machine.hpp for x86-64: the SSE registers and one of the x87's, as word 32. MXCSR.RC is bits 14 and 13 (Intel SDM
// volume 1, 10.2.3): 0b11 rounds to zero, 0b01 down.

.section .text.hold_registers, "ax"
.global hold_registers
hold_registers:
  pushq %rbp
  movq %rsp, %rbp
  subq $16, %rsp
  stmxcsr -4(%rbp)
  movl $0x7f80, -8(%rbp)
  ldmxcsr -8(%rbp)
  stmxcsr 512(%rsi)
  fldl 256(%rdi)
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups \number * 16(%rdi), %xmm\number
.endr
  movl (%rdx), %eax
1:
  cmpl (%rdx), %eax
  jne 2f
  decq %rcx
  jnz 1b
2:
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups %xmm\number, \number * 16(%rsi)
.endr
  fstpl 256(%rsi)
  stmxcsr 520(%rsi)
  ldmxcsr -4(%rbp)
  movl $33, %eax
  leave
  ret

.section .text.destroy_registers, "ax"
.global destroy_registers
destroy_registers:
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  pcmpeqd %xmm\number, %xmm\number
.endr
  fninit
  pushq $0x3f80
  ldmxcsr (%rsp)
  popq %rax
  ret

.section .text.slide, "ax"
.global slide, slide_end
slide:
  leaq 1f(%rip), %rax
  subq %rdi, %rax
  jmpq *%rax
.rept 128
  nop
.endr
1:
  ret
slide_end:
