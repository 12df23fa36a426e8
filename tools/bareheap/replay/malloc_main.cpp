// SPDX-License-Identifier: MIT
// Runs the loop on the malloc that it was started with: `bareheap replay` starts it, with the library to be measured
// loaded first. It allocates nothing itself, and uses nothing of C++'s library, so that a C library of another kind can
// be linked to it too.
#include "malloc_protocol.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace bareheap::tools::replay;

/// malloc is good for this alignment.
constexpr size_t natural_alignment = 16;

class Malloc {
 public:
  [[gnu::always_inline]] void* allocate(const Step& step) { return malloc(step.size); }
  [[gnu::always_inline]] void* allocate_zeroed(const Step& step) { return calloc(1, step.size); }
  [[gnu::always_inline]] void* allocate_aligned(const Step& step) {
    if (step.alignment() <= natural_alignment) return malloc(step.size);
    void* block = nullptr;
    return posix_memalign(&block, step.alignment(), step.size) == 0 ? block : nullptr;
  }
  [[gnu::always_inline]] void* reallocate(void* block, const Step& step) { return realloc(block, step.new_size); }
  [[gnu::always_inline]] void* reallocate_aligned(void* block, const Step& step) {
    return realloc(block, step.new_size);
  }
  [[gnu::always_inline]] void deallocate(void* block, const Step&) { free(block); }
  [[gnu::always_inline]] void deallocate_aligned(void* block, const Step&) { free(block); }
};

/// Writes to each page of a block, as a program does that uses all of it.
class Filling : public Malloc {
 public:
  void* allocate(const Step& step) { return filled(Malloc::allocate(step), step.size); }
  void* allocate_zeroed(const Step& step) { return filled(Malloc::allocate_zeroed(step), step.size); }
  void* allocate_aligned(const Step& step) { return filled(Malloc::allocate_aligned(step), step.size); }
  void* reallocate(void* block, const Step& step) { return filled(Malloc::reallocate(block, step), step.new_size); }
  void* reallocate_aligned(void* block, const Step& step) {
    return filled(Malloc::reallocate_aligned(block, step), step.new_size);
  }

 private:
  static void* filled(void* block, size_t size) {
    if (block == nullptr) return nullptr;
    for (size_t at = 0; at < size; at += 4096) touch(static_cast<char*>(block) + at);
    touch(static_cast<char*>(block) + (size - 1));
    return block;
  }
};

[[noreturn]] void stop(const char* sentence) {
  static_cast<void>(!write(2, sentence, strlen(sentence)));
  _exit(1);
}

/// Bytes of resident pages that are of no file. The kernel walks the page tables for it, so it is exact, unlike VmRSS.
uint64_t anonymous_bytes() {
  static constexpr char name[] = "\nAnonymous:";
  static char text[4096];
  const int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = 0;
  const char* const line = strstr(text, name);
  if (line == nullptr) stop("bareheap-replay-malloc: /proc/self/smaps_rollup does not tell of anonymous pages.\n");
  return strtoull(line + strlen(name), nullptr, 10) * 1024;
}

void name_provider(Answer& answer) {
  Dl_info found{};
  void* const symbol = dlsym(RTLD_DEFAULT, "malloc");
  if (symbol == nullptr || dladdr(symbol, &found) == 0 || found.dli_fname == nullptr) return;
  strncpy(answer.provider, found.dli_fname, sizeof answer.provider - 1);
}

const Step* steps_of(const StepsHeader& header) { return reinterpret_cast<const Step*>(&header + 1); }

/// From the step of that number on, to the end.
template <class Heap>
Pass run(Heap& heap, uint64_t deadline, const StepsHeader& header, void** blocks, uint64_t from = 0) {
  const Step* const left = steps_of(header) + header.steps;
  const Pass pass = replay_until(deadline, Clock(), heap, steps_of(header) + from, left, blocks);
  if (pass.ending != Ending::complete) return pass;
  for (uint64_t index = 0; index < header.left; ++index) free(blocks[left[index].slot]);
  return pass;
}

void run_and_look_at_peak(Answer& answer, uint64_t deadline, const StepsHeader& header, void** blocks) {
  Filling heap;
  anonymous_bytes();  // what it needs itself is there from now on
  answer.resident_before = anonymous_bytes();
  const Step* const first = steps_of(header);
  answer.pass = replay_until(deadline, Clock(), heap, first, first + header.steps_to_peak, blocks);
  answer.resident_at_peak = anonymous_bytes();
  if (answer.pass.ending != Ending::complete) return;
  const Pass rest = run(heap, deadline, header, blocks, header.steps_to_peak);
  answer.pass.ending = rest.ending;
  answer.pass.steps += rest.steps;
}

void answer_one(const Request& request, const StepsHeader& header, void** blocks) {
  static constinit Answer answer{};
  answer = {};
  name_provider(answer);
  Malloc heap;
  if (request.order == Order::run) {
    answer.pass = run(heap, request.deadline, header, blocks);
  } else if (request.order == Order::count) {
    Counting<Malloc> counting(heap, answer.costs);
    answer.pass = run(counting, request.deadline, header, blocks);
  } else {
    run_and_look_at_peak(answer, request.deadline, header, blocks);
  }
  if (write(1, &answer, sizeof answer) != static_cast<ssize_t>(sizeof answer)) _exit(1);
}

void* mapped(size_t size, int flags, int file) {
  void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE | flags, file, 0);
  if (at == MAP_FAILED) stop("bareheap-replay-malloc: there is not enough memory for the trace.\n");
  return at;
}

}  // namespace

int main() {
  struct stat file {};
  if (fstat(steps_descriptor, &file) != 0 || file.st_size < static_cast<off_t>(sizeof(StepsHeader))) {
    stop("bareheap-replay-malloc: bareheap replay starts this program; there is nothing to do without it.\n");
  }
  const auto& header = *static_cast<StepsHeader*>(mapped(static_cast<size_t>(file.st_size), 0, steps_descriptor));
  void** const blocks = static_cast<void**>(mapped((header.slots + 1) * sizeof(void*), MAP_ANONYMOUS, -1));
  Request request;
  while (read(0, &request, sizeof request) == static_cast<ssize_t>(sizeof request)) {
    answer_one(request, header, blocks);
    if (request.order == Order::fill_pages) break;
  }
  return 0;
}
