// SPDX-License-Identifier: MIT
// memory.cpp against the host's own functions: every small size at every offset, and every overlap. The build gives its
// functions the names below, so that the host keeps its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {
void* kernel_memcpy(void* to, const void* from, std::size_t size);
void* kernel_memmove(void* to, const void* from, std::size_t size);
void* kernel_memset(void* at, int value, std::size_t size);
int kernel_memcmp(const void* left, const void* right, std::size_t size);
void* kernel_memchr(const void* at, int value, std::size_t size);
std::size_t kernel_strlen(const char* text);
}

namespace {

constexpr std::size_t greatest_size = 80;
constexpr std::size_t greatest_offset = 16;

/// Room for the greatest size at the greatest offset, and as much again on both sides, to see what must not change.
using Bytes = std::array<unsigned char, 3 * (greatest_size + greatest_offset)>;
constexpr std::size_t middle = greatest_size + greatest_offset;

Bytes pattern(unsigned seed) {
  Bytes bytes{};
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    seed = seed * 1103515245 + 12345;
    bytes[index] = static_cast<unsigned char>(seed >> 16);
  }
  return bytes;
}

int sign(int value) { return value < 0 ? -1 : value > 0 ? 1 : 0; }

/// Calls `check` with every size and two offsets.
template <class Check>
void for_each_size_and_offsets(Check check) {
  for (std::size_t size = 0; size <= greatest_size; ++size) {
    for (std::size_t first = 0; first <= greatest_offset; ++first) {
      for (std::size_t second = 0; second <= greatest_offset; ++second) check(size, first, second);
    }
  }
}

TEST(Memory, MemcpyCopiesTheBytesAndNothingElse) {
  alignas(16) const Bytes source = pattern(1);
  for_each_size_and_offsets([&](std::size_t size, std::size_t from, std::size_t to) {
    alignas(16) Bytes copied = pattern(2);
    Bytes expected = copied;
    std::memcpy(expected.data() + middle + to, source.data() + from, size);
    ASSERT_EQ(kernel_memcpy(copied.data() + middle + to, source.data() + from, size), copied.data() + middle + to);
    ASSERT_EQ(copied, expected) << size << " bytes from offset " << from << " to " << to;
  });
}

TEST(Memory, MemmoveCopiesThroughEveryOverlap) {
  for (std::size_t size = 0; size <= greatest_size; ++size) {
    for (std::size_t from = 0; from <= greatest_offset; ++from) {
      for (std::size_t to = middle - greatest_size - 8; to <= middle + greatest_size + 8; ++to) {
        alignas(16) Bytes moved = pattern(3);
        Bytes expected = moved;
        std::memmove(expected.data() + to, expected.data() + middle + from, size);
        ASSERT_EQ(kernel_memmove(moved.data() + to, moved.data() + middle + from, size), moved.data() + to);
        ASSERT_EQ(moved, expected) << size << " bytes from " << middle + from << " to " << to;
      }
    }
  }
}

TEST(Memory, MemsetFillsTheBytesAndNothingElse) {
  for (const int value : {0, 1, 0x7f, 0x80, 0xff, 0x1a5, -1}) {
    for (std::size_t size = 0; size <= greatest_size; ++size) {
      for (std::size_t offset = 0; offset <= greatest_offset; ++offset) {
        alignas(16) Bytes filled = pattern(4);
        Bytes expected = filled;
        std::memset(expected.data() + middle + offset, value, size);
        ASSERT_EQ(kernel_memset(filled.data() + middle + offset, value, size), filled.data() + middle + offset);
        ASSERT_EQ(filled, expected) << size << " bytes of " << value << " at offset " << offset;
      }
    }
  }
}

TEST(Memory, MemcmpFindsADifferenceInEachByteAndNoneBehind) {
  for_each_size_and_offsets([](std::size_t size, std::size_t first, std::size_t second) {
    alignas(16) Bytes left = pattern(5);
    alignas(16) Bytes right = pattern(6);
    std::copy_n(left.data() + first, size, right.data() + second);
    ASSERT_EQ(kernel_memcmp(left.data() + first, right.data() + second, size), 0);
    for (std::size_t index = 0; index < size; ++index) {
      const unsigned char kept = right[second + index];
      right[second + index] = static_cast<unsigned char>(kept ^ (index % 2 == 0 ? 0x80 : 0x01));
      ASSERT_EQ(sign(kernel_memcmp(left.data() + first, right.data() + second, size)),
                sign(std::memcmp(left.data() + first, right.data() + second, size)));
      right[second + index] = kept;
    }
  });
}

TEST(Memory, MemcmpDecidesByTheFirstDifference) {
  alignas(8) const unsigned char low_then_high[8] = {1, 2, 3, 9, 5, 6, 7, 0};
  alignas(8) const unsigned char high_then_low[8] = {1, 2, 4, 0, 5, 6, 7, 9};
  EXPECT_LT(kernel_memcmp(low_then_high, high_then_low, 8), 0);
  EXPECT_GT(kernel_memcmp(high_then_low, low_then_high, 8), 0);
}

TEST(Memory, MemchrFindsTheFirstAndStaysInside) {
  Bytes bytes{};
  for (std::size_t size = 0; size <= greatest_size; ++size) {
    for (std::size_t offset = 0; offset <= greatest_offset; ++offset) {
      bytes.fill('x');
      unsigned char* const at = bytes.data() + middle + offset;
      at[size] = 'y';
      EXPECT_EQ(kernel_memchr(at, 'y', size), nullptr);
      for (std::size_t index = size; index-- > 0;) {
        at[index] = 'y';
        ASSERT_EQ(kernel_memchr(at, 'y' + 256, size), at + index);
      }
    }
  }
}

TEST(Memory, StrlenCountsUpToTheZero) {
  for (std::size_t size = 0; size <= greatest_size; ++size) {
    for (std::size_t offset = 0; offset <= greatest_offset; ++offset) {
      std::array<char, greatest_size + greatest_offset + 2> text{};
      std::fill_n(text.data() + offset, size, '\xff');
      text[offset + size + 1] = 'x';
      ASSERT_EQ(kernel_strlen(text.data() + offset), size);
    }
  }
}

}  // namespace
