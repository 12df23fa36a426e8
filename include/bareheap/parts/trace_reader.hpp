// SPDX-License-Identifier: MIT
// Reads a trace (trace_format.hpp) out of memory, without allocating. Every byte is distrusted: what is damaged or cut
// off ends the reading with its sentence, and no event of a damaged chunk is given out.
#pragma once

#include "bareheap/core/trace_format.hpp"


namespace bareheap {

enum class TraceFault : std::uint8_t {
  none,
  not_a_trace,
  other_version,
  cut_off,
  damaged,
};

/// The sentence for who offered the trace.
constexpr const char* sentence(TraceFault fault) noexcept {
  switch (fault) {
    case TraceFault::none: return "the trace is whole";
    case TraceFault::not_a_trace: return "this is not a trace: it does not begin with 'bareheap trace'";
    case TraceFault::other_version: return "this trace is of another version of the format; version 1 is read here";
    case TraceFault::cut_off: return "the trace is cut off: it has no end";
    case TraceFault::damaged: return "the trace is damaged: what it says does not fit its check";
  }
  return "the trace is damaged in an unknown way";
}

class TraceReader {
 public:
  /// The bytes must live and stay as they are while they are read, and as long as header() is.
  TraceReader(const std::byte* bytes, std::size_t size) noexcept : rest_{bytes, size} { read_header(); }

  const TraceHeader& header() const noexcept { return header_; }

  /// The next event, or false: at the end, or at a fault. fault() tells which.
  bool next(TraceEvent& event) noexcept {
    while (fault_ == TraceFault::none && !ended_ && chunk_.size == 0) {
      const unsigned char kind = open_chunk();
      if (fault_ != TraceFault::none) break;
      if (kind == trace_format::end_chunk) read_end();
      else if (kind != trace_format::events_chunk || chunk_.size == 0) fail(TraceFault::damaged);
    }
    if (fault_ != TraceFault::none || ended_) return false;
    event = read_event();
    if (fault_ != TraceFault::none) return false;
    ++events_;
    return true;
  }

  TraceFault fault() const noexcept { return fault_; }

  /// After the last event: what its end says of the places that a replay needs.
  std::uint64_t slots() const noexcept { return slots_; }

 private:
  struct Bytes {
    const std::byte* at = nullptr;
    std::size_t size = 0;

    std::uint32_t value(std::size_t index) const noexcept { return std::to_integer<std::uint32_t>(at[index]); }

    void skip(std::size_t count) noexcept {
      at += count;
      size -= count;
    }
  };

  void read_header() noexcept {
    if (!begins_with(trace_format::magic_of_any_version)) return fail(TraceFault::not_a_trace);
    if (!begins_with(trace_format::magic_size)) return fail(TraceFault::other_version);
    rest_.skip(trace_format::magic_size);
    if (open_chunk() != trace_format::header_chunk && fault_ == TraceFault::none) return fail(TraceFault::damaged);
    const unsigned flags = byte();
    header_.names = (flags & trace_format::slots_bit) != 0 ? TraceNames::slots : TraceNames::addresses;
    header_.callers = (flags & trace_format::callers_bit) != 0;
    header_.natural_alignment_log2 = static_cast<std::uint8_t>(byte());
    header_.ticks_per_second = number();
    header_.caller_base = number();
    const bool is_known = (flags & trace_format::unused_header_bits) == 0;
    if (!is_known || header_.natural_alignment_log2 > 63) fail(TraceFault::damaged);
    if (fault_ != TraceFault::none) return;
    header_.program = reinterpret_cast<const char*>(chunk_.at);
    header_.program_size = chunk_.size;
    chunk_ = {};
  }

  bool begins_with(std::size_t size) const noexcept {
    return rest_.size >= size && __builtin_memcmp(rest_.at, trace_format::magic, size) == 0;
  }

  // Makes the next chunk's bytes the ones that are read, once their check is right. Answers its kind.
  unsigned char open_chunk() noexcept {
    if (rest_.size < trace_format::chunk_prefix + trace_format::chunk_check) {
      fail(TraceFault::cut_off);
      return 0;
    }
    const std::size_t size = rest_.value(1) | rest_.value(2) << 8;
    const std::size_t checked = trace_format::chunk_prefix + size;
    if (rest_.size < checked + trace_format::chunk_check) {
      fail(TraceFault::cut_off);
      return 0;
    }
    check_ = trace_format::crc(rest_.at, checked, check_);
    std::uint32_t stored = 0;
    for (std::size_t index = 0; index < trace_format::chunk_check; ++index)
      stored |= rest_.value(checked + index) << 8 * index;
    if (stored != check_) fail(TraceFault::damaged);
    const auto kind = static_cast<unsigned char>(rest_.value(0));
    chunk_ = {rest_.at + trace_format::chunk_prefix, size};
    rest_.skip(checked + trace_format::chunk_check);
    return kind;
  }

  void read_end() noexcept {
    const std::uint64_t events = number();
    slots_ = number();
    ended_ = true;
    if (events != events_ || chunk_.size != 0 || rest_.size != 0) fail(TraceFault::damaged);
  }

  TraceEvent read_event() noexcept {
    TraceEvent event;
    const unsigned tag = byte();
    if ((tag & trace_format::unused_bits) != 0) fail(TraceFault::damaged);
    event.call = static_cast<TraceCall>(tag & trace_format::call_mask);
    event.refused = (tag & trace_format::refused_bit) != 0;
    event.zeroed = (tag & trace_format::zeroed_bit) != 0;
    if (event.call == TraceCall::allocate) event.alignment_log2 = header_.natural_alignment_log2;
    if ((tag & trace_format::alignment_bit) != 0) event.alignment_log2 = static_cast<std::uint8_t>(byte());
    if (event.alignment_log2 > 63) fail(TraceFault::damaged);
    if ((tag & trace_format::cpu_bit) != 0) previous_.cpu = static_cast<std::uint32_t>(number());
    if (header_.ticks_per_second != 0) previous_.time += number();
    if (header_.callers) read_difference(previous_.caller);
    event.cpu = previous_.cpu;
    event.time = previous_.time;
    event.caller = previous_.caller;
    read_block(event);
    return event;
  }

  void read_block(TraceEvent& event) noexcept {
    if (event.call == TraceCall::allocate) {
      event.size = number();
      if (!event.refused) event.name = name();
      return;
    }
    event.name = name();
    if (event.call == TraceCall::deallocate) return;
    event.size = number();
    const bool moves = event.call == TraceCall::reallocate && header_.names == TraceNames::addresses;
    if (event.call == TraceCall::reallocate) event.new_name = moves && !event.refused ? name() : event.name;
  }

  std::uint64_t name() noexcept {
    return header_.names == TraceNames::slots ? number() : read_difference(previous_.name);
  }

  std::uint64_t read_difference(std::uint64_t& previous) noexcept {
    return previous += trace_format::unfolded(number());
  }

  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if (shift == 63 && next > 1) break;
      if ((next & 0x80) == 0) return value;
    }
    fail(TraceFault::damaged);
    return 0;
  }

  unsigned byte() noexcept {
    if (chunk_.size == 0) {
      fail(TraceFault::damaged);
      return 0;
    }
    const unsigned value = chunk_.value(0);
    chunk_.skip(1);
    return value;
  }

  // The first fault is the one that is told.
  void fail(TraceFault fault) noexcept {
    if (fault_ == TraceFault::none) fault_ = fault;
    chunk_ = {};
  }

  Bytes rest_;   // chunks not opened yet
  Bytes chunk_;  // what is left of the open one
  TraceHeader header_;
  trace_format::Previous previous_;
  std::uint64_t events_ = 0;
  std::uint64_t slots_ = 0;
  std::uint32_t check_ = 0;
  TraceFault fault_ = TraceFault::none;
  bool ended_ = false;
};

}  // namespace bareheap
