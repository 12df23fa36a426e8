// SPDX-License-Identifier: MIT
// The laws over the C interface: an Allocator made of its calls.
//
// In C++ `bareheap` is the library's namespace: here the type of C has another name.
#define bareheap bareheap_in_c
#include "bareheap/bareheap.h"
#undef bareheap

#include "laws/fixed.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace bareheap::laws {
namespace {

/// One type for all flags, so that the laws are compiled once.
class OverC {
 public:
  static inline unsigned flags = BAREHEAP_DEFAULT;

  /// Takes what the walk shows.
  Admission init(Region region) noexcept {
    heap_ = bareheap_init(region.start, region.size, flags);
    if (heap_ == nullptr) return {.fault = Fault::region_too_small, .lost = region.size};
    const std::byte* end = nullptr;
    walk([&end](const Extent& extent) { end = extent.end(); });
    const Region taken = Region::between(heap_, const_cast<std::byte*>(end));
    return {.taken = taken, .lost = region.size - taken.size};
  }

  Block allocate(Layout asked) noexcept {
    if (heap_ == nullptr) return {};
    void* const block = bareheap_allocate(heap_, asked.size(), asked.alignment());
    return {static_cast<std::byte*>(block), bareheap_usable_size(heap_, block)};
  }

  /// Every second time without the size.
  void deallocate(std::byte* at, Layout asked) noexcept {
    plain_ = !plain_;
    if (plain_) return bareheap_free(heap_, at);
    bareheap_deallocate(heap_, at, asked.size(), asked.alignment());
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    return bareheap_resize(heap_, at, asked.size(), asked.alignment(), size);
  }

  void trim() noexcept {
    if (heap_ != nullptr) bareheap_trim(heap_);
  }

  bool owns(const void* at) const noexcept { return heap_ != nullptr && bareheap_owns(heap_, at); }
  std::size_t size_of(const std::byte* at) const noexcept { return bareheap_usable_size(heap_, at); }

  void walk(ExtentSink sink) const noexcept {
    const auto show = [](void* context, const bareheap_extent* extent) {
      const auto* const at = static_cast<const std::byte*>(extent->at);
      (*static_cast<ExtentSink*>(context))({at, extent->size, static_cast<ExtentKind>(extent->kind)});
    };
    if (heap_ != nullptr) bareheap_walk(heap_, show, &sink);
  }

  [[nodiscard]] Fault check() const noexcept {
    return heap_ == nullptr ? Fault::none : static_cast<Fault>(bareheap_check(heap_));
  }

 private:
  bareheap_in_c* heap_ = nullptr;
  bool plain_ = false;
};

static_assert(SelfSizing<OverC> && Stocked<OverC>);

class CAbiLaws : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Flags, CAbiLaws,
                         testing::Values(BAREHEAP_DEFAULT, BAREHEAP_REAL_TIME, BAREHEAP_SMALL,
                                         BAREHEAP_SMALL | BAREHEAP_REAL_TIME, BAREHEAP_HOLE_LIST, BAREHEAP_PAGES,
                                         BAREHEAP_STORY_PAGES, BAREHEAP_BUMP, BAREHEAP_NULL, BAREHEAP_CHECKED),
                         testing::PrintToStringParamName());

TEST_P(CAbiLaws, keep_the_laws) {
  constexpr std::size_t region_size = std::size_t{4} << 20;
  const std::unique_ptr<std::byte[], decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(std::size_t{1} << 20, region_size)), &std::free);
  OverC::flags = GetParam();
  const Verdict verdict =
      keep_the_laws<OverC>({memory.get(), region_size}, (GetParam() & BAREHEAP_STORY_PAGES) == 0, 64);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": " << verdict.part << " " << verdict.first << ", "
                              << verdict.second;
}

}  // namespace
}  // namespace bareheap::laws
