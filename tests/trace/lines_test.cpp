// SPDX-License-Identifier: MIT
#include "ports/common/trace_lines.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace bareheap::port {
namespace {

std::string line_of_serial;

void say(const char* characters, std::size_t size) noexcept { line_of_serial.append(characters, size); }

std::string said(const std::string& text) {
  line_of_serial.clear();
  TraceLines<say>().write(reinterpret_cast<const std::byte*>(text.data()), text.size());
  return line_of_serial;
}

// The vectors of RFC 4648.
TEST(TraceLines, are_base64) {
  EXPECT_EQ(said(""), "");
  EXPECT_EQ(said("f"), "trace: Zg==\n");
  EXPECT_EQ(said("fo"), "trace: Zm8=\n");
  EXPECT_EQ(said("foo"), "trace: Zm9v\n");
  EXPECT_EQ(said("foobar"), "trace: Zm9vYmFy\n");
  EXPECT_EQ(said("\xFB\xFF\xBF"), "trace: +/+/\n");
}

TEST(TraceLines, are_short) {
  const std::string line = "trace: " + [] {
    std::string letters;
    for (int index = 0; index < 23; ++index) letters += "YWFh";
    return letters;
  }() + "\n";
  EXPECT_EQ(line.size(), 100u);
  EXPECT_EQ(said(std::string(69, 'a')), line);
  EXPECT_EQ(said(std::string(139, 'a')), line + line + "trace: YQ==\n");
}

}  // namespace
}  // namespace bareheap::port
