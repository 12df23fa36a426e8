// SPDX-License-Identifier: MIT
// From calls to operations with slots, and to files and back.
#include "files.hpp"
#include "recorder/recording.hpp"
#include "trace.hpp"
#include "trace/traces.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bareheap::tools {
namespace {

using test::Bytes;
using test::written;
using Events = std::vector<TraceEvent>;
constexpr auto allocate = TraceCall::allocate;
constexpr auto deallocate = TraceCall::deallocate;
constexpr auto resize = TraceCall::resize;
constexpr auto reallocate = TraceCall::reallocate;

class File {
 public:
  File() : path_(std::filesystem::path(testing::TempDir()) / ("trace_test." + std::to_string(getpid()))) {}
  ~File() { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }

  Bytes bytes() const {
    std::ifstream file(path_, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
  }

  // A new file each time: some file systems write an emptied one to the disk at once.
  void put(const Bytes& bytes) const {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path path_;
};

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::string refusal_of(const Events& events, TraceNames names = TraceNames::addresses) {
  return refusal([&] { parse_trace(written({.names = names}, events)); });
}

Trace parse(const Events& events) { return parse_trace(written({.program = "a", .program_size = 1}, events)); }

TEST(Trace, blocks_get_the_lowest_free_slot) {
  const Trace trace = parse({{.alignment_log2 = 4, .name = 0x100, .size = 10},
                             {.zeroed = true, .alignment_log2 = 12, .name = 0x200, .size = 20},
                             {.alignment_log2 = 4, .name = 0x300, .size = 30},
                             {.call = deallocate, .name = 0x200},
                             {.call = deallocate, .name = 0x100},
                             {.alignment_log2 = 3, .name = 0x200, .size = 40},
                             {.alignment_log2 = 4, .name = 0x100, .size = 50},
                             {.call = resize, .name = 0x200, .size = 41},
                             {.call = deallocate, .name = 0x200}});
  const std::vector<Operation> expected{{10, 0, allocate, 4, false},   {20, 1, allocate, 12, true},
                                        {30, 2, allocate, 4, false},   {20, 1, deallocate, 12, false},
                                        {10, 0, deallocate, 4, false}, {40, 0, allocate, 3, false},
                                        {50, 1, allocate, 4, false},   {41, 0, resize, 3, false},
                                        {41, 0, deallocate, 3, false}};
  EXPECT_EQ(trace.operations, expected);
  EXPECT_EQ(trace.slots, 3u);
  EXPECT_EQ(trace.program, "a");
  EXPECT_EQ(trace.peak_bytes, 121u);
  EXPECT_EQ(trace.peak_blocks, 3u);
  EXPECT_EQ(live_curve(trace), (std::vector<std::uint64_t>{10, 30, 60, 40, 30, 70, 120, 121, 80}));
}

TEST(Trace, reallocate_keeps_the_slot_and_the_alignment) {
  const Trace trace = parse({{.alignment_log2 = 4, .name = 0x100, .size = 10},
                             {.alignment_log2 = 6, .name = 0x200, .size = 20},
                             {.call = reallocate, .name = 0x200, .new_name = 0x300, .size = 25},
                             {.alignment_log2 = 4, .name = 0x200, .size = 7},
                             {.call = reallocate, .name = 0x300, .new_name = 0x300, .size = 5},
                             {.call = deallocate, .name = 0x300}});
  const std::vector<Operation> expected{{10, 0, allocate, 4, false},  {20, 1, allocate, 6, false},
                                        {25, 1, reallocate, 6, false}, {7, 2, allocate, 4, false},
                                        {5, 1, reallocate, 6, false},  {5, 1, deallocate, 6, false}};
  EXPECT_EQ(trace.operations, expected);
}

TEST(Trace, reallocate_of_null_allocates_and_to_null_deallocates) {
  const Trace trace = parse({{.call = reallocate, .name = 0, .new_name = 0x300, .size = 25},
                             {.call = reallocate, .name = 0x300, .new_name = 0, .size = 0}});
  const std::vector<Operation> expected{{25, 0, allocate, 4, false}, {25, 0, deallocate, 4, false}};
  EXPECT_EQ(trace.operations, expected);
}

TEST(Trace, what_had_no_effect_or_no_known_block_is_counted_and_left_out) {
  const Trace trace = parse({{.refused = true, .alignment_log2 = 4, .size = 99},
                             {.alignment_log2 = 4, .cpu = 7, .name = 0x100, .size = 10},
                             {.call = resize, .refused = true, .cpu = 3, .name = 0x100, .size = 99},
                             {.call = reallocate, .refused = true, .name = 0x100, .size = 99},
                             {.call = deallocate, .name = 0x500},
                             {.call = resize, .name = 0x500, .size = 9},
                             {.call = reallocate, .cpu = 0xFFFFFFFF, .name = 0x500, .new_name = 0x600, .size = 9},
                             {.call = deallocate, .name = 0x600}});
  EXPECT_EQ(trace.operations, (std::vector<Operation>{{10, 0, allocate, 4, false}}));
  EXPECT_EQ(trace.refused, 3u);
  EXPECT_EQ(trace.unknown_blocks, 4u);
  EXPECT_EQ(trace.cpus, 4u);
}

TEST(Trace, contradictions_are_refused) {
  const TraceEvent first{.alignment_log2 = 4, .name = 0x100, .size = 10};
  const TraceEvent second{.alignment_log2 = 4, .name = 0x200, .size = 10};
  EXPECT_EQ(refusal_of({first, first}), "the trace contradicts itself: call 2 allocates where another block lives");
  EXPECT_EQ(refusal_of({first, first}, TraceNames::slots),
            "the trace contradicts itself: call 2 allocates where another block lives");
  EXPECT_EQ(refusal_of({first, second, {.call = reallocate, .name = 0x100, .new_name = 0x200, .size = 1}}),
            "the trace contradicts itself: call 3 moves a block to where another lives");
  EXPECT_EQ(refusal_of({first, {.call = resize, .name = 0x100, .size = ~std::uint64_t{0}}}), "");
  EXPECT_EQ(refusal_of({first, second, {.call = resize, .name = 0x100, .size = ~std::uint64_t{0}}}),
            "the trace contradicts itself: call 3 makes more bytes live than there are addresses");
}

std::string refusal_of_slots(TraceNames names, std::uint64_t slots) {
  const Events events{{.alignment_log2 = 4, .name = 0, .size = 10}, {.alignment_log2 = 4, .name = 1, .size = 10}};
  return refusal([&] { parse_trace(written({.names = names}, events, slots)); });
}

TEST(Trace, the_end_tells_how_many_slots_there_are) {
  const std::string begin = "the trace contradicts itself: its end tells of ";
  EXPECT_EQ(refusal_of_slots(TraceNames::slots, 2), "");
  EXPECT_EQ(refusal_of_slots(TraceNames::slots, 1), begin + "1 slots, and it has 2");
  EXPECT_EQ(refusal_of_slots(TraceNames::slots, std::uint64_t{1} << 40), begin + "1099511627776 slots, and it has 2");
  EXPECT_EQ(refusal_of_slots(TraceNames::addresses, 0), "");
  EXPECT_EQ(refusal_of_slots(TraceNames::addresses, 1), begin + "1 slots, and it has 0");
}

// A number of a slot costs no memory, whatever it is.
TEST(Trace, slots_of_any_number_are_read) {
  const TraceEvent far{.alignment_log2 = 4, .name = ~std::uint64_t{0} - 1, .size = 10};
  const Trace trace = parse_trace(written({.names = TraceNames::slots}, {far}, ~std::uint64_t{0}));
  EXPECT_EQ(trace.slots, 1u);
  EXPECT_EQ(trace.operations, (std::vector<Operation>{{10, 0, allocate, 4, false}}));
}

// A program that never contradicts itself: a block of a new name, or a call for one of those that live.
Events program(unsigned seed, std::size_t calls) {
  std::mt19937 random(seed);
  std::vector<std::uint64_t> live;
  std::uint64_t names = 0;
  Events events;
  while (events.size() < calls) {
    if (live.empty() || random() % 5 < 2) {
      live.push_back(++names);
      const auto alignment_log2 = static_cast<std::uint8_t>(random() % 8);
      const bool zeroed = random() % 2 == 0;
      events.push_back({.zeroed = zeroed, .alignment_log2 = alignment_log2, .name = names, .size = random() % 5000});
      continue;
    }
    std::uint64_t& name = live[random() % live.size()];
    const auto call = static_cast<TraceCall>(1 + random() % 3);
    TraceEvent event{.call = call, .name = name};
    if (call != deallocate) event.size = random() % 5000;
    if (call == reallocate) event.new_name = name = random() % 2 == 0 ? name : ++names;
    if (call == deallocate) name = std::exchange(live.back(), name), live.pop_back();
    events.push_back(event);
  }
  return events;
}

TEST(Trace, what_is_saved_is_loaded) {
  const File file;
  for (unsigned seed = 0; seed < 5; ++seed) {
    Trace trace = parse_trace(written({.natural_alignment_log2 = 3, .program = "some\nname", .program_size = 9},
                                      program(seed, seed * seed * 100)));
    save_trace(trace, file.path());
    const Trace loaded = load_trace(file.path());
    EXPECT_EQ(loaded.operations, trace.operations);
    EXPECT_EQ(loaded.program, "some\nname");
    EXPECT_EQ(loaded.slots, trace.slots);
    EXPECT_EQ(loaded.natural_alignment_log2, 3);
    EXPECT_EQ(loaded.peak_bytes, trace.peak_bytes);
    EXPECT_EQ(loaded.peak_blocks, trace.peak_blocks);
  }
}

TEST(Trace, a_plain_file_is_loaded_too) {
  const File file;
  const Bytes bytes = written({}, program(1, 100));
  file.put(bytes);
  EXPECT_EQ(load_trace(file.path()).operations, parse_trace(bytes).operations);
}

TEST(Trace, a_compressed_file_that_is_cut_off_or_damaged_is_refused_or_says_the_same) {
  const File file;
  save_trace(parse_trace(written({}, program(2, 15))), file.path());
  const Bytes whole = file.bytes();
  const std::vector<Operation> operations = load_trace(file.path()).operations;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    file.put(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const char* const why = size < 4 ? ": this is not a trace: it does not begin with 'bareheap trace'"
                                     : " is cut off: it does not unpack to its end";
    ASSERT_EQ(refusal([&] { load_trace(file.path()); }), file.path().string() + why) << size;
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= std::byte{1} << bit % 8;
    file.put(damaged);
    try {
      ASSERT_EQ(load_trace(file.path()).operations, operations) << bit;
    } catch (const UserError& error) {
      ASSERT_TRUE(std::string(error.what()).starts_with(file.path().string())) << bit;
    }
  }
}

TEST(Trace, what_is_too_large_to_be_read_is_not_recorded) {
  const File target;
  target.put({});
  recorder::PiecewiseFile file;
  target.path().string().copy(file.path, sizeof file.path - 1);
  file.size = recorder::largest_file - 1;
  const Bytes bytes(2);
  file.write(bytes.data(), 1);
  EXPECT_EQ(file.error, 0);
  file.write(bytes.data(), 2);
  EXPECT_EQ(file.error, EFBIG);
  EXPECT_EQ(std::filesystem::file_size(target.path()), static_cast<std::uintmax_t>(recorder::largest_file));
  EXPECT_LT(recorder::largest_file, static_cast<off_t>(most_unpacked_bytes));
}

TEST(Trace, sentences_begin_with_the_name_of_the_file) {
  EXPECT_EQ(refusal([] { load_trace("/nowhere/at.all"); }),
            "/nowhere/at.all cannot be read: No such file or directory");
  EXPECT_EQ(refusal([] { load_trace("/"); }), "/ cannot be read: Is a directory");
  EXPECT_EQ(refusal([] { load_trace("/dev/null"); }),
            "/dev/null: this is not a trace: it does not begin with 'bareheap trace'");
  EXPECT_EQ(refusal([] { save_trace({}, "/nowhere/at.all"); }),
            "/nowhere/at.all cannot be written: No such file or directory");
  EXPECT_EQ(refusal([] { save_trace({}, "/dev/full"); }), "/dev/full cannot be written to its end");
}

}  // namespace
}  // namespace bareheap::tools
