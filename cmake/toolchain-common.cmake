# SPDX-License-Identifier: MIT
# The one cross compiler of all ports: clang-19 with lld, libc++ 19's headers as src/runtime/include/__config_site
# configures them, and picolibc's C headers. The file of a machine (toolchain-aarch64.cmake and so on) sets
# BAREHEAP_TARGET (the triple), BAREHEAP_MACHINE_FLAGS and BAREHEAP_PICOLIBC (the folder whose C headers serve) and
# includes this one.
#
# Kernels are linked by ld.lld itself: for x86_64-none-elf clang would call the host's g++ to link. So options of the
# linker are written bare (-T script.ld), without -Wl and without CMake's LINKER: prefix, which are for clang.

# CMake runs this file again in every try_compile, where the cache of the project is not seen.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BAREHEAP_LIBCXX BAREHEAP_PICOLIBC_INCLUDE)

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# Finds a program of the toolchain, or stops with the name of the Debian package that has it.
function(bareheap_find_tool variable program package)
  find_program(${variable} ${program})
  if(NOT ${variable})
    message(FATAL_ERROR "The kernels are built with ${program}, which is not here: apt-get install ${package}")
  endif()
endfunction()

# Finds the folder that holds a header, or stops with the name of the Debian package that has it.
function(bareheap_find_headers variable header folder package)
  find_path(${variable} ${header} PATHS ${folder} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  if(NOT ${variable})
    message(FATAL_ERROR "The kernels need ${folder}/${header}, which is not here: apt-get install ${package}")
  endif()
endfunction()

bareheap_find_tool(BAREHEAP_CLANG clang-19 clang-19)
bareheap_find_tool(BAREHEAP_CLANGXX clang++-19 clang-19)
bareheap_find_tool(BAREHEAP_LLD ld.lld-19 lld-19)
foreach(tool ar ranlib nm objcopy objdump strip size readelf)
  string(TOUPPER ${tool} upper)
  bareheap_find_tool(BAREHEAP_LLVM_${upper} llvm-${tool}-19 llvm-19)
  set(CMAKE_${upper} ${BAREHEAP_LLVM_${upper}} CACHE FILEPATH "From the cross toolchain" FORCE)
endforeach()
set(CMAKE_LINKER ${BAREHEAP_LLD} CACHE FILEPATH "From the cross toolchain" FORCE)

bareheap_find_headers(BAREHEAP_LIBCXX __config /usr/lib/llvm-19/include/c++/v1 libc++-19-dev)
bareheap_find_headers(BAREHEAP_PICOLIBC_INCLUDE stdlib.h /usr/lib/picolibc/${BAREHEAP_PICOLIBC}/include
                      picolibc-${BAREHEAP_PICOLIBC})

# The names in __config_site belong to one release of libc++ and change with the next.
file(STRINGS ${BAREHEAP_LIBCXX}/__config bareheap_libcxx_version REGEX "define _LIBCPP_VERSION ")
if(NOT bareheap_libcxx_version MATCHES "_LIBCPP_VERSION 19[0-9][0-9][0-9][0-9]")
  string(REGEX REPLACE ".*define " "" bareheap_libcxx_version "${bareheap_libcxx_version}")
  message(FATAL_ERROR "src/runtime/include/__config_site is written for libc++ 19, but ${BAREHEAP_LIBCXX} "
                      "says \"${bareheap_libcxx_version}\": install libc++-19-dev or bring __config_site up to date")
endif()

foreach(language C CXX ASM)
  set(CMAKE_${language}_COMPILER_TARGET ${BAREHEAP_TARGET})
  # -nostdlibinc: for x86_64-none-elf clang would look into the host's /usr/include.
  set(CMAKE_${language}_FLAGS_INIT
      "${BAREHEAP_MACHINE_FLAGS} -ffreestanding -nostdlibinc -fno-pic -ffunction-sections -fdata-sections \
-fno-unwind-tables -fno-asynchronous-unwind-tables -fno-stack-protector -isystem ${BAREHEAP_PICOLIBC_INCLUDE}")
  set(CMAKE_${language}_FLAGS_MINSIZEREL_INIT "-g")
  set(CMAKE_${language}_LINK_EXECUTABLE
      "<CMAKE_LINKER> <CMAKE_${language}_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
endforeach()
set(CMAKE_C_COMPILER ${BAREHEAP_CLANG})
set(CMAKE_ASM_COMPILER ${BAREHEAP_CLANG})
set(CMAKE_CXX_COMPILER ${BAREHEAP_CLANGXX})

# Order matters: our __config_site stands before libc++'s own, and libc++'s C headers before those of picolibc that they
# wrap.
get_filename_component(bareheap_runtime_include ${CMAKE_CURRENT_LIST_DIR}/../src/runtime/include ABSOLUTE)
string(PREPEND CMAKE_CXX_FLAGS_INIT
       "-fno-exceptions -fno-rtti -nostdinc++ -isystem ${bareheap_runtime_include} -isystem ${BAREHEAP_LIBCXX} ")

set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-nostdlib -static --no-undefined --orphan-handling=error --gc-sections --build-id=none -z max-page-size=4096")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE MinSizeRel CACHE STRING "How the kernels are built")
endif()

set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
