// SPDX-License-Identifier: MIT
#include "laws/broken_engines.hpp"
#include "laws/fixed.hpp"
#include "wrappers/stacks.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <vector>

namespace bareheap::laws {
namespace {

constexpr std::size_t region_size = std::size_t{4} << 20;

/// Page-aligned memory from the host, as large as every alignment of the laws wants.
Region host_region() {
  static const std::unique_ptr<std::byte[], decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(std::size_t{1} << 20, region_size)), &std::free);
  return {memory.get(), region_size};
}

/// As much as an engine's map of small pages can be walked through after every call.
template <class Heap>
constexpr std::size_t room = region_size;
template <>
constexpr std::size_t room<BasicStoryPages<16, 64, 256>> = std::size_t{256} << 10;
template <>
constexpr std::size_t room<BasicPageHeap<16, 64, 256>> = std::size_t{256} << 10;

/// Every size of a region, or every fifth where the heap is another one with a stock in front.
template <class Heap>
constexpr std::size_t region_step = 1;
template <class Index>
constexpr std::size_t region_step<BasicGranuleHeap<Index>> = 5;

template <class Heap>
class Laws : public testing::Test {};
template <class... Heaps>
testing::Types<Heaps..., BasicPageHeap<16, 64, 256>, BasicStoryPages<16, 64, 256>> with_tiny_pages(HeapList<Heaps...>);
TYPED_TEST_SUITE(Laws, decltype(with_tiny_pages(Engines{})));

TYPED_TEST(Laws, fixed_part) {
  const Verdict verdict = keep_the_laws<TypeParam>({host_region().start, room<TypeParam>}, merges<TypeParam>, 8);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": " << verdict.part << " " << verdict.first << ", "
                              << verdict.second;
}

TYPED_TEST(Laws, every_region_of_every_size) {
  const Verdict verdict = sweep_regions<TypeParam>(host_region(), merges<TypeParam>, region_step<TypeParam>);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": start " << verdict.first << ", size " << verdict.second;
}

struct Call {
  unsigned choice;
  std::size_t size;
  unsigned alignment_shift;
};

rc::Gen<std::vector<Call>> calls() {
  const auto size = rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 80), rc::gen::inRange<std::size_t>(0, 20000),
                                   rc::gen::arbitrary<std::size_t>());
  return rc::gen::container<std::vector<Call>>(rc::gen::construct<Call>(
      rc::gen::inRange(0u, 8u), size, rc::gen::inRange(0u, 21u)));
}

template <class Heap>
Law apply(Trial<Heap>& trial, const Call& call) {
  auto& auditor = trial.auditor;
  if (auditor.live() == 0 || (call.choice < 4 && !auditor.full())) {
    return auditor.allocate(Layout(call.size, std::size_t{1} << call.alignment_shift));
  }
  const std::size_t index = (call.size + call.alignment_shift) % auditor.live();
  return call.choice == 7 ? auditor.resize(index, call.size) : auditor.free(index, call.alignment_shift);
}

/// A life of a heap: these calls on this region, then all is freed in this order.
using Life = Law (*)(Region region, const std::vector<Call>& program, unsigned order);

template <class Heap>
Law live(Region region, const std::vector<Call>& program, unsigned order) {
  Trial<Heap> trial(region, merges<Heap>);
  for (const Call& call : program) {
    if (const Law broken = apply(trial, call); broken != Law::none) return broken;
  }
  return trial.auditor.free_all(order);
}

/// By a pointer, since it takes long to compile and needs no heap's type.
bool any_life_keeps_the_laws(Life life) {
  return rc::check("the laws hold for any calls on any region", [life] {
    const auto offset = *rc::gen::inRange<std::size_t>(0, 5000);
    const auto size = *rc::gen::inRange<std::size_t>(0, 200000);
    const auto program = *calls();
    RC_ASSERT(life({host_region().start + offset, size}, program, static_cast<unsigned>(size % 3)) == Law::none);
  });
}

TYPED_TEST(Laws, any_calls_on_any_region) { EXPECT_TRUE(any_life_keeps_the_laws(live<TypeParam>)); }

template <class Heap>
Law first_broken() {
  return keep_the_laws<Heap>(host_region(), true, 64).law;
}

TEST(BrokenEngines, each_law_has_an_engine_that_fails_it_and_no_other) {
  EXPECT_EQ(first_broken<BreaksAligned>(), Law::aligned);
  EXPECT_EQ(first_broken<BreaksEnough>(), Law::enough);
  EXPECT_EQ(first_broken<BreaksApart>(), Law::apart);
  EXPECT_EQ(first_broken<BreaksOwned>(), Law::owned);
  EXPECT_EQ(first_broken<BreaksApartAtTheEnd>(), Law::apart);
  EXPECT_EQ(first_broken<BreaksOwnedAtTheEnd>(), Law::owned);
  EXPECT_EQ(first_broken<BreaksTiled>(), Law::tiled);
  EXPECT_EQ(first_broken<BreaksWholeAgain>(), Law::whole_again);
  EXPECT_EQ(first_broken<BreaksNothingLost>(), Law::nothing_lost);
  EXPECT_EQ(first_broken<BreaksSameAgain>(), Law::same_again);
  EXPECT_EQ(first_broken<BreaksSound>(), Law::sound);
  EXPECT_EQ(first_broken<BreaksInSteps>(), Law::in_steps);
  EXPECT_EQ(first_broken<BreaksInStepsAtTheEnd>(), Law::in_steps);
  EXPECT_EQ(first_broken<BreaksInStepsOfTheCheck>(), Law::in_steps);
}

}  // namespace
}  // namespace bareheap::laws
