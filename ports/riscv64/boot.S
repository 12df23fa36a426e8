// SPDX-License-Identifier: MIT
// From the first instruction to C++: one hart, in S-mode, with a stack, an empty .bss, floating point, stvec.
//
// Entered in S-mode at the address that the image is linked for, by an SBI (a0: this hart, a1: the device tree, MMU and
// interrupts off, the other harts wait in the SBI; SBI 2.0, chapter 9). Or in M-mode at another address by every hart
// at once (QEMU with -bios none): monitor.S becomes the SBI, and comes back in the first way.

#define PAINT 0xa5a5a5a5a5a5a5a5   // boot_stack_used() looks for the same
#define SSTATUS_SIE 1 << 1         // interrupts come
#define SOFTWARE_INTERRUPT 1 << 1  // of sie and sip: calls
#define SSTATUS_FS_INITIAL 1 << 13 // floating point does not trap

// Of Cpu, in cpu.hpp.
#define CPU_STATE 4
#define CPU_STACK_END 8
#define CPU_EXCEPTION_STACK_END 16
#define CPU_SATP 24
#define CPU_IS_STARTING 1
#define CPU_RUNS 2

.section .text.boot, "ax"
.globl _start
_start:
  lla t0, _start
  ld t1, linked_start
  bne t0, t1, monitor_start

  mv s0, a0
  mv s1, a1
  csrw sie, zero
  csrci sip, SOFTWARE_INTERRUPT
  csrw satp, zero
  // Up to the end's address, not by a count: a count in the wrong unit clears the heap as well (the story's defect).
  // The linker script holds both ends, and those of the stack, to 16 bytes.
  lla t0, __bss_start
  lla t1, __bss_end
  j 2f
1:
  sd zero, 0(t0)
  addi t0, t0, 8
2:
  bltu t0, t1, 1b

  lla t0, __boot_stack_start
  lla sp, __boot_stack_end
  li t1, PAINT
3:
  sd t1, 0(t0)
  addi t0, t0, 8
  bltu t0, sp, 3b

  lla tp, riscv64_cpus  // the first of them is this one
  lla t0, __exception_stacks_start + 4096
  sd t0, CPU_EXCEPTION_STACK_END(tp)
  call set_up_traps
  mv a0, s0
  mv a1, s1
  mv ra, zero
  tail riscv64_start

.balign 8
.globl linked_start
linked_start:
  .dword _start

// Where a further hart comes from the SBI, as the first one did. a1 is its Cpu. It may be late: whoever called it has
// taken back the stack then, and CPU_STATE is no longer CPU_IS_STARTING.
.globl riscv64_cpu_start
riscv64_cpu_start:
  csrw sie, zero
  csrci sip, SOFTWARE_INTERRUPT  // before it says that it runs: from then on it may be called
  mv tp, a1
  addi t0, tp, CPU_STATE
  li t1, CPU_IS_STARTING
  li t2, CPU_RUNS
1:
  lr.w.aqrl t3, (t0)
  bne t3, t1, park
  sc.w.aqrl t3, t2, (t0)
  bnez t3, 1b
  ld sp, CPU_STACK_END(tp)
  call set_up_traps
  ld t0, CPU_SATP(tp)
  csrw satp, t0
  sfence.vma
  mv ra, zero
  tail riscv64_cpu_main

.globl park
park:
  wfi
  j park

// Changes t0 only.
set_up_traps:
  ld t0, CPU_EXCEPTION_STACK_END(tp)
  csrw sscratch, t0
  lla t0, trap_entry
  csrw stvec, t0
  li t0, SSTATUS_SIE
  csrc sstatus, t0
  csrwi sie, SOFTWARE_INTERRUPT
  li t0, SSTATUS_FS_INITIAL
  csrs sstatus, t0
  fscsr zero
  ret
