// SPDX-License-Identifier: MIT
// Floating-point text against the host's: std::to_chars for the shortest digits, printf for all others.
#include "runtime/floating_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using bareheap::runtime::Notation;
using bareheap::runtime::put_precise;
using bareheap::runtime::put_shortest;
using bareheap::runtime::take_apart;

using Buffer = std::array<char, 2000>;

template <class Floating>
std::string shortest(Floating value, Notation notation) {
  Buffer buffer;
  char* const end = put_shortest(buffer.data(), buffer.data() + buffer.size(), take_apart(value), notation);
  return end == nullptr ? "does not fit" : std::string(buffer.data(), end);
}

template <class Floating>
std::string precise(Floating value, Notation notation, int precision) {
  Buffer buffer;
  char* const end = put_precise(buffer.data(), buffer.data() + buffer.size(), take_apart(value), notation, precision);
  return end == nullptr ? "does not fit" : std::string(buffer.data(), end);
}

template <class... Format>
std::string hosts(double value, Format... format) {
  Buffer buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...).ptr};
}

template <class... Format>
std::string hosts(float value, Format... format) {
  Buffer buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...).ptr};
}

std::string printed(const char* format, int precision, double value) {
  Buffer buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, precision, value);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

/// glibc's %a has 0x behind the sign, std::to_chars has not.
std::string without_prefix(std::string text) {
  const auto prefix = text.find("0x");
  return prefix == std::string::npos ? text : text.erase(prefix, 2);
}

/// Numbers where something changes, and each one's neighbours.
std::vector<double> borders() {
  std::vector<double> numbers{0.0,   0.1,  0.5,  1.0,     1.5,      2.5,    9.5,
                              9.995, 99.5, 0.05, 0.00095, 123456.5, 5e-324, 2.2250738585072011e-308};
  for (int exponent = -1074; exponent < 1024; ++exponent) numbers.push_back(std::ldexp(1.0, exponent));
  for (int exponent = -323; exponent < 309; ++exponent) {
    numbers.push_back(std::strtod(("1e" + std::to_string(exponent)).c_str(), nullptr));
  }
  for (int power = 0; power < 70; ++power) numbers.push_back(std::ldexp(1.0, power) - 0.5);
  const std::size_t size = numbers.size();
  for (std::size_t index = 0; index < size; ++index) {
    numbers.push_back(std::nextafter(numbers[index], 0.0));
    numbers.push_back(-std::nextafter(numbers[index], std::numeric_limits<double>::infinity()));
  }
  numbers.push_back(std::numeric_limits<double>::infinity());
  numbers.push_back(-std::numeric_limits<double>::infinity());
  return numbers;
}

/// Any bits at all, and, as often, numbers of the size that people write.
double random_double(std::mt19937_64& random) {
  while (true) {
    const auto any = std::bit_cast<double>(random());
    if (!std::isfinite(any)) continue;
    int exponent = 0;
    const double mantissa = std::frexp(any, &exponent);
    return random() % 2 == 0 ? any : std::ldexp(mantissa, static_cast<int>(random() % 120) - 40);
  }
}

template <class Floating>
void expect_same_shortest(Floating value) {
  ASSERT_EQ(shortest(value, Notation::shorter), hosts(value));
  ASSERT_EQ(shortest(value, Notation::fixed), hosts(value, std::chars_format::fixed));
  ASSERT_EQ(shortest(value, Notation::scientific), hosts(value, std::chars_format::scientific));
  ASSERT_EQ(shortest(value, Notation::general), hosts(value, std::chars_format::general));
}

void expect_same_precise(double value, int precision) {
  ASSERT_EQ(precise(value, Notation::fixed, precision), printed("%.*f", precision, value)) << precision;
  ASSERT_EQ(precise(value, Notation::scientific, precision), printed("%.*e", precision, value)) << precision;
  ASSERT_EQ(precise(value, Notation::general, precision), printed("%.*g", precision, value)) << precision;
  ASSERT_EQ(precise(value, Notation::hexadecimal, precision), without_prefix(printed("%.*a", precision, value)));
}

TEST(FloatingText, ShortestMatchesAtTheBorders) {
  for (const double value : borders()) expect_same_shortest(value);
}

TEST(FloatingText, ShortestMatchesForManyDoubles) {
  std::mt19937_64 random(617);
  for (int round = 0; round < 20'000; ++round) expect_same_shortest(random_double(random));
}

TEST(FloatingText, ShortestMatchesForManyFloats) {
  for (std::uint64_t bits = 0; bits < 0xffffffff; bits += 104'729) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (!std::isnan(value)) expect_same_shortest(value);
  }
}

TEST(FloatingText, ShortestReadsBackAsTheSameNumber) {
  std::mt19937_64 random(618);
  for (int round = 0; round < 20'000; ++round) {
    const double value = random_double(random);
    const std::string text = shortest(value, Notation::shorter);
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(value)) << text;
  }
}

TEST(FloatingText, PreciseMatchesAtTheBorders) {
  for (const double value : borders()) {
    for (const int precision : {0, 1, 2, 3, 6, 15, 17, 40}) expect_same_precise(value, precision);
  }
}

TEST(FloatingText, PreciseMatchesForManyDoubles) {
  std::mt19937_64 random(619);
  for (int round = 0; round < 20'000; ++round)
    expect_same_precise(random_double(random), static_cast<int>(random() % 25));
}

TEST(FloatingText, PreciseHasEveryDigitThereIs) {
  for (const double value : {5e-324, 2.2250738585072011e-308, 1.7976931348623157e308, 0.1}) {
    for (const int precision : {700, 766, 767, 768, 1074, 1200}) expect_same_precise(value, precision);
  }
}

TEST(FloatingText, HexadecimalMatches) {
  for (const double value : borders()) {
    ASSERT_EQ(shortest(value, Notation::hexadecimal), without_prefix(printed("%.*a", -1, value)));
  }
  EXPECT_EQ(shortest(1.1F, Notation::hexadecimal), "1.19999ap+0");
}

TEST(FloatingText, KnowsWhatIsNoNumber) {
  EXPECT_EQ(shortest(std::numeric_limits<double>::quiet_NaN(), Notation::shorter), "nan");
  EXPECT_EQ(precise(-std::numeric_limits<float>::quiet_NaN(), Notation::fixed, 3), "-nan");
  EXPECT_EQ(shortest(-0.0, Notation::shorter), "-0");
  EXPECT_EQ(precise(1.5, Notation::fixed, -1), "1.500000");
}

TEST(FloatingText, RefusesWhatDoesNotFitAndStaysInside) {
  const std::string text = "-1.234568e+04";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::string buffer(text.size() + 1, '#');
    char* const last = buffer.data() + size;
    char* const end = put_precise(buffer.data(), last, take_apart(-12345.678), Notation::scientific, 6);
    EXPECT_EQ(end, size < text.size() ? nullptr : last);
    EXPECT_EQ(buffer.substr(size), std::string(buffer.size() - size, '#'));
  }
  char one;
  EXPECT_EQ(put_precise(&one, &one + 1, take_apart(1.0), Notation::fixed, std::numeric_limits<int>::max()), nullptr);
  EXPECT_EQ(put_precise(&one, &one + 1, take_apart(1.0), Notation::scientific, std::numeric_limits<int>::max()),
            nullptr);
  EXPECT_EQ(put_precise(&one, &one + 1, take_apart(1.5), Notation::general, std::numeric_limits<int>::max()), nullptr);
}

}  // namespace
