// SPDX-License-Identifier: MIT
// What an engine is made to do: calls in order, laid down in memory before the first of them is counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::bench {

/// What happens to a slot: a block comes into it, leaves it, or gets another size and may move.
enum class Call : std::uint8_t { allocate, deallocate, reallocate };
inline constexpr std::size_t call_kinds = 3;

struct Operation {
  std::uint32_t slot;
  std::uint32_t size;           ///< bytes; nothing for a deallocation
  Call call;
  std::uint8_t alignment_log2;  ///< of the block; counts for an allocation only
};

/// The calls of a load. They are written into memory of a fixed size.
class Script {
 public:
  /// `live` has room for each slot that may be used.
  Script(std::span<Operation> room, std::span<bool> live) noexcept : room_(room), live_(live) {
    std::ranges::fill(live, false);
  }

  void allocate(std::size_t slot, std::size_t size, unsigned alignment_log2 = 3) noexcept {
    put(slot, size, Call::allocate, alignment_log2);
  }

  void deallocate(std::size_t slot) noexcept { put(slot, 0, Call::deallocate); }

  void reallocate(std::size_t slot, std::size_t size) noexcept { put(slot, size, Call::reallocate); }

  bool is_live(std::size_t slot) const noexcept { return slot < live_.size() && live_[slot]; }

  std::span<const Operation> operations() const noexcept { return room_.first(used_); }

  /// Null, or a sentence about the first call that could not be written.
  const char* trouble() const noexcept { return trouble_; }

 private:
  void put(std::size_t slot, std::size_t size, Call call, unsigned alignment_log2 = 0) noexcept {
    if (trouble_ == nullptr) trouble_ = trouble_with(slot, size, call);
    if (trouble_ != nullptr) return;
    room_[used_++] = {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(size), call,
                      static_cast<std::uint8_t>(alignment_log2)};
    live_[slot] = call != Call::deallocate;
  }

  const char* trouble_with(std::size_t slot, std::size_t size, Call call) const noexcept {
    if (used_ == room_.size()) return "the load has more calls than there is room for";
    if (slot >= live_.size()) return "the load has more blocks at once than there is room for";
    if (size > UINT32_MAX) return "the load asks for more than 4 GiB at once";
    if (live_[slot] != (call != Call::allocate)) return "the load contradicts itself about a slot";
    return nullptr;
  }

  std::span<Operation> room_;
  std::span<bool> live_;
  std::size_t used_ = 0;
  const char* trouble_ = nullptr;
};

}  // namespace bareheap::bench
