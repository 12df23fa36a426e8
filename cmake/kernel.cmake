# SPDX-License-Identifier: MIT
# Ports and the kernels that are linked against them.

# Defines bareheap_port, the port that all kernels of this build are linked with: its own sources and those that every
# port shares. The linker script is kernel.ld in the port's folder; its include/board holds the headers that every port
# has under the same name.
function(bareheap_add_port name)
  set(common ${PROJECT_SOURCE_DIR}/ports/common)
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/kernel.ld)
  add_library(bareheap_port STATIC ${ARGN} ${common}/cpu_calls.cpp ${common}/report.cpp ${common}/sections.cpp
              ${common}/start.cpp)
  target_include_directories(bareheap_port PUBLIC ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(bareheap_port PUBLIC bareheap::bareheap PRIVATE bareheap_strict)
  target_link_options(bareheap_port INTERFACE -T ${script} -L ${common} -z norelro)
  set_property(TARGET bareheap_port APPEND PROPERTY INTERFACE_LINK_DEPENDS ${script} ${common}/unloaded_sections.ld)
  set_property(TARGET bareheap_port PROPERTY BAREHEAP_PORT_NAME ${name})
endfunction()

# A kernel of the given sources: the target `name` builds name.elf, with symbols, and name.img, the bare bytes that a
# board's firmware or QEMU's -kernel loads. What else it needs (bareheap::new …) is added by target_link_libraries.
function(bareheap_add_kernel name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES SUFFIX .elf)
  target_link_libraries(${name} PRIVATE bareheap_port bareheap_runtime bareheap::bareheap bareheap_strict)
  add_custom_command(TARGET ${name} POST_BUILD
                     COMMAND ${CMAKE_OBJCOPY} -O binary $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}>/${name}.img
                     BYPRODUCTS ${name}.img VERBATIM)
endfunction()
