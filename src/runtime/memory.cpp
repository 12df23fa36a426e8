// SPDX-License-Identifier: MIT
// The functions on bytes that every compiler calls without being asked (GCC manual, "Standards", freestanding), and
// strlen and memchr, which libc++'s headers want.
//
// Words are used where both sides can be aligned to them, and single bytes else: no access here is unaligned, so all of
// it works before an AArch64's MMU is on. Compiled without loop recognition (CMakeLists.txt): a compiler that saw a
// copy in the loop of memcpy would make it call memcpy.
#include <cstddef>
#include <cstdint>

namespace {

/// Eight bytes of whatever lies there.
using Word [[gnu::may_alias]] = std::uint64_t;

constexpr std::size_t word_size = sizeof(Word);

std::size_t misalignment(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at) % word_size; }

/// The bytes before the next word boundary, if there are so many.
std::size_t head_of(const void* at, std::size_t size) noexcept {
  const std::size_t head = (word_size - misalignment(at)) % word_size;
  return head < size ? head : size;
}

void copy_bytes_up(unsigned char* to, const unsigned char* from, std::size_t size) noexcept {
  for (std::size_t index = 0; index < size; ++index) to[index] = from[index];
}

void copy_bytes_down(unsigned char* to, const unsigned char* from, std::size_t size) noexcept {
  for (std::size_t index = size; index > 0; --index) to[index - 1] = from[index - 1];
}

/// Lowest address first: right where `to` is not inside the source, or below it.
void copy_up(unsigned char* to, const unsigned char* from, std::size_t size) noexcept {
  if (misalignment(to) != misalignment(from)) return copy_bytes_up(to, from, size);
  const std::size_t head = head_of(to, size);
  copy_bytes_up(to, from, head);
  const std::size_t words = (size - head) / word_size;
  auto* to_word = reinterpret_cast<Word*>(to + head);
  const auto* from_word = reinterpret_cast<const Word*>(from + head);
  for (std::size_t index = 0; index < words; ++index) to_word[index] = from_word[index];
  const std::size_t done = head + words * word_size;
  copy_bytes_up(to + done, from + done, size - done);
}

/// Highest address first: right where `to` lies inside the source.
void copy_down(unsigned char* to, const unsigned char* from, std::size_t size) noexcept {
  if (misalignment(to) != misalignment(from)) return copy_bytes_down(to, from, size);
  const std::size_t head = head_of(to, size);
  const std::size_t words = (size - head) / word_size;
  const std::size_t done = head + words * word_size;
  copy_bytes_down(to + done, from + done, size - done);
  auto* to_word = reinterpret_cast<Word*>(to + head);
  const auto* from_word = reinterpret_cast<const Word*>(from + head);
  for (std::size_t index = words; index > 0; --index) to_word[index - 1] = from_word[index - 1];
  copy_bytes_down(to, from, head);
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
  copy_up(static_cast<unsigned char*>(to), static_cast<const unsigned char*>(from), size);
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  const std::size_t ahead = reinterpret_cast<std::uintptr_t>(target) - reinterpret_cast<std::uintptr_t>(source);
  // Where the target starts below the source the difference wraps and is larger than any object.
  if (ahead < size) {
    copy_down(target, source, size);
  } else {
    copy_up(target, source, size);
  }
  return to;
}

void* memset(void* at, int value, std::size_t size) {
  const auto byte = static_cast<unsigned char>(value);
  auto* target = static_cast<unsigned char*>(at);
  const std::size_t head = head_of(target, size);
  for (std::size_t index = 0; index < head; ++index) target[index] = byte;
  const Word pattern = byte * Word{0x0101010101010101};
  const std::size_t words = (size - head) / word_size;
  auto* word = reinterpret_cast<Word*>(target + head);
  for (std::size_t index = 0; index < words; ++index) word[index] = pattern;
  for (std::size_t index = head + words * word_size; index < size; ++index) target[index] = byte;
  return at;
}

int memcmp(const void* left, const void* right, std::size_t size) {
  const auto* first = static_cast<const unsigned char*>(left);
  const auto* second = static_cast<const unsigned char*>(right);
  std::size_t index = 0;
  if (misalignment(first) == 0 && misalignment(second) == 0) {
    while (size - index >= word_size &&
           *reinterpret_cast<const Word*>(first + index) == *reinterpret_cast<const Word*>(second + index)) {
      index += word_size;
    }
  }
  for (; index < size; ++index) {
    if (first[index] != second[index]) return first[index] < second[index] ? -1 : 1;
  }
  return 0;
}

void* memchr(const void* at, int value, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(at);
  for (std::size_t index = 0; index < size; ++index) {
    if (bytes[index] == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(bytes + index);
  }
  return nullptr;
}

std::size_t strlen(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}

}  // extern "C"
