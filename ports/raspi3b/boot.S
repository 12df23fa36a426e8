// SPDX-License-Identifier: MIT
// From the first instruction to C++: one core, at EL1, with a stack, an empty .bss, floating point, exception vectors.
//
// Entered at EL2 by the firmware of a board and by QEMU with a raw image (core 0 only, the others wait in page 0, which
// is the firmware's); at EL3 by QEMU with an ELF file (all four cores at once); at EL1 by a boot loader or hypervisor.
// MMU and caches are off. x0 is the address of the device tree, where there is one.

#define SCTLR_EL1_OFF 0x30d00800  // the bits that are always 1, all else off (Arm ARM, DDI 0487, SCTLR_EL1)
#define SCTLR_EL2_OFF 0x30c50830  // the same for SCTLR_EL2
#define PAINT 0xa5                // a byte of it; boot_stack_used() looks for the same

.section .text.boot, "ax"
.globl _start
_start:
  msr daifset, #0b1111
  // The other cores wait for ever, and without touching memory: the image may be in use already, and page 0 is the
  // firmware's. Affinity level 0 is the core (Cortex-A53 TRM, DDI 0500, MPIDR_EL1).
  mrs x1, mpidr_el1
  tst x1, #0b11
  b.eq first_core
park:
  wfe
  b park

first_core:
  mov x19, x0
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
