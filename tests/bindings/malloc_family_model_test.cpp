// SPDX-License-Identifier: MIT
// Any calls of the family, in any order, against a model that knows which blocks live and what is in them.
#include "bindings/malloc_family.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace bareheap::test {
namespace {

struct Call {
  unsigned choice;
  unsigned which;
  std::size_t size;
  unsigned alignment_shift;
};

void showValue(const Call& call, std::ostream& out) {
  out << "call " << call.choice << " of block " << call.which << ", " << call.size << " bytes at 2^"
      << call.alignment_shift;
}

template <class Heap>
class Model {
 public:
  void apply(const Call& call) {
    if (call.choice < 8 || live_.empty()) return lend(call);
    const std::size_t index = call.which % live_.size();
    call.choice < 13 ? reallocate(live_[index], call) : free(index, call);
    live_.erase(std::remove_if(live_.begin(), live_.end(), [](const Live& block) { return block.at == nullptr; }),
                live_.end());
  }

  void free_all() {
    for (Call call{}; !live_.empty(); ++call.choice) free(0, call), live_.erase(live_.begin());
    RC_ASSERT(given_.heap.check() == Fault::none);
    RC_ASSERT(is_pristine(given_.heap));
  }

 private:
  struct Live {
    unsigned char* at;
    std::size_t size;
    std::size_t alignment;  // 1: from a call that takes none
    unsigned char fill;
  };

  void lend(const Call& call) {
    const std::size_t alignment = std::size_t{1} << call.alignment_shift;
    const std::size_t pages = CheckedSize(call.size).aligned_up(Errors::page_size()).value();
    switch (call.choice) {
      case 0:
      case 1: return remember(c_.malloc(call.size), call.size);
      case 2: return lend_cleared(call.size / 3, 3);
      case 3: return remember(c_.aligned_alloc(alignment, call.size), call.size, alignment);
      case 4: return remember(c_.memalign(alignment, call.size), call.size, alignment);
      case 5: return lend_by_posix(std::max(alignment, sizeof(void*)), call.size);
      case 6: return remember(c_.pvalloc(call.size), pages, Errors::page_size());
      default: return remember(c_.reallocarray(nullptr, call.size / 2, 2), call.size / 2 * 2);
    }
  }

  void lend_cleared(std::size_t count, std::size_t size) {
    const auto* const at = static_cast<unsigned char*>(c_.calloc(count, size));
    if (at != nullptr) RC_ASSERT(std::all_of(at, at + count * size, [](unsigned char byte) { return byte == 0; }));
    remember(const_cast<unsigned char*>(at), count * size);
  }

  void lend_by_posix(std::size_t alignment, std::size_t size) {
    void* at = this;
    const int answer = c_.posix_memalign(&at, alignment, size);
    RC_ASSERT(Errors::none());
    RC_ASSERT(answer == (at == this ? Errors::error_no_memory : 0));
    if (answer == 0) remember(at, size, alignment);
  }

  void reallocate(Live& block, const Call& call) {
    void* const at = call.choice % 2 == 0 ? c_.realloc(block.at, call.size) : c_.reallocarray(block.at, call.size, 1);
    if (call.size == 0) {
      RC_ASSERT(!at);
      block.at = nullptr;
      return;
    }
    if (is_refused(at, call.size)) return;
    const Live before = block;
    block.at = static_cast<unsigned char*>(at);
    const std::size_t kept = std::min(before.size, call.size);
    RC_ASSERT(std::all_of(block.at, block.at + kept, [&](unsigned char byte) { return byte == before.fill; }));
    block.alignment = 1;
    settle(block, call.size);
  }

  void free(std::size_t index, const Call& call) {
    Live& block = live_[index];
    RC_ASSERT(std::all_of(block.at, block.at + block.size, [&](unsigned char byte) { return byte == block.fill; }));
    if (call.choice % 2 == 0) {
      c_.free(block.at);
    } else if (block.alignment == 1) {
      c_.free_sized(block.at, block.size);
    } else {
      c_.free_aligned_sized(block.at, block.alignment, block.size);
    }
    block.at = nullptr;
  }

  // Without room there is an error, and else there is none.
  bool is_refused(const void* at, std::size_t size) {
    RC_ASSERT(Errors::take_no_memory() == (at == nullptr ? 1 : 0));
    if (at == nullptr) RC_ASSERT(size > 1 || !live_.empty());
    return at == nullptr;
  }

  void remember(void* at, std::size_t size, std::size_t alignment = 1) {
    if (is_refused(at, size)) return;
    RC_ASSERT(is_aligned(address_of(at), alignment));
    live_.push_back({static_cast<unsigned char*>(at), 0, alignment, 0});
    settle(live_.back(), size);
  }

  void settle(Live& block, std::size_t size) {
    const std::size_t usable = c_.usable_size(block.at);
    RC_ASSERT(usable >= size);
    for (const Live& other : live_) {
      const bool apart = other.at + other.size <= block.at || block.at + usable <= other.at;
      RC_ASSERT((&other == &block || apart));
    }
    block.size = size;
    block.fill = ++fills_;
    std::memset(block.at, block.fill, size);
  }

  Given<Heap> given_{std::size_t{96} << 10};
  const MallocFamily<Heap, Errors>& c_ = given_.c;
  std::vector<Live> live_;
  unsigned char fills_ = 0;
};

rc::Gen<std::vector<Call>> calls() {
  const auto size = rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 80), rc::gen::inRange<std::size_t>(0, 9000),
                                   rc::gen::arbitrary<std::size_t>());
  return rc::gen::container<std::vector<Call>>(rc::gen::construct<Call>(
      rc::gen::inRange(0u, 18u), rc::gen::arbitrary<unsigned>(), size, rc::gen::inRange(0u, 14u)));
}

template <class Heap>
class FamilyModel : public testing::Test {};
using Heaps = testing::Types<GranuleHeap, SmallGranuleHeap, PageHeap, Headered<HoleList>, Cached>;
TYPED_TEST_SUITE(FamilyModel, Heaps);

TYPED_TEST(FamilyModel, any_calls_in_any_order) {
  const bool kept = rc::check("the family keeps its rules", [] {
    Model<TypeParam> model;
    for (const Call& call : *calls()) model.apply(call);
    model.free_all();
  });
  EXPECT_TRUE(kept);
}

}  // namespace
}  // namespace bareheap::test
