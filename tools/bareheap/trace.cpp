// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include "bareheap/parts/trace_reader.hpp"
#include "bareheap/parts/trace_writer.hpp"
#include "files.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <memory_resource>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace bareheap::tools {
namespace {

// A larger trace would need gigabytes here.
constexpr std::size_t most_operations = std::size_t{1} << 27;

// Follows the calls: which blocks live, in which slots, and how many bytes.
class Collector {
 public:
  explicit Collector(const TraceHeader& header) : has_addresses_(header.names == TraceNames::addresses) {
    trace_.program.assign(header.program, header.program_size);
    trace_.natural_alignment_log2 = header.natural_alignment_log2;
  }

  void add(const TraceEvent& event) {
    ++calls_;
    cpus_.insert(event.cpu);
    if (event.refused) {
      ++trace_.refused;
      return;
    }
    switch (event.call) {
      case TraceCall::allocate: return allocate(event, event.name);
      case TraceCall::deallocate: return deallocate(event);
      case TraceCall::resize: return change_size(event);
      case TraceCall::reallocate: return reallocate(event);
    }
  }

  /// What the end says of the slots that a table needs: as many as the highest number, and none by addresses.
  void check_slots(std::uint64_t slots) const {
    if (slots == slots_needed_) return;
    throw UserError("the trace contradicts itself: its end tells of " + std::to_string(slots) + " slots, and it has " +
                    std::to_string(slots_needed_));
  }

  Trace finish() {
    trace_.cpus = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(cpus_.size()));
    trace_.slots = static_cast<std::uint32_t>(blocks_.size());
    return std::move(trace_);
  }

 private:
  struct LiveBlock {
    std::uint64_t size = 0;
    std::uint8_t alignment_log2 = 0;
  };
  using Places = std::pmr::unordered_map<std::uint64_t, std::uint32_t>;

  void allocate(const TraceEvent& event, std::uint64_t name) {
    const std::uint32_t slot = free_slots_.empty() ? static_cast<std::uint32_t>(blocks_.size()) : free_slots_.top();
    if (!places_.try_emplace(name, slot).second) contradicts("allocates where another block lives");
    if (free_slots_.empty()) blocks_.emplace_back();
    else free_slots_.pop();
    blocks_[slot] = {0, event.call == TraceCall::allocate ? event.alignment_log2 : trace_.natural_alignment_log2};
    set_size(slot, event.size);
    if (!has_addresses_) slots_needed_ = std::max(slots_needed_, name + 1);
    push(slot, {.size = event.size, .call = TraceCall::allocate, .zeroed = event.zeroed});
    trace_.peak_blocks = std::max<std::uint64_t>(trace_.peak_blocks, places_.size());
  }

  void deallocate(const TraceEvent& event) {
    const auto place = places_.find(event.name);
    if (place == places_.end()) return leave_out();
    const std::uint32_t slot = place->second;
    push(slot, {.size = blocks_[slot].size, .call = TraceCall::deallocate});
    set_size(slot, 0);
    places_.erase(place);
    free_slots_.push(slot);
  }

  void change_size(const TraceEvent& event) {
    const auto place = places_.find(event.name);
    if (place == places_.end()) return leave_out();
    set_size(place->second, event.size);
    push(place->second, {.size = event.size, .call = event.call});
  }

  // As C's realloc: of null it allocates, and where it answers null without having failed it has deallocated.
  void reallocate(const TraceEvent& event) {
    if (!has_addresses_) return change_size(event);
    if (event.name == 0) return allocate(event, event.new_name);
    if (event.new_name == 0) return deallocate(event);
    if (event.new_name == event.name) return change_size(event);
    auto place = places_.extract(event.name);
    if (place.empty()) return leave_out();
    place.key() = event.new_name;
    if (!places_.insert(std::move(place)).inserted) contradicts("moves a block to where another lives");
    change_size({.call = event.call, .name = event.new_name, .size = event.size});
  }

  void leave_out() { ++trace_.unknown_blocks; }

  void set_size(std::uint32_t slot, std::uint64_t size) {
    live_bytes_ -= blocks_[slot].size;
    if (live_bytes_ + size < size) contradicts("makes more bytes live than there are addresses");
    live_bytes_ += size;
    blocks_[slot].size = size;
    trace_.peak_bytes = std::max(trace_.peak_bytes, live_bytes_);
  }

  void push(std::uint32_t slot, Operation operation) {
    if (trace_.operations.size() == most_operations)
      throw UserError("the trace has more than the " + std::to_string(most_operations) + " calls that are read");
    operation.slot = slot;
    operation.alignment_log2 = blocks_[slot].alignment_log2;
    trace_.operations.push_back(operation);
  }

  [[noreturn]] void contradicts(const char* how) const {
    throw UserError("the trace contradicts itself: call " + std::to_string(calls_) + " " + how);
  }

  Trace trace_;
  bool has_addresses_;
  std::pmr::unsynchronized_pool_resource memory_;
  Places places_{&memory_};  // of the live blocks, by their names
  std::vector<LiveBlock> blocks_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_slots_;
  std::unordered_set<std::uint32_t> cpus_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t slots_needed_ = 0;
};

TraceEvent event_of(const Operation& operation) {
  return {.call = operation.call,
          .zeroed = operation.zeroed,
          .alignment_log2 = operation.alignment_log2,
          .name = operation.slot,
          .new_name = operation.slot,
          .size = operation.size};
}

}  // namespace

Trace parse_trace(const std::vector<std::byte>& bytes) {
  TraceReader reader(bytes.data(), bytes.size());
  Collector collector(reader.header());
  for (TraceEvent event; reader.next(event);) collector.add(event);
  if (reader.fault() != TraceFault::none) throw UserError(sentence(reader.fault()));
  collector.check_slots(reader.slots());
  return collector.finish();
}

Trace load_trace(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(file);
  try {
    return parse_trace(bytes);
  } catch (const UserError& error) {
    throw UserError(file.string() + ": " + error.what());
  }
}

std::uint64_t save_trace(const Trace& trace, const std::filesystem::path& path) {
  CompressedFile file(path);
  const auto writer = std::make_unique<TraceWriter<CompressedFile, 65535>>();
  writer->begin(file, {.names = TraceNames::slots,
                       .natural_alignment_log2 = trace.natural_alignment_log2,
                       .program = trace.program.data(),
                       .program_size = trace.program.size()});
  for (const Operation& operation : trace.operations) writer->put(file, event_of(operation));
  writer->end(file, trace.slots);
  return file.close();
}

std::vector<std::uint64_t> live_curve(const Trace& trace) {
  std::vector<std::uint64_t> sizes(trace.slots);
  std::vector<std::uint64_t> curve;
  curve.reserve(trace.operations.size());
  std::uint64_t live = 0;
  for (const Operation& operation : trace.operations) {
    live -= sizes[operation.slot];
    sizes[operation.slot] = operation.call == TraceCall::deallocate ? 0 : operation.size;
    curve.push_back(live += sizes[operation.slot]);
  }
  return curve;
}

}  // namespace bareheap::tools
