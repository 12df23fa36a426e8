// SPDX-License-Identifier: MIT
// Misuses a heap in every state that the closure shows, and counts what became of it.
#pragma once

#include "laws/closure.hpp"
#include "wrappers/stacks.hpp"

#include <csetjmp>
#include <cstdio>
#include <vector>

namespace bareheap::laws {

/// The way back from panic(), which must not return to the heap; the program's own panic() takes it.
inline std::jmp_buf after_stop;

/// How many misuses of one kind there were, and what became of them.
struct Tally {
  std::size_t tried = 0;
  std::size_t stopped = 0;         // by the call itself
  std::size_t refused = 0;         // a resize that answered false
  std::size_t found_by_check = 0;  // nothing stopped
  std::size_t unnoticed = 0;

  void print(const char* kind) const {
    if (tried == 0) return;
    std::printf("  %zu %s: %zu stopped, %zu refused, %zu found by check, %zu unnoticed\n", tried, kind, stopped,
                refused, found_by_check, unnoticed);
  }
};

/// Writes are judged twice: by check(), and by the next call about the block: its free, or the end of its quarantine.
struct WriteTally {
  std::size_t tried = 0;
  std::size_t missed_by_check = 0;
  std::size_t missed_by_call = 0;

  void print(const char* kind) const {
    if (tried == 0) return;
    std::printf("  %zu %s: %zu missed by check, %zu missed by the next call\n", tried, kind, missed_by_check,
                missed_by_call);
  }
};

struct Count {
  Tally frees;
  Tally resizes;
  Tally flips;
  WriteTally around_blocks;
  WriteTally in_quarantine;
  Tally elsewhere;  // what neither lies in a red zone or a header nor in the quarantine
  std::size_t changed_by_a_stop = 0;
};

constexpr std::size_t around = 64;

template <class Call>
bool stops(Call call) {
  if (setjmp(after_stop) != 0) return true;
  call();
  return false;
}

template <class Heap>
constexpr bool is_checked = false;
template <class Heap, std::size_t Quarantine>
constexpr bool is_checked<Checked<Heap, Quarantine>> = true;

template <class Heap>
class Misuse {
 public:
  /// `node_size`: how many bytes at the start of each free tile are the heap's. `wild`: what is freed besides.
  Misuse(Region region, std::span<const Layout> layouts, std::size_t node_size, std::span<std::byte* const> wild)
      : region_(region), layouts_(layouts), node_size_(node_size), addresses_(wild.begin(), wild.end()) {
    for (std::byte* at = region.start - around; at != region.end() + around; ++at) addresses_.push_back(at);
  }

  const Count& count() const { return count_; }

  template <class Judge, class PutBack>
  void operator()(Heap& heap, const Judge& judge, PutBack put_back) {
    heap_ = heap;
    bytes_.assign(reinterpret_cast<const char*>(region_.start), region_.size);
    for (std::byte* at : addresses_) {
      for (const Layout& layout : layouts_) {
        if (is_right(judge, at, layout)) continue;
        free_wrongly(heap, at, layout, put_back);
        for (const std::size_t size : {std::size_t{1}, layout.size() + 16}) {
          resize_wrongly(heap, at, layout, size, put_back);
        }
      }
    }
    flip_nodes(heap, put_back);
    if constexpr (is_checked<Heap>) {
      write_every_byte(heap, judge, put_back);
      write_beyond_blocks(heap, judge, put_back);
    }
  }

 private:
  /// Law: every size from the one asked to the one granted is right, with the alignment asked; where the heap knows
  /// sizes, with that of plain new too.
  template <class Judge>
  static bool is_right(const Judge& judge, const std::byte* at, Layout layout) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock& block = judge.block(index);
      const bool enough = layout.size() >= block.layout.size() && layout.size() <= block.granted;
      const bool unknown = SelfSizing<Heap> && layout.alignment() == __STDCPP_DEFAULT_NEW_ALIGNMENT__;
      if (block.at == at && enough && (layout.alignment() == block.layout.alignment() || unknown)) return true;
    }
    return false;
  }

  template <class PutBack>
  void free_wrongly(Heap& heap, std::byte* at, Layout layout, PutBack put_back) {
    misuse(count_.frees, heap, put_back, [&] {
      heap.deallocate(at, layout);
      return true;
    });
  }

  template <class PutBack>
  void resize_wrongly(Heap& heap, std::byte* at, Layout layout, std::size_t size, PutBack put_back) {
    misuse(count_.resizes, heap, put_back, [&] { return heap.resize(at, layout, size); });
  }

  /// `call` tells whether it did anything.
  template <class PutBack, class Call>
  void misuse(Tally& tally, Heap& heap, PutBack put_back, Call call) {
    bool done = false;
    ++tally.tried;
    const bool stopped = stops([&] { done = call(); });
    if (stopped || !done) {
      ++(stopped ? tally.stopped : tally.refused);
      const bool differs = !std::is_empty_v<Heap> && std::memcmp(&heap_, &heap, sizeof heap) != 0;
      count_.changed_by_a_stop += differs || std::memcmp(bytes_.data(), region_.start, region_.size) != 0;
      return;
    }
    ++(heap.check() == Fault::none ? tally.unnoticed : tally.found_by_check);
    put_back();
  }

  template <class PutBack>
  void flip_nodes(Heap& heap, PutBack put_back) {
    std::vector<std::byte*> nodes;
    heap.walk([&](const Extent& extent) {
      if (extent.kind == ExtentKind::free) nodes.push_back(const_cast<std::byte*>(extent.at));
    });
    for (std::byte* node : nodes) {
      for (std::size_t bit = 0; bit < 8 * node_size_; ++bit) {
        node[bit / 8] ^= std::byte{1} << (bit % 8);
        write_into_free_memory(count_.flips, heap, put_back);
      }
    }
  }

  template <class PutBack>
  void write_into_free_memory(Tally& tally, Heap& heap, PutBack put_back) {
    ++tally.tried;
    ++(heap.check() == Fault::none ? tally.unnoticed : tally.found_by_check);
    put_back();
  }

  /// What Checked guards around each block: its header and red zone in front, and behind it the red zone at its least.
  template <class Judge>
  static const LiveBlock* block_guarded_by(const Judge& judge, const std::byte* at) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock& block = judge.block(index);
      const Region guards{block.at - 64, 64 + block.granted + Heap::red_zone};
      if (guards.contains(at)) return &block;
    }
    return nullptr;
  }

  template <class Judge>
  static bool is_lent(const Judge& judge, const std::byte* at) {
    const LiveBlock* const block = block_guarded_by(judge, at);
    return block != nullptr && Region{block->at, block->granted}.contains(at);
  }

  static ExtentKind kind_at(const Heap& heap, const std::byte* at) {
    ExtentKind kind = ExtentKind::meta;
    heap.walk([&](const Extent& extent) {
      if (extent.at <= at && at < extent.end()) kind = extent.kind;
    });
    return kind;
  }

  /// But for a heap's own map: where its words say that the map is elsewhere, no call can go on.
  template <class Judge, class PutBack>
  void write_every_byte(Heap& heap, const Judge& judge, PutBack put_back) {
    for (std::byte* at = region_.start; at != region_.end(); ++at) {
      const ExtentKind kind = kind_at(heap, at);
      if (kind == ExtentKind::meta || is_lent(judge, at)) continue;
      const LiveBlock* const block = block_guarded_by(judge, at);
      for (const std::byte flipped : {std::byte{0x01}, std::byte{0xFF}}) {
        *at ^= flipped;
        if (block != nullptr) {
          judge_write(count_.around_blocks, heap, put_back, [&] { heap.deallocate(block->at, block->layout); });
        } else if (kind == ExtentKind::cached) {
          judge_write(count_.in_quarantine, heap, put_back, [&] { heap.trim(); });
        } else {
          write_into_free_memory(count_.elsewhere, heap, put_back);
        }
      }
    }
  }

  template <class Judge, class PutBack>
  void write_beyond_blocks(Heap& heap, const Judge& judge, PutBack put_back) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock block = judge.block(index);
      const auto free = [&] { heap.deallocate(block.at, block.layout); };
      std::byte* const end = block.at + block.granted;
      for (std::size_t size = 1; size <= 64; ++size) {
        std::memset(end, 'X', std::min(size, address_of(region_.end()) - address_of(end)));
        judge_write(count_.around_blocks, heap, put_back, free);
        std::memset(block.at - size, 'X', size);
        judge_write(count_.around_blocks, heap, put_back, free);
      }
    }
  }

  /// `next` is the call that must not go on after what was written.
  template <class PutBack, class Call>
  void judge_write(WriteTally& tally, Heap& heap, PutBack put_back, Call next) {
    ++tally.tried;
    tally.missed_by_check += heap.check() == Fault::none;
    tally.missed_by_call += !stops(next);
    put_back();
  }

  Region region_;
  std::span<const Layout> layouts_;
  std::size_t node_size_;
  std::vector<std::byte*> addresses_;
  Heap heap_;          // as it was before the misuse
  std::string bytes_;  // and its region
  Count count_;
};

}  // namespace bareheap::laws
