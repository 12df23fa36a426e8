// SPDX-License-Identifier: MIT
// What stands in for missing instructions, against the host, which has them.
#include "runtime/primes.hpp"
#include "runtime/quad_precision.hpp"
#include "runtime/wide_division.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

// compiler_support.cpp under names of the build's choice.
extern "C" {
unsigned __int128 kernel_udivti3(unsigned __int128 dividend, unsigned __int128 divisor);
unsigned __int128 kernel_umodti3(unsigned __int128 dividend, unsigned __int128 divisor);
__int128 kernel_divti3(__int128 dividend, __int128 divisor);
__int128 kernel_modti3(__int128 dividend, __int128 divisor);
float kernel_ceilf(float value);
}

namespace {

using bareheap::runtime::next_prime;
using bareheap::runtime::quad_is_nan;
using bareheap::runtime::quad_to_double;
using bareheap::runtime::Signed128;
using bareheap::runtime::Unsigned128;

TEST(NextPrime, MatchesASieve) {
  constexpr std::size_t limit = 100'000;
  std::vector<bool> composite(limit + 100);
  for (std::size_t number = 2; number < composite.size(); ++number) {
    for (std::size_t multiple = 2 * number; multiple < composite.size(); multiple += number) composite[multiple] = true;
  }
  std::size_t expected = composite.size() - 1;
  while (composite[expected]) --expected;
  for (std::size_t number = expected; number >= 2; --number) {
    if (!composite[number]) expected = number;
    ASSERT_EQ(next_prime(number), expected) << number;
  }
  EXPECT_EQ(next_prime(1), 2U);
}

TEST(NextPrime, KnowsItsEnds) {
  EXPECT_EQ(next_prime(0), 0U);
  EXPECT_EQ(next_prime(4'294'967'292U), 4'294'967'311U);
  EXPECT_EQ(next_prime(std::numeric_limits<std::size_t>::max()), 0U);
}

/// Numbers of every width, so that all the ways through the division are taken.
Unsigned128 random_wide(std::mt19937_64& random) {
  const Unsigned128 bits = Unsigned128{random()} << 64 | random();
  return bits >> random() % 128;
}

TEST(WideDivision, MatchesTheHosts) {
  std::mt19937_64 random(617);
  for (int round = 0; round < 1'000'000; ++round) {
    const Unsigned128 dividend = random_wide(random);
    const Unsigned128 divisor = random_wide(random);
    if (divisor == 0) continue;
    ASSERT_TRUE(kernel_udivti3(dividend, divisor) == dividend / divisor);
    ASSERT_TRUE(kernel_umodti3(dividend, divisor) == dividend % divisor);
    const auto signed_dividend = static_cast<Signed128>(round % 2 == 0 ? dividend : 0 - dividend);
    const auto signed_divisor = static_cast<Signed128>(round % 3 == 0 ? divisor : 0 - divisor);
    ASSERT_TRUE(kernel_divti3(signed_dividend, signed_divisor) == signed_dividend / signed_divisor);
    ASSERT_TRUE(kernel_modti3(signed_dividend, signed_divisor) == signed_dividend % signed_divisor);
  }
}

TEST(WideDivision, MatchesAtTheEnds) {
  const Unsigned128 all = ~Unsigned128{0};
  const Unsigned128 values[] = {1, 2, 3, all, all - 1, all >> 1, (all >> 1) + 1, all >> 64, (all >> 64) + 1};
  for (const Unsigned128 dividend : values) {
    for (const Unsigned128 divisor : values) {
      EXPECT_TRUE(kernel_udivti3(dividend, divisor) == dividend / divisor);
      EXPECT_TRUE(kernel_umodti3(dividend, divisor) == dividend % divisor);
    }
  }
  const auto least = static_cast<Signed128>((all >> 1) + 1);
  EXPECT_TRUE(kernel_divti3(least, 1) == least);
  EXPECT_TRUE(kernel_divti3(least, 7) == least / 7);
  EXPECT_TRUE(kernel_modti3(least, 7) == least % 7);
}

/// The host's compiler converts its own binary128; both must agree in every bit.
void expect_same_double(Unsigned128 bits) {
  const auto value = std::bit_cast<__float128>(bits);
  const auto expected = std::bit_cast<std::uint64_t>(static_cast<double>(value));
  const auto converted = std::bit_cast<std::uint64_t>(quad_to_double(bits));
  ASSERT_EQ(converted, expected) << std::hex << static_cast<std::uint64_t>(bits >> 64) << " "
                                 << static_cast<std::uint64_t>(bits);
}

TEST(QuadPrecision, BecomesTheNearestDouble) {
  std::mt19937_64 random(618);
  for (int round = 0; round < 1'000'000; ++round) {
    const Unsigned128 sign = Unsigned128{random() % 2} << 127;
    // From below the smallest double to above the greatest; now and then with few bits set, where ties are.
    const Unsigned128 exponent = 16383 - 1100 + random() % 2200;
    Unsigned128 fraction = (Unsigned128{random()} << 64 | random()) >> 16;
    if (round % 2 == 0) fraction &= fraction << (random() % 100) & ~Unsigned128{0} << (random() % 112);
    fraction &= bareheap::runtime::quad_fraction_mask;
    expect_same_double(sign | exponent << 112 | fraction);
  }
}

TEST(QuadPrecision, RoundsTiesToEvenAtEveryBit) {
  for (Unsigned128 exponent = 16383 - 1080; exponent < 16383 + 1030; ++exponent) {
    for (int bit = 0; bit < 112; ++bit) {
      const Unsigned128 one = Unsigned128{1} << bit;
      expect_same_double(exponent << 112 | one);
      expect_same_double(exponent << 112 | (bareheap::runtime::quad_fraction_mask & ~(one - 1)));
      expect_same_double(exponent << 112 | one | 1);
      expect_same_double(exponent << 112 | one | one >> 1);
    }
  }
}

TEST(QuadPrecision, KnowsZerosInfinitiesAndNans) {
  const Unsigned128 infinity = Unsigned128{0x7fff} << 112;
  const Unsigned128 sign = Unsigned128{1} << 127;
  for (const Unsigned128 bits : {Unsigned128{0}, sign, Unsigned128{1}, infinity, infinity | sign}) {
    EXPECT_FALSE(quad_is_nan(bits));
    expect_same_double(bits);
  }
  EXPECT_TRUE(quad_is_nan(infinity | 1));
  EXPECT_TRUE(quad_is_nan(sign | infinity | Unsigned128{1} << 111));
  EXPECT_TRUE(std::isnan(quad_to_double(infinity | 1)));
}

TEST(Ceilf, MatchesTheHostsInEveryBit) {
  // A step without a factor of two visits all exponents and both signs.
  for (std::uint64_t bits = 0; bits <= std::numeric_limits<std::uint32_t>::max(); bits += 977) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(kernel_ceilf(value)));
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(kernel_ceilf(value)), std::bit_cast<std::uint32_t>(std::ceil(value)));
    }
  }
}

}  // namespace
