// SPDX-License-Identifier: MIT
// A line that ends with "trace: " and base64 holds the trace's next bytes, whatever stands before it; other lines are
// the kernel's own.
#include "import.hpp"

#include "ports/common/trace_lines.hpp"

namespace bareheap::tools {
namespace {

using Bytes = std::vector<std::byte>;

// False where it is no base64; then some bytes were added all the same.
bool decode(std::string_view text, Bytes& bytes) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char letter : text) {
    const std::size_t value = std::string_view(port::base64_letters).find(letter);
    if (value == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::byte>(bits >> count & 0xFF));
  }
  return true;
}

void add_line(std::string_view line, Bytes& bytes) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t at = line.rfind(port::trace_line_start);
  if (at == line.npos) return;
  const std::size_t size = bytes.size();
  if (!decode(line.substr(at + std::string_view(port::trace_line_start).size()), bytes)) bytes.resize(size);
}

}  // namespace

Trace import_serial(std::string_view text) {
  Bytes bytes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    add_line(text.substr(0, end), bytes);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (bytes.empty()) throw UserError("there is no line of a trace in it: 'trace: ' and base64");
  return parse_trace(bytes);
}

}  // namespace bareheap::tools
