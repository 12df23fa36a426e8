// SPDX-License-Identifier: MIT
// Starts a raw kernel image at EL1, as a hypervisor or a boot loader would. QEMU has no option for that, so this is
// loaded beside the image and started on core 0 at EL3:
//
//   clang-19 --target=aarch64-none-elf -mcpu=cortex-a53 -c el1_stub.S -o el1_stub.o
//   ld.lld-19 -Ttext=0x10000 el1_stub.o -o el1_stub.elf
//   qemu-system-aarch64 -M raspi3b -display none -serial stdio -semihosting
//     -device loader,file=kernel.img,addr=0x80000,force-raw=on -device loader,file=el1_stub.elf,cpu-num=0
//
// There must be no other -kernel, and the stub must lie outside page 0 and below the image. With -kernel el1_stub.elf
// in place of the last -device, as boot_test.py has it, all four cores come through here at once.
.text
.globl _start
_start:
  mov x0, #0x5b1  // SCR_EL3: EL2 and EL1 are 64-bit and non-secure
  msr scr_el3, x0
  msr cptr_el3, xzr
  mov x0, #1 << 31  // HCR_EL2: EL1 is 64-bit
  msr hcr_el2, x0
  mov x0, #0x33ff  // CPTR_EL2: no traps
  msr cptr_el2, x0
  mrs x0, midr_el1
  msr vpidr_el2, x0
  mrs x0, mpidr_el1
  msr vmpidr_el2, x0
  mov x0, #0x3c5  // SPSR_EL3: EL1 with its own stack pointer, all interrupts masked
  msr spsr_el3, x0
  mov x0, #0x80000
  msr elr_el3, x0
  mov x0, xzr
  eret
