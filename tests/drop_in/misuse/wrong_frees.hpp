// SPDX-License-Identifier: MIT
// The wrong frees of misuse.cpp: of blocks that are free already, and of what was never lent.
#pragma once

#include "drop_in/misuse/scene.hpp"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <new>

namespace bareheap::misuse {
namespace {

using Bytes = unsigned char*;

constinit Scene scene;
constexpr std::size_t small = Scene::small;
constexpr std::size_t huge = std::size_t{64} << 20;
alignas(64) constinit unsigned char in_static_memory[4096];

Bytes lent(std::size_t size) { return static_cast<Bytes>(std::malloc(size)); }

// The compiler is not to know which address a wrong call is about.
template <class T>
T hidden(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

void free_wrongly(void* at) { std::free(hidden(at)); }

void free_twice(Bytes at) {
  std::free(at);
  free_wrongly(at);
}

void refuse_if_null(void* answer) {
  if (answer == nullptr) scene.go_on("refused\n");
}

Bytes freed(std::size_t size) {
  const Bytes at = lent(size);
  std::free(at);
  return hidden(at);
}

// Frees and lends blocks of another size, none of which stays.
void come_and_go(int count) {
  for (int number = 0; number != count; ++number) std::free(hidden(std::malloc(200)));
}

// --- a block that is free already

void twice_at_once() { free_twice(lent(small)); }
void twice_2000() { free_twice(lent(2000)); }
void twice_100000() { free_twice(lent(100'000)); }
void twice_huge() { free_twice(lent(huge)); }
void twice_aligned() { free_twice(static_cast<Bytes>(std::aligned_alloc(256, 512))); }

void twice_after_another() {
  const Bytes at = scene.row[4];
  scene.free_one(at);
  scene.free_one(scene.row[5]);
  free_wrongly(at);
}

void twice_after_many() {
  Bytes blocks[40];
  for (Bytes& block : blocks) block = lent(small);
  for (const Bytes block : blocks) std::free(block);
  free_wrongly(blocks[20]);
}

void twice_long_after() {
  const Bytes at = scene.row[4];
  scene.free_one(at);
  come_and_go(5000);
  free_wrongly(at);
}

void twice_overwritten() {
  const Bytes at = lent(small);
  std::free(at);
  std::memset(hidden(at), 0x41, small);
  free_wrongly(at);
}

void twice_by_two_threads() {
  const Bytes at = lent(small);
  std::free(at);
  pthread_t thread;
  pthread_create(&thread, nullptr, [](void* block) -> void* { return free_wrongly(block), nullptr; }, at);
  pthread_join(thread, nullptr);
}

void twice_after_thread_ended() {
  pthread_t thread;
  void* at = nullptr;
  const auto use = [](void*) -> void* { return freed(small); };
  pthread_create(&thread, nullptr, use, nullptr);
  pthread_join(thread, &at);
  free_wrongly(at);
}

void twice_in_child() {
  const Bytes at = lent(small);
  std::free(at);
  const pid_t child = fork();
  if (child == 0) {
    free_wrongly(at);
    scene.go_on();
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  _exit(0);
}

void old_after_realloc() {
  const Bytes at = scene.row[4];
  scene.forget(at);
  const Bytes moved = static_cast<Bytes>(std::realloc(at, 5000));
  if (moved == at) end("harm\n");
  scene.hold(moved, 5000);
  free_wrongly(at);
}

void after_realloc_to_0() {
  const Bytes at = lent(small);
  if (std::realloc(at, 0) != nullptr) end("harm\n");
  free_wrongly(at);
}

void delete_twice() {
  void* const at = ::operator new(small);
  void* const again = hidden(at);
  ::operator delete(at);
  ::operator delete(again);
}

void realloc_of_freed() {
  void* const at = std::realloc(freed(small), 5000);
  refuse_if_null(at);
  scene.hold(static_cast<Bytes>(at), 5000);
}

void usable_size_of_freed() { static_cast<void>(hidden(malloc_usable_size(freed(small)))); }

// --- an address that was never lent

void inner(std::size_t offset) { free_wrongly(scene.row[4] + offset); }
void inner_1() { inner(1); }
void inner_8() { inner(8); }
void inner_16() { inner(16); }
void inner_32() { inner(32); }
void inner_of_large() { free_wrongly(scene.hold(lent(100'000), 100'000) + 4096); }
void inner_of_huge() { free_wrongly(lent(huge) + 4096); }
void behind() { free_wrongly(scene.row[4] + 48); }
void never_lent() { free_wrongly(lent(100'000) + 400'000); }
void static_memory() { free_wrongly(in_static_memory + 64); }

// As if it were a block of glibc's, which has its size in front.
void static_memory_like_a_block() {
  const std::size_t size = 64 | 1;
  std::memcpy(in_static_memory + 56, &size, sizeof size);
  std::memcpy(in_static_memory + 56 + 64, &size, sizeof size);
  free_wrongly(in_static_memory + 64);
  for (int turn = 0; turn != 10; ++turn) {
    if (lent(56) == in_static_memory + 64) end("over\nharm\n");
  }
}

void stack() {
  alignas(16) unsigned char here[64] = {};
  free_wrongly(here);
}

void page_0() { free_wrongly(reinterpret_cast<void*>(0x10)); }
void no_address() { free_wrongly(reinterpret_cast<void*>(0xA5A5A5A5A5A5A5A0)); }
void code() { free_wrongly(reinterpret_cast<void*>(&code)); }
void of_the_c_library() { free_wrongly(stdout); }

void own_mapping() { free_wrongly(mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }

void realloc_of_stack() {
  alignas(16) unsigned char here[64] = {};
  refuse_if_null(std::realloc(hidden(here), 100));
}

void usable_size_of_stack() {
  alignas(16) unsigned char here[64] = {};
  static_cast<void>(hidden(malloc_usable_size(hidden(here))));
}

}  // namespace
}  // namespace bareheap::misuse
