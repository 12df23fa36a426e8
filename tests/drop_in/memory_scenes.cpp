// SPDX-License-Identifier: MIT
// Scenes of programs that come to the end of memory, or give it back.
#include "drop_in/scenes.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace drop_in {

// ---- Without memory.

void exhaustion() {
  for (int round = 0; round != 3; ++round) {
    std::vector<void*> blocks;
    blocks.reserve(200'000);
    std::size_t size = 1000;
    while (blocks.size() != 200'000) {
      errno = 0;
      void* const at = std::malloc(size);
      if (at == nullptr) {
        require(errno == ENOMEM, "a refusal says so");
        if (size < 100) break;
        size /= 2;
        continue;
      }
      std::memset(at, 1, size);
      blocks.push_back(at);
    }
    require(blocks.size() > 1000 && blocks.size() != 200'000, "there was memory, and an end of it");
    for (void* const at : blocks) std::free(at);
    void* const large = std::malloc(1 << 20);
    require(large != nullptr, "it is whole again");
    std::free(large);
  }
}

void limited() {
  const ::rlimit limit{std::size_t{300} << 20, std::size_t{300} << 20};
  ::setrlimit(RLIMIT_AS, &limit);
  char scene[] = "limited_now";
  char* const arguments[] = {::program_invocation_name, scene, nullptr};
  ::execv("/proc/self/exe", arguments);
  require(false, "the program starts again");
}

void limited_now() {
  std::vector<void*> blocks;
  blocks.reserve(2000);
  while (blocks.size() != 2000) {
    void* const at = std::malloc(1 << 20);
    if (at == nullptr) break;
    std::memset(at, 1, 1 << 20);
    blocks.push_back(at);
  }
  require(blocks.size() > 50 && blocks.size() != 2000 && errno == ENOMEM, "there was memory, and an end of it");
  for (void* const at : blocks) std::free(at);
  Churn churn(4);
  for (int step = 0; step != 1000; ++step) churn.step();
}

// ---- Pages.

namespace {

std::size_t resident() {
  std::size_t pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  require(file != nullptr && std::fscanf(file, "%*u %zu", &pages) == 1, "Linux tells of its pages");
  std::fclose(file);
  return pages * 4096;
}

void used_and_freed() {
  std::vector<void*> blocks(200);
  for (void*& at : blocks) std::memset(at = std::malloc(500'000), 1, 500'000);
  for (void* const at : blocks) std::free(at);
}

}  // namespace

void goes_back() {
  used_and_freed();
  ::usleep(100'000);
  std::free(std::malloc(500'000));  // somebody has to look
  require(resident() < std::size_t{40} << 20, "pages were given back");
}

void stays() {
  used_and_freed();
  ::usleep(100'000);
  std::free(std::malloc(500'000));
  require(resident() > std::size_t{80} << 20, "pages were kept");
}

void trimmed() {
  used_and_freed();
  std::vector<void*> small(500'000);
  for (void*& at : small) at = std::malloc(100);
  for (void* const at : small) std::free(at);
  require(::malloc_trim(0) == 1, "there was something to give back");
  require(resident() < std::size_t{40} << 20, "pages were given back");
}

}  // namespace drop_in
