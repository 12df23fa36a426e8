// SPDX-License-Identifier: MIT
// A line on the terminal that tells how far long work is.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace bareheap::tools::replay {

/// Shows itself on standard error when the work has taken a second, where that is a terminal, and goes away at the end.
class Progress {
 public:
  explicit Progress(std::size_t parts);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// The work now is `what`.
  void begin(std::string what);

  /// Within what was begun last: `step` of it, a few words.
  void step(const std::string& step);

  /// A part is done; the next line that is shown tells so.
  void end();

 private:
  void show(const std::string& step);

  std::size_t parts_;
  std::size_t done_ = 0;
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_shown_{};
};

}  // namespace bareheap::tools::replay
