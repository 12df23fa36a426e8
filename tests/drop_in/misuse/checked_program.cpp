// SPDX-License-Identifier: MIT
// A program for checked_test.py: does what its word says, rightly or wrongly, under the library that looks for faults.
// Functions that must have a name in a report are not inlined and exported.
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <utility>

namespace {

template <class T>
T hidden(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

void require(bool holds, int line) {
  if (holds) return;
  std::printf("line %d: does not hold\n", line);
  std::_Exit(1);
}

// Overwrites what calls have left of pointers on the stack.
[[gnu::noinline]] void clean_stack() {
  unsigned char dirt[65536];
  std::memset(hidden(dirt), 0, sizeof dirt);
}

}  // namespace

extern "C" {

[[gnu::noinline]] void lose_by_malloc(int count) {
  for (; count != 0; --count) hidden(std::malloc(50));
  hidden(0);
}

[[gnu::noinline]] void lose_by_new(int count) {
  for (; count != 0; --count) hidden(::operator new[](1000));
  hidden(0);
}

struct Node {
  Node* next;
  char more[92];
};

[[gnu::noinline]] void lose_a_ring() {
  Node* const first = hidden(new Node{});
  first->next = hidden(new Node{first, {}});
  hidden(0);
}

Node* kept = nullptr;

[[gnu::noinline]] void keep_a_chain() {
  for (int count = 0; count != 10; ++count) kept = new Node{kept, {}};
}

char* kept_inside = nullptr;

[[gnu::noinline]] void keep_by_an_inner_address() { kept_inside = static_cast<char*>(std::malloc(300)) + 100; }

[[gnu::noinline]] void free_it_twice() {
  void* const at = hidden(std::malloc(24));
  std::free(at);
  std::free(hidden(at));
  hidden(0);
}

// With so many others in between that the table of their stories is made anew.
[[gnu::noinline]] void free_it_twice_late() {
  void* const at = hidden(std::malloc(24));
  std::free(at);
  for (int count = 0; count != 40'000; ++count) kept = new (std::malloc(sizeof(Node))) Node{kept, {}};
  std::free(hidden(at));
  hidden(0);
}

[[gnu::noinline]] void lose_what_has_shrunk() {
  hidden(std::realloc(hidden(std::malloc(100)), 77));
  hidden(0);
}

[[gnu::noinline]] void free_it_inside() {
  char* const at = hidden(static_cast<char*>(std::malloc(100)));
  std::free(hidden(at + 16));
  hidden(0);
}

[[gnu::noinline]] void free_it_one_inside() {
  std::free(hidden(hidden(static_cast<char*>(std::malloc(100))) + 1));
  hidden(0);
}

[[gnu::noinline]] void write_after_a_refusal() {
  char* const at = hidden(static_cast<char*>(std::malloc(100)));
  std::free(at);
  hidden(std::malloc(hidden(std::size_t{PTRDIFF_MAX})));
  hidden(at)[50] = 1;
}

[[gnu::noinline]] void write_behind_it() {
  char* const at = hidden(static_cast<char*>(std::malloc(100)));
  at[100] = 1;
  hidden(0);
}

}  // extern "C"

namespace {

template <int place>
[[gnu::noinline]] void lose_at_place() {
  hidden(std::malloc(100 + place));
  hidden(0);
}

template <int... places>
void lose_at_places(std::integer_sequence<int, places...>) {
  (lose_at_place<places>(), ...);
}

void lose() {
  lose_by_malloc(3);
  lose_by_new(2);
  lose_a_ring();
  keep_a_chain();
  keep_by_an_inner_address();
  clean_stack();
}

void* without_rights = nullptr;

void lose_nothing() {
  keep_a_chain();
  // A whole page inside a block that nobody may read.
  const std::size_t page = 4096;
  require(posix_memalign(&without_rights, page, 3 * page) == 0, __LINE__);
  require(mprotect(static_cast<char*>(without_rights) + page, page, PROT_NONE) == 0, __LINE__);
  std::free(std::malloc(10));
}

void lose_at_25_places() {
  lose_at_places(std::make_integer_sequence<int, 25>());
  clean_stack();
}

// A thread that waits for ever holds a block by nothing but a variable of its own.
void keep_in_a_thread() {
  static int ends[2];
  require(pipe(ends) == 0, __LINE__);
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        void* volatile mine = std::malloc(500);
        require(write(ends[1], "", 1) == 1, __LINE__);
        for (;;) pause();
        return mine;
      },
      nullptr);
  char byte;
  require(read(ends[0], &byte, 1) == 1, __LINE__);
  clean_stack();
}

void handle_abort() {
  std::signal(SIGABRT, [](int) {
    std::free(hidden(std::malloc(100)));
    if (write(STDOUT_FILENO, "handled\n", 8) != 8) std::_Exit(1);
  });
  free_it_twice();
}

// Finds the same fault again in the handler.
void handle_abort_wrongly() {
  std::signal(SIGABRT, [](int) { free_it_twice(); });
  free_it_twice();
}

void mix_families() { std::free(hidden(::operator new(100))); }

bool is_aligned(void* at, std::size_t alignment) { return reinterpret_cast<std::uintptr_t>(at) % alignment == 0; }

void contract() {
  for (const std::size_t size : {0u, 1u, 7u, 24u, 100u, 5000u, 3'000'000u}) {
    errno = 77;
    void* const at = std::malloc(size);
    require(at != nullptr && is_aligned(at, 16) && malloc_usable_size(at) == size, __LINE__);
    unsigned char* const more = static_cast<unsigned char*>(std::realloc(std::memset(at, 7, size), size + 1000));
    for (std::size_t offset = 0; offset != size; ++offset) require(more[offset] == 7, __LINE__);
    unsigned char* const zero = static_cast<unsigned char*>(std::calloc(size, 3));
    for (std::size_t offset = 0; offset != size * 3; ++offset) require(zero[offset] == 0, __LINE__);
    std::free(zero);
    std::free(more);
    require(errno == 77, __LINE__);
  }
  for (std::size_t alignment = 8; alignment <= std::size_t{1} << 21; alignment *= 2) {
    void* at = nullptr;
    require(posix_memalign(&at, alignment, 100) == 0 && is_aligned(at, alignment), __LINE__);
    void* const object = ::operator new(100, std::align_val_t{alignment});
    require(is_aligned(object, alignment), __LINE__);
    ::operator delete(object, 100, std::align_val_t{alignment});
    std::free(at);
  }
  require(std::malloc(hidden(std::size_t{PTRDIFF_MAX})) == nullptr && errno == ENOMEM, __LINE__);
  errno = 0;
  require(std::calloc(hidden(SIZE_MAX / 2), 3) == nullptr && errno == ENOMEM, __LINE__);
  errno = 0;
  require(std::aligned_alloc(hidden(std::size_t{24}), 8) == nullptr && errno == EINVAL, __LINE__);
  require(::operator new(hidden(std::size_t{PTRDIFF_MAX}), std::nothrow) == nullptr, __LINE__);
  bool is_thrown = false;
  try {
    hidden(::operator new(hidden(std::size_t{PTRDIFF_MAX})));
  } catch (const std::bad_alloc&) {
    is_thrown = true;
  }
  require(is_thrown, __LINE__);
  std::free(nullptr);
  ::operator delete(nullptr);
}

void churn(unsigned seed, int turns) {
  void* blocks[64] = {};
  for (; turns != 0; --turns) {
    seed = seed * 1664525 + 1013904223;
    void*& block = blocks[seed >> 26];
    std::free(block);
    block = std::malloc(seed >> 12 & 1023);
  }
  for (void* const block : blocks) std::free(block);
}

volatile bool over = false;

void fork_while_threads_churn() {
  pthread_t threads[3];
  for (pthread_t& thread : threads) {
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          while (!over) churn(1, 100);
          return nullptr;
        },
        nullptr);
  }
  for (int count = 0; count != 30; ++count) {
    const pid_t child = fork();
    if (child == 0) {
      churn(2, 300);
      std::exit(0);
    }
    int status = 1;
    require(waitpid(child, &status, 0) == child && status == 0, __LINE__);
  }
  over = true;
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

volatile int handled = 0;

void allocate_in_handlers() {
  std::signal(SIGALRM, [](int) {
    churn(3, 10);
    handled = handled + 1;
  });
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 200}, .it_value = {.tv_sec = 0, .tv_usec = 200}};
  setitimer(ITIMER_REAL, &often, nullptr);
  while (handled < 200) churn(4, 10);
}

// Before main, and in the last of the program's destructors.
struct Early {
  Early() : at(std::malloc(100)) {}
  ~Early() { std::free(at); }
  void* at;
};
[[gnu::init_priority(101)]] Early early;

constexpr struct {
  const char* name;
  void (*act)();
} acts[] = {
    {"lose", lose},
    {"lose-nothing", lose_nothing},
    {"lose-at-25-places", lose_at_25_places},
    {"lose-what-has-shrunk", lose_what_has_shrunk},
    {"keep-in-a-thread", keep_in_a_thread},
    {"free-twice", free_it_twice},
    {"free-twice-late", free_it_twice_late},
    {"free-inside", free_it_inside},
    {"free-one-inside", free_it_one_inside},
    {"write-behind", write_behind_it},
    {"write-after-a-refusal", write_after_a_refusal},
    {"handle-abort", handle_abort},
    {"handle-abort-wrongly", handle_abort_wrongly},
    {"mix-families", mix_families},
    {"contract", contract},
    {"fork", fork_while_threads_churn},
    {"signals", allocate_in_handlers},
};

}  // namespace

int main(int, char** words) {
  for (const auto& act : acts) {
    if (std::strcmp(act.name, words[1]) != 0) continue;
    act.act();
    std::puts("done");
    return 5;
  }
  return 1;
}
