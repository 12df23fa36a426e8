// SPDX-License-Identifier: MIT
// What the scenes share, and those that are about memory.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace drop_in {

inline void require(bool holds, const char* what) {
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

// memory_scenes.cpp
void exhaustion();
void limited();
void limited_now();
void goes_back();
void stays();
void trimmed();

}  // namespace drop_in
