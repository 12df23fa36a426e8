// SPDX-License-Identifier: MIT
// The least SBI, for a start without any (QEMU with -bios none): every hart enters the image in M-mode, 2 MiB below the
// address that it is linked for. The first one copies the image to where it belongs and enters it there in S-mode, as
// OpenSBI would; the others wait. What was entered stays here, out of reach for S-mode, and answers what the port asks:
// set_timer, send_ipi, remote_sfence_vma, hart_start (SBI 2.0, chapters 6 to 9). Every address is relative to pc.

#define HARTS 8
#define CLINT 0x2000000              // QEMU, hw/riscv/virt.c
#define CLINT_MTIMECMP CLINT + 0x4000
#define UART 0x10000000
#define UART_LINE_STATUS 5
#define TEST_DEVICE 0x100000
#define TEST_DEVICE_FAIL_1 0x13333

#define EXTENSION_TIMER 0x54494d45
#define EXTENSION_CALLS 0x735049
#define EXTENSION_HARTS 0x48534d
#define EXTENSION_FENCE 0x52464e43
#define REMOTE_SFENCE_VMA 1
#define NOT_SUPPORTED -2
#define INVALID_PARAMETER -3
#define ALREADY_AVAILABLE -6

#define MSTATUS_MPP 0b11 << 11
#define MSTATUS_MPP_S 0b01 << 11
#define SOFTWARE_OF_M 1 << 3         // bits of mie and mip
#define SOFTWARE_OF_S 1 << 1
#define TIMER_OF_S 1 << 5
#define TIMER_OF_M 1 << 7
#define INTERRUPTS_OF_S 0x222
#define EXCEPTIONS_OF_S 0xb1ff       // all that there are but those of M and the call from S to M
#define CALL_FROM_S 9

// A record for each hart; mscratch points at it.
#define RECORD_SHIFT 6
#define SAVED 0                      // three registers
#define STATE 24                     // one of the following
#define FENCE_WANTED 32
#define START 40
#define OPAQUE 48
#define CALL_WANTED 56
#define STOPPED 0
#define CLAIMED 1
#define STARTED 2

.section .text.monitor, "ax"
.globl monitor_start
monitor_start:
  csrw mie, zero
  csrr s0, mhartid
  li t0, HARTS
  bgeu s0, t0, park
  lla s1, records
  slli t0, s0, RECORD_SHIFT
  add s1, s1, t0
  csrw mscratch, s1
  lla t0, monitor_trap
  csrw mtvec, t0
  li t0, EXCEPTIONS_OF_S
  csrw medeleg, t0
  li t0, INTERRUPTS_OF_S
  csrw mideleg, t0
  csrwi mcounteren, 0b111
  // Everything is S-mode's but what lies from here to where the image belongs (Privileged 20211203, section 3.7.1).
  lla t0, _start
  ld s2, linked_start
  srli t1, t0, 2
  csrw pmpaddr0, t1
  srli t1, s2, 2
  csrw pmpaddr1, t1
  li t1, -1
  csrw pmpaddr2, t1
  li t1, 0x1f080f  // all below, nothing from there on to the second, all that there is
  csrw pmpcfg0, t1
  csrw satp, zero
  sfence.vma
  li t0, MSTATUS_MPP
  csrc mstatus, t0
  li t0, MSTATUS_MPP_S
  csrs mstatus, t0

  lla t0, first_hart_came
  li t1, 1
  amoswap.w.aqrl t1, t1, (t0)
  bnez t1, wait_for_start
  li t0, STARTED
  sd t0, STATE(s1)
  // From the end: an image of more than 2 MiB overlaps its copy.
  lla t0, _start
  lla t1, __load_end
  sub t2, t1, t0
  add t2, t2, s2
1:
  addi t1, t1, -8
  addi t2, t2, -8
  ld t3, 0(t1)
  sd t3, 0(t2)
  bltu t0, t1, 1b

enter_s_mode:  // at s2, with a1
  li t0, SOFTWARE_OF_M
  csrw mie, t0
  csrw mepc, s2
  mv a0, s0
  fence.i
  mret

wait_for_start:
  csrwi mie, SOFTWARE_OF_M
1:
  wfi
  ld t0, STATE(s1)
  li t1, STARTED
  bne t0, t1, 1b
  fence
  ld s2, START(s1)
  ld a1, OPAQUE(s1)
  j enter_s_mode

.balign 4
monitor_trap:
  csrrw t0, mscratch, t0
  sd t1, SAVED(t0)
  sd t2, SAVED + 8(t0)
  sd t3, SAVED + 16(t0)
  csrr t1, mcause
  bltz t1, interrupt
  li t2, CALL_FROM_S
  bne t1, t2, unexpected
  csrr t1, mepc
  addi t1, t1, 4
  csrw mepc, t1
  li t1, EXTENSION_TIMER
  beq a7, t1, set_timer
  li t1, EXTENSION_CALLS
  beq a7, t1, call_hart
  li t1, EXTENSION_HARTS
  beq a7, t1, start_hart
  li t1, EXTENSION_FENCE
  beq a7, t1, fence_hart
  j not_supported

// Interrupts of M come whenever S-mode runs: the timer's is handed on, the software's is another hart's request.
interrupt:
  slli t1, t1, 1
  srli t1, t1, 1
  addi t1, t1, -7
  bnez t1, obey
  li t1, TIMER_OF_M
  csrc mie, t1
  li t1, TIMER_OF_S
  csrs mip, t1
  j monitor_return

// The interrupt is taken back first: who wants something after it was looked for interrupts again. A fence that nobody
// wants is not reported as done: somebody may want one since.
obey:
  csrr t1, mhartid
  slli t1, t1, 2
  li t2, CLINT
  add t1, t1, t2
  sw zero, 0(t1)
  fence
  ld t1, FENCE_WANTED(t0)
  beqz t1, 1f
  sfence.vma
  fence
  sd zero, FENCE_WANTED(t0)
1:
  addi t1, t0, CALL_WANTED
  amoswap.d.aqrl t1, zero, (t1)
  beqz t1, monitor_return
  li t1, SOFTWARE_OF_S
  csrs mip, t1
  j monitor_return

set_timer:
  bnez a6, not_supported
  csrr t1, mhartid
  slli t1, t1, 3
  li t2, CLINT_MTIMECMP
  add t1, t1, t2
  sd a0, 0(t1)
  li t1, TIMER_OF_S
  csrc mip, t1
  li t1, TIMER_OF_M
  csrs mie, t1
  j success

// a0: 1, a1: a hart that has been started.
call_hart:
  bnez a6, not_supported
  li t1, 1
  bne a0, t1, invalid
  li t1, HARTS
  bgeu a1, t1, invalid
  lla t3, records
  slli t1, a1, RECORD_SHIFT
  add t3, t3, t1
  li t1, 1
  sd t1, CALL_WANTED(t3)
  mv t2, a1
  j interrupt_hart

// a0: the hart, a1: where it is to start, a2: what it gets in a1.
start_hart:
  bnez a6, not_supported
  li t1, HARTS
  bgeu a0, t1, invalid
  lla t2, records
  slli t1, a0, RECORD_SHIFT
  add t2, t2, t1
  addi t2, t2, STATE
1:
  lr.d.aqrl t1, (t2)
  bnez t1, already_available
  li t1, CLAIMED
  sc.d.aqrl t3, t1, (t2)
  bnez t3, 1b
  sd a1, START - STATE(t2)
  sd a2, OPAQUE - STATE(t2)
  fence
  li t1, STARTED
  sd t1, 0(t2)
  mv t2, a0

interrupt_hart:  // t2
  fence
  slli t2, t2, 2
  li t1, CLINT
  add t2, t2, t1
  li t1, 1
  sw t1, 0(t2)
  j success

// a0: 1, a1: a hart that has been started. The port asks for one at a time, and from one hart at a time.
fence_hart:
  li t1, REMOTE_SFENCE_VMA
  bne a6, t1, not_supported
  li t1, 1
  bne a0, t1, invalid
  li t1, HARTS
  bgeu a1, t1, invalid
  lla t3, records
  slli t1, a1, RECORD_SHIFT
  add t3, t3, t1
  li t1, 1
  sd t1, FENCE_WANTED(t3)
  fence
  slli t2, a1, 2
  li t1, CLINT
  add t2, t2, t1
  li t1, 1
  sw t1, 0(t2)
1:
  ld t1, FENCE_WANTED(t3)
  bnez t1, 1b
  fence
  j success

success:
  li a0, 0
  j answered
not_supported:
  li a0, NOT_SUPPORTED
  j answered
invalid:
  li a0, INVALID_PARAMETER
  j answered
already_available:
  li a0, ALREADY_AVAILABLE
answered:
  li a1, 0

monitor_return:
  ld t1, SAVED(t0)
  ld t2, SAVED + 8(t0)
  ld t3, SAVED + 16(t0)
  csrrw t0, mscratch, t0
  mret

// S-mode gets all of its own exceptions, so this is a defect of the monitor.
unexpected:
  lla t0, sentence
  li t1, UART
1:
  lbu t2, UART_LINE_STATUS(t1)
  andi t2, t2, 1 << 5
  beqz t2, 1b
  lbu t2, 0(t0)
  beqz t2, 2f
  sb t2, 0(t1)
  addi t0, t0, 1
  j 1b
2:
  li t0, TEST_DEVICE
  li t1, TEST_DEVICE_FAIL_1
  sw t1, 0(t0)
  j park

sentence:
  .asciz "riscv64: an exception in M-mode\n"
.balign 8
first_hart_came:
  .dword 0
.balign 64
records:
  .zero HARTS << RECORD_SHIFT
