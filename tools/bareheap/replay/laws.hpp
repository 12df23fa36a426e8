// SPDX-License-Identifier: MIT
// A heap around another one that verifies each call: the laws of docs/laws.md as far as a replay can see them.
//   * A block is as aligned as asked, lies in memory that the heap owns and was given, and is no other's: each is
//   filled
//     with bytes of its own, which are read again when it is freed, and up to the smaller size when it was reallocated.
//   * The heap's check() finds nothing, asked now and then and at the end.
//   * The tiles of the last walk do not overlap and lie in the region; when all is freed, nothing is lent.
#pragma once

#include "heap_kind.hpp"

#include "bareheap/core/operations.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace bareheap::tools::replay {

/// A sentence that names the step.
struct LawBroken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <Allocator Heap, class Calls>
class Lawful {
 public:
  Lawful(Heap& heap, Calls& calls, const Program& program, Region region, std::size_t check_every)
      : heap_(heap), calls_(calls), program_(program), region_(region), check_every_(check_every) {}

  void* allocate(const Step& step) { return lent(step, calls_.allocate(step), step.size); }
  void* allocate_zeroed(const Step& step) {
    void* const block = calls_.allocate_zeroed(step);
    for (std::size_t at = 0; block != nullptr && at < step.size; ++at) {
      if (static_cast<unsigned char*>(block)[at] != 0) broken(step, "the block was asked for zeroed, and is not");
    }
    return lent(step, block, step.size);
  }
  void* allocate_aligned(const Step& step) { return lent(step, calls_.allocate_aligned(step), step.size); }

  void* reallocate(void* block, const Step& step) {
    verify(step, block, step.size);
    return moved(step, block, calls_.reallocate(block, step));
  }
  void* reallocate_aligned(void* block, const Step& step) {
    verify(step, block, step.size);
    return moved(step, block, calls_.reallocate_aligned(block, step));
  }

  void deallocate(void* block, const Step& step) {
    verify(step, block, step.size);
    calls_.deallocate(block, step);
    done(step);
  }
  void deallocate_aligned(void* block, const Step& step) {
    verify(step, block, step.size);
    calls_.deallocate_aligned(block, step);
    done(step);
  }

  /// After `steps` of them: the last walk and check, and after a whole program all that lives is freed.
  void end(std::uint64_t steps, std::vector<void*>& blocks) {
    sound("after the last operation");
    tiled();
    if (steps != program_.steps.size()) return;
    for (const Step& step : program_.left) {
      void* const block = blocks[step.slot];
      if (step.call == Call::deallocate) {
        deallocate(block, step);
      } else {
        deallocate_aligned(block, step);
      }
    }
    sound("after all was freed");
    if (!is_pristine(heap_)) throw LawBroken("all is freed after the last operation, but the walk shows used memory");
  }

  std::uint64_t steps() const { return steps_; }

 private:
  [[noreturn]] void broken(const Step& step, const std::string& what) const {
    throw LawBroken("operation " + std::to_string(steps_) + " (" + name_of(step.call) + " of slot " +
                    std::to_string(step.slot) + ", " + std::to_string(step.new_size != 0 ? step.new_size : step.size) +
                    " bytes): " + what);
  }

  /// What a block of that slot is filled with; its first byte is what the loop writes.
  static unsigned char fill(const Step& step, std::size_t index) {
    return index == 0 ? 1 : static_cast<unsigned char>(step.slot >> index % 4 * 8 ^ 0xA5);
  }

  void* lent(const Step& step, void* block, std::size_t size) {
    if (block == nullptr) return nullptr;
    const std::byte* const first = static_cast<std::byte*>(block);
    if (!is_aligned(address_of(block), step.alignment())) broken(step, "the block is not aligned as asked");
    const bool inside = region_.contains(first) && region_.contains(first + (size - 1));
    if (!inside) broken(step, "the block lies outside of the region");
    if (!heap_.owns(first) || !heap_.owns(first + (size - 1))) broken(step, "the heap does not own the block it lent");
    for (std::size_t index = 0; index < size; ++index) static_cast<unsigned char*>(block)[index] = fill(step, index);
    done(step);
    return block;
  }

  void* moved(const Step& step, void* before, void* block) {
    if (block == nullptr) {
      verify(step, before, step.size);  // a refusal changes nothing
      return nullptr;
    }
    verify(step, block, std::min(step.size, step.new_size));
    return lent(step, block, step.new_size);
  }

  void verify(const Step& step, const void* block, std::size_t size) const {
    for (std::size_t index = 0; index < size; ++index) {
      if (static_cast<const unsigned char*>(block)[index] == fill(step, index)) continue;
      broken(step, "byte " + std::to_string(index) + " of the block was changed while it was lent");
    }
  }

  void done(const Step& step) {
    ++steps_;
    if (steps_ % check_every_ != 0) return;
    if (const Fault fault = heap_.check(); fault != Fault::none)
      broken(step, std::string("after it ") + sentence(fault));
  }

  void sound(const char* when) const {
    if (const Fault fault = heap_.check(); fault != Fault::none)
      throw LawBroken(std::string(when) + " " + sentence(fault));
  }

  void tiled() const {
    bool apart = true;
    std::size_t end = address_of(region_.start);
    heap_.walk([&](const Extent& tile) {
      apart = apart && tile.size != 0 && address_of(tile.at) >= end && region_.contains(tile.end() - 1);
      end = address_of(tile.end());
    });
    if (!apart) throw LawBroken("after the last operation the tiles of the walk overlap or leave the region");
  }

  Heap& heap_;
  Calls& calls_;
  const Program& program_;
  Region region_;
  std::size_t check_every_;
  std::uint64_t steps_ = 0;
};

}  // namespace bareheap::tools::replay
