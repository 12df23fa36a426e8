// SPDX-License-Identifier: MIT
// A duplicate of standard error, for what is said at the end of programs that close it before, as the coreutils do.
#pragma once

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bareheap::drop_in {

class KeptStandardError {
 public:
  constexpr KeptStandardError() noexcept = default;

  /// Before the program can close it. Where nothing is free from 100 up, nothing is kept.
  void keep() noexcept {
    constexpr int least = 100;  // programs get the numbers from 3 up that they would get without this
    struct stat seen;
    const int before = errno;
    if (::fstat(STDERR_FILENO, &seen) == 0) {
      device_ = seen.st_dev;
      node_ = seen.st_ino;
      file_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, least);
    }
    errno = before;
  }

  /// Where standard error is closed, it is what it was. Where the program has put something else there, that stays.
  void restore() const noexcept {
    if (is_there() && ::fcntl(STDERR_FILENO, F_GETFD) < 0) ::dup2(file_, STDERR_FILENO);
  }

  /// In the child of a fork: a daemon must not hold what its parent's parent reads to the end.
  void drop() noexcept {
    const int before = errno;
    if (is_there()) ::close(file_);
    file_ = -1;
    errno = before;
  }

 private:
  // The program may have closed it with all that it does not know, and have something of its own under that number.
  bool is_there() const noexcept {
    struct stat seen;
    return file_ >= 0 && ::fstat(file_, &seen) == 0 && seen.st_dev == device_ && seen.st_ino == node_;
  }

  int file_ = -1;
  dev_t device_ = 0;
  ino_t node_ = 0;
};

}  // namespace bareheap::drop_in
