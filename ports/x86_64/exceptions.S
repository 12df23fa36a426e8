// SPDX-License-Identifier: MIT
// The 32 exceptions (Intel SDM volume 3, table 6-1). Here all of them are the end, so nothing of the interrupted
// program is kept. Each comes on the exception stack of its CPU: the fault may be that the other one is full.

// Those that push an error code (Intel SDM volume 3, section 6.13, and AMD APM volume 2, section 8.2 for 29 and 30).
#define WITH_ERROR_CODE (1<<8 | 1<<10 | 1<<11 | 1<<12 | 1<<13 | 1<<14 | 1<<17 | 1<<21 | 1<<29 | 1<<30)

.section .text.exceptions, "ax"
.balign 16
.globl exception_entries
exception_entries:
.set number, 0
.rept 32
  .balign 16
  .if (WITH_ERROR_CODE >> number & 1) == 0
  push $0
  .endif
  push $number
  jmp tell_exception
  .set number, number + 1
.endr

tell_exception:
  cld
  pop %rdi  // the number
  pop %rsi  // the error code
  mov (%rsp), %rdx  // where it happened
  mov %cr2, %rcx
  xor %ebp, %ebp
  and $-16, %rsp
  call x86_64_exception
  ud2
