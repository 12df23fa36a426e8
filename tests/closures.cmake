# SPDX-License-Identifier: MIT
# The closures in 64 bits; bits_32.cmake has those in 32. In ./test long the sanitizer for undefined behaviour looks on:
# by day its instructions take longer to compile than the closures to run, and it sees every engine in the other tests,
# as does that for addresses, which would take minutes. So the engines are compiled into them.
if(BAREHEAP_LONG)
  set(unwatched address)
else()
  set(unwatched all)
endif()
function(bareheap_add_closure name)
  set(engines ${PROJECT_SOURCE_DIR}/src/engines)
  bareheap_add_long_test(${name} ${ARGN} ${engines}/granule_heap.cpp ${engines}/hole_list.cpp ${engines}/page_heap.cpp
                         ${engines}/real_time_heap.cpp ${engines}/story_pages.cpp)
  target_compile_options(${name} PRIVATE -fno-sanitize=${unwatched})
  target_link_options(${name} PRIVATE -fno-sanitize=${unwatched})
endfunction()

bareheap_add_closure(closure_test laws/closure_test.cpp ${PROJECT_SOURCE_DIR}/ports/host/panic.cpp)
# It has a panic() of its own, from which there is a way back.
bareheap_add_closure(misuse_closure_test laws/misuse_closure_test.cpp)
# Here the sanitizer for addresses is half of the judge.
bareheap_add_long_test(flips_test laws/flips_test.cpp)
