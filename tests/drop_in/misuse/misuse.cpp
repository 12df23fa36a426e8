// SPDX-License-Identifier: MIT
// Programs that use malloc or new wrongly, one at a time:
//
//     misuse           the names of all, those of a group behind its title
//     misuse NAME      does that one: says "over" behind the wrong call, then how it went on: harmless, harm or refused
//
// It knows no allocator. Whoever runs it sees whether it is stopped, and where.
#include "drop_in/misuse/wrong_frees.hpp"

#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <cstdint>
#include <new>

namespace bareheap::misuse {
namespace {

// --- another size, alignment or family

using Sized = void(void*, std::size_t);
using AlignedSized = void(void*, std::size_t, std::size_t);

template <class Function>
Function* found(const char* name) {
  void* const function = dlsym(RTLD_DEFAULT, name);
  if (function == nullptr) end("over\nabsent\n");
  return reinterpret_cast<Function*>(function);
}

void delete_sized(std::size_t asked, std::size_t said) { ::operator delete(::operator new(asked), hidden(said)); }
void delete_smaller() { delete_sized(200, 16); }
void delete_larger() { delete_sized(40, 200); }
void delete_much_larger() { delete_sized(40, 100'000); }
void delete_huge_as_small() { delete_sized(huge, 40); }

struct Base {
  std::size_t words[2];
};
struct Derived : Base {
  std::size_t more[30];
};
void delete_by_base() {
  Base* const object = hidden(static_cast<Base*>(new Derived{}));
  delete object;
}

void free_sized_wrongly() { found<Sized>("free_sized")(lent(200), 16); }
void free_aligned_sized_wrongly() {
  const auto function = found<AlignedSized>("free_aligned_sized");
  function(std::aligned_alloc(64, 256), 256, 256);
}
void delete_aligned_of_plain() { ::operator delete(::operator new(200), std::align_val_t{64}); }
void delete_aligned_otherwise() { ::operator delete(::operator new(200, std::align_val_t{64}), std::align_val_t{128}); }
void delete_plain_of_aligned() { ::operator delete(::operator new(200, std::align_val_t{64})); }
void array_by_delete() { ::operator delete(hidden(::operator new[](200))); }
void object_by_delete_array() { ::operator delete[](hidden(::operator new(200))); }
void object_by_free() { free_wrongly(::operator new(200)); }
void malloc_by_delete() { ::operator delete(hidden(lent(200))); }
void object_by_realloc() { scene.hold(static_cast<Bytes>(std::realloc(hidden(::operator new(200)), 300)), 300); }

// --- stray writes

void write_behind(std::size_t bytes, Bytes at, std::size_t size) { std::memset(hidden(at) + size, 0x41, bytes); }
void behind_by_1() { write_behind(1, scene.row[4], small); }
void behind_by_8() { write_behind(8, scene.row[4], small); }
void behind_by_64() { write_behind(64, scene.row[4], small); }
void behind_large() { write_behind(1, scene.hold(lent(100'000), 100'000), 100'000); }
void behind_huge() { write_behind(1, scene.hold(lent(huge - 100), huge - 100), huge - 100); }
void behind_nothing() { write_behind(1, scene.hold(lent(0), 0), 0); }

void behind_into_free() {
  scene.free_one(scene.row[5]);
  write_behind(24, scene.row[4], small);
}

void before(std::size_t bytes, Bytes at) { std::memset(hidden(at) - bytes, 0x41, bytes); }
void before_by_1() { before(1, scene.row[4]); }
void before_by_8() { before(8, scene.row[4]); }
void before_by_64() { before(64, scene.row[4]); }

void write_freed(std::size_t size, std::size_t offset, std::size_t bytes) {
  std::memset(freed(size) + offset, 0x41, bytes);
}
void freed_first_word() { write_freed(small, 0, 8); }
void freed_second_word() { write_freed(small, 8, 8); }
void freed_last_byte() { write_freed(small, small - 1, 1); }
void freed_whole() { write_freed(small, 0, small); }
void freed_2000() { write_freed(2000, 0, 2000); }
void freed_100000() { write_freed(100'000, 0, 64); }

// The word of a free list, as most have it: the next block's address.
void freed_names(std::size_t word, Bytes victim) {
  scene.free_one(scene.row[6]);
  const Bytes at = scene.row[4];
  scene.free_one(at);
  std::memcpy(hidden(at) + word, &victim, sizeof victim);
}
void link_names_lent() { freed_names(0, scene.row[2]); }
void link_names_static() { freed_names(0, in_static_memory); }
void second_link_names_lent() { freed_names(8, scene.row[2]); }

std::uintptr_t number_of(Bytes at) { return reinterpret_cast<std::uintptr_t>(at); }

// glibc has its links so, to make that harder; who knows the address of the block knows how.
void link_names_lent_as_glibc_has_it() {
  freed_names(0, reinterpret_cast<Bytes>((number_of(scene.row[4]) >> 12) ^ number_of(scene.row[2])));
}

struct Misuse {
  const char* name;
  void (*wrong)();  // null: the name is the title of those that follow
};

constexpr Misuse misuses[] = {
    {"A block that is free already", nullptr},
    {"double free, at once", twice_at_once},
    {"double free, after a neighbour's", twice_after_another},
    {"double free, after 39 others of its size", twice_after_many},
    {"double free, after 5000 others came and went", twice_long_after},
    {"double free of 2000 bytes", twice_2000},
    {"double free of 100,000 bytes", twice_100000},
    {"double free of 64 MiB", twice_huge},
    {"double free of an aligned block", twice_aligned},
    {"double free, all of it overwritten in between", twice_overwritten},
    {"double free, by another thread", twice_by_two_threads},
    {"double free, of a block that a thread freed before it ended", twice_after_thread_ended},
    {"double free, in a child after fork", twice_in_child},
    {"free of the old block after realloc moved it", old_after_realloc},
    {"free after realloc to 0 bytes", after_realloc_to_0},
    {"double delete", delete_twice},
    {"realloc of a freed block", realloc_of_freed},
    {"malloc_usable_size of a freed block", usable_size_of_freed},
    {"An address that was never lent", nullptr},
    {"free of an inner address, 1 byte", inner_1},
    {"free of an inner address, 8 bytes", inner_8},
    {"free of an inner address, 16 bytes", inner_16},
    {"free of an inner address, 32 bytes", inner_32},
    {"free of the second page of 100,000 bytes", inner_of_large},
    {"free of the second page of 64 MiB", inner_of_huge},
    {"free of the end of a block", behind},
    {"free of memory that was never lent", never_lent},
    {"free of static memory", static_memory},
    {"free of static memory that looks like a block of glibc's", static_memory_like_a_block},
    {"free of the stack", stack},
    {"free of an address in page 0", page_0},
    {"free of an address that no processor has", no_address},
    {"free of a function", code},
    {"free of a variable of the C library", of_the_c_library},
    {"free of a mapping of the program's own", own_mapping},
    {"realloc of the stack", realloc_of_stack},
    {"malloc_usable_size of the stack", usable_size_of_stack},
    {"Another size, alignment or family", nullptr},
    {"sized delete with a smaller size", delete_smaller},
    {"sized delete with a larger size", delete_larger},
    {"sized delete with a size far too large", delete_much_larger},
    {"sized delete of 64 MiB as 40 bytes", delete_huge_as_small},
    {"delete by a base without a virtual destructor", delete_by_base},
    {"free_sized with a smaller size", free_sized_wrongly},
    {"free_aligned_sized with another alignment", free_aligned_sized_wrongly},
    {"aligned delete of a plain block", delete_aligned_of_plain},
    {"aligned delete with another alignment", delete_aligned_otherwise},
    {"plain delete of an aligned block", delete_plain_of_aligned},
    {"new[] freed by delete", array_by_delete},
    {"new freed by delete[]", object_by_delete_array},
    {"new freed by free", object_by_free},
    {"malloc freed by delete", malloc_by_delete},
    {"new given to realloc", object_by_realloc},
    {"Stray writes", nullptr},
    {"write behind a block, 1 byte", behind_by_1},
    {"write behind a block, 8 bytes", behind_by_8},
    {"write behind a block, 64 bytes", behind_by_64},
    {"write behind a block, into a free one", behind_into_free},
    {"write behind 100,000 bytes, 1 byte", behind_large},
    {"write behind 64 MiB less 100 bytes, 1 byte", behind_huge},
    {"write into a block of 0 bytes", behind_nothing},
    {"write in front of a block, 1 byte", before_by_1},
    {"write in front of a block, 8 bytes", before_by_8},
    {"write in front of a block, 64 bytes", before_by_64},
    {"write after free, first word", freed_first_word},
    {"write after free, second word", freed_second_word},
    {"write after free, last byte", freed_last_byte},
    {"write after free, whole block", freed_whole},
    {"write after free, 2000 bytes", freed_2000},
    {"write after free, 64 of 100,000 bytes", freed_100000},
    {"first word of a free block names a lent one", link_names_lent},
    {"first word of a free block names static memory", link_names_static},
    {"second word of a free block names a lent one", second_link_names_lent},
    {"first word of a free block names a lent one as glibc has it", link_names_lent_as_glibc_has_it},
};

void list() {
  for (const Misuse& misuse : misuses) {
    say(misuse.wrong == nullptr ? "# " : "");
    say(misuse.name);
    say("\n");
  }
}

// A misuse takes milliseconds; a hang ends by SIGPROF. And nobody looks at what a crash leaves.
void set_limits() {
  const itimerval limit{.it_interval = {}, .it_value = {.tv_sec = 1, .tv_usec = 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace
}  // namespace bareheap::misuse

int main(int count, char** words) {
  using namespace bareheap::misuse;
  if (count != 2) return list(), 0;
  for (const Misuse& misuse : misuses) {
    if (misuse.wrong == nullptr || std::strcmp(misuse.name, words[1]) != 0) continue;
    set_limits();
    scene.begin();
    misuse.wrong();
    scene.go_on();
  }
  return 2;
}
