// SPDX-License-Identifier: MIT
// The heaps of granules with spans and several regions, and frees of what is not lent: all made up by libFuzzer.
#include "engines/stops.hpp"
#include "fuzz/fuzz.hpp"

#include <vector>

namespace bareheap::laws {
namespace {

constexpr std::size_t arena_size = 16 * 4096;
alignas(4096) std::byte arena[arena_size];

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

template <class Heap>
class Growing {
 public:
  explicit Growing(Input input) : input_(input) { std::memset(arena, memory_at_power_on, arena_size); }

  void play() {
    const Region first = any_region();
    const std::size_t choice = input_.byte();
    const Region rest = Region::between(first.start, arena + arena_size);
    offered(choice % 2 == 0 ? heap_.init(first) : heap_.init(first, choice % 8 == 1 ? any_region() : rest));
    while (!input_.empty()) {
      step(input_.byte());
      expect(heap_.check() == Fault::none, "an invariant is broken");
    }
    while (!live_.empty()) give_back(0);
    expect_fresh();
    for (const std::byte& byte : arena) {
      expect(byte == std::byte{memory_at_power_on} || is_taken(&byte), "a byte outside of the regions has changed");
    }
  }

 private:
  void step(std::size_t choice) {
    const bool has_blocks = !live_.empty();
    switch (choice % 8) {
      case 0: return free_wrongly();
      case 1: return offered(heap_.add(any_region()));
      case 2: return has_blocks ? resize(input_.byte() % live_.size()) : trim();
      case 3:
      case 4:
      case 5: return has_blocks ? give_back(input_.byte() % live_.size()) : trim();
      default: return allocate(std::size_t{1} << choice / 8 % 13);
    }
  }

  std::size_t number() { return input_.byte() * 256 + input_.byte(); }

  Region any_region() {
    const std::size_t start = number() % arena_size;
    return {arena + start, number() % (arena_size - start + 1)};
  }

  void offered(const Admission& admission) {
    if (admission) taken_.push_back(admission.taken);
  }

  bool is_taken(const std::byte* at) const {
    for (const Region& region : taken_) {
      if (region.contains(at)) return true;
    }
    return false;
  }

  void allocate(std::size_t alignment) {
    const Layout asked(input_.size(), alignment);
    const Block block = heap_.allocate(asked);
    if (!block) return;
    expect(block.size >= asked.size() && is_aligned(address_of(block.at), alignment), "not what was asked for");
    expect(is_taken(block.at) && is_taken(block.at + block.size - 1), "not the heap's");
    for (const LiveBlock& other : live_) {
      expect(!Region{block.at, block.size}.overlaps({other.at, other.granted}), "lent twice");
    }
    hold({block.at, asked, block.size, ++fill_});
  }

  void hold(const LiveBlock& block) {
    std::memset(block.at, block.fill, block.granted);
    live_.push_back(block);
  }

  /// The block, whose bytes are looked at, is no longer the program's.
  LiveBlock let_go(std::size_t index) {
    const LiveBlock block = live_[index];
    for (std::size_t offset = 0; offset != block.granted; ++offset) {
      expect(block.at[offset] == std::byte{block.fill}, "a block has changed");
    }
    std::memset(block.at, memory_at_power_on, block.granted);
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
    return block;
  }

  void give_back(std::size_t index) {
    const LiveBlock block = let_go(index);
    heap_.deallocate(block.at, block.layout);
  }

  void resize(std::size_t index) {
    LiveBlock block = let_go(index);
    const std::size_t size = input_.size();
    if (heap_.resize(block.at, block.layout, size)) block.layout = block.layout.with_size(size);
    block.granted = heap_.size_of(block.at);
    expect(block.granted >= block.layout.size(), "not what was asked for");
    hold(block);
  }

  void free_wrongly() {
    std::byte* const at = arena + number() % arena_size;
    const Layout layout(input_.size(), 1);
    const std::size_t size = layout.size() == 0 ? 1 : layout.size();
    for (const LiveBlock& block : live_) {
      const bool is_right = block.at == at && size <= block.granted && block.granted - size < Heap::granule;
      if (is_right) return;
    }
    const Picture before = picture_of(heap_);
    const FaultReport report = test::stop_of([&] { heap_.deallocate(at, layout); });
    expect(report.fault != Fault::none && report.address == at, "a wrong free was not noticed");
    expect(picture_of(heap_) == before, "a wrong free has changed something");
  }

  void trim() {
    if constexpr (Stocked<Heap>) heap_.trim();
  }

  /// All freed is as if nothing had ever been lent.
  void expect_fresh() {
    trim();
    const Picture freed = picture_of(heap_);
    heap_.reset();
    expect(heap_.check() == Fault::none && picture_of(heap_) == freed, "not all has come back");
  }

  Input input_;
  Heap heap_;
  std::vector<Region> taken_;
  std::vector<LiveBlock> live_;
  unsigned char fill_ = 0;
};

}  // namespace
}  // namespace bareheap::laws

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace bareheap;
  laws::Input input(bytes, size);
  switch (input.byte() % 4) {
    case 0: laws::Growing<RealTimeHeap>(input).play(); break;
    case 1: laws::Growing<SmallRealTimeHeap>(input).play(); break;
    case 2: laws::Growing<GranuleHeap>(input).play(); break;
    default: laws::Growing<SmallGranuleHeap>(input).play(); break;
  }
  return 0;
}
