// SPDX-License-Identifier: MIT
// All trials: every misuse on every heap, as the tables of docs/misuse.md have them.
#pragma once

#include "faults/catalogue.hpp"

#include <type_traits>
#include <vector>

namespace bareheap::faults {

/// The columns have the same misuses in the same order. Those named "Checked …" are of the heaps of the same names.
struct Table {
  const char* title;
  std::vector<Column> columns;
};

/// `misuses` gives those of the heap whose type it is told. Bump under Checked goes without a quarantine: it takes no
/// single block back.
template <class Misuses>
Table table_of(const char* title, Misuses misuses, Start start = Start::in_use) {
  return {title,
          {column_of("Bump", misuses(std::type_identity<Bump>{}), start),
           column_of("HoleList", misuses(std::type_identity<HoleList>{}), start),
           column_of("PageHeap", misuses(std::type_identity<PageHeap>{}), start),
           column_of("StoryPages", misuses(std::type_identity<StoryPages>{}), start),
           column_of("RealTimeHeap", misuses(std::type_identity<RealTimeHeap>{}), start),
           column_of("GranuleHeap", misuses(std::type_identity<GranuleHeap>{}), start),
           column_of("Checked Bump", misuses(std::type_identity<Checked<Bump, 0>>{}), start),
           column_of("Checked HoleList", misuses(std::type_identity<Checked<HoleList>>{}), start),
           column_of("Checked PageHeap", misuses(std::type_identity<Checked<PageHeap>>{}), start),
           column_of("Checked StoryPages", misuses(std::type_identity<Checked<StoryPages>>{}), start),
           column_of("Checked GranuleHeap", misuses(std::type_identity<Checked<GranuleHeap>>{}), start)}};
}

inline constexpr auto before_init = []<class Heap>(std::type_identity<Heap>) { return uses_before_init<Heap>(); };
inline constexpr auto regions = []<class Heap>(std::type_identity<Heap>) { return second_regions<Heap>(); };
inline constexpr auto double_free = []<class Heap>(std::type_identity<Heap>) { return double_frees<Heap>(); };
inline constexpr auto others = []<class Heap>(std::type_identity<Heap>) { return frees_of_others<Heap>(); };
inline constexpr auto layouts = []<class Heap>(std::type_identity<Heap>) { return wrong_layouts<Heap>(); };
inline constexpr auto writes = []<class Heap>(std::type_identity<Heap>) { return wrong_writes<Heap>(); };
inline constexpr auto lists = []<class Heap>(std::type_identity<Heap>) { return damaged_lists<Heap>(); };
inline constexpr auto sinks = []<class Heap>(std::type_identity<Heap>) { return wrong_sinks<Heap>(); };
inline constexpr auto handlers = []<class Heap>(std::type_identity<Heap>) { return out_of_memory_handlers<Heap>(); };

/// Every group, for all engines and for the same under Checked.
inline std::vector<Table> engine_tables() {
  using LockedHoleList = Locked<HoleList, NoLock>;
  std::vector<Table> tables{table_of("Before the heap has a region", before_init, Start::fresh),
                            table_of("A second region", regions),
                            table_of("A block that is free already", double_free),
                            table_of("An address that was never lent", others),
                            table_of("A size or an alignment that was not asked for", layouts),
                            table_of("Stray writes", writes),
                            table_of("A free list that was written over", lists),
                            table_of("The sink of a walk", sinks),
                            table_of("Out of memory", handlers)};
  tables.front().columns.push_back(column_of("NullHeap", uses_before_init<NullHeap>(), Start::fresh));
  for (Table* table : {&tables[tables.size() - 2], &tables.back()}) {
    table->columns.push_back(column_of(
        "Locked", table == &tables.back() ? out_of_memory_handlers<LockedHoleList>() : wrong_sinks<LockedHoleList>()));
  }
  return tables;
}

/// What each policy makes of a CPU that comes back for the lock it holds.
inline Table lock_table() {
  return {"The lock",
          {column_of("NoLock", wrong_locking<Locked<HoleList, NoLock>>()),
           column_of("InterruptsSaved", wrong_locking<Locked<HoleList, InterruptsSaved<OneCpu>>>()),
           column_of("SpinLock", wrong_locking<Locked<HoleList, SpinLock<OneCpu>>>()),
           column_of("SpinWithInterruptsSaved", wrong_locking<Locked<HoleList, SpinWithInterruptsSaved<OneCpu>>>())}};
}

template <class Heap>
struct WithReserve : Reserve<Heap> {
  constexpr WithReserve() noexcept : Reserve<Heap>(Layout(1024, 16)) {}
};

/// The other wrappers around an engine, after the engine alone.
template <class Engine>
Table wrapper_table(const char* title, const char* engine) {
  return {title,
          {whole_column_of<Engine>(engine), whole_column_of<Headered<Engine>>("Headered"),
           whole_column_of<Counted<Engine>>("Counted"), whole_column_of<Locked<Engine, NoLock>>("Locked"),
           whole_column_of<WithReserve<Engine>>("Reserve"), whole_column_of<Fallback<Engine, Engine>>("Fallback")}};
}

}  // namespace bareheap::faults
