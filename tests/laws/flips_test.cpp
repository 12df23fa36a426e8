// SPDX-License-Identifier: MIT
//
// Every single bit of a granule heap's map, of its bins, of its stock and of what it keeps in free and cached blocks is
// flipped, in states of small heaps that were made at random. Where check() finds nothing the heap must go on to keep
// the laws. The memory is a block of its own, and what lies between the heap's regions is poisoned: nothing that looks
// at the heap may read it. After what check() found, no call is made that follows the lists: it would go wherever they
// lead.
#include "laws/closure_granules.hpp"
#include "laws/fixed.hpp"

#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <csetjmp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

std::jmp_buf after_stop;

}  // namespace

namespace bareheap {

// The way back from a stop.
void panic(const FaultReport&) noexcept { std::longjmp(after_stop, 1); }

}  // namespace bareheap

namespace bareheap::laws {
namespace {

template <class Call>
bool stops(Call call) {
  if (setjmp(after_stop) != 0) return true;
  call();
  return false;
}

/// What a flipped bit belongs to.
enum Place : unsigned { in_map, in_bins, in_stock, in_free_block, in_cached_block, places };
constexpr const char* names[places] = {"map", "bins", "stock", "free blocks", "cached blocks"};

struct Tally {
  std::size_t flipped = 0;
  std::size_t harmless = 0;  // not found, and any calls go on to keep the laws
};

template <class Heap>
struct Traits;
template <class I>
struct Traits<BasicRealTimeHeap<I>> {
  using Index = I;
  static std::size_t stock_bytes(const BasicRealTimeHeap<I>&) { return 0; }
};
template <class I, std::size_t Share>
struct Traits<BasicGranuleHeap<I, Share>> {
  using Index = I;
  static std::size_t stock_bytes(const BasicGranuleHeap<I, Share>& heap) { return StockOf<I>::of(heap).bytes(); }
};

/// Where in a heap's object the word stands that tells which bins have a block: in a new one it has one bit.
template <class Engine>
std::size_t place_of_occupied() {
  using Bins = SegregatedBins<typename Traits<Engine>::Index>;
  alignas(16) static std::byte memory[16384];
  Engine heap;
  EXPECT_TRUE(heap.init({memory, sizeof memory}));
  const std::size_t granules = picture_of(heap).free_bytes / Engine::granule;
  const std::uint64_t expected = std::uint64_t{1} << Bins::bin_of(granules);
  for (std::size_t place = 0; place < sizeof heap; place += sizeof(unsigned)) {
    if (std::memcmp(reinterpret_cast<const char*>(&heap) + place, &expected, Bins::most_bins / 8) == 0) return place;
  }
  ADD_FAILURE() << "no such word";
  return 0;
}

/// A small heap in a state that any calls made, on memory of its own.
template <class Engine>
class Subject {
 public:
  using Heap = InPieces<Engine>;
  using Judge = Auditor<Heap, 64>;
  using Index = typename Traits<Engine>::Index;

  Subject(const Donations<Engine>& plan, std::uint32_t seed, std::size_t largest)
      : dice_(seed), largest_(largest), judge_(begin(plan.lay_down())) {
    const unsigned calls = 20 + seed % 40;
    for (unsigned call = 0; call < calls; ++call) {
      EXPECT_STREQ(name_of(any_call(judge_)), name_of(Law::none));
    }
    poison_gaps();
    for (const Region& piece : pieces_) kept_.emplace_back(reinterpret_cast<const char*>(piece.start), piece.size);
    kept_heap_ = heap_;
  }

  ~Subject() { ASAN_UNPOISON_MEMORY_REGION(whole_.start, whole_.size); }

  void flip_every_bit(Tally* tallies) {
    for (const auto& [at, size, place] : targets()) {
      for (std::size_t bit = 0; bit < 8 * size; ++bit) {
        at[bit / 8] ^= std::byte{1} << bit % 8;
        ++tallies[place].flipped;
        if (judge_flip()) {
          ++tallies[place].harmless;
          ASSERT_TRUE(goes_on()) << names[place] << ": bit " << bit;
        }
        put_back();
      }
    }
  }

 private:
  struct Target {
    std::byte* at;
    std::size_t size;
    Place place;
  };

  Judge begin(Region whole) {
    whole_ = whole;
    std::memset(whole.start, memory_at_power_on, whole.size);
    EXPECT_TRUE(heap_.init(whole));
    pieces_.push_back(Heap::plan.first);
    for (const Region& piece : Heap::plan.further) {
      EXPECT_TRUE(heap_.donate(piece));
      pieces_.push_back(piece);
    }
    return Judge(heap_, whole, false);
  }

  Law any_call(Judge& judge) {
    const std::size_t choice = dice_.below(8);
    const std::size_t size = (1 + dice_.below(choice % 2 == 0 ? largest_ : 4)) * Engine::granule;
    if (judge.live() == 0 || (choice < 4 && !judge.full())) {
      return judge.allocate({size, choice == 0 ? 4 * Engine::granule : 1});
    }
    const std::size_t index = dice_.below(judge.live());
    return choice == 7 ? judge.resize(index, size) : judge.free(index);
  }

  void poison_gaps() const {
    std::byte* end = whole_.start;
    for (const Region& piece : pieces_) {
      ASAN_POISON_MEMORY_REGION(end, address_of(piece.start) - address_of(end));
      end = piece.end();
    }
  }

  /// The map, bins and stock lie in the heap's own tiles beside the record of each region.
  std::vector<Target> targets() {
    using Bins = SegregatedBins<Index>;
    constexpr std::size_t record = 5 * sizeof(std::size_t);
    static const std::size_t occupied = place_of_occupied<Engine>();
    std::vector<Target> targets{{reinterpret_cast<std::byte*>(&heap_) + occupied, Bins::most_bins / 8, in_bins}};
    heap_.Engine::walk([&](const Extent& tile) {
      std::byte* const at = const_cast<std::byte*>(tile.at);
      if (tile.kind == ExtentKind::meta) {
        std::byte* map = at + record;
        if (at == whole_.start) {
          const std::size_t heads = Bins::heads_for(Heap::plan.span.size / Engine::granule) * Engine::granule;
          targets.push_back({at, heads, in_bins});
          const std::size_t stock = Traits<Engine>::stock_bytes(heap_);
          targets.push_back({at + heads + record, stock, in_stock});
          map += heads + stock;
        }
        targets.push_back({map, address_of(tile.end()) - address_of(map), in_map});
      }
      if (tile.kind == ExtentKind::free) {
        targets.push_back({at, 3 * sizeof(Index), in_free_block});
        targets.push_back({at + tile.size - sizeof(Index), sizeof(Index), in_free_block});
      }
      if (tile.kind == ExtentKind::cached) targets.push_back({at, sizeof(Index), in_cached_block});
    });
    return targets;
  }

  /// Looks at the heap in every way. True: nothing was found.
  bool judge_flip() {
    const bool sound = heap_.check() == Fault::none;
    const std::size_t most_steps = whole_.size / Engine::granule;
    std::size_t steps = 0;
    CheckStep step;
    do {
      step = heap_.check_step(step.next, 1);
    } while (step.next != nullptr && ++steps < most_steps);
    EXPECT_EQ(step.fault == Fault::none, sound);
    const std::byte* from = nullptr;
    do {
      from = heap_.Engine::walk_step(from, 1, [&](const Extent& tile) {
        EXPECT_TRUE(whole_.contains(tile.at) && tile.size <= address_of(whole_.end()) - address_of(tile.at));
      });
    } while (from != nullptr && ++steps < 2 * most_steps);
    EXPECT_LT(steps, most_steps);
    for (std::size_t index = 0; index < judge_.live(); ++index) {
      stops([&] { static_cast<void>(heap_.size_of(judge_.block(index).at)); });
    }
    return sound;
  }

  /// Whether any further calls keep the laws.
  bool goes_on() {
    Judge judge = judge_;
    Law law = Law::none;
    const bool stopped = stops([&] {
      for (unsigned call = 0; call < 24 && law == Law::none; ++call) law = any_call(judge);
      if (law == Law::none) law = judge.free_all(static_cast<unsigned>(dice_.below(3)));
    });
    return !stopped && law == Law::none && heap_.check() == Fault::none && heap_.is_whole();
  }

  void put_back() {
    heap_ = kept_heap_;
    for (std::size_t piece = 0; piece < pieces_.size(); ++piece) {
      std::memcpy(pieces_[piece].start, kept_[piece].data(), pieces_[piece].size);
    }
  }

  Dice dice_;
  std::size_t largest_;
  Region whole_;
  std::vector<Region> pieces_;
  Heap heap_;
  Judge judge_;
  std::vector<std::string> kept_;
  Heap kept_heap_;
};

/// `granules` in the first region; with `pieces` some more behind it, further up in its span, and outside.
struct Shape {
  std::size_t granules;
  bool pieces;
  std::size_t largest;
  unsigned states;
};

template <class Engine>
void flip_in(std::span<const Shape> shapes) {
  Tally tallies[places];
  std::size_t states = 0;
  for (const Shape& shape : shapes) {
    const auto plan_on = [&](std::byte* memory) {
      return shape.pieces ? in_a_span<Engine>(memory, shape.granules, 6) : Donations<Engine>(memory, shape.granules, 0);
    };
    const std::unique_ptr<std::byte[]> large_enough(new std::byte[16384]);
    const std::size_t bytes = plan_on(large_enough.get()).lay_down().size;
    for (std::uint32_t seed = 1; seed <= shape.states; ++seed, ++states) {
      const std::unique_ptr<std::byte[]> memory(new std::byte[bytes]);
      const auto plan = plan_on(memory.get());
      Subject<Engine>(plan, seed, shape.largest).flip_every_bit(tallies);
    }
  }
  std::printf("%zu states\n", states);
  for (unsigned place = 0; place < places; ++place) {
    if (tallies[place].flipped == 0) continue;
    std::printf("  %zu bits of %s: %zu harmless\n", tallies[place].flipped, names[place], tallies[place].harmless);
  }
}

constexpr Shape shapes[] = {{24, false, 8, 6}, {12, true, 5, 4}, {400, false, 200, 3}};

TEST(Flips, of_a_RealTimeHeap_are_found_or_harmless) {
  flip_in<RealTimeHeap>(shapes);
  flip_in<SmallRealTimeHeap>(shapes);
}

TEST(Flips, of_a_GranuleHeap_are_found_or_harmless) {
  flip_in<BasicGranuleHeap<std::uint32_t, 1>>(shapes);
  flip_in<BasicGranuleHeap<std::uint16_t, 1>>(shapes);
}

}  // namespace
}  // namespace bareheap::laws
