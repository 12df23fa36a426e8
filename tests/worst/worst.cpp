// SPDX-License-Identifier: MIT
// The longest calls of RealTimeHeap and of GranuleHeap in instructions, each with the situation it was found in:
//
//     under_counter worst           a table
//     under_counter worst --json    the same for programs: {"allocate": 119, ...}
#include "worst/situations.hpp"
#include "worst/stock_situations.hpp"

#include "bareheap/engines/real_time_heap.hpp"

#include <cstdio>
#include <string_view>

// Compiled here, so that it is optimised however the library is.
template class bareheap::BasicRealTimeHeap<std::uint32_t>;
template class bareheap::BasicGranuleHeap<std::uint32_t>;

namespace bareheap::worst {
namespace {

struct Row {
  const char* name;  // as docs/granule_heap.md has it
  Longest longest;
};

void add_real_time(std::vector<Row>& rows) {
  static constexpr const char* names[kinds] = {
      "allocate",   "allocate, refused", "allocate, aligned", "allocate, aligned, refused",
      "deallocate", "resize, smaller",   "resize, larger",    "resize, refused"};
  Desk<RealTimeHeap> desk;
  try_neighbours(desk);
  try_holes(desk);
  try_large_heaps(desk);
  for (unsigned seed = 0; seed < 8; ++seed) try_by_chance(desk, seed);
  for (std::size_t kind = 0; kind < kinds; ++kind) rows.push_back({names[kind], desk.longest(static_cast<Kind>(kind))});
}

void add_stocked(std::vector<Row>& rows) {
  StockDesk served;
  try_served(served);
  StockDesk scarce;
  try_scarce(scarce);
  rows.push_back({"GranuleHeap: allocate from the stock", served.longest(Kind::allocate)});
  rows.push_back({"GranuleHeap: deallocate to the stock", served.longest(Kind::deallocate)});
  rows.push_back(
      {"GranuleHeap: the longest call that finds room without giving all back", scarce.longest(Kind::allocate)});
  rows.push_back({"GranuleHeap: all is given back, for each block in the stock", longest_share()});
}

void print_json(const std::vector<Row>& rows) {
  const char* before = "{";
  for (const Row& row : rows) {
    std::printf("%s\"%s\": %ju", before, row.name, static_cast<std::uintmax_t>(row.longest.instructions));
    before = ", ";
  }
  std::puts("}");
}

void print_table(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::printf("%-72s%6ju  ", row.name, static_cast<std::uintmax_t>(row.longest.instructions));
    const char* before = "";
    for (const Fact& fact : row.longest.situation) {
      if (fact.what == nullptr) break;
      std::printf("%s%s %zu", before, fact.what, fact.value);
      before = ", ";
    }
    std::puts("");
  }
}

}  // namespace
}  // namespace bareheap::worst

int main(int count, char** arguments) {
  using namespace bareheap::worst;
  const bool json = count == 2 && std::string_view(arguments[1]) == "--json";
  if (count != 1 && !json) return std::fputs("usage: under_counter worst [--json]\n", stderr), 2;
  if (!InstructionCounter().present()) return std::fputs("worst: start it with under_counter.\n", stderr), 1;
  std::vector<Row> rows;
  add_real_time(rows);
  add_stocked(rows);
  json ? print_json(rows) : print_table(rows);
  return 0;
}
