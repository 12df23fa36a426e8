// SPDX-License-Identifier: MIT
// From the first instruction to C++: core 0 at EL1, with a stack, an empty .bss, floating point, exception vectors. The
// other cores wait until start_cpu() orders them (cpus.cpp) and come the same way.
//
// Entered at EL2 by the firmware of a board and by QEMU with a raw image (core 0 only, the others wait in page 0, which
// is the firmware's); at EL3 by QEMU with an ELF file (all four cores at once); at EL1 by a boot loader or hypervisor.
// MMU and caches are off. x0 is the address of the device tree, where there is one.

#define SCTLR_EL1_OFF 0x30d00800  // the bits that are always 1, all else off (Arm ARM, DDI 0487, SCTLR_EL1)
#define SCTLR_EL2_OFF 0x30c50830  // the same for SCTLR_EL2
#define PAINT 0xa5                // a byte of it; boot_stack_used() looks for the same
#define ORDER_MAIR 8    // struct Order in cpus.cpp, which checks these numbers
#define ORDER_TTBR 24

#include "stacks.inc"

.section .text.boot, "ax"
.globl _start
_start:
  msr daifset, #0b1111
  mov x19, x0
  mrs x1, mpidr_el1
  tst x1, #0b11
  b.eq down_to_el1

// Cores 1 to 3 wait here: those that QEMU or a boot loader sent to _start, and for a moment the one that cpus.cpp calls
// out of the firmware's loop. Of memory they only read the order, which lies in .data and so says "nobody" before
// anything of ours has run. Their caches are off, so they see what is in memory (cpus.cpp sees to that), and an event
// that comes between the look and the WFE is kept (Arm ARM, DDI 0487, "Wait For Event").
.globl raspi3b_wait_for_order
raspi3b_wait_for_order:
  msr daifset, #0b1111
  mrs x1, mpidr_el1
  and x1, x1, #0b11  // affinity level 0 is the core (Cortex-A53 TRM, DDI 0500, MPIDR_EL1)
  adrp x20, raspi3b_order
  add x20, x20, :lo12:raspi3b_order
1:
  ldr x2, [x20]
  cmp x1, x2
  b.eq 2f
  wfe
  b 1b
2:
  dmb sy  // the rest of the order was written before the number

down_to_el1:
  mrs x1, CurrentEL
  lsr x1, x1, #2
  cmp x1, #2
  b.eq at_el2
  b.lo at_el1

  // At EL3. SMPEN must be set before caches and TLB are used and can only be set here; a board's firmware has done so
  // (Cortex-A53 TRM, CPUECTLR_EL1).
  mrs x1, s3_1_c15_c2_1
  orr x1, x1, #1 << 6
  msr s3_1_c15_c2_1, x1
  mov x1, #0x5b1  // SCR_EL3: EL2 is 64-bit and non-secure, HVC allowed, SMC not, bits 4 and 5 always 1
  msr scr_el3, x1
  msr cptr_el3, xzr
  ldr x1, =SCTLR_EL2_OFF
  msr sctlr_el2, x1
  mov x1, #0x3c9  // SPSR_EL3: EL2 with its own stack pointer, all interrupts masked
  msr spsr_el3, x1
  adr x1, at_el2
  msr elr_el3, x1
  eret

  // At EL2. Nothing that EL1 does may trap to here, and most of these registers hold anything after reset (Arm ARM,
  // each register's description: "resets to an architecturally UNKNOWN value").
at_el2:
  mov x1, #1 << 31  // HCR_EL2: EL1 is 64-bit, no second translation stage, no traps
  msr hcr_el2, x1
  mrs x1, cnthctl_el2
  orr x1, x1, #0b11  // EL1 may use the counter and the physical timer
  msr cnthctl_el2, x1
  msr cntvoff_el2, xzr
  mov x1, #0x33ff  // CPTR_EL2: the bits that are always 1; floating point does not trap
  msr cptr_el2, x1
  msr hstr_el2, xzr
  mrs x1, midr_el1
  msr vpidr_el2, x1
  mrs x1, mpidr_el1
  msr vmpidr_el2, x1  // what EL1 reads as MPIDR_EL1
  ldr x1, =SCTLR_EL1_OFF
  msr sctlr_el1, x1
  mov x1, #0x3c5  // SPSR_EL2: EL1 with its own stack pointer, all interrupts masked
  msr spsr_el2, x1
  adr x1, at_el1
  msr elr_el2, x1
  eret

at_el1:
  msr spsel, #1
  ldr x1, =SCTLR_EL1_OFF
  msr sctlr_el1, x1
  mov x1, #0b11 << 20  // CPACR_EL1.FPEN: floating point and vector registers do not trap
  msr cpacr_el1, x1
  isb
  mrs x1, mpidr_el1
  tst x1, #0b11
  b.ne ordered_core

  // Up to the end's address, not by a count: a count in the wrong unit clears the heap as well (the story's defect).
  // The linker script holds both ends, and those of the stack, to 16 bytes.
  adrp x1, __bss_start
  add x1, x1, :lo12:__bss_start
  adrp x2, __bss_end
  add x2, x2, :lo12:__bss_end
  b 2f
1:
  stp xzr, xzr, [x1], #16
2:
  cmp x1, x2
  b.lo 1b

  adrp x1, __boot_stack_start
  add x1, x1, :lo12:__boot_stack_start
  adrp x2, __boot_stack_end
  add x2, x2, :lo12:__boot_stack_end
  ldr x3, =PAINT * 0x0101010101010101
3:
  stp x3, x3, [x1], #16
  cmp x1, x2
  b.lo 3b
  mov sp, x2

  adrp x1, exception_vectors
  add x1, x1, :lo12:exception_vectors
  msr vbar_el1, x1
  isb

  mov x29, xzr
  mov x30, xzr
  mov x0, x19
  b raspi3b_start

// A core that was ordered, at EL1 with MMU and caches off. It turns them on as they are on the core that ordered it
// before it writes anything: a write past the caches could be lost to a line that another core holds dirty. Its
// instruction cache and TLB may hold anything; its data cache was emptied by the reset and has been off since
// (Cortex-A53 TRM, DDI 0500, "Reset").
ordered_core:
  ldp x1, x2, [x20, #ORDER_MAIR]
  ldp x3, x4, [x20, #ORDER_TTBR]
  ic iallu
  tlbi vmalle1
  dsb sy
  isb
  msr mair_el1, x1
  msr tcr_el1, x2
  msr ttbr0_el1, x3
  isb
  msr sctlr_el1, x4
  isb
  adrp x1, exception_vectors
  add x1, x1, :lo12:exception_vectors
  msr vbar_el1, x1
  isb
  take_exception_stack x1, x2
  mov x29, xzr
  mov x30, xzr
  b raspi3b_cpu_arrived

// void raspi3b_run_cpu(std::uint32_t cpu, CpuEntry entry, std::byte* stack_end): leaves the exception stack for good.
.globl raspi3b_run_cpu
raspi3b_run_cpu:
  mov sp, x2
  adrp x30, _ZN8bareheap4port4haltEv
  add x30, x30, :lo12:_ZN8bareheap4port4haltEv
  br x1

// A whole cache line, so that nothing beside it is written to memory with it. 0: nobody is ordered.
.section .data.raspi3b_order, "aw"
.balign 64
.globl raspi3b_order
raspi3b_order:
  .skip 64
