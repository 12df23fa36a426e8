// SPDX-License-Identifier: MIT
// What the tool and its library inside the recorded program share: a file that both have mapped. It is whole after
// every single store, so however the program ends, the tool finds all that was recorded and ends the trace.
#pragma once

#include "bareheap/parts/trace_writer.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <unistd.h>

namespace bareheap::recorder {

/// The variable of the environment that names the file of the Recording.
inline constexpr char variable[] = "BAREHEAP_RECORDING";

/// A recording is cut off here: the tool reads 1 GiB and no more, and adds an end.
inline constexpr off_t largest_file = (off_t{1} << 30) - (1 << 16);

/// A file that is written piece by piece. It is opened for each, so that the program may close what it likes, and the
/// numbers of its own files stay as they are.
struct PiecewiseFile {
  char path[512] = {};
  off_t size = 0;  ///< where the next piece goes
  int error = 0;   ///< why a piece could not be written, as of errno; then no later one is

  void write(const std::byte* bytes, std::size_t count) noexcept {
    const int errno_of_the_program = errno;
    if (error == 0) write_piece(bytes, count);
    errno = errno_of_the_program;
  }

  void clear() noexcept {
    size = 0;
    if (truncate(path, 0) != 0) error = errno;
  }

 private:
  void write_piece(const std::byte* bytes, std::size_t count) noexcept {
    if (size + static_cast<off_t>(count) > largest_file) {
      error = EFBIG;
      return;
    }
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) error = errno;
    while (count != 0 && error == 0) {
      const ssize_t written = pwrite(file, bytes, count, size);
      if (written < 0 && errno != EINTR) error = errno;
      if (written < 0) continue;
      bytes += written;
      count -= static_cast<std::size_t>(written);
      size += written;
    }
    if (file >= 0) close(file);
  }
};

class Recording {
 public:
  // From the tool.
  std::size_t size = sizeof(Recording);  ///< told by both: they must be of one build
  bool callers = false;
  bool times = false;
  pid_t tool = 0;  ///< the process that is recorded is its child

  bool started = false;  ///< from the library

  PiecewiseFile& file() noexcept { return parts_[position_ / half].file; }

  /// Begins, or begins again: what was recorded before is gone.
  void begin(const TraceHeader& header) noexcept {
    parts_[0].file = file();
    parts_[0].file.clear();
    position_ = 0;
    parts_[0].writer.begin(parts_[0].file, header);
    started = true;
  }

  void add(const TraceEvent& event) noexcept {
    const std::uint32_t position = position_;
    waiting_[position % half] = event;
    position_ = position + 1;
    if ((position + 1) % half == half - 1) write_waiting();
  }

  void end() noexcept {
    write_waiting();
    parts_[position_ / half].writer.end(file());
  }

 private:
  static constexpr std::uint32_t half = 1024;

  struct Part {
    PiecewiseFile file;
    TraceWriter<PiecewiseFile, 16384> writer;
  };

  // The other part becomes what this one is with the events that wait; until then this one counts.
  void write_waiting() noexcept {
    const std::uint32_t position = position_;
    const std::uint32_t other = 1 - position / half;
    parts_[other] = parts_[1 - other];
    for (std::uint32_t index = 0; index < position % half; ++index)
      parts_[other].writer.put(parts_[other].file, waiting_[index]);
    position_ = other * half;
  }

  std::atomic<std::uint32_t> position_ = 0;  // the part that counts times half, and the number of events that wait
  Part parts_[2];
  TraceEvent waiting_[half];
};

}  // namespace bareheap::recorder
