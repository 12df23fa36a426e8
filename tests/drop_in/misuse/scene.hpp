// SPDX-License-Identifier: MIT
// Where a wrong program does its one wrong thing: the blocks that it holds, and the right calls that follow, with which
// it is seen whether any byte of them changed and whether any was lent twice. Nothing here uses the heap for itself.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace bareheap::misuse {

inline void say(const char* text) {
  if (write(STDOUT_FILENO, text, std::strlen(text)) < 0) _exit(3);
}

[[noreturn]] inline void end(const char* verdict) {
  say(verdict);
  std::exit(0);  // as a program ends, so that a library can say what it noticed
}

class Scene {
 public:
  /// Neighbours of each size, each filled with a byte of its own. Those of `small` bytes are in a row.
  void begin() {
    for (const std::size_t size : {16u, 100u, 2000u, 100'000u}) {
      for (int count = 0; count != 3; ++count) hold(static_cast<unsigned char*>(std::malloc(size)), size);
    }
    for (unsigned char*& block : row) block = hold(static_cast<unsigned char*>(std::malloc(small)), small);
  }

  /// What the program may use from now on; freed by free() in the end.
  unsigned char* hold(unsigned char* at, std::size_t size) {
    if (at == nullptr || count_ == most) end("harm\n");
    std::memset(at, fill_of(count_), size);
    held_[count_++] = {at, size};
    return at;
  }

  /// What a wrong program no longer minds: the block may be changed or lent.
  void forget(const unsigned char* at) {
    for (Held& held : held_) {
      if (held.at == at) held.at = nullptr;
    }
  }

  void free_one(unsigned char* at) {
    forget(at);
    std::free(at);
  }

  /// The wrong call is over: right ones follow.
  [[noreturn]] void go_on(const char* verdict = "harmless\n") {
    say("over\n");
    require_intact();
    for (int round = 0; round != 2; ++round) {
      const std::size_t before = count_;
      for (int turn = 0; turn != 40; ++turn) {
        for (const std::size_t size : {small, std::size_t{16}, std::size_t{100}, std::size_t{2000}, std::size_t{33}}) {
          hold(static_cast<unsigned char*>(std::malloc(size)), size);
        }
      }
      hold(static_cast<unsigned char*>(std::malloc(100'000)), 100'000);
      require_intact();
      while (count_ != before) std::free(held_[--count_].at);
    }
    for (std::size_t index = count_; index-- != 0;) {
      if (held_[index].at != nullptr) std::free(held_[index].at);
    }
    end(verdict);
  }

  static constexpr std::size_t small = 40;
  unsigned char* row[9] = {};

 private:
  struct Held {
    unsigned char* at;
    std::size_t size;
  };

  static unsigned char fill_of(std::size_t number) { return static_cast<unsigned char>(number * 7 + 1); }

  void require_intact() const {
    for (std::size_t index = 0; index != count_; ++index) {
      const Held& held = held_[index];
      for (std::size_t offset = 0; held.at != nullptr && offset != held.size; ++offset) {
        if (held.at[offset] != fill_of(index)) end("harm\n");
      }
    }
  }

  static constexpr std::size_t most = 400;

  Held held_[most] = {};
  std::size_t count_ = 0;
};

}  // namespace bareheap::misuse
