// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace bareheap::tools::replay {

Progress::Progress(std::size_t parts) : parts_(parts), terminal_(isatty(2) != 0) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::begin(std::string what) {
  what_ = std::move(what);
  show("");
}

void Progress::step(const std::string& step) { show(step); }

void Progress::end() { ++done_; }

// Ten times a second at most: the line must cost nothing.
void Progress::show(const std::string& step) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - begun_ < std::chrono::seconds(1) || now - last_shown_ < std::chrono::milliseconds(100)) return;
  constexpr std::size_t width = 24;
  const std::size_t filled = parts_ == 0 ? width : width * done_ / parts_;
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r\033[K[%s] %zu of %zu  %s%s", bar.c_str(), done_, parts_, what_.c_str(), step.c_str());
  last_shown_ = now;
  shown_ = true;
}

}  // namespace bareheap::tools::replay
