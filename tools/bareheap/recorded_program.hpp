// SPDX-License-Identifier: MIT
// A program that runs with the recorder's library inside (recorder/).
#pragma once

#include "files.hpp"
#include "recorder/recording.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bareheap::tools {

/// Throws UserError where the file could not be written, before anything runs in vain.
void check_writable(const std::filesystem::path& file);

class RecordedProgram {
 public:
  /// Starts it. Throws UserError where that cannot be done.
  RecordedProgram(const std::vector<std::string>& program, bool callers, bool times);
  ~RecordedProgram();
  RecordedProgram(const RecordedProgram&) = delete;
  RecordedProgram& operator=(const RecordedProgram&) = delete;

  /// Its status as a shell has it: that of the program, or 128 and the signal that ended it. What is typed to interrupt
  /// it ends the program and not the tool, and the signals that ask the tool to end are passed on.
  int wait();

  /// The trace, after wait(). Throws UserError where the program was not recorded.
  std::vector<std::byte> events();

  /// After events(): why the trace has no end, or empty where it is whole.
  std::string why_cut_off() const;

 private:
  std::string program_;
  std::filesystem::path folder_;
  recorder::Recording* recording_ = nullptr;
  pid_t process_ = 0;
};

}  // namespace bareheap::tools
