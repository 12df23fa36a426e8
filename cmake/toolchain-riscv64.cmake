# SPDX-License-Identifier: MIT
# QEMU's virt and the usual boards: RV64GC.
#
# -mcmodel=medany: kernels stand at 0x80000000 and above, out of reach of medlow's absolute addresses.
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(BAREHEAP_TARGET riscv64-none-elf)
set(BAREHEAP_MACHINE_FLAGS "-march=rv64imafdc_zicsr_zifencei -mabi=lp64d -mcmodel=medany")
set(BAREHEAP_PICOLIBC riscv64-unknown-elf)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain-common.cmake)
