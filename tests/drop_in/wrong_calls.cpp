// SPDX-License-Identifier: MIT
// Wrong calls whose sentence must name this program as the caller:
//
//     wrong_calls          the names of all
//     wrong_calls NAME     says from where to where its code lies, and does that one
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

extern "C" const char __executable_start;
extern "C" const char etext;

namespace {

constexpr std::size_t huge = std::size_t{64} << 20;  // a mapping of its own

// The compiler is not to know which address a wrong call is about.
void* hidden(void* at) {
  asm volatile("" : "+r"(at));
  return at;
}

void* on_stack() {
  alignas(16) char bytes[64];
  return hidden(bytes);
}

void* freed(std::size_t size) {
  void* const at = std::malloc(size);
  std::free(at);
  return hidden(at);
}

constexpr struct {
  std::string_view name;
  void (*play)();
} wrong_calls[] = {
    {"free_twice", [] { std::free(freed(100)); }},
    {"free_huge_twice", [] { std::free(freed(huge)); }},
    {"free_on_stack", [] { std::free(on_stack()); }},
    {"free_wild", [] { std::free(hidden(reinterpret_cast<void*>(0x1234560))); }},
    {"free_inside", [] { std::free(static_cast<char*>(hidden(std::malloc(3000))) + 16); }},
    {"realloc_freed", [] { hidden(std::realloc(freed(200), 400)); }},
    {"realloc_freed_large", [] { hidden(std::realloc(freed(200'000), 400)); }},
    {"realloc_on_stack", [] { hidden(std::realloc(on_stack(), 400)); }},
    {"realloc_to_nothing", [] { hidden(std::realloc(on_stack(), 0)); }},
    {"reallocarray_on_stack", [] { hidden(::reallocarray(on_stack(), 4, 100)); }},
    {"size_freed", [] { static_cast<void>(::malloc_usable_size(freed(200'000))); }},
    {"size_on_stack", [] { static_cast<void>(::malloc_usable_size(on_stack())); }},
    {"delete_on_stack", [] { ::operator delete(on_stack()); }},
    {"delete_sized_on_stack", [] { ::operator delete(on_stack(), 64); }},
    {"delete_sized_wrongly", [] { ::operator delete(hidden(::operator new(200)), 16); }},
    {"delete_huge_wrongly", [] { ::operator delete(hidden(::operator new(huge)), 2 * huge); }},
    {"delete_array_on_stack", [] { ::operator delete[](on_stack()); }},
};

}  // namespace

int main(int count, char** arguments) {
  for (const auto& [name, play] : wrong_calls) {
    if (count == 1) std::puts(name.data());
    if (count != 2 || name != arguments[1]) continue;
    std::printf("%p %p\n", static_cast<const void*>(&__executable_start), static_cast<const void*>(&etext));
    std::fflush(stdout);
    play();
  }
  return 0;
}
