// SPDX-License-Identifier: MIT
// The part of libc++ 19 that its headers leave to its library, as far as it makes sense in a kernel. Members with two
// underscores are libc++'s own names, found in the headers that are named beside them; they hold for release 19.
#include "runtime/primes.hpp"
#include "runtime/runtime.hpp"

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

namespace {

/// Joins a format of libc++ with what it prints. Its sentences use %s, and plain text else; of anything longer than the
/// buffer the beginning is kept.
class Sentence {
 public:
  Sentence(const char* format, std::va_list arguments) noexcept {
    for (; *format != '\0'; ++format) {
      if (format[0] == '%' && format[1] == 's') {
        put(va_arg(arguments, const char*));
        ++format;
      } else {
        put(*format);
      }
    }
  }

  const char* text() const noexcept { return characters_; }

 private:
  void put(const char* text) noexcept {
    for (; *text != '\0'; ++text) put(*text);
  }

  void put(char character) noexcept {
    if (size_ + 1 < sizeof characters_) characters_[size_++] = character;
  }

  char characters_[256] = {};
  std::size_t size_ = 0;
};

/// to_chars cannot fail with room for every value of Integer: digits10 leaves out the highest digit and the sign.
template <class Integer>
std::string text_of(Integer value) {
  char characters[std::numeric_limits<Integer>::digits10 + 2];
  return {characters, std::to_chars(characters, characters + sizeof characters, value).ptr};
}

/// As by printf's %f: the greatest double has 309 digits, and 6 follow the point.
std::string text_of_floating(double value) {
  char characters[1 + 309 + 1 + 6];
  char* const end = characters + sizeof characters;
  return {characters, std::to_chars(characters, end, value, std::chars_format::fixed, 6).ptr};
}

}  // namespace

// __verbose_abort: everything that would throw comes here, since the kernel is compiled without exceptions.
void std::__libcpp_verbose_abort(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const Sentence sentence(format, arguments);
  va_end(arguments);
  bareheap::runtime::fatal(sentence.text());
}

// __hash_table: the number of buckets.
std::size_t std::__next_prime(std::size_t number) {
  const std::size_t prime = bareheap::runtime::next_prime(number);
  if (prime == 0 && number != 0) bareheap::runtime::fatal("a hash table was asked for more buckets than there are");
  return prime;
}

const std::nothrow_t std::nothrow{};

// __memory/shared_ptr.h: __shared_owners_ and __shared_weak_owners_ count owners less one, so -1 is none left. All that
// shared owners hold is one weak owner together.
std::__shared_count::~__shared_count() = default;
std::__shared_weak_count::~__shared_weak_count() = default;

void std::__shared_weak_count::__release_weak() noexcept {
  // Who finds 0 is the last owner, and nobody can become another one: no need to write then.
  if (std::__libcpp_acquire_load(&__shared_weak_owners_) == 0 ||
      std::__libcpp_atomic_refcount_decrement(__shared_weak_owners_) == -1) {
    __on_zero_shared_weak();
  }
}

std::__shared_weak_count* std::__shared_weak_count::lock() noexcept {
  long owners = __atomic_load_n(&__shared_owners_, __ATOMIC_RELAXED);
  while (owners != -1) {
    if (__atomic_compare_exchange_n(&__shared_owners_, &owners, owners + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      return this;
    }
  }
  return nullptr;
}

const void* std::__shared_weak_count::__get_deleter(const std::type_info&) const noexcept { return nullptr; }

// __memory/align.h, as [ptr.align] has it.
void* std::align(std::size_t alignment, std::size_t size, void*& at, std::size_t& space) {
  const auto first = reinterpret_cast<std::uintptr_t>(at);
  const std::size_t skipped = (alignment - first % alignment) % alignment;
  if (skipped > space || size > space - skipped) return nullptr;
  space -= skipped;
  at = static_cast<char*>(at) + skipped;
  return at;
}

// string: the members that the header promises to find compiled (__string/extern_template_lists.h).
template class std::basic_string<char>;
template std::string& std::string::__assign_no_alias<false>(const char*, std::size_t);
template std::string& std::string::__assign_no_alias<true>(const char*, std::size_t);
template std::string std::operator+
    <char, std::char_traits<char>, std::allocator<char>>(const char*, const std::string&);

std::string std::to_string(int value) { return text_of(value); }
std::string std::to_string(unsigned value) { return text_of(value); }
std::string std::to_string(long value) { return text_of(value); }
std::string std::to_string(unsigned long value) { return text_of(value); }
std::string std::to_string(long long value) { return text_of(value); }
std::string std::to_string(unsigned long long value) { return text_of(value); }
std::string std::to_string(float value) { return text_of_floating(value); }
std::string std::to_string(double value) { return text_of_floating(value); }
std::string std::to_string(long double value) { return text_of_floating(static_cast<double>(value)); }
