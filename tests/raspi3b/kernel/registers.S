// SPDX-License-Identifier: MIT
// void hold_registers(Registers* registers, std::uint64_t loops): loads x0 to x29, q0 to q31, the flags, FPCR and FPSR
// from `wanted`, lets time go by with all of them as they are, and stores them to `found`. x30 counts, so it is tested
// by its coming to an end.

#define CONTROL 256   // flags, FPCR, FPSR
#define VECTORS 288
#define FOUND 800

.text
.globl hold_registers
hold_registers:
  stp x29, x30, [sp, #-176]!
  stp x0, x1, [sp, #16]
  stp x19, x20, [sp, #32]
  stp x21, x22, [sp, #48]
  stp x23, x24, [sp, #64]
  stp x25, x26, [sp, #80]
  stp x27, x28, [sp, #96]
  stp d8, d9, [sp, #112]
  stp d10, d11, [sp, #128]
  stp d12, d13, [sp, #144]
  stp d14, d15, [sp, #160]

  mov x30, x0
  ldp x1, x2, [x30, #CONTROL]
  ldr x3, [x30, #CONTROL + 16]
  msr nzcv, x1
  msr fpcr, x2
  msr fpsr, x3
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ldr q\n, [x30, #VECTORS + 16 * \n]
.endr
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
  ldr x\n, [x30, #8 * \n]
.endr
  ldr x30, [sp, #24]
1:
  sub x30, x30, #1  // sets no flags
  cbnz x30, 1b

  ldr x30, [sp, #16]
  add x30, x30, #FOUND
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
  str x\n, [x30, #8 * \n]
.endr
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  str q\n, [x30, #VECTORS + 16 * \n]
.endr
  mrs x1, nzcv
  mrs x2, fpcr
  mrs x3, fpsr
  stp x1, x2, [x30, #CONTROL]
  str x3, [x30, #CONTROL + 16]
  msr fpcr, xzr

  ldp x19, x20, [sp, #32]
  ldp x21, x22, [sp, #48]
  ldp x23, x24, [sp, #64]
  ldp x25, x26, [sp, #80]
  ldp x27, x28, [sp, #96]
  ldp d8, d9, [sp, #112]
  ldp d10, d11, [sp, #128]
  ldp d12, d13, [sp, #144]
  ldp d14, d15, [sp, #160]
  ldp x29, x30, [sp], #176
  ret

// void wait_on_stack(std::byte* sp): waits for an interrupt with the stack pointer there. Does not come back.
.globl wait_on_stack
wait_on_stack:
  mov sp, x0
  msr daifclr, #0b0010
2:
  wfi
  b 2b
