// SPDX-License-Identifier: MIT
// Where the processor goes when it stops what it does: to one place, whatever the cause (stvec in its direct mode). Not
// to one for each: OpenSBI 1.1 takes illegal instructions itself and hands them on to stvec as it is, mode bits and all
// (seen in QEMU 7.2: sepc and mepc were odd, and the hart hung).

// Of Frame, in interrupts.cpp: 32 words for pc (where x0 would be) and x1 to x31, 32 for f0 to f31, then these.
#define FRAME_PC 0
#define FRAME_SSTATUS 512
#define FRAME_FCSR 520
#define FRAME_SIZE 528

#define SSTATUS_SIE 1 << 1
#define SSTATUS_SPIE_SHIFT 5
#define SSTATUS_SPP 1 << 8

#define SCAUSE_TIMER_SHIFTED 5 << 1  // interrupt 5, the interrupt bit shifted out
#define SCAUSE_CALL_SHIFTED 1 << 1   // interrupt 1, the software's

.option norelax  // what is aligned is so in the section, and not only when the linker has shortened it
.section .text.traps, "ax"
.balign 4
.globl trap_entry
trap_entry:
  csrrw sp, sscratch, sp  // the CPU's exception stack, for one register
  sd t0, -8(sp)
  csrr t0, scause
  bgez t0, exception
  slli t0, t0, 1
  addi t0, t0, -(SCAUSE_TIMER_SHIFTED)
  beqz t0, 1f
  addi t0, t0, (SCAUSE_TIMER_SHIFTED) - (SCAUSE_CALL_SHIFTED)
  bnez t0, exception
1:
  ld t0, -8(sp)
  csrrw sp, sscratch, sp
  j interrupt

// The end: nothing of the interrupted program is kept. On a stack of its own: the fault may be that the other one is
// full. A fault in here begins on it anew.
exception:
  csrw sscratch, sp
  mv ra, zero
  mv s0, zero
  csrr a0, scause
  csrr a1, stval
  csrr a2, sepc
  tail riscv64_exception

// x2 is the stack pointer itself. x4 (tp) belongs to the CPU and not to what runs there: a frame may go on elsewhere.
.macro each_register instruction
.irp number, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  \instruction x\number, 8 * \number(sp)
.endr
.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  f\instruction f\number, 256 + 8 * \number(sp)
.endr
.irp number, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  f\instruction f\number, 256 + 8 * \number(sp)
.endr
.endm

interrupt:
  addi sp, sp, -FRAME_SIZE
  each_register sd
  csrr t0, sepc
  csrr t1, sstatus
  frcsr t2
  sd t0, FRAME_PC(sp)
  sd t1, FRAME_SSTATUS(sp)
  sd t2, FRAME_FCSR(sp)
  mv a0, sp
  csrr a1, scause
  call riscv64_interrupt
  j go_on

// The same frame for who comes by itself: it goes on where it called, with interrupts as they are now.
.section .text.yield, "ax"
.globl riscv64_yield
riscv64_yield:
  addi sp, sp, -FRAME_SIZE
  each_register sd
  csrrci t1, sstatus, SSTATUS_SIE
  andi t0, t1, SSTATUS_SIE
  slli t0, t0, SSTATUS_SPIE_SHIFT - 1
  andi t1, t1, ~(SSTATUS_SIE | 1 << SSTATUS_SPIE_SHIFT)
  or t1, t1, t0
  ori t1, t1, SSTATUS_SPP
  frcsr t2
  sd ra, FRAME_PC(sp)
  sd t1, FRAME_SSTATUS(sp)
  sd t2, FRAME_FCSR(sp)
  mv a0, sp
  call riscv64_switch

go_on:
  mv sp, a0
  ld t0, FRAME_PC(sp)
  // Drops the reservation that whoever was interrupted may have: SRET does not, and after a switch the SC of another
  // would succeed on a value that has changed (Unprivileged ISA, "Load-Reserved/Store-Conditional"). FRAME_PC is 0.
  sc.d zero, t0, (sp)
  ld t1, FRAME_SSTATUS(sp)
  ld t2, FRAME_FCSR(sp)
  csrw sepc, t0
  csrw sstatus, t1
  fscsr t2
  each_register ld
  addi sp, sp, FRAME_SIZE
  sret
