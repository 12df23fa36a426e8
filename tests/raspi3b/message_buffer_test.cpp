// SPDX-License-Identifier: MIT
// S1-02: a message from the heap. S1-11: where the story's page allocator puts it.
#include "ports/raspi3b/message_buffer.hpp"

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/bits.hpp"
#include "bareheap/core/fault.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

namespace bareheap::raspi3b {
namespace {

/// Lends the one place that it has, filled with 0xa5, as long as that is large enough.
struct OnePlace {
  Block allocate(Layout asked) noexcept {
    last_asked = asked;
    if (lent || asked.size() > sizeof place) return {};
    lent = asked;
    std::memset(place, 0xa5, sizeof place);
    return {place, asked.size()};
  }
  void deallocate(std::byte* at, Layout asked) noexcept {
    EXPECT_EQ(at, place);
    EXPECT_TRUE(lent && *lent == asked);
    lent.reset();
  }
  bool resize(std::byte*, Layout, std::size_t) noexcept { return false; }
  bool owns(const std::byte*) const noexcept { return false; }
  void walk(ExtentSink) const noexcept {}
  Fault check() const noexcept { return Fault::none; }

  alignas(cache_line_size) std::byte place[1216];
  std::optional<Layout> lent;
  std::optional<Layout> last_asked;
};

static_assert(Allocator<OnePlace>);

TEST(MessageBuffer, S1_02_thirty_five_words) {
  OnePlace heap;
  const std::span<std::uint32_t> message = allocate_message_buffer(heap, 35);
  EXPECT_EQ(message.size(), 35U);
  EXPECT_EQ(message.size_bytes(), 140U);
  EXPECT_EQ(address_of(message.data()) % 16, 0U);
  EXPECT_EQ(static_cast<void*>(message.data()), heap.place);
  release_message_buffer(heap, message);
}

TEST(MessageBuffer, S1_02_every_count_of_words_owns_its_cache_lines) {
  OnePlace heap;
  for (std::size_t words = 1; words <= 300; ++words) {
    const std::span<std::uint32_t> message = allocate_message_buffer(heap, words);
    ASSERT_EQ(message.size(), words);
    EXPECT_EQ(heap.last_asked->alignment(), 64U) << words;
    EXPECT_EQ(heap.last_asked->size() % 64, 0U) << words;
    EXPECT_GE(heap.last_asked->size(), message.size_bytes()) << words;
    EXPECT_LT(heap.last_asked->size() - message.size_bytes(), 64U) << words;
    for (const std::uint32_t word : message) ASSERT_EQ(word, 0U) << words;
    release_message_buffer(heap, message);
    EXPECT_FALSE(heap.lent) << words;
  }
}

TEST(MessageBuffer, No_words_need_no_memory) {
  OnePlace heap;
  EXPECT_TRUE(allocate_message_buffer(heap, 0).empty());
  EXPECT_FALSE(heap.last_asked);
  release_message_buffer(heap, {});
}

TEST(MessageBuffer, S1_02_empty_when_the_heap_refuses) {
  OnePlace heap;
  const std::span<std::uint32_t> first = allocate_message_buffer(heap, 1);
  for (std::size_t words = 1; words <= 300; ++words) {
    EXPECT_TRUE(allocate_message_buffer(heap, words).empty()) << words;
  }
  release_message_buffer(heap, first);
}

TEST(MessageBuffer, A_count_that_overflows_is_refused) {
  OnePlace heap;
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t words : {most, most / 2, most / 4, most / 4 + 1, most / 4 - 15}) {
    EXPECT_TRUE(allocate_message_buffer(heap, words).empty()) << words;
  }
}

}  // namespace
}  // namespace bareheap::raspi3b
