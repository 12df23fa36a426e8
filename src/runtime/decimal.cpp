// SPDX-License-Identifier: MIT
// Exact rational arithmetic, one digit after the other (Steele and White 1990, Burger and Dybvig 1996). Faster ways
// have tables of ten kilobytes; a kernel prints few such numbers.
#include "runtime/decimal.hpp"

#include "runtime/big_natural.hpp"

namespace bareheap::runtime {

namespace {

/// A number below 1 as rest / whole, which gives up its decimal digits, highest first. It stands for
/// rest / whole · 10^point.
struct Fraction {
  BigNatural rest;
  BigNatural whole{1};
  int point = 0;

  /// Of a number that is not 0. The result may be 1 or more, but less than 10: settle() sees to it.
  explicit Fraction(const Binary& number) noexcept : rest(number.mantissa) {
    // floor(log2) times log10(2), whose factor is exact enough for all exponents of a double; it is right or one short.
    const int log2 = number.exponent + 63 - std::countl_zero(number.mantissa);
    point = (log2 * 78913 >> 18) + 1;
    if (number.exponent >= 0) rest.shift_left(number.exponent);
    if (number.exponent < 0) whole.shift_left(-number.exponent);
    if (point >= 0) whole.multiply_by_power_of_ten(point);
    if (point < 0) rest.multiply_by_power_of_ten(-point);
  }

  void settle() noexcept {
    whole.multiply(10);
    ++point;
  }

  int take_digit() noexcept {
    rest.multiply(10);
    int digit = 0;
    while (rest >= whole) {
      rest.subtract(whole);
      ++digit;
    }
    return digit;
  }

  std::strong_ordering rest_to_half() const noexcept {
    BigNatural doubled = rest;
    doubled.add(rest);
    return doubled <=> whole;
  }
};

void drop_trailing_zeros(Decimal& decimal) noexcept {
  while (decimal.count > 0 && decimal.digits[decimal.count - 1] == '0') --decimal.count;
  if (decimal.count == 0) decimal.point = 1;
}

/// Adds one in the last place. 999 becomes 1 with the point moved.
void increment(Decimal& decimal) noexcept {
  while (decimal.count > 0 && decimal.digits[decimal.count - 1] == '9') --decimal.count;
  if (decimal.count > 0) {
    ++decimal.digits[decimal.count - 1];
    return;
  }
  decimal.digits[0] = '1';
  decimal.count = 1;
  ++decimal.point;
}

/// `count` digits, which may be 0 or less: then the number is at most a tenth of the last place.
void find_rounded(Fraction& fraction, int count, Decimal& decimal) noexcept {
  decimal.point = fraction.point;
  decimal.count = count < 0 ? 0 : count < Decimal::capacity ? count : Decimal::capacity;
  for (int index = 0; index < decimal.count; ++index) {
    decimal.digits[index] = static_cast<char>('0' + fraction.take_digit());
  }
  const bool odd = decimal.count > 0 && (decimal.digits[decimal.count - 1] - '0') % 2 != 0;
  const auto half = fraction.rest_to_half();
  if (count >= 0 && (half > 0 || (half == 0 && odd))) {
    increment(decimal);
  } else {
    drop_trailing_zeros(decimal);
  }
}

/// Empties `decimal`, which is the number 0 then; true where there are digits to be found.
bool has_digits(const Binary& number, Decimal& decimal) noexcept {
  decimal.count = 0;
  decimal.point = 1;
  return number.mantissa != 0;
}

/// How far a decimal number may be away from `fraction` and still be read as it: half the way to the neighbours, in the
/// fraction's units.
struct Margins {
  BigNatural below{1};
  BigNatural above{1};
  bool inclusive;  ///< what lies in the middle between two numbers is read as the one whose mantissa is even

  /// Doubles the fraction's units, or doubles them twice, so that both margins are whole numbers.
  Margins(const Binary& number, Fraction& fraction) noexcept : inclusive(number.mantissa % 2 == 0) {
    if (number.exponent >= 0) below.shift_left(number.exponent);
    if (fraction.point < 0) below.multiply_by_power_of_ten(-fraction.point);
    above = below;
    if (number.neighbour_is_closer) above.shift_left(1);
    const int doublings = number.neighbour_is_closer ? 2 : 1;
    fraction.rest.shift_left(doublings);
    fraction.whole.shift_left(doublings);
  }

  void move_on() noexcept {
    below.multiply(10);
    above.multiply(10);
  }

  /// The digits so far are close enough from below.
  bool reach_down(const Fraction& fraction) const noexcept {
    return inclusive ? fraction.rest <= below : fraction.rest < below;
  }

  /// The digits so far, with one more in the last place, are close enough from above.
  bool reach_up(const Fraction& fraction) const noexcept {
    BigNatural sum = fraction.rest;
    sum.add(above);
    return inclusive ? sum >= fraction.whole : sum > fraction.whole;
  }
};

}  // namespace

void find_leading(const Binary& number, int count, Decimal& decimal) noexcept {
  if (!has_digits(number, decimal)) return;
  Fraction fraction(number);
  if (fraction.rest >= fraction.whole) fraction.settle();
  find_rounded(fraction, count, decimal);
}

void find_up_to(const Binary& number, int places, Decimal& decimal) noexcept {
  if (!has_digits(number, decimal)) return;
  Fraction fraction(number);
  if (fraction.rest >= fraction.whole) fraction.settle();
  // More places than digits exist add nothing, and this way the sum cannot overflow.
  const int needed = places < 2 * Decimal::capacity ? places : 2 * Decimal::capacity;
  find_rounded(fraction, fraction.point + needed, decimal);
}

void find_shortest(const Binary& number, Decimal& decimal) noexcept {
  if (!has_digits(number, decimal)) return;
  Fraction fraction(number);
  Margins margins(number, fraction);
  if (margins.reach_up(fraction)) fraction.settle();
  decimal.point = fraction.point;
  bool down = false;
  bool up = false;
  while (!down && !up) {
    margins.move_on();
    decimal.digits[decimal.count++] = static_cast<char>('0' + fraction.take_digit());
    down = margins.reach_down(fraction);
    up = margins.reach_up(fraction);
  }
  const bool odd = (decimal.digits[decimal.count - 1] - '0') % 2 != 0;
  const auto half = fraction.rest_to_half();
  const bool nearer_up = half > 0 || (half == 0 && odd);
  if (up && (!down || nearer_up)) increment(decimal);
}

}  // namespace bareheap::runtime
