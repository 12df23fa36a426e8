// SPDX-License-Identifier: MIT
// The files of heaptrack 1.4 are lines; the first letter says of what kind, and numbers are hexadecimal. A raw file
// names blocks by their addresses:
//
//     v 10400 3               version of heaptrack, and of the format
//     X ./program -x          what was run
//     + 15 9 55cfef3a02b0     a block: size, where from, address
//     - 55cfef3a02b0          it is given back
//
// An interpreted one names kinds of blocks, which are equal in their size and where they are from:
//
//     a 15 9                  a kind: size, where from; they are counted from 0
//     + 2                     a block of this kind
//     - 2                     one of these blocks is given back
//
// All else tells where from, and when.
#include "import.hpp"

#include "bareheap/parts/trace_writer.hpp"
#include "files.hpp"

#include <charconv>
#include <memory>

namespace bareheap::tools {
namespace {

constexpr std::string_view known_kinds = "vxXImsitacRAS#";
constexpr std::uint64_t format_version = 3;

using Writer = TraceWriter<MemorySink, 65535>;

struct Numbers {
  std::uint64_t values[3] = {};
  std::size_t count = 0;
};

Numbers numbers_in(std::string_view text) {
  Numbers numbers;
  while (!text.empty() && text.front() == ' ' && numbers.count < 3) {
    text.remove_prefix(1);
    std::uint64_t& value = numbers.values[numbers.count];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    ++numbers.count;
  }
  return text.empty() ? numbers : Numbers{};
}

class Importer {
 public:
  Trace import(std::string_view text) {
    if (!text.starts_with("v ")) throw UserError("this is no file of heaptrack: it does not begin with its version");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      if (end == text.npos) refuse("is cut off");
      add(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    begin();
    writer_->end(sink_);
    return parse_trace(sink_.bytes);
  }

 private:
  void add(std::string_view line) {
    if (line.empty()) return;
    const char kind = line.front();
    if (kind == '+' || kind == '-' || kind == 'a' || kind == 'v') return add(kind, numbers_in(line.substr(1)));
    if (known_kinds.find(kind) == known_kinds.npos) refuse("is of no known kind");
    if (kind == 'X' && line.size() > 2) program_ = line.substr(2, line.find(' ', 2) - 2);
  }

  void add(char kind, const Numbers& numbers) {
    const auto& [first, second, third] = numbers.values;
    if (kind == 'v' && numbers.count == 2) return check_version(second);
    if (kind == 'a' && numbers.count == 2) return add_kind(first);
    if (kind == '+' && numbers.count == 3 && kinds_.empty()) return put(TraceCall::allocate, third, first);
    if (kind == '-' && numbers.count == 1 && kinds_.empty()) return put(TraceCall::deallocate, first, 0);
    if (kind == '+' && numbers.count == 1 && first < kinds_.size()) return allocate(kinds_[first]);
    if (kind == '-' && numbers.count == 1 && first < kinds_.size()) return deallocate(kinds_[first]);
    refuse("cannot be understood");
  }

  void check_version(std::uint64_t version) const {
    if (version != format_version)
      throw UserError("this is version " + std::to_string(version) + " of heaptrack's format; version 3 is read here");
  }

  struct Kind {
    std::uint64_t size = 0;
    std::vector<std::uint64_t> live;  // names of the blocks
  };

  void add_kind(std::uint64_t size) {
    if (kinds_.empty() && begun_) refuse("cannot be understood: blocks had addresses before");
    kinds_.push_back({size, {}});
  }

  void allocate(Kind& kind) {
    kind.live.push_back(++names_);
    put(TraceCall::allocate, names_, kind.size);
  }

  // Which block it is, is not told; that the latest one goes is as good as any.
  void deallocate(Kind& kind) {
    if (kind.live.empty()) refuse("gives back more blocks of a kind than live");
    put(TraceCall::deallocate, kind.live.back(), 0);
    kind.live.pop_back();
  }

  void put(TraceCall call, std::uint64_t name, std::uint64_t size) {
    begin();
    const std::uint8_t natural = TraceHeader().natural_alignment_log2;
    writer_->put(sink_, {.call = call, .alignment_log2 = natural, .name = name, .size = size});
  }

  // The name of the program is told before the first block.
  void begin() {
    if (begun_) return;
    begun_ = true;
    const std::string name = std::filesystem::path(program_).filename().string();
    writer_->begin(sink_, {.program = name.data(), .program_size = name.size()});
  }

  [[noreturn]] void refuse(const char* why) const {
    throw UserError("line " + std::to_string(line_) + " " + why);
  }

  MemorySink sink_;
  std::unique_ptr<Writer> writer_ = std::make_unique<Writer>();
  bool begun_ = false;
  std::string program_;
  std::vector<Kind> kinds_;
  std::uint64_t names_ = 0;
  std::size_t line_ = 0;
};

}  // namespace

Trace import_heaptrack(std::string_view text) { return Importer().import(text); }

}  // namespace bareheap::tools
