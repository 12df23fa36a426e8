// SPDX-License-Identifier: MIT
// Prints docs/misuse.md from runs: what each misuse does on each heap.
#include "faults/tables.hpp"
#include "faults/process.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace bareheap;
using namespace bareheap::faults;

constexpr char checked[] = "Checked ";

/// What became of a column; nothing where the heap has no such call.
struct Results {
  std::string heap;
  std::vector<std::optional<Outcome>> outcomes;

  bool is_checked() const { return heap.starts_with(checked); }
  std::string text(std::size_t row) const { return outcomes[row] ? text_of(*outcomes[row]) : "–"; }
};

/// A table that was run.
struct Ran {
  const char* title;
  std::vector<const char*> misuses;
  std::vector<Results> columns;

  explicit Ran(const Table& table) : title(table.title) {
    for (const Trial& trial : table.columns.front().trials) misuses.push_back(trial.misuse);
    for (const Column& column : table.columns) {
      Results results{column.heap, {}};
      for (const Trial& trial : column.trials) {
        results.outcomes.push_back(trial.perform ? std::optional(outcome_of(trial.perform)) : std::nullopt);
      }
      columns.push_back(std::move(results));
    }
  }
};

void print_row(const std::vector<std::string>& cells) {
  for (const std::string& cell : cells) std::printf("| %s ", cell.c_str());
  std::printf("|\n");
}

void print_head(const char* title, const std::vector<std::string>& names) {
  std::printf("\n## %s\n\n", title);
  print_row(names);
  print_row(std::vector<std::string>(names.size(), "---"));
}

/// One cell for all columns under Checked: what most of them say, and which say something else.
std::string summary_of(const std::vector<Results>& columns, std::size_t row) {
  std::map<std::string, int> votes;
  for (const Results& column : columns) votes[column.text(row)] += column.is_checked();
  const auto by_votes = [](const auto& left, const auto& right) { return left.second < right.second; };
  const std::string most = std::max_element(votes.begin(), votes.end(), by_votes)->first;
  std::string others;
  for (const Results& column : columns) {
    if (!column.is_checked() || column.text(row) == most) continue;
    others += (others.empty() ? "" : ", ") + column.heap.substr(sizeof checked - 1) + " " + column.text(row);
  }
  return others.empty() ? most : most + " (" + others + ")";
}

/// The columns under Checked become one.
void print_table(const Ran& table) {
  const bool has_checked = std::ranges::any_of(table.columns, &Results::is_checked);
  std::vector<std::string> names{"misuse"};
  for (const Results& column : table.columns) {
    if (!column.is_checked()) names.push_back(column.heap);
  }
  if (has_checked) names.emplace_back("under Checked");
  print_head(table.title, names);
  for (std::size_t row = 0; row < table.misuses.size(); ++row) {
    std::vector<std::string> cells{table.misuses[row]};
    for (const Results& column : table.columns) {
      if (!column.is_checked()) cells.push_back(column.text(row));
    }
    if (has_checked) cells.push_back(summary_of(table.columns, row));
    print_row(cells);
  }
}

/// The rows and columns that differ from the first column, and "=" where they do not.
void print_differences(const Ran& table) {
  const Results& plain = table.columns.front();
  std::vector<std::string> names{"misuse", plain.heap};
  std::vector<const Results*> different;
  std::string same;
  for (const Results& column : table.columns) {
    bool differs = false;
    for (std::size_t row = 0; row < table.misuses.size(); ++row)
      differs = differs || column.text(row) != plain.text(row);
    if (differs) {
      names.push_back(column.heap);
      different.push_back(&column);
    } else if (&column != &plain) {
      same += (same.empty() ? "" : ", ") + column.heap;
    }
  }
  print_head(table.title, names);
  for (std::size_t row = 0; row < table.misuses.size(); ++row) {
    std::vector<std::string> cells{table.misuses[row], plain.text(row)};
    for (const Results* column : different) {
      cells.push_back(column->text(row) == plain.text(row) ? "=" : column->text(row));
    }
    if (std::any_of(cells.begin() + 2, cells.end(), [](const std::string& cell) { return cell != "="; }))
      print_row(cells);
  }
  std::printf("\nThe same in all %zu misuses: %s.\n", table.misuses.size(), same.c_str());
}

constexpr char introduction[] = R"(# Misuse: what is caught, and what is not

Each row of these tables is a tiny program that does one thing wrong on each heap. The host runs it in a process of its
own (`tests/faults`), and what it prints is this page: a test compares the two. Each board runs what stands under
HoleList, and the three share PageHeap, both under Checked, NullHeap, Locked and the policies of the lock, but for what
hangs; each must end as it does here.

| in the tables | what happened |
| --- | --- |
| **stop** | the wrong call itself stopped the program, with the sentence that follows |
| stop later | a right call that came after it stopped the program |
| refused | the call answered "no" or with an empty block, and the heap went on as if it had not been made |
| check | nothing stopped, but `check()` finds what follows; the engine's header numbers its invariants |
| goes on | the request got its block in the end |
| taken | not wrong on this heap |
| harmless | unnoticed, but nothing that the program holds was changed, and nothing was lent twice |
| **harm** | unnoticed, and memory that the program holds was changed or lent twice, or the program crashed |
| **hang** | the program never comes back |
| – | this heap has no such call |
)";

void print_sentences(const std::vector<Ran>& tables) {
  std::set<Fault> faults;
  for (const Ran& table : tables) {
    for (const Results& column : table.columns) {
      for (const auto& outcome : column.outcomes) faults.insert(outcome ? outcome->fault : Fault::none);
    }
  }
  faults.erase(Fault::none);
  print_head("The sentences", {"in the tables", "the sentence"});
  for (const Fault fault : faults) print_row({short_name(fault), sentence(fault)});
}

/// How many misuses of an engine ended in which way.
void print_sums(const std::vector<Ran>& tables) {
  constexpr Ending endings[] = {Ending::stopped_at_once, Ending::stopped_later, Ending::refused,
                                Ending::found_by_check,  Ending::goes_on,       Ending::taken,
                                Ending::harmless,        Ending::harm,          Ending::hang};
  std::vector<std::string> names{"heap"};
  for (const Ending ending : endings) names.push_back(text_of({ending}));
  print_head("How many end how", names);
  for (const Results& heap : tables.front().columns) {
    std::map<Ending, int> sums;
    for (const Ran& table : tables) {
      for (const Results& column : table.columns) {
        for (const auto& outcome : column.outcomes)
          if (outcome && column.heap == heap.heap) ++sums[outcome->ending];
      }
    }
    std::vector<std::string> cells{heap.heap};
    for (const Ending ending : endings) cells.push_back(std::to_string(sums[ending]));
    print_row(cells);
  }
}

}  // namespace

int main() {
  std::vector<Ran> tables;
  for (const Table& table : engine_tables()) tables.emplace_back(table);
  const std::vector<Ran> engines = tables;
  tables.emplace_back(lock_table());
  const Ran around_hole_list(wrapper_table<HoleList>("Other wrappers around HoleList", "HoleList"));
  const Ran around_page_heap(wrapper_table<PageHeap>("Other wrappers around PageHeap", "PageHeap"));
  std::fputs(introduction, stdout);
  print_sentences(tables);
  print_sums(engines);
  for (const Ran& table : tables) print_table(table);
  print_differences(around_hole_list);
  print_differences(around_page_heap);
}
