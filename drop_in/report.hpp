// SPDX-License-Identifier: MIT
// What a heap tells at the end of the program: one line of name=value.
#pragma once

#include "drop_in/standard_error.hpp"

#include <cerrno>  // program_invocation_short_name
#include <cstddef>
#include <fcntl.h>
#include <initializer_list>
#include <string_view>
#include <unistd.h>

namespace bareheap::drop_in {

struct Figure {
  const char* name;
  std::size_t value;
};

/// Says that the file of that name is not to be written to.
inline void report_not_written(const char* name) noexcept {
  StandardError error;
  error.put("bareheap: cannot write the report to '");
  error.put(name);
  error.put("'\n");
  error.flush();
}

/// Appends the line to `where`, "stderr" or a file, by one write.
inline void report(const char* where, std::initializer_list<Figure> figures) noexcept {
  StandardError line;
  line.put("bareheap-malloc: program=");
  for (const char* letter = ::program_invocation_short_name; *letter != '\0'; ++letter) {
    line.put(std::string_view(*letter > ' ' ? letter : "_", 1));
  }
  line.put(" process=");
  line.put(static_cast<std::size_t>(::getpid()));
  for (const Figure& figure : figures) {
    line.put(" ");
    line.put(figure.name);
    line.put("=");
    line.put(figure.value);
  }
  line.put("\n");
  if (std::string_view(where) == "stderr") return line.flush();
  const int file = ::open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return report_not_written(where);
  line.flush(file);
  ::close(file);
}

}  // namespace bareheap::drop_in
