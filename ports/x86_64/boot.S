// SPDX-License-Identifier: MIT
// From the first instruction to C++: 64-bit mode, a stack, an empty .bss, SSE, and the number of the CPU behind %gs.
//
// The first CPU is entered at _start by a loader that follows the PVH boot protocol (Xen, "x86/HVM direct boot ABI"):
// 32-bit protected mode with flat segments, paging and interrupts off, %ebx the address of the start information. The
// further CPUs are entered at the trampoline, in real mode, by a startup message of the first (Intel SDM volume 3,
// "MP Initialization Protocol Algorithm").

#define PAINT 0xa5a5a5a5      // boot_stack_used() looks for the same
#define COM1 0x3f8
#define EXIT_DEVICE 0xf4      // port.cpp has the same two
#define EXIT_FAILURE 0x11

// Control registers, Intel SDM volume 3, section 2.5.
#define CR0_STATE 0x80010033  // paging, write protection in ring 0, x87 errors, MP, protected mode; caches on
#define CR4_STATE 0x620       // physical address extension, FXSAVE and SSE, SSE errors as exceptions
#define EFER 0xc0000080       // Intel SDM volume 4: bit 8 long mode, bit 11 no-execute
#define EFER_BITS 0x900
#define GS_BASE 0xc0000101

#define TRAMPOLINE 0x8000     // machine.hpp has the same

// cpus.cpp, Order.
#define ORDER_TABLES 4
#define ORDER_STATE 8
#define ORDER_STACK_END 16
#define ORDER_HAS_COME 0xfffffffe

#define CODE_64 0x08          // selectors, here and in descriptors.cpp
#define DATA 0x10
#define CODE_32 0x18

// PVH boot protocol: the note of type 18 (XEN_ELFNOTE_PHYS32_ENTRY) holds the address of the entry.
.section .note.Xen, "a", @note
  .balign 4
  .long 4, 8, 18
  .asciz "Xen"
  .quad _start

.section .text.boot, "ax"
.code32
.globl _start
_start:
  cli
  cld
  // Up to the end's address, not by a count: a count in the wrong unit clears the heap as well (the story's defect).
  mov $__bss_start, %edi
  mov $__bss_end, %ecx
  sub %edi, %ecx
  shr $2, %ecx
  xor %eax, %eax
  rep stosl
  mov $__boot_stack_start, %edi
  mov $__boot_stack_end, %ecx
  sub %edi, %ecx
  shr $2, %ecx
  mov $PAINT, %eax
  rep stosl

  // CPUID leaf 0x80000001: EDX bit 29 is 64-bit mode, bit 20 no-execute (Intel SDM volume 2, CPUID).
  mov %ebx, %ebp
  mov $0x80000000, %eax
  cpuid
  cmp $0x80000001, %eax
  jb too_old
  mov $0x80000001, %eax
  cpuid
  and $(1 << 29 | 1 << 20), %edx
  cmp $(1 << 29 | 1 << 20), %edx
  jne too_old
  mov %ebp, %ebx

  // The first 4 GiB, each address its own, until turn_on_paging() has built what shall stay: 4 directories of 512 pages
  // of 2 MiB (0x83: present, writable, large page; 0x3: the same for a table).
  movl $(early_pointers + 0x3), early_tables
  mov $(early_directories + 0x3), %eax
  mov $early_pointers, %edi
  mov $4, %ecx
1:
  mov %eax, (%edi)
  add $4096, %eax
  add $8, %edi
  loop 1b
  mov $0x83, %eax
  mov $early_directories, %edi
  mov $(4 * 512), %ecx
2:
  mov %eax, (%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 2b

  mov $early_tables, %edi
  mov $first_cpu, %esi

// With the tables in %edi, to 64-bit code at %esi. Nothing on a stack, so that all CPUs can come here.
enter_long_mode:
  lgdt boot_gdt_pointer
  mov $CR4_STATE, %eax
  mov %eax, %cr4
  mov %edi, %cr3
  mov $EFER, %ecx
  rdmsr
  or $EFER_BITS, %eax
  wrmsr
  mov $CR0_STATE, %eax
  mov %eax, %cr0
  ljmp $CODE_64, $in_long_mode

too_old:
  mov $too_old_sentence, %esi
3:
  mov $(COM1 + 5), %dx
  inb %dx, %al
  test $0x20, %al  // the transmitter has room
  jz 3b
  lodsb
  test %al, %al
  jz 4f
  mov $COM1, %dx
  outb %al, %dx
  jmp 3b
4:
  mov $EXIT_FAILURE, %eax
  outl %eax, $EXIT_DEVICE
5:
  hlt
  jmp 5b

// Where a further CPU comes from the trampoline, still without paging.
further_cpu_in_32_bits:
  mov $DATA, %eax
  mov %eax, %ds
  mov x86_64_order + ORDER_TABLES, %edi
  mov $further_cpu, %esi
  jmp enter_long_mode

.code64
in_long_mode:
  mov $DATA, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  fninit
  ldmxcsr initial_mxcsr
  mov %esi, %esi  // the upper half holds anything
  jmp *%rsi

first_cpu:
  mov $__boot_stack_end, %rsp
  mov $x86_64_cpus, %eax
  xor %edx, %edx
  mov $GS_BASE, %ecx
  wrmsr
  xor %ebp, %ebp
  mov %ebx, %edi
  call x86_64_start
  ud2

// Goes on only if it is the one that is called: the order may have been taken back, and then nothing in it is for this
// CPU. Its number is in EBX bits 31 to 24 (Intel SDM volume 2, CPUID, leaf 1).
further_cpu:
  mov $1, %eax
  cpuid
  shr $24, %ebx
  mov %ebx, %eax
  mov $ORDER_HAS_COME, %ecx
  lock cmpxchg %ecx, x86_64_order
  je 2f
1:
  cli
  hlt
  jmp 1b
2:
  mov x86_64_order + ORDER_STACK_END, %rsp
  mov x86_64_order + ORDER_STATE, %eax
  xor %edx, %edx
  mov $GS_BASE, %ecx
  wrmsr
  xor %ebp, %ebp
  mov %gs:0, %edi
  call x86_64_cpu_arrived
  ud2

// Copied to TRAMPOLINE, where a further CPU starts it in real mode with IP 0.
.code16
.globl trampoline_start
trampoline_start:
  cli
  cld
  xor %ax, %ax
  mov %ax, %ds
  lgdtl TRAMPOLINE + (trampoline_gdt_pointer - trampoline_start)
  mov $1, %eax  // protected mode, and caches on
  mov %eax, %cr0
  ljmpl $CODE_32, $further_cpu_in_32_bits
.balign 4
trampoline_gdt_pointer:
  .word boot_gdt_pointer - boot_gdt - 1
  .long boot_gdt
.globl trampoline_end
trampoline_end:

.section .rodata.boot, "a"
too_old_sentence:
  .asciz "x86_64: this processor has no 64-bit mode or cannot keep data from being executed\n"

.balign 4
// All exceptions masked, round to nearest (Intel SDM volume 1, section 10.2.3).
.globl initial_mxcsr
initial_mxcsr:
  .long 0x1f80

// Flat segments, only for the way to C++: descriptors.cpp has those that stay.
.balign 8
boot_gdt:
  .quad 0
  .quad 0x00af9b000000ffff  // CODE_64
  .quad 0x00cf93000000ffff  // DATA
  .quad 0x00cf9b000000ffff  // CODE_32
boot_gdt_pointer:
  .word boot_gdt_pointer - boot_gdt - 1
  .long boot_gdt

.section .bss.early_tables, "aw", @nobits
.balign 4096
early_tables:
  .skip 4096
early_pointers:
  .skip 4096
early_directories:
  .skip 4 * 4096
