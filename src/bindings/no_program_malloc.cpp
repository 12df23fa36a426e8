// SPDX-License-Identifier: MIT
//
// What a program is linked with that uses malloc but has no heap for it. This file lies in an archive, so it is taken
// only where nothing else defines malloc, and then it asks for the one symbol that bindings/malloc.hpp defines: the
// link fails, and the name says what is missing. It never runs.
#include <cstddef>

extern "C" {

extern const char bareheap_program_malloc;

void* malloc(std::size_t) { return const_cast<char*>(&bareheap_program_malloc); }
void* calloc(std::size_t, std::size_t) { return malloc(0); }
void* realloc(void*, std::size_t) { return malloc(0); }
void* reallocarray(void*, std::size_t, std::size_t) { return malloc(0); }
void* aligned_alloc(std::size_t, std::size_t) { return malloc(0); }
void* memalign(std::size_t, std::size_t) { return malloc(0); }
int posix_memalign(void**, std::size_t, std::size_t) { return malloc(0) != nullptr; }
void* valloc(std::size_t) { return malloc(0); }
void* pvalloc(std::size_t) { return malloc(0); }
std::size_t malloc_usable_size(void*) { return malloc(0) != nullptr; }
void free(void*) { malloc(0); }
void free_sized(void*, std::size_t) { malloc(0); }
void free_aligned_sized(void*, std::size_t, std::size_t) { malloc(0); }

}  // extern "C"
