// SPDX-License-Identifier: MIT
// machine.hpp for AArch64. FPCR.RMode is bits 23 and 22 (Arm DDI 0487, FPCR): 0b11 rounds to zero, 0b01 upwards.

.section .text.hold_registers, "ax"
.global hold_registers
hold_registers:
  stp d8, d9, [sp, #-64]!
  stp d10, d11, [sp, #16]
  stp d12, d13, [sp, #32]
  stp d14, d15, [sp, #48]
  mrs x9, fpcr
  mov x10, #0xc00000
  msr fpcr, x10
  mrs x10, fpcr
  str x10, [x1, #512]
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ldr q\number, [x0, #\number * 16]
.endr
  ldr w11, [x2]
1:
  ldr w12, [x2]
  cmp w12, w11
  b.ne 2f
  subs x3, x3, #1
  b.ne 1b
2:
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  str q\number, [x1, #\number * 16]
.endr
  mrs x10, fpcr
  str x10, [x1, #520]
  msr fpcr, x9
  ldp d10, d11, [sp, #16]
  ldp d12, d13, [sp, #32]
  ldp d14, d15, [sp, #48]
  ldp d8, d9, [sp], #64
  mov x0, #64
  ret

.section .text.destroy_registers, "ax"
.global destroy_registers
destroy_registers:
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  movi v\number\().16b, #0xdd
.endr
  mov x10, #0x400000
  msr fpcr, x10
  ret

.section .text.slide, "ax"
.global slide, slide_end
slide:
  adr x9, 1f
  sub x9, x9, x0, lsl #2
  br x9
.rept 128
  nop
.endr
1:
  ret
slide_end:
