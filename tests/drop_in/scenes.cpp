// SPDX-License-Identifier: MIT
// Programs that want something of a heap, one scene each; run with the library. They end with status 0 where all is
// well.
#include "drop_in/scenes.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
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

namespace drop_in {
namespace {

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
}  // namespace drop_in

int main(int count, char** arguments) {
  for (const auto& scene : drop_in::scenes) {
    if (count == 2 && scene.name == arguments[1]) {
      scene.play();
      return 0;
    }
  }
  std::fputs("which scene?\n", stderr);
  return 2;
}
