// SPDX-License-Identifier: MIT
#include "recorder.hpp"

#include "recording.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

namespace bareheap::recorder {
namespace {

std::atomic<Recording*> recording{nullptr};  // null: nothing is recorded, not yet or no more
std::atomic<bool> tried{false};
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<std::uint32_t> threads{0};
std::uint64_t start_time = 0;

// The model in which the first use of a variable allocates nothing (recorder/CMakeLists.txt asks for it).
thread_local bool inside = false;
thread_local std::uint32_t thread_number = 0;  // 0: none yet; else one more than the events tell

std::uint64_t now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

Recording* map(const char* path) noexcept {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(Recording), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Recording*>(memory);
}

// The header of the program's file lies in its first page, with its segments' table behind it.
std::uint64_t load_address() noexcept { return getauxval(AT_PHDR) & ~std::uint64_t{4095}; }

void stop_in_child() noexcept { recording = nullptr; }

void begin(Recording& shared) noexcept {
  start_time = now();
  shared.begin({.callers = shared.callers,
                .ticks_per_second = shared.times ? 1'000'000'000u : 0u,
                .caller_base = load_address(),
                .program = program_invocation_short_name,
                .program_size = std::strlen(program_invocation_short_name)});
}

// The first calls come before the C library knows the environment; they are not recorded. Programs that the recorded
// one starts find the same environment, but they are no children of the tool; what it becomes by exec still is.
void start() noexcept {
  if (environ == nullptr || tried.exchange(true)) return;
  const char* const path = getenv(variable);
  Recording* const shared = path == nullptr ? nullptr : map(path);
  if (shared == nullptr || shared->size != sizeof(Recording) || shared->tool != getppid()) return;
  inside = true;
  pthread_atfork(nullptr, nullptr, stop_in_child);
  begin(*shared);
  inside = false;
  recording = shared;
}

// A program that never allocates has a trace too.
[[gnu::constructor]] void start_before_main() noexcept { start(); }

}  // namespace

Call::Call() noexcept {
  if (!tried && !inside) start();
  recorded_ = !inside && recording.load() != nullptr;
  if (recorded_) inside = true;
}

Call::~Call() {
  unlock();
  if (recorded_) inside = false;
}

void Call::lock() noexcept {
  if (!recorded_ || locked_) return;
  pthread_mutex_lock(&mutex);
  locked_ = true;
}

void Call::unlock() noexcept {
  if (locked_) pthread_mutex_unlock(&mutex);
  locked_ = false;
}

void Call::record(TraceEvent event) noexcept {
  if (!recorded_) return;
  lock();
  if (thread_number == 0) thread_number = ++threads;
  Recording& shared = *recording.load();
  event.cpu = thread_number - 1;
  if (shared.times) event.time = now() - start_time;
  shared.add(event);
}

}  // namespace bareheap::recorder
