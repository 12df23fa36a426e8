// SPDX-License-Identifier: MIT
//
// Traced: writes down every call, so that it can be replayed on another heap, or on another machine.
//
//     program --allocate--> | Traced | --> | heap |
//                               |
//                               +--> sink: a serial line, a file, a piece of memory
//
// For:      finding out which heap a program needs, with the program's own calls: a kernel's too, over its serial line.
// Not for:  leaving it in. Several CPUs by itself: Locked goes around it, Locked<Traced<Heap, Sink>>, and the order of
//           the events is that of the lock.
// Cost:     an event is 2 to 10 bytes as a rule, and each byte some tens of instructions for its check.
// Overhead: the object holds one chunk of `Capacity` bytes; a block costs nothing. The heap inside lends the same
//           addresses as without it.
// Invariants: those of the heap inside.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/trace_writer.hpp"

#include <bit>
#include <concepts>
#include <utility>

namespace bareheap {

/// What a sink may tell besides: the time in ticks since any moment, and the CPU or thread that calls. The header names
/// the ticks per second; times are recorded only where it does and the sink has now().
template <Allocator Heap, TraceSink Sink, std::size_t Capacity = 512>
class Traced {
 public:
  constexpr Traced() noexcept = default;

  /// The heap inside is made of the arguments.
  template <class... Arguments>
    requires(sizeof...(Arguments) != 0 && std::constructible_from<Heap, Arguments...>)
  constexpr explicit Traced(Arguments&&... arguments) noexcept : heap_(std::forward<Arguments>(arguments)...) {}

  /// Begins a recording. Blocks that are lent already are not in it, and a reader leaves out what is done with them.
  /// A recording that was begun before and not ended is one that was cut off.
  void start(TraceHeader header) noexcept {
    header.names = TraceNames::addresses;
    if constexpr (!has_clock) header.ticks_per_second = 0;
    writer_.begin(sink_, header);
    started_ = now();
    recording_ = true;
  }

  /// Ends the recording; what comes after is not recorded. Nothing where none was begun.
  void stop() noexcept {
    if (!std::exchange(recording_, false)) return;
    writer_.end(sink_);
  }

  Admission init(Region region) noexcept
    requires requires(Heap& inner) { inner.init(region); }
  {
    return heap_.init(region);
  }

  Admission add(Region region) noexcept
    requires Growable<Heap>
  {
    return heap_.add(region);
  }

  [[gnu::noinline]] Block allocate(Layout asked) noexcept { return allocate(asked, caller_here()); }

  /// The same for one who asks on behalf of `caller`.
  Block allocate(Layout asked, const void* caller) noexcept {
    const Block block = allocate_inside(asked, caller);
    TraceEvent event = begin_event(TraceCall::allocate, block.at, asked.size(), caller);
    event.refused = !block;
    event.alignment_log2 = static_cast<std::uint8_t>(std::countr_zero(asked.alignment()));
    record(event);
    return block;
  }

  [[gnu::noinline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (at != nullptr) record(begin_event(TraceCall::deallocate, at, 0, caller_here()));
    heap_.deallocate(at, asked);
  }

  [[gnu::noinline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const bool resized = heap_.resize(at, asked, size);
    TraceEvent event = begin_event(TraceCall::resize, at, size, caller_here());
    event.refused = !resized;
    record(event);
    return resized;
  }

  void trim() noexcept
    requires Stocked<Heap>
  {
    heap_.trim();
  }

  bool owns(const void* at) const noexcept { return heap_.owns(static_cast<const std::byte*>(at)); }

  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    return heap_.size_of(at);
  }

  Layout layout_of(const std::byte* at) const noexcept
    requires requires(const Heap& inner) { inner.layout_of(at); }
  {
    return heap_.layout_of(at);
  }

  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }

  [[nodiscard]] Fault check() const noexcept { return heap_.check(); }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.walk_step(from, count, sink);
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.check_step(from, count);
  }

  Sink& sink() noexcept { return sink_; }

  /// The heap inside, to look at: what only it has to tell.
  const Heap& inner() const noexcept { return heap_; }

 private:
  static constexpr bool has_clock = requires(Sink& sink) {
    { sink.now() } noexcept -> std::convertible_to<std::uint64_t>;
  };
  static constexpr bool knows_cpu = requires(Sink& sink) {
    { sink.cpu() } noexcept -> std::convertible_to<std::uint32_t>;
  };

  Block allocate_inside(Layout asked, const void* caller) noexcept {
    if constexpr (requires { heap_.allocate(asked, caller); }) return heap_.allocate(asked, caller);
    return heap_.allocate(asked);
  }

  TraceEvent begin_event(TraceCall call, const std::byte* at, std::size_t size, const void* caller) noexcept {
    TraceEvent event{.call = call, .name = address_of(at), .size = size, .caller = address_of(caller)};
    if constexpr (knows_cpu) event.cpu = sink_.cpu();
    event.time = now() - started_;
    return event;
  }

  void record(const TraceEvent& event) noexcept {
    if (recording_) writer_.put(sink_, event);
  }

  std::uint64_t now() noexcept {
    if constexpr (has_clock) return sink_.now();
    return 0;
  }

  Heap heap_;
  Sink sink_;
  TraceWriter<Sink, Capacity> writer_;
  std::uint64_t started_ = 0;
  bool recording_ = false;
};

}  // namespace bareheap
