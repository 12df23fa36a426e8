// SPDX-License-Identifier: MIT
// Prints the tables of docs/misuse.md from runs: what each misuse does on each heap.
#include "bareheap/bareheap.hpp"
#include "faults/misuse.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bareheap;
using namespace bareheap::faults;

struct Column {
  std::string heap;
  std::vector<std::string> misuses;
  std::vector<std::string> outcomes;
};

template <class Heap>
Column column_of(const char* heap, std::vector<Misuse<Heap>> misuses) {
  Column column{heap, {}, {}};
  for (const Misuse<Heap>& misuse : misuses) {
    const auto scene = std::make_unique<Scene<Heap>>();
    column.misuses.emplace_back(misuse.name);
    column.outcomes.push_back(
        outcome_of([&] { misuse.wrong(*scene); }, [&] { return scene->aftermath(); }).text());
  }
  return column;
}

void print_table(const char* title, const std::vector<Column>& columns) {
  std::printf("\n## %s\n\n| misuse |", title);
  for (const Column& column : columns) std::printf(" %s |", column.heap.c_str());
  std::printf("\n| --- |");
  for (std::size_t index = 0; index < columns.size(); ++index) std::printf(" --- |");
  std::printf("\n");
  for (std::size_t row = 0; row < columns.front().misuses.size(); ++row) {
    std::printf("| %s |", columns.front().misuses[row].c_str());
    for (const Column& column : columns) std::printf(" %s |", column.outcomes[row].c_str());
    std::printf("\n");
  }
}

template <template <class> class Misuses>
void print_for_every_heap(const char* title) {
  print_table(title, {column_of<Bump>("Bump", Misuses<Bump>::all()), column_of<HoleList>("HoleList", Misuses<HoleList>::all()),
                      column_of<PageHeap>("PageHeap", Misuses<PageHeap>::all()),
                      column_of<StoryPages>("StoryPages", Misuses<StoryPages>::all())});
}

/// Over Bump without a quarantine: it takes no single block back.
template <template <class> class Misuses>
void print_under_checked(const char* title) {
  using CheckedBump = Checked<Bump, 0>;
  print_table(title, {column_of<CheckedBump>("Bump", Misuses<CheckedBump>::all()),
                      column_of<Checked<HoleList>>("HoleList", Misuses<Checked<HoleList>>::all()),
                      column_of<Checked<PageHeap>>("PageHeap", Misuses<Checked<PageHeap>>::all()),
                      column_of<Checked<StoryPages>>("StoryPages", Misuses<Checked<StoryPages>>::all())});
}

template <class Heap>
struct Frees {
  static std::vector<Misuse<Heap>> all() { return wrong_frees<Heap>(); }
};

template <class Heap>
struct Writes {
  static std::vector<Misuse<Heap>> all() { return wrong_writes<Heap>(); }
};

constexpr char introduction[] = R"(# Misuse: what is caught, and what is not

Each row is a tiny program that does one thing wrong on a heap in use, run in a process of its own by `tests/faults`. These
tables are what it printed; a test compares them with a new run.

* **stop**: the wrong call itself stopped the program. Never lent: "freed an address that this heap has not lent". Free
  already: "freed a block that is free already". Wrong layout: "freed a block with another size or alignment than it was
  asked with".
* stop later: a right call that followed stopped it.
* check: nothing stopped, but `check()` finds that an invariant does not hold; the engine's header numbers them.
* harmless: unnoticed, but nothing that the program holds was changed, and nothing was lent twice.
* **harm**: unnoticed, and memory that the program holds was changed or lent twice, or the program crashed.
)";

}  // namespace

int main() {
  std::fputs(introduction, stdout);
  print_for_every_heap<Frees>("Frees");
  print_under_checked<Frees>("Frees, under Checked");
  print_for_every_heap<Writes>("Writes");
  print_under_checked<Writes>("Writes, under Checked");
}
