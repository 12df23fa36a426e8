// SPDX-License-Identifier: MIT
// Writes a trace (trace_format.hpp) to whatever takes bytes. It holds one chunk and allocates nothing.
#pragma once

#include "bareheap/core/trace_format.hpp"

#include <concepts>
#include <utility>

namespace bareheap {

/// Takes the bytes of a trace in order. It must not allocate from the heap that is recorded.
template <class S>
concept TraceSink = requires(S& sink, const std::byte* bytes, std::size_t size) {
  { sink.write(bytes, size) } noexcept -> std::same_as<void>;
};

/// `Capacity`: bytes of a chunk, header and check included; a chunk is written when it is full, so a larger one costs
/// memory and is quicker and smaller. At most 65,535.
template <TraceSink Sink, std::size_t Capacity = 512>
class TraceWriter {
 public:
  static_assert(Capacity >= 128 && Capacity <= 65535, "room for an event, and a size that two bytes tell");

  constexpr TraceWriter() noexcept = default;

  /// Begins a trace: its first bytes go to `sink`.
  void begin(Sink& sink, const TraceHeader& header) noexcept {
    *this = TraceWriter();
    header_ = header;
    sink.write(reinterpret_cast<const std::byte*>(trace_format::magic), trace_format::magic_size);
    const bool slots = header.names == TraceNames::slots;
    put_byte((slots ? trace_format::slots_bit : 0) | (header.callers ? trace_format::callers_bit : 0));
    put_byte(header.natural_alignment_log2);
    put_number(header.ticks_per_second);
    put_number(header.caller_base);
    for (std::size_t index = 0; index < header.program_size && room() != 0; ++index)
      put_byte(static_cast<unsigned char>(header.program[index]));
    write_chunk(sink, trace_format::header_chunk);
  }

  /// Adds an event. Of two events the later one must not have the earlier time.
  void put(Sink& sink, const TraceEvent& event) noexcept {
    if (room() < trace_format::longest_event) flush(sink);
    const bool aligned = event.alignment_log2 != header_.natural_alignment_log2 && event.call == TraceCall::allocate;
    const bool other_cpu = event.cpu != previous_.cpu;
    put_byte(static_cast<unsigned>(event.call) | (event.refused ? trace_format::refused_bit : 0) |
             (event.zeroed ? trace_format::zeroed_bit : 0) | (aligned ? trace_format::alignment_bit : 0) |
             (other_cpu ? trace_format::cpu_bit : 0));
    if (aligned) put_byte(event.alignment_log2);
    if (other_cpu) put_number(previous_.cpu = event.cpu);
    if (header_.ticks_per_second != 0) put_number(event.time - std::exchange(previous_.time, event.time));
    if (header_.callers) put_difference(previous_.caller, event.caller);
    put_block(event);
    ++events_;
  }

  /// Writes what is held back, so that a reader has all events up to now.
  void flush(Sink& sink) noexcept {
    if (used_ != trace_format::chunk_prefix) write_chunk(sink, trace_format::events_chunk);
  }

  /// Ends the trace. `slots`: the places that a replay needs; 0 where blocks are named by addresses.
  void end(Sink& sink, std::uint64_t slots = 0) noexcept {
    flush(sink);
    put_number(events_);
    put_number(slots);
    write_chunk(sink, trace_format::end_chunk);
  }

  std::uint64_t events() const noexcept { return events_; }

 private:
  void put_block(const TraceEvent& event) noexcept {
    if (event.call == TraceCall::allocate) {
      put_number(event.size);
      if (!event.refused) put_name(event.name);
      return;
    }
    put_name(event.name);
    if (event.call == TraceCall::deallocate) return;
    put_number(event.size);
    const bool moves = event.call == TraceCall::reallocate && header_.names == TraceNames::addresses;
    if (moves && !event.refused) put_name(event.new_name);
  }

  void put_name(std::uint64_t name) noexcept {
    if (header_.names == TraceNames::slots) return put_number(name);
    put_difference(previous_.name, name);
  }

  void put_difference(std::uint64_t& previous, std::uint64_t value) noexcept {
    put_number(trace_format::folded(value - std::exchange(previous, value)));
  }

  void put_number(std::uint64_t number) noexcept {
    for (; number >= 0x80; number >>= 7) put_byte(static_cast<unsigned>(number & 0x7F) | 0x80);
    put_byte(static_cast<unsigned>(number));
  }

  void put_byte(unsigned value) noexcept { chunk_[used_++] = static_cast<std::byte>(value); }

  std::size_t room() const noexcept { return Capacity - trace_format::chunk_check - used_; }

  void write_chunk(Sink& sink, trace_format::ChunkKind kind) noexcept {
    const std::size_t size = used_ - trace_format::chunk_prefix;
    chunk_[0] = static_cast<std::byte>(kind);
    chunk_[1] = static_cast<std::byte>(size & 0xFF);
    chunk_[2] = static_cast<std::byte>(size >> 8);
    check_ = trace_format::crc(chunk_, used_, check_);
    for (unsigned shift = 0; shift < 32; shift += 8) put_byte(check_ >> shift & 0xFF);
    sink.write(chunk_, used_);
    used_ = trace_format::chunk_prefix;
  }

  TraceHeader header_;
  trace_format::Previous previous_;
  std::uint64_t events_ = 0;
  std::uint32_t check_ = 0;
  std::size_t used_ = trace_format::chunk_prefix;
  std::byte chunk_[Capacity] = {};
};

}  // namespace bareheap
