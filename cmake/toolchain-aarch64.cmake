# SPDX-License-Identifier: MIT
# Raspberry Pi 3 and QEMU's virt: Cortex-A53.
#
# -mstrict-align: before the MMU is on, all memory behaves as Device memory, where an unaligned access faults.
# -mfix-cortex-a53-835769: a multiply-accumulate after a memory access may be wrong on this processor (Arm "Cortex-A53
# MPCore Software Developers Errata Notice"); the compiler keeps the two apart. Erratum 843419 is the linker's:
# ports/raspi3b.
# -mno-outline-atomics: the helpers __aarch64_* would have to ask the kernel which atomics the processor has.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(BAREHEAP_TARGET aarch64-none-elf)
set(BAREHEAP_MACHINE_FLAGS "-mcpu=cortex-a53 -mstrict-align -mno-outline-atomics -mfix-cortex-a53-835769")
set(BAREHEAP_PICOLIBC aarch64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain-common.cmake)
