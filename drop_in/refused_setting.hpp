// SPDX-License-Identifier: MIT
// The one sentence with which a library ends a program whose settings are wrong, with status 2.
#pragma once

#include "drop_in/standard_error.hpp"

#include <cstddef>
#include <string_view>
#include <unistd.h>

namespace bareheap::drop_in {

inline constexpr std::string_view settings_prefix = "BAREHEAP_MALLOC_";

/// "BAREHEAP_MALLOC_NAME wants WANTS, not 'VALUE'".
[[noreturn]] inline void refuse_value(std::string_view name, std::string_view value, const char* wants) noexcept {
  StandardError error;
  error.put("bareheap: ");
  error.put(settings_prefix);
  error.put(name);
  error.put(" wants ");
  error.put(wants);
  error.put(", not '");
  error.put(value);
  error.put("'\n");
  error.flush();
  ::_exit(2);
}

/// Names all that there are.
template <class Setting, std::size_t count>
[[noreturn]] void refuse_name(std::string_view name, const Setting (&known)[count]) noexcept {
  StandardError error;
  error.put("bareheap: ");
  error.put(settings_prefix);
  error.put(name);
  error.put(" is no setting of this library: there are");
  for (const Setting& setting : known) {
    error.put(&setting == known ? " " : &setting == known + count - 1 ? " and " : ", ");
    error.put(settings_prefix);
    error.put(setting.name);
  }
  error.put("\n");
  error.flush();
  ::_exit(2);
}

}  // namespace bareheap::drop_in
