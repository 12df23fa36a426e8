// SPDX-License-Identifier: MIT
// Programs that want something of a heap, one scene each; run with the library. They end with status 0 where all is
// well.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <thread>
#include <vector>

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::_Exit(1);
}

/// Keeps some blocks of sizes by chance, each filled with a byte of its own, which must still be there when it is
/// freed.
class Churn {
 public:
  explicit Churn(unsigned seed) noexcept : random_(seed * 2654435761U + 1) {}
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;
  ~Churn() {
    for (Kept& kept : kept_) drop(kept);
  }

  void step() noexcept {
    random_ = random_ * 1664525 + 1013904223;
    Kept& kept = kept_[random_ >> 8 & 63];
    const std::size_t size = (random_ >> 20 & 15) == 0 ? random_ >> 12 : random_ >> 23;
    if (kept.at != nullptr && (random_ & 1) != 0) {
      void* const moved = std::realloc(kept.at, size + 1);
      require(moved != nullptr && *static_cast<unsigned char*>(moved) == kept.fill, "a block keeps its bytes");
      kept.at = moved;
    } else {
      drop(kept);
      kept.at = std::malloc(size + 1);
      require(kept.at != nullptr, "there is memory");
    }
    kept.size = size + 1;
    kept.fill = static_cast<unsigned char>(random_ >> 16);
    std::memset(kept.at, kept.fill, kept.size < 300 ? kept.size : 300);
  }

 private:
  struct Kept {
    void* at = nullptr;
    std::size_t size = 0;
    unsigned char fill = 0;
  };

  static void drop(Kept& kept) noexcept {
    if (kept.at == nullptr) return;
    const auto* const bytes = static_cast<const unsigned char*>(kept.at);
    for (std::size_t index = 0; index != kept.size && index != 300; ++index) {
      require(bytes[index] == kept.fill, "nobody else wrote here");
    }
    std::free(kept.at);
    kept.at = nullptr;
  }

  unsigned random_;
  Kept kept_[64] = {};
};

// ---- Before main, and after.

struct Early {
  Early() { words.assign(1000, 7); }
  ~Early() { require(words.size() == 1000 && words[999] == 7, "what was made before main is there after it"); }
  std::vector<int> words;
} early;

[[gnu::constructor(101)]] void very_early() { std::free(std::malloc(100)); }

void start() { require(early.words.size() == 1000, "constructors have run"); }

void library() {
  for (int round = 0; round != 3; ++round) {
    void* const handle = ::dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
    require(handle != nullptr && ::dlsym(handle, "cos") != nullptr, "a library is loaded");
    void* const other = ::dlopen("libstdc++.so.6", RTLD_NOW);
    require(other != nullptr, "another one is");
    ::dlclose(handle);
    ::dlclose(other);
  }
  require(::dlopen("no such library", RTLD_NOW) == nullptr && ::dlerror() != nullptr, "its errors are told");
}

void cpp() {
  struct alignas(256) Wide {
    char bytes[300];
  };
  auto wide = std::make_unique<Wide[]>(3);
  require(reinterpret_cast<std::uintptr_t>(wide.get()) % 256 == 0, "new aligns");
  require(::operator new(std::size_t{1} << 60, std::nothrow) == nullptr, "nothrow answers null");
  bool is_caught = false;
  try {
    ::operator delete(::operator new(std::size_t{1} << 60));
  } catch (const std::bad_alloc&) {
    is_caught = true;
  }
  require(is_caught, "new throws");
  static int asked;
  asked = 0;
  std::set_new_handler([] {
    if (++asked == 3) std::set_new_handler(nullptr);
  });
  is_caught = false;
  try {
    ::operator delete(::operator new(std::size_t{1} << 60, std::align_val_t{64}), std::align_val_t{64});
  } catch (const std::bad_alloc&) {
    is_caught = true;
  }
  require(is_caught && asked == 3, "the handler is asked until there is none");
}

// ---- Threads.

::pthread_key_t key;

void short_threads() {
  // Keys' destructors run in rounds; those of this one free after the heap's own has run.
  ::pthread_key_create(&key, [](void* at) {
    static thread_local int round = 0;
    std::free(at);
    if (++round < 3) ::pthread_setspecific(key, std::malloc(200));
  });
  for (unsigned number = 0; number != 1000; ++number) {
    std::thread([=] {
      thread_local std::vector<int> words(500, 3);
      ::pthread_setspecific(key, std::malloc(100 + words.size()));
      Churn churn(number);
      for (int step = 0; step != 20; ++step) churn.step();
    }).join();
  }
}

void many_threads() {
  std::vector<std::thread> threads;
  static std::atomic<int> here{0};
  for (unsigned number = 0; number != 300; ++number) {  // more than have stocks
    threads.emplace_back([=] {
      Churn churn(number);
      for (int step = 0; step != 100; ++step) churn.step();
      ++here;
      while (here != 300) ::usleep(1000);
      for (int step = 0; step != 100; ++step) churn.step();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Blocks that one thread makes and another frees.
void handed_on() {
  for (int round = 0; round != 30; ++round) {
    std::vector<void*> blocks(3000);
    std::thread([&] {
      for (std::size_t index = 0; index != blocks.size(); ++index) {
        blocks[index] = std::memset(std::malloc(8 + index % 1500), 1, 8 + index % 1500);
      }
    }).join();
    for (void* const at : blocks) std::free(at);
  }
}

void require_well(::pid_t child) {
  int status = 1;
  ::waitpid(child, &status, 0);
  require(status == 0, "the child used the heap");
}

void forks() {
  std::atomic<bool> ends{false};
  std::vector<std::thread> threads;
  for (unsigned number = 0; number != 3; ++number) {
    threads.emplace_back([&ends, number] {
      Churn churn(number);
      while (!ends) churn.step();
    });
  }
  Churn churn(9);
  for (int number = 0; number != 100; ++number) {
    for (int step = 0; step != 50; ++step) churn.step();
    const ::pid_t child = ::fork();
    require(child >= 0, "it forks");
    if (child == 0) {
      ::alarm(20);
      for (int step = 0; step != 200; ++step) churn.step();
      std::thread([] { Churn(3).step(); }).join();
      ::malloc_trim(0);
      std::_Exit(0);
    }
    require_well(child);
  }
  ends = true;
  for (std::thread& thread : threads) thread.join();
}

/// Two threads fork at the same time, again and again.
void two_fork() {
  const auto fork_often = [] {
    for (int number = 0; number != 50; ++number) {
      const ::pid_t child = ::fork();
      if (child == 0) {
        ::alarm(20);
        std::free(std::malloc(5000));
        std::_Exit(0);
      }
      require_well(child);
    }
  };
  std::thread other(fork_often);
  fork_often();
  other.join();
}

// ---- Signals.

void (*in_handler)();
volatile sig_atomic_t handled = 0;

void on_signal(int) {
  const int error = errno;
  in_handler();
  handled = handled + 1;
  errno = error;
}

/// Does a step again and again, until 2000 signals have come whose handler does something else.
template <class Step>
void storm_of(void (*handler)(), Step step) {
  in_handler = handler;
  struct ::sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  const ::itimerval timer = {{0, 50}, {0, 50}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  for (std::size_t round = 0; handled < 2000 && round < 40'000'000; ++round) step(round);
  const ::itimerval none = {};
  ::setitimer(ITIMER_REAL, &none, nullptr);
  require(handled >= 2000, "signals came");
}

void storm() {
  static Churn inner(1);
  Churn outer(2);
  const auto in_between = [] {
    for (int step = 0; step != 5; ++step) inner.step();
  };
  storm_of(in_between, [&](std::size_t) { outer.step(); });
}

/// Of a heap that is asked under its lock for each block: the handler finds the lock held in many of the calls.
void storm_of_large() {
  const auto in_between = [] {
    void* const at = std::malloc(3000);
    require(at != nullptr, "a handler is served");
    std::memset(at, 3, 3000);
    void* const more = std::realloc(at, 9000);
    require(more != nullptr && static_cast<char*>(more)[2999] == 3, "its block keeps its bytes");
    std::free(more);
  };
  storm_of(in_between, [](std::size_t round) { std::free(std::realloc(std::malloc(2000 + round % 5000), 1500)); });
}

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

void wrong() {
  void* volatile at = std::malloc(100);
  std::free(at);
  std::free(at);
}

constexpr struct {
  std::string_view name;
  void (*play)();
} scenes[] = {
    {"start", start},         {"library", library},       {"cpp", cpp},
    {"short_threads", short_threads}, {"many_threads", many_threads}, {"handed_on", handed_on},
    {"forks", forks},         {"two_fork", two_fork},     {"storm", storm},
    {"storm_of_large", storm_of_large}, {"exhaustion", exhaustion}, {"limited", limited},
    {"limited_now", limited_now}, {"goes_back", goes_back}, {"stays", stays},
    {"trimmed", trimmed},     {"wrong", wrong},
};

}  // namespace

int main(int count, char** arguments) {
  for (const auto& scene : scenes) {
    if (count == 2 && scene.name == arguments[1]) {
      scene.play();
      return 0;
    }
  }
  std::fputs("which scene?\n", stderr);
  return 2;
}
