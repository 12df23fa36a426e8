// SPDX-License-Identifier: MIT
// machine.hpp for RV64GC. The rounding modes of frm (RISC-V unprivileged ISA, 11.2): 1 to zero, 2 down.

.section .text.hold_registers, "ax"
.global hold_registers
hold_registers:
  addi sp, sp, -96
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11
  fsd fs\number, \number * 8(sp)
.endr
  frrm t0
  li t1, 1
  fsrm t1
  frrm t1
  sd t1, 512(a1)
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fld f\number, \number * 8(a0)
.endr
  lw t1, 0(a2)
1:
  lw t2, 0(a2)
  bne t2, t1, 2f
  addi a3, a3, -1
  bnez a3, 1b
2:
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fsd f\number, \number * 8(a1)
.endr
  frrm t1
  sd t1, 520(a1)
  fsrm t0
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11
  fld fs\number, \number * 8(sp)
.endr
  addi sp, sp, 96
  li a0, 32
  ret

.section .text.destroy_registers, "ax"
.global destroy_registers
destroy_registers:
  li t0, -1
.irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fmv.d.x f\number, t0
.endr
  li t0, 2
  fsrm t0
  ret

.section .text.slide, "ax"
.global slide, slide_end
.option push
.option norvc
slide:
  lla t0, 1f
  slli t1, a0, 2
  sub t0, t0, t1
  jr t0
.rept 128
  nop
.endr
1:
  ret
slide_end:
.option pop
