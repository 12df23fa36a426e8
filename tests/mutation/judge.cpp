// SPDX-License-Identifier: MIT
// Judges the heaps of granules as sharply and as quickly as it can: what says nothing here is believed. It is compiled
// and run once for each mutation of their source (docs/mutation.md).
#include "mutation/judge.hpp"

#include <sys/mman.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  mutation::last_stop = report;
  mutation::expect(mutation::stop_expected);
  std::longjmp(mutation::after_stop, 1);
}

namespace mutation {

std::jmp_buf after_stop;
bool stop_expected = false;
FaultReport last_stop;

namespace {

const char* heap_at_work = "";

// A wild read of a damaged heap ends like a stop where that is expected.
void on_wild_read(int signal) {
  if (stop_expected) std::longjmp(after_stop, 1);
  std::printf("%s: wild\n", heap_at_work);
  std::fflush(stdout);
  std::signal(signal, SIG_DFL);
}

void catch_wild_reads() {
  struct sigaction action{};
  action.sa_handler = on_wild_read;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

alignas(4096) std::byte arena[arena_size];

}  // namespace

void expect(bool holds, std::source_location place) {
  if (holds) return;
  const char* const slash = std::strrchr(place.file_name(), '/');
  std::printf("%s: %s:%u\n", heap_at_work, slash == nullptr ? place.file_name() : slash + 1, place.line());
  std::fflush(stdout);
  std::_Exit(1);
}

std::byte* fresh_arena() {
  std::memset(arena, 0xA5, sizeof arena);
  return arena;
}

std::byte* wide_arena(std::size_t size) {
  void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  expect(at != MAP_FAILED);
  return static_cast<std::byte*>(at);
}

std::vector<Extent> picture_of(const Subject& heap) {
  std::vector<Extent> tiles;
  heap.walk([&tiles](const Extent& tile) { tiles.push_back(tile); });
  return tiles;
}

std::size_t count_of(const std::vector<Extent>& picture, ExtentKind kind) {
  std::size_t count = 0;
  for (const Extent& tile : picture) count += tile.kind == kind;
  return count;
}

std::size_t bytes_of(const std::vector<Extent>& picture, ExtentKind kind) {
  std::size_t bytes = 0;
  for (const Extent& tile : picture) bytes += tile.kind == kind ? tile.size : 0;
  return bytes;
}

}  // namespace mutation
}  // namespace bareheap

int main() {
  using namespace bareheap::mutation;
  catch_wild_reads();
  for (auto* const judge :
       {judge_misuse, judge_regions, judge_sizes, judge_stock, judge_rows, judge_damage, judge_random_calls}) {
    for (Subject* const subject :
         {&real_time_heap(), &small_real_time_heap(), &granule_heap(), &small_granule_heap()}) {
      heap_at_work = subject->name();
      subject->renew();
      judge(*subject);
    }
  }
  std::puts("nothing is wrong");
}
