# SPDX-License-Identifier: MIT
# The laws, the wrappers and the misuse once more for 32 bits (-m32). Debian has no test frame for 32 bits, but its
# source.
find_file(GTEST_ALL gtest-all.cc PATHS /usr/src/googletest/googletest/src REQUIRED)
cmake_path(GET GTEST_ALL PARENT_PATH gtest_folder)
cmake_path(GET gtest_folder PARENT_PATH gtest_folder)
file(GLOB library_sources ${PROJECT_SOURCE_DIR}/src/engines/*.cpp)

# The headers of this machine come last: g++-12-multilib has none of its own for <asm/errno.h>, and they serve both.
add_library(bits_32 INTERFACE)
target_compile_options(bits_32 INTERFACE -m32 "SHELL:-idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
target_link_options(bits_32 INTERFACE -m32)

add_library(gtest_32 STATIC ${GTEST_ALL} ${gtest_folder}/src/gtest_main.cc)
target_include_directories(gtest_32 PRIVATE ${gtest_folder})
target_link_libraries(gtest_32 PUBLIC bits_32)
target_compile_options(gtest_32 PRIVATE -O0)

add_library(bareheap_32 STATIC ${library_sources} ${PROJECT_SOURCE_DIR}/ports/host/panic.cpp)
target_include_directories(bareheap_32 PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(bareheap_32 PUBLIC bits_32 PRIVATE bareheap_strict)
target_compile_options(bareheap_32 PRIVATE -O1)

add_library(bareheap_test_headers_32 OBJECT ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp)
target_link_libraries(bareheap_test_headers_32 PRIVATE bits_32)
target_compile_options(bareheap_test_headers_32 PRIVATE -O0)
target_precompile_headers(bareheap_test_headers_32 PRIVATE <gtest/gtest.h>)

# As bareheap_add_test() and bareheap_add_long_test().
function(bareheap_add_test_32 name)
  bareheap_add_long_test_32(${name} ${ARGN})
  target_compile_options(${name} PRIVATE -O0)
  if(NOT "${ARGN}" MATCHES "[.]c(;|$)")
    target_precompile_headers(${name} REUSE_FROM bareheap_test_headers_32)
  endif()
endfunction()

function(bareheap_add_long_test_32 name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE bareheap_32 gtest_32 bareheap_strict)
  target_compile_options(${name} PRIVATE -O1)
  gtest_discover_tests(${name} TEST_SUFFIX .32_bits DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()

if(BAREHEAP_LONG)  # `./test long`: compiling them takes minutes
  bareheap_add_long_test_32(closure_test_32 laws/closure_test.cpp)
  bareheap_add_long_test_32(misuse_closure_test_32 laws/misuse_closure_test.cpp)
  bareheap_add_long_test_32(regions_test_32 laws/regions_test.cpp)
  bareheap_add_long_test_32(stacks_test_32 wrappers/stacks_test.cpp)
  target_compile_definitions(stacks_test_32 PRIVATE BAREHEAP_STACKS=AllStacks)
endif()
# Those of Headered and Locked count in words of 64 bits.
bareheap_add_test_32(wrappers_test_32 wrappers/checked_test.cpp wrappers/counted_test.cpp wrappers/fallback_test.cpp)
bareheap_add_test_32(granule_heaps_test_32 ${granule_heaps_tests})

add_executable(laws_plain_32 laws/plain_main.cpp)
target_link_libraries(laws_plain_32 PRIVATE bareheap_32 bareheap_strict)
target_compile_options(laws_plain_32 PRIVATE -O1)
target_compile_definitions(laws_plain_32 PRIVATE BAREHEAP_STACKS=$<IF:$<BOOL:${BAREHEAP_LONG}>,AllStacks,FewStacks>)
add_test(NAME Laws.plain.32_bits COMMAND laws_plain_32)
