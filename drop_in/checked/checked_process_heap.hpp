// SPDX-License-Identifier: MIT
// The heap of a Linux program that is looked for faults in: Checked over one that grows, one thread at a time, and
// beside it the story of each block.
//
//     exports --Request--> lock (signals wait) --> Checked --> ReservedGranules
//                                              `-> BlockStories
//
// It needs no constructor: the first call starts it. A fault is found by Checked, which says so to panic(): stop().
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/wrappers/checked.hpp"

#include "drop_in/checked/block_stories.hpp"
#include "drop_in/checked/reserved_granules.hpp"
#include "drop_in/checked/signal_lock.hpp"

#include <cstddef>

namespace bareheap::drop_in {

class CheckedProcessHeap {
 public:
  constexpr CheckedProcessHeap() noexcept = default;

  Block allocate(Layout asked, Request request) noexcept {
    if (asked.size() > most_reserved) return {};  // without emptying the quarantine
    const CallStack calls = call_stack_from(request.caller, frames_);
    const Holding held(*this, request.caller);
    const Block block = heap_.allocate(asked, request.caller);
    if (!block || stories_.lent(block.at, block.size, calls_.keep(calls), request.origin)) return block;
    heap_.deallocate(block.at, asked);
    return {};
  }

  void deallocate(std::byte* at, Layout asked, Request request) noexcept {
    if (at == nullptr) return;
    const CallStack calls = call_stack_from(request.caller, frames_);
    const Holding held(*this, request.caller);
    take_back(at, asked, request.origin, calls);
  }

  /// Frees a block whose layout the caller does not know.
  void release(std::byte* at, Request request) noexcept {
    if (at == nullptr) return;
    const CallStack calls = call_stack_from(request.caller, frames_);
    const Holding held(*this, request.caller);
    take_back(at, heap_.layout_of(at), request.origin, calls);
  }

  bool resize(std::byte* at, Layout asked, std::size_t size, Request request) noexcept {
    const Holding held(*this, request.caller);
    stop_unless_of(at, request.origin);
    if (!heap_.resize(at, asked, size)) return false;
    stories_.resized(at, size);
    return true;
  }

  std::size_t size_of(const std::byte* at, Request request) const noexcept {
    const Holding held(*this, request.caller);
    return heap_.size_of(at);
  }

  bool owns(const std::byte* at) const noexcept {
    const Holding held(*this, nullptr);
    return heap_.owns(at);
  }

  void walk(ExtentSink sink) const noexcept {
    const Holding held(*this, nullptr);
    heap_.walk(sink);
  }

  [[nodiscard]] Fault check() const noexcept {
    const Holding held(*this, nullptr);
    return heap_.check();
  }

  /// All blocks that are lent, and those that were and are not forgotten. The sink must not use the heap.
  template <class Sink>
  void for_each_story(Sink sink) const noexcept {
    const Holding held(*this, nullptr);
    stories_.for_each(sink);
  }

  std::size_t live() const noexcept {
    const Holding held(*this, nullptr);
    return stories_.live();
  }

  /// Stops where something was overwritten: the heap's own state, what surrounds a block, or the quarantine, which is
  /// empty then.
  void verify() noexcept {
    const Holding held(*this, nullptr);
    judge_blocks();
    heap_.trim();
    if (const Fault fault = heap_.check(); fault != Fault::none) panic({.fault = fault});
  }

  /// Empties the quarantine, and merges.
  void trim(const void* caller) noexcept {
    const Holding held(*this, caller);
    heap_.trim();
  }

  /// Whether what one family of calls has lent must not be freed by another.
  void set_pairs(bool wanted) noexcept { pairs_ = wanted; }

  /// How many calls are kept of those that led to a request or a free.
  void set_frames(std::size_t count) noexcept { frames_ = count; }

  /// The addresses that the heap may ever use, and its memory beside them.
  Region reserved() const noexcept { return reserved_; }
  Region stories() const noexcept { return stories_.memory(); }

  // fork() copies the heap while nobody else is in it.
  void before_fork() noexcept { lock_.lock(); }
  void after_fork() noexcept { lock_.unlock(); }

  /// Prints what is known and ends the program. The lock is free then: handlers of SIGABRT may use what is left.
  [[noreturn]] void stop(const FaultReport& report) noexcept;

 private:
  static constexpr std::size_t most_reserved = std::size_t{64} << 30;
  static constexpr std::size_t least_reserved = std::size_t{16} << 20;
  static constexpr std::size_t most_quarantined = std::size_t{64} << 20;

  class Holding {
   public:
    Holding(const CheckedProcessHeap& heap, const void* caller) noexcept
        : heap_(const_cast<CheckedProcessHeap&>(heap)) {
      heap_.lock_.lock();
      heap_.caller_ = caller;
      if (!heap_.is_started_) heap_.start();
    }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    ~Holding() { heap_.lock_.unlock(); }

   private:
    CheckedProcessHeap& heap_;
  };

  // Where nothing is granted, every request is refused.
  void start() noexcept {
    is_started_ = true;
    for (std::size_t size = most_reserved; size >= least_reserved; size /= 2) {
      std::byte* const at = LinuxSystem::reserve(size);
      if (at == nullptr) continue;
      reserved_ = {at, size};
      static_cast<void>(heap_.init(reserved_));
      return;
    }
  }

  FaultReport cause_of(const FaultReport& report) noexcept;

  // Stops at the first block whose surroundings were overwritten. Called again by that stop, it goes on behind it.
  void judge_blocks() const noexcept {
    while (const BlockStory* const story = stories_.next_live(judged_)) static_cast<void>(heap_.size_of(story->at));
  }

  void take_back(std::byte* at, Layout asked, Origin origin, const CallStack& calls) noexcept {
    stop_unless_of(at, origin);
    heap_.deallocate(at, asked);
    stories_.freed(at, calls_.keep(calls));
    freed_ += asked.size();
    if (freed_ < most_quarantined) return;
    freed_ = 0;
    heap_.trim();
  }

  void stop_unless_of(const std::byte* at, Origin origin) noexcept {
    static_cast<void>(heap_.size_of(at));  // stops unless it is lent
    const BlockStory* const story = stories_.find(at);
    if (pairs_ && story != nullptr && story->origin != origin) stop_of_mismatch(*story, origin);
  }

  [[noreturn]] void stop_of_mismatch(BlockStory story, Origin origin) noexcept;

  SignalLock lock_;
  bool is_started_ = false;
  bool pairs_ = true;
  std::size_t frames_ = 1;
  Region reserved_{};
  const void* caller_ = nullptr;  // of the call that holds the lock
  std::size_t freed_ = 0;         // bytes since the quarantine was emptied
  mutable std::size_t judged_ = 0;
  FaultReport cause_{};
  Checked<ReservedGranules, 4096> heap_;
  BlockStories stories_;
  CallStacks calls_;
};

extern constinit CheckedProcessHeap process_heap;

/// The heap as one caller sees it.
class OnBehalf {
 public:
  explicit OnBehalf(Request request) noexcept : request_(request) {}

  Block allocate(Layout asked) noexcept { return process_heap.allocate(asked, request_); }
  void deallocate(std::byte* at, Layout asked) noexcept { process_heap.deallocate(at, asked, request_); }
  void release(std::byte* at) noexcept { process_heap.release(at, request_); }
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    return process_heap.resize(at, asked, size, request_);
  }
  std::size_t size_of(const std::byte* at) const noexcept { return process_heap.size_of(at, request_); }
  bool owns(const std::byte* at) const noexcept { return process_heap.owns(at); }
  void walk(ExtentSink sink) const noexcept { process_heap.walk(sink); }
  Fault check() const noexcept { return process_heap.check(); }
  const void* caller() const noexcept { return request_.caller; }

 private:
  Request request_;
};

}  // namespace bareheap::drop_in
