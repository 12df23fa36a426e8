# SPDX-License-Identifier: MIT
# The bench kernels in short: exact, and the same twice.
foreach(board IN ITEMS raspi3b:${BAREHEAP_BOARD_AARCH64} x86_64:${BAREHEAP_BOARD_X86_64}
                       riscv64:${BAREHEAP_BOARD_RISCV64})
  string(REGEX MATCH "^([^:]+):(.*)$" board ${board})
  add_test(NAME board.${CMAKE_MATCH_1}.Bench
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/bench_test.py ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} -v)
endforeach()
