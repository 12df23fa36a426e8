// SPDX-License-Identifier: MIT
// Traces made for the tests.
#pragma once

#include "bareheap/parts/trace_reader.hpp"
#include "bareheap/parts/trace_writer.hpp"

#include <random>
#include <vector>

namespace bareheap::test {

using Bytes = std::vector<std::byte>;

struct BytesSink {
  Bytes bytes;

  void write(const std::byte* from, std::size_t size) noexcept { bytes.insert(bytes.end(), from, from + size); }
};

template <std::size_t Capacity = 512>
Bytes written(const TraceHeader& header, const std::vector<TraceEvent>& events, std::uint64_t slots = 0) {
  BytesSink sink;
  TraceWriter<BytesSink, Capacity> writer;
  writer.begin(sink, header);
  for (const TraceEvent& event : events) writer.put(sink, event);
  writer.end(sink, slots);
  return sink.bytes;
}

/// Calls of every kind with numbers of every length; what a call does not have is 0, and times do not go back.
class RandomEvents {
 public:
  RandomEvents(const TraceHeader& header, unsigned seed) : header_(header), random_(seed) {}

  TraceEvent next() {
    const auto call = static_cast<TraceCall>(below(4));
    TraceEvent event{.call = call, .refused = below(4) == 0};
    if (call == TraceCall::allocate) {
      event.zeroed = below(2) == 0;
      event.alignment_log2 = static_cast<std::uint8_t>(below(2) == 0 ? header_.natural_alignment_log2 : below(64));
    }
    if (call != TraceCall::allocate || !event.refused) event.name = number();
    if (call == TraceCall::reallocate) event.new_name = moves(event) ? number() : event.name;
    if (call != TraceCall::deallocate) event.size = number();
    event.cpu = static_cast<std::uint32_t>(below(8) == 0 ? number() : 1);
    if (header_.ticks_per_second != 0) event.time = time_ += number() >> 20;
    if (header_.callers) event.caller = number();
    return event;
  }

 private:
  bool moves(const TraceEvent& event) const { return header_.names == TraceNames::addresses && !event.refused; }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  std::uint64_t number() { return random_() >> below(64); }

  TraceHeader header_;
  std::mt19937_64 random_;
  std::uint64_t time_ = 0;
};

}  // namespace bareheap::test
