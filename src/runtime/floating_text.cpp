// SPDX-License-Identifier: MIT
#include "runtime/floating_text.hpp"

namespace bareheap::runtime {

namespace {

/// Text into a buffer; once something did not fit, nothing more is written.
class Writer {
 public:
  Writer(char* first, char* last) noexcept : at_(first), last_(last) {}

  void put(char character) noexcept {
    if (at_ != nullptr) at_ = at_ == last_ ? nullptr : (*at_ = character, at_ + 1);
  }

  void put(const char* text) noexcept {
    for (; *text != '\0'; ++text) put(*text);
  }

  bool is_full() const noexcept { return at_ == nullptr; }
  char* end() const noexcept { return at_; }

 private:
  char* at_;
  char* last_;
};

/// At least `width` digits.
void put_number(Writer& writer, int value, int width) noexcept {
  char digits[12];
  int count = 0;
  for (; value != 0 || count < width; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
  while (count > 0) writer.put(digits[--count]);
}

void put_exponent(Writer& writer, char letter, int exponent, int width) noexcept {
  writer.put(letter);
  writer.put(exponent < 0 ? '-' : '+');
  put_number(writer, exponent < 0 ? -exponent : exponent, width);
}

void put_fixed(Writer& writer, const Decimal& decimal, int places) noexcept {
  const int whole = decimal.point > 0 ? decimal.point : 0;
  if (whole == 0) writer.put('0');
  for (int index = 0; index < whole; ++index) writer.put(decimal.at(index));
  if (places > 0) writer.put('.');
  for (int index = 0; index < places && !writer.is_full(); ++index) writer.put(decimal.at(decimal.point + index));
}

void put_scientific(Writer& writer, const Decimal& decimal, int places) noexcept {
  writer.put(decimal.at(0));
  if (places > 0) writer.put('.');
  for (int index = 1; index <= places && !writer.is_full(); ++index) writer.put(decimal.at(index));
  put_exponent(writer, 'e', decimal.point - 1, 2);
}

int places_of(const Decimal& decimal) noexcept {
  return decimal.count > decimal.point ? decimal.count - decimal.point : 0;
}

int scientific_places_of(const Decimal& decimal) noexcept { return decimal.count > 1 ? decimal.count - 1 : 0; }

/// printf's %g (C17, 7.21.6.1): fixed where the exponent is at least -4 and below `precision`, without trailing zeros.
void put_general(Writer& writer, const Decimal& decimal, int precision) noexcept {
  const int exponent = decimal.point - 1;
  if (exponent >= -4 && exponent < precision) {
    put_fixed(writer, decimal, places_of(decimal));
  } else {
    put_scientific(writer, decimal, scientific_places_of(decimal));
  }
}

/// [charconv.to.chars]: of equally short texts the one closest to the value. Zeros that fill up the shortest digits of
/// a large number would not be; its exact digits are.
void put_shortest_fixed(Writer& writer, const Binary& number, Decimal& decimal) noexcept {
  if (decimal.point > decimal.count) find_up_to(number, 0, decimal);
  put_fixed(writer, decimal, places_of(decimal));
}

void put_shorter(Writer& writer, const Binary& number, Decimal& decimal) noexcept {
  const int exponent = decimal.point - 1;
  const int point_of_scientific = decimal.count > 1 ? 1 : 0;
  const int exponent_part = exponent > 99 || exponent < -99 ? 5 : 4;
  const int scientific = decimal.count + point_of_scientific + exponent_part;
  const int whole = decimal.point > 0 ? decimal.point : 1;
  const int places = places_of(decimal);
  if (whole + (places > 0 ? 1 : 0) + places <= scientific) return put_shortest_fixed(writer, number, decimal);
  put_scientific(writer, decimal, scientific_places_of(decimal));
}

/// `places` hexadecimal digits behind the point; a negative number: as many as there are, without trailing zeros.
void put_hexadecimal(Writer& writer, const Binary& number, int places) noexcept {
  const int whole_places = (number.fraction_bits + 3) / 4;
  std::uint64_t mantissa = number.mantissa << (4 * whole_places - number.fraction_bits);
  int digits = whole_places;
  if (places < 0) {
    for (; digits > 0 && mantissa % 16 == 0; --digits) mantissa /= 16;
    places = digits;
  } else if (places < digits) {
    const int dropped = 4 * (digits - places);
    const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
    const std::uint64_t lost = mantissa & (2 * half - 1);
    mantissa >>= dropped;
    if (lost > half || (lost == half && mantissa % 2 != 0)) ++mantissa;
    digits = places;
  }
  writer.put(static_cast<char>('0' + (mantissa >> 4 * digits)));
  if (places > 0) writer.put('.');
  for (int index = 1; index <= places && !writer.is_full(); ++index) {
    writer.put(index > digits ? '0' : "0123456789abcdef"[mantissa >> 4 * (digits - index) & 15]);
  }
  put_exponent(writer, 'p', number.mantissa == 0 ? 0 : number.exponent + number.fraction_bits, 1);
}

/// Sign and what is no number; true where the digits of a finite number follow.
bool put_start(Writer& writer, const Binary& number) noexcept {
  if (number.negative) writer.put('-');
  if (number.kind == Binary::Kind::infinite) writer.put("inf");
  if (number.kind == Binary::Kind::not_a_number) writer.put("nan");
  return number.kind == Binary::Kind::finite;
}

}  // namespace

char* put_shortest(char* first, char* last, const Binary& number, Notation notation) noexcept {
  Writer writer(first, last);
  if (!put_start(writer, number)) return writer.end();
  Decimal decimal;
  if (notation != Notation::hexadecimal) find_shortest(number, decimal);
  switch (notation) {
    case Notation::shorter: put_shorter(writer, number, decimal); break;
    case Notation::fixed: put_shortest_fixed(writer, number, decimal); break;
    case Notation::scientific: put_scientific(writer, decimal, scientific_places_of(decimal)); break;
    case Notation::general: put_general(writer, decimal, 6); break;
    case Notation::hexadecimal: put_hexadecimal(writer, number, -1); break;
  }
  return writer.end();
}

char* put_precise(char* first, char* last, const Binary& number, Notation notation, int precision) noexcept {
  Writer writer(first, last);
  if (!put_start(writer, number)) return writer.end();
  if (precision < 0) precision = 6;
  Decimal decimal;
  switch (notation) {
    case Notation::fixed:
      find_up_to(number, precision, decimal);
      put_fixed(writer, decimal, precision);
      break;
    case Notation::scientific:
      // Decimal holds every digit there is: a greater precision only adds zeros, and this way + 1 cannot overflow.
      find_leading(number, precision < Decimal::capacity ? precision + 1 : Decimal::capacity, decimal);
      put_scientific(writer, decimal, precision);
      break;
    case Notation::shorter:
    case Notation::general:
      if (precision == 0) precision = 1;
      find_leading(number, precision, decimal);
      put_general(writer, decimal, precision);
      break;
    case Notation::hexadecimal: put_hexadecimal(writer, number, precision); break;
  }
  return writer.end();
}

}  // namespace bareheap::runtime
