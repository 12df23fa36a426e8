// SPDX-License-Identifier: MIT
// What is written is read, and what is damaged is not.
#include "trace/traces.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace bareheap {
namespace {

using test::Bytes;
using test::written;

struct Read {
  std::vector<TraceEvent> events;
  TraceFault fault;
  std::uint64_t slots;
};

Read read(const Bytes& bytes) {
  TraceReader reader(bytes.data(), bytes.size());
  Read all;
  for (TraceEvent event; reader.next(event);) all.events.push_back(event);
  TraceEvent after;
  EXPECT_FALSE(reader.next(after)) << "the end stays the end";
  return {all.events, reader.fault(), reader.slots()};
}

Bytes bytes_of(std::string_view text) {
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

std::vector<TraceHeader> headers() {
  std::vector<TraceHeader> all;
  for (const TraceNames names : {TraceNames::addresses, TraceNames::slots}) {
    for (const bool callers : {false, true}) {
      for (const std::uint64_t ticks : {0u, 1000u})
        all.push_back({.names = names, .callers = callers, .natural_alignment_log2 = 3, .ticks_per_second = ticks});
    }
  }
  return all;
}

TEST(TraceFormat, what_is_written_is_read) {
  for (const TraceHeader& header : headers()) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      test::RandomEvents random(header, seed);
      std::vector<TraceEvent> events;
      while (events.size() < seed * 20) events.push_back(random.next());
      for (const Bytes& bytes : {written<128>(header, events, seed), written<65535>(header, events, seed)}) {
        const Read all = read(bytes);
        EXPECT_EQ(all.fault, TraceFault::none);
        EXPECT_EQ(all.slots, seed);
        ASSERT_EQ(all.events, events);
      }
    }
  }
}

TEST(TraceFormat, the_header_is_read_and_a_name_that_is_too_long_is_cut_off) {
  const std::string_view name(__FILE__ "0123456789012345678901234567890123456789012345678901234567890123456789"
                                       "0123456789012345678901234567890123456789012345678901234567890123456789");
  const Bytes bytes = written<128>({.names = TraceNames::slots,
                                    .callers = true,
                                    .natural_alignment_log2 = 12,
                                    .ticks_per_second = 54'000'000,
                                    .caller_base = ~std::uint64_t{0},
                                    .program = name.data(),
                                    .program_size = name.size()},
                                   {});
  const TraceHeader header = TraceReader(bytes.data(), bytes.size()).header();
  EXPECT_EQ(header.names, TraceNames::slots);
  EXPECT_TRUE(header.callers);
  EXPECT_EQ(header.natural_alignment_log2, 12);
  EXPECT_EQ(header.ticks_per_second, 54'000'000u);
  EXPECT_EQ(header.caller_base, ~std::uint64_t{0});
  EXPECT_EQ(std::string_view(header.program, header.program_size), name.substr(0, header.program_size));
  EXPECT_GT(header.program_size, 90u);
}

// The example of docs/traces.md, byte by byte: readers in other languages rely on it.
TEST(TraceFormat, is_what_the_document_says) {
  const Bytes bytes = written({.program = "ls", .program_size = 2},
                              {{.alignment_log2 = 4, .name = 0x1000, .size = 24},
                               {.call = TraceCall::reallocate, .name = 0x1000, .new_name = 0x1020, .size = 200},
                               {.call = TraceCall::deallocate, .cpu = 1, .name = 0x1020}});
  using namespace std::string_view_literals;
  const Bytes expected = bytes_of("bareheap trace 1\n"
                                  "h\x06\x00" "\x00\x04\x00\x00" "ls" "\x78\x9C\x19\x32"
                                  "e\x0C\x00" "\x00\x18\x80\x40" "\x03\x00\xC8\x01\x40" "\x21\x01\x00"
                                   "\x2A\xE1\x88\x98"
                                  "z\x02\x00" "\x03\x00" "\xE9\xCF\x68\x47"sv);
  EXPECT_EQ(bytes, expected);
}

TEST(TraceFormat, times_callers_and_addresses_cost_what_changes) {
  std::vector<TraceEvent> events;
  for (std::uint64_t index = 0; index < 100; ++index)
    events.push_back({.alignment_log2 = 4, .name = 0x7F0000000000 + 32 * index, .size = 24, .time = 5000 + index});
  EXPECT_LT(written({.ticks_per_second = 1000}, events).size(), 480u);
}

Bytes short_trace() {
  std::vector<TraceEvent> events;
  test::RandomEvents random({}, 1);
  while (events.size() < 40) events.push_back(random.next());
  return written<128>({.program = "short", .program_size = 5}, events);
}

TEST(TraceFormat, every_truncation_is_found_and_whole_chunks_are_still_read) {
  const Bytes whole = short_trace();
  const std::vector<TraceEvent> events = read(whole).events;
  std::size_t most = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Read part = read(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const TraceFault expected = size < 15   ? TraceFault::not_a_trace
                                : size < 17 ? TraceFault::other_version
                                            : TraceFault::cut_off;
    ASSERT_EQ(part.fault, expected) << size;
    ASSERT_TRUE(std::equal(part.events.begin(), part.events.end(), events.begin())) << size;
    most = std::max(most, part.events.size());
  }
  EXPECT_EQ(most, events.size());
}

TEST(TraceFormat, every_flipped_bit_is_found_and_no_event_of_its_chunk_is_given_out) {
  const Bytes whole = short_trace();
  const std::vector<TraceEvent> events = read(whole).events;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= std::byte{1} << bit % 8;
    const Read part = read(damaged);
    ASSERT_NE(part.fault, TraceFault::none) << bit;
    ASSERT_TRUE(std::equal(part.events.begin(), part.events.end(), events.begin())) << bit;
  }
}

TEST(TraceFormat, what_follows_the_end_or_is_of_another_version_is_refused) {
  Bytes longer = short_trace();
  longer.push_back(std::byte{'\n'});
  EXPECT_EQ(read(longer).fault, TraceFault::damaged);
  EXPECT_EQ(read(bytes_of("bareheap trace 2\n")).fault, TraceFault::other_version);
  EXPECT_EQ(read(bytes_of("a letter\n")).fault, TraceFault::not_a_trace);
  EXPECT_EQ(read({}).fault, TraceFault::not_a_trace);
}

TEST(TraceFormat, a_chunk_out_of_its_place_is_found) {
  const Bytes whole = short_trace();
  std::vector<std::size_t> starts;
  for (std::size_t at = 17; at < whole.size();) {
    starts.push_back(at);
    at += 7 + std::to_integer<std::size_t>(whole[at + 1]) + (std::to_integer<std::size_t>(whole[at + 2]) << 8);
  }
  ASSERT_GT(starts.size(), 4u);
  const auto at = [&](std::size_t chunk) { return whole.begin() + static_cast<std::ptrdiff_t>(starts[chunk]); };
  Bytes missing(whole.begin(), at(2));
  missing.insert(missing.end(), at(3), whole.end());
  EXPECT_EQ(read(missing).fault, TraceFault::damaged);
  Bytes twice(whole.begin(), at(3));
  twice.insert(twice.end(), at(2), whole.end());
  EXPECT_EQ(read(twice).fault, TraceFault::damaged);
}

// Chunks whose check is right, with any bytes inside.
TEST(TraceFormat, any_bytes_are_read_or_refused) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    Bytes forged = bytes_of("bareheap trace 1\n");
    std::uint32_t check = 0;
    for (const char kind : {'h', 'e', random() % 4 == 0 ? 'e' : 'z'}) {
      Bytes chunk{static_cast<std::byte>(kind), static_cast<std::byte>(4 + random() % 60), std::byte{0}};
      const std::size_t size = 3 + std::to_integer<std::size_t>(chunk[1]);
      while (chunk.size() < size) chunk.push_back(static_cast<std::byte>(random() % 3 == 0 ? random() : random() % 8));
      check = trace_format::crc(chunk.data(), chunk.size(), check);
      for (unsigned shift = 0; shift < 32; shift += 8) chunk.push_back(static_cast<std::byte>(check >> shift));
      forged.insert(forged.end(), chunk.begin(), chunk.end());
    }
    EXPECT_NE(read(forged).fault, TraceFault::not_a_trace);
  }
}

}  // namespace
}  // namespace bareheap
