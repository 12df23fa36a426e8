// SPDX-License-Identifier: MIT
// Writes down the calls of the program that this library was loaded into.
#pragma once

#include "bareheap/core/trace_format.hpp"

namespace bareheap::recorder {

/// A call of the program. What the allocator calls meanwhile, by the names that this library has taken, is no call of
/// the program and is not recorded.
class Call {
 public:
  Call() noexcept;
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Keeps the events of other threads out until unlock(), or the call's end. record() does so too.
  void lock() noexcept;
  void unlock() noexcept;

  /// Adds the event, with thread and time.
  void record(TraceEvent event) noexcept;

 private:
  bool recorded_;
  bool locked_ = false;
};

}  // namespace bareheap::recorder
