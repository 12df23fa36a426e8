// SPDX-License-Identifier: MIT
// How the calls to a heap are written down, one after another, as bytes (docs/traces.md has the format for those who
// read it with something else). A recording can be written to a serial line while the program runs; what is cut off or
// damaged on its way is found.
//
//     "bareheap trace 1\n" | chunk | chunk | … | chunk        chunk: kind 1, size 2, that many bytes, check 4
//
// The first chunk is the header, the last one the end; between them are events. The check is a CRC-32 over the chunk
// that goes on from the check of the chunk before, so a chunk that is missing or out of its place is found too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap {

enum class TraceCall : std::uint8_t {
  allocate,
  deallocate,
  resize,      ///< in place, or refused
  reallocate,  ///< to wherever there is room, as C's realloc
};

/// One call and its outcome. What a call does not have is 0.
struct TraceEvent {
  TraceCall call = TraceCall::allocate;
  bool refused = false;            ///< the answer was empty, or false
  bool zeroed = false;             ///< allocate: the bytes were asked for as zeros
  std::uint8_t alignment_log2 = 0; ///< allocate: of the alignment asked for; that of the header where none was
  std::uint32_t cpu = 0;           ///< CPU or thread
  std::uint64_t name = 0;          ///< of the block: its address, or its slot
  std::uint64_t new_name = 0;      ///< reallocate: where it is now; with slots the same as name
  std::uint64_t size = 0;          ///< bytes asked for; not told by deallocate
  std::uint64_t time = 0;          ///< ticks since the recording began; 0 where times are not recorded
  std::uint64_t caller = 0;        ///< address after the call; 0 where callers are not recorded

  friend bool operator==(const TraceEvent&, const TraceEvent&) noexcept = default;
};

/// How blocks are named.
enum class TraceNames : std::uint8_t {
  addresses,  ///< by where they are, as a recorder sees them
  slots,      ///< by the number of a place in a table, lowest places first and used again: ready to be replayed
};

struct TraceHeader {
  TraceNames names = TraceNames::addresses;
  bool callers = false;
  std::uint8_t natural_alignment_log2 = 4;  ///< what a call gets that asks for no alignment
  std::uint64_t ticks_per_second = 0;       ///< 0: times are not recorded
  std::uint64_t caller_base = 0;            ///< where the program was loaded; callers are absolute
  const char* program = "";                 ///< its name; need not end with a zero
  std::size_t program_size = 0;             ///< bytes of the name; what does not fit into the chunk is cut off
};

namespace trace_format {

inline constexpr char magic[] = "bareheap trace 1\n";
inline constexpr std::size_t magic_size = sizeof magic - 1;
inline constexpr std::size_t magic_of_any_version = magic_size - 2;  // all but the version and the end of the line

enum ChunkKind : unsigned char { header_chunk = 'h', events_chunk = 'e', end_chunk = 'z' };
inline constexpr std::size_t chunk_prefix = 3;  // kind and size
inline constexpr std::size_t chunk_check = 4;

inline constexpr std::size_t longest_number = 10;  // of 64 bits, seven in each byte
inline constexpr std::size_t longest_event = 2 + 6 * longest_number;

// The first byte of an event.
inline constexpr unsigned call_mask = 3;
inline constexpr unsigned refused_bit = 1 << 2;
inline constexpr unsigned zeroed_bit = 1 << 3;
inline constexpr unsigned alignment_bit = 1 << 4;
inline constexpr unsigned cpu_bit = 1 << 5;
inline constexpr unsigned unused_bits = 3 << 6;

// The first byte of the header.
inline constexpr unsigned slots_bit = 1;
inline constexpr unsigned callers_bit = 2;
inline constexpr unsigned unused_header_bits = 0xFC;

// Differences are small, either way: the sign goes to the lowest bit.
constexpr std::uint64_t folded(std::uint64_t difference) noexcept {
  return difference << 1 ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unfolded(std::uint64_t number) noexcept { return number >> 1 ^ (0 - (number & 1)); }

// CRC-32 as of IEEE 802.3, half a byte at a time: a table of 64 bytes.
struct CrcTable {
  std::uint32_t entries[16] = {};

  constexpr CrcTable() noexcept {
    for (std::uint32_t index = 0; index < 16; ++index) {
      std::uint32_t value = index;
      for (int bit = 0; bit < 4; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xEDB88320u : 0);
      entries[index] = value;
    }
  }
};
inline constexpr CrcTable crc_table;

/// The check of `size` bytes that follow those whose check is `before`.
constexpr std::uint32_t crc(const std::byte* bytes, std::size_t size, std::uint32_t before) noexcept {
  std::uint32_t value = ~before;
  for (std::size_t index = 0; index < size; ++index) {
    value ^= std::to_integer<std::uint32_t>(bytes[index]);
    value = value >> 4 ^ crc_table.entries[value & 15];
    value = value >> 4 ^ crc_table.entries[value & 15];
  }
  return ~value;
}

/// What one event is told relative to: the event before.
struct Previous {
  std::uint64_t name = 0;
  std::uint64_t time = 0;
  std::uint64_t caller = 0;
  std::uint32_t cpu = 0;
};

}  // namespace trace_format
}  // namespace bareheap
