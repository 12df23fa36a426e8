// SPDX-License-Identifier: MIT
// Lines for a person, by write(2): nothing is allocated, and no stream is used that the program may have closed or
// locked.
#pragma once

#include "bareheap/core/text.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <unistd.h>

namespace bareheap::drop_in {

/// Collects pieces and writes them as one. What does not fit is left out.
class StandardError {
 public:
  void put(std::string_view text) noexcept {
    const std::size_t room = sizeof text_ - size_;
    const std::size_t size = text.size() < room ? text.size() : room;
    std::memcpy(text_ + size_, text.data(), size);
    size_ += size;
  }
  void put(std::size_t value) noexcept {
    put_decimal([this](const char* digits, std::size_t size) { put(std::string_view(digits, size)); }, value);
  }

  void flush(int file = STDERR_FILENO) noexcept {
    const char* from = text_;
    while (size_ != 0) {
      const ssize_t written = ::write(file, from, size_);
      if (written <= 0) break;
      from += written;
      size_ -= static_cast<std::size_t>(written);
    }
    size_ = 0;
  }

 private:
  std::size_t size_ = 0;
  char text_[1024];
};

}  // namespace bareheap::drop_in
