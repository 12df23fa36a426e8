// SPDX-License-Identifier: MIT
#include "drop_in/checked/place.hpp"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

namespace {

constexpr std::size_t most_of_a_name = 300;  // those of C++ can be longer than a line is kept

}  // namespace

void put_address(StandardError& line, const void* at) noexcept {
  put_hexadecimal([&line](const char* digits, std::size_t size) { line.put(std::string_view(digits, size)); },
                  reinterpret_cast<std::uintptr_t>(at));
}

void put_place(StandardError& line, const void* at) noexcept {
  put_address(line, at);
  const std::byte* const returns_to = static_cast<const std::byte*>(at);
  Dl_info found;
  // Where a call is the last of its function, it returns to behind it.
  if (at == nullptr || ::dladdr(returns_to - 1, &found) == 0) return;
  std::string_view path = found.dli_fname;
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  line.put(" (");
  line.put(path);
  line.put("+");
  const auto offset = static_cast<std::size_t>(returns_to - static_cast<const std::byte*>(found.dli_fbase));
  put_address(line, reinterpret_cast<const void*>(offset));
  if (found.dli_sname != nullptr) {
    line.put(", ");
    const std::string_view name = found.dli_sname;
    line.put(name.size() <= most_of_a_name ? name : std::string_view(name.data(), most_of_a_name));
  }
  line.put(")");
}

void write_calls(StandardError& line, const CallStack& calls, int file) noexcept {
  for (const void* const& at : calls.places) {
    if (at == nullptr && &at != calls.places) return;
    if (&at != calls.places) line.put("bareheap:     which was called from ");
    put_place(line, at);
    line.put("\n");
    line.flush(file);
  }
}

}  // namespace bareheap::drop_in
