# SPDX-License-Identifier: MIT
# Any x86-64 processor: QEMU's default one has neither SSE 4 nor POPCNT nor BMI.
#
# -mno-red-zone: an interrupt taken in the kernel pushes its frame right below the stack pointer.
# Debian has no picolibc for x86_64; the C headers for riscv64 serve, both being LP64 with the same basic types.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(BAREHEAP_TARGET x86_64-none-elf)
set(BAREHEAP_MACHINE_FLAGS "-march=x86-64 -mno-red-zone")
set(BAREHEAP_PICOLIBC riscv64-unknown-elf)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain-common.cmake)
