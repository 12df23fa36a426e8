// SPDX-License-Identifier: MIT
// How a program with a fault ends: what it did and where, then what is known of the block, then abort().
//
//     bareheap: freed a block that is free already: 0x7f60, called from 0x55d3 (program+0x11d3, main)
//     bareheap: the block of 24 bytes was asked for from 0x55b2 (program+0x11b2, main)
//     bareheap: it was freed from 0x55c1 (program+0x11c1, main)
#include "drop_in/checked/checked_process_heap.hpp"
#include "drop_in/checked/place.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>

namespace bareheap {

void panic(const FaultReport& report) noexcept { drop_in::process_heap.stop(report); }

namespace drop_in {

namespace {

// The block at an address, or the one that is lent and that the address lies in.
struct Found {
  BlockStory story{};
  std::size_t inside = 0;  // bytes from its first one
};

Found found_at(const BlockStories& stories, const std::byte* at) noexcept {
  if (const BlockStory* const story = stories.find(at)) return {*story, 0};
  Found found;
  stories.for_each([&](const BlockStory& story) {
    const std::size_t inside = address_of(at) - address_of(story.at);
    if (story.freed_from == nullptr && inside <= story.size) found = {story, inside};
  });
  return found;
}

// The block that is lent and lies next below.
Found found_below(const BlockStories& stories, const std::byte* at) noexcept {
  Found found;
  stories.for_each([&](const BlockStory& story) {
    const bool is_below = address_of(story.at) < address_of(at) && address_of(story.at) > address_of(found.story.at);
    if (story.freed_from == nullptr && is_below) found.story = story;
  });
  return found;
}

struct Names {
  const char* lending;
  const char* freeing;
};

constexpr Names names[] = {
    {"malloc", "free"},
    {"new", "delete"},
    {"new[]", "delete[]"},
    {"aligned new", "aligned delete"},
    {"aligned new[]", "aligned delete[]"},
};

const Names& names_of(Origin origin) noexcept { return names[static_cast<unsigned>(origin)]; }

void tell(const Found& found, const char* which) noexcept {
  const BlockStory& story = found.story;
  if (story.at == nullptr) return;
  StandardError line;
  line.put("bareheap: ");
  if (found.inside != 0) {
    line.put("it lies ");
    line.put(found.inside);
    line.put(found.inside == 1 ? " byte behind where a block begins; " : " bytes behind where a block begins; ");
  }
  line.put(which);
  line.put(story.size);
  line.put(" bytes was asked for from ");
  write_calls(line, *story.asked_from, STDERR_FILENO);
  if (story.freed_from == nullptr) return;
  line.put("bareheap: it was freed from ");
  write_calls(line, *story.freed_from, STDERR_FILENO);
}

// A write after free is noticed when the block leaves the quarantine, whoever calls then.
void write_caller(StandardError& line, Fault fault, const CallStack& calls) noexcept {
  if (calls.places[0] != nullptr) {
    line.put(fault == Fault::written_after_free ? ", noticed in a call from " : ", called from ");
    return write_calls(line, calls, STDERR_FILENO);
  }
  line.put(", noticed at the end of the program\n");
  line.flush();
}

// A program's handler of SIGABRT may use the heap; where that stops too, it is not asked again.
[[noreturn]] void end() noexcept {
  static constinit std::atomic<bool> ended{false};
  if (ended.exchange(true, std::memory_order_relaxed)) std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

}  // namespace

// A torn list is seen at a neighbour in it, and bytes in front of a block are often those behind another: where a block
// is the cause, looking at it stops, and comes here again, with what tells more.
FaultReport CheckedProcessHeap::cause_of(const FaultReport& report) noexcept {
  if (report.fault == Fault::live_list_torn && cause_.fault == Fault::none) judge_blocks();
  if (report.fault == Fault::underflow) {
    cause_ = report;
    const Found below = found_below(stories_, static_cast<const std::byte*>(report.address));
    if (below.story.at != nullptr) static_cast<void>(heap_.size_of(below.story.at));
  }
  const bool is_known = report.fault == Fault::live_list_torn && cause_.fault != Fault::none;
  return is_known ? cause_ : report;
}

void CheckedProcessHeap::stop(const FaultReport& report) noexcept {
  FaultReport told = report;
  const void* caller = report.caller;
  Found found;
  Found below;
  if (lock_.is_held_here()) {
    caller = caller_;
    told = cause_of(report);
    found = found_at(stories_, static_cast<const std::byte*>(told.address));
    if (told.fault == Fault::underflow) below = found_below(stories_, found.story.at);
    // Checked knows the blocks of its quarantine, the stories go back further.
    if (told.fault == Fault::never_lent && found.story.freed_from != nullptr) told.fault = Fault::freed_twice;
    lock_.unlock();  // before a place is looked for, see there
  }
  told.caller = nullptr;
  StandardError line;
  print(told, [&line](const char* text, std::size_t size) {
    if (*text != '\n') line.put(std::string_view(text, size));
  });
  write_caller(line, told.fault, call_stack_from(caller, frames_));
  tell(found, "the block of ");
  tell(below, "the one in front of it, of ");
  end();
}

void CheckedProcessHeap::stop_of_mismatch(BlockStory story, Origin origin) noexcept {
  const void* const caller = caller_;
  lock_.unlock();
  StandardError line;
  line.put("bareheap: freed by ");
  line.put(names_of(origin).freeing);
  line.put(" a block that was asked for by ");
  line.put(names_of(story.origin).lending);
  line.put(": ");
  put_address(line, story.at);
  write_caller(line, Fault::wrong_layout, call_stack_from(caller, frames_));
  tell({story, 0}, "the block of ");
  end();
}

}  // namespace drop_in

}  // namespace bareheap
