// SPDX-License-Identifier: MIT
// The real CpuCached over a real GranuleHeap, under the explorer: small scenes of two and three CPUs. In each schedule
// nothing is lent twice, what is lent is not written to, and nothing is refused that there is room for; after it
// nothing is lost.
#pragma once

#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "explorer/platform.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace explorer {

using namespace bareheap;

template <Recall way, std::uint32_t count>
struct Cpus : Platform {
  static constexpr std::uint32_t cpus = count;
  static constexpr Recall recall = way;
};

inline constexpr std::size_t granule = GranuleHeap::granule;
inline constexpr std::uint32_t known = 3;     // CPUs of the heap
inline constexpr std::uint32_t stranger = 3;  // a CPU that it does not know

// Of this size two blocks are a full magazine, where two CPUs share so much memory.
inline constexpr std::size_t size_of_pair = 12;

// What lies in the arena.
template <class Heap>
struct Desk {
  static constexpr std::size_t memory_size = 26 * 1024;
  static constexpr std::size_t large_size = 68 * 1024;  // in the scenes in which a CPU keeps two larger blocks

  Heap heap;
  Atomic<unsigned> flag{0};
  alignas(16) std::byte memory[large_size];
};

/// Which blocks are lent, for the scenes alone: calls into another file, so that the compiler keeps nothing of it in
/// registers while an interrupt changes it.
struct Ledger {
  struct Lent {
    std::byte* at = nullptr;
    std::size_t size = 0;
    std::byte pattern{};
  };

  static void clear();
  static std::byte add(const Block& block);  ///< its pattern; fails where it overlaps another
  static Lent at(std::byte* block);
  static Lent any();  ///< null where none is lent
  static void remove(std::byte* block);
};

/// A copy of all that the CPUs share, which is what a child of a fork has. Made in another file, whose accesses are not
/// reported: a copy is no access of the program's.
class Fork {
 public:
  void copy();
  void become() const;
  std::size_t known() const { return known_; }  ///< blocks that were lent

 private:
  std::vector<std::byte> memory_;
  std::size_t known_ = 0;
};

inline std::byte* passed;  // from one CPU to another
inline bool may_stop;      // a fault stops its CPU, and is counted; else it is a failure
inline unsigned stops;

template <Recall way, class Detection, class P = Cpus<way, known>>
class Scene {
  using Heap = CpuCached<GranuleHeap, P, Detection>;
  static Desk<Heap>& desk() { return *reinterpret_cast<Desk<Heap>*>(arena); }

 public:
  static Heap& heap() { return desk().heap; }

  static std::byte* may_take(std::size_t granules) {
    const Block block = heap().allocate(Layout(granules * granule, granule));
    if (!block) return nullptr;
    const std::byte pattern = Ledger::add(block);
    for (const std::size_t byte : {std::size_t{0}, block.size / 2, block.size - 1}) block.at[byte] = pattern;
    return block.at;
  }

  static std::byte* take(std::size_t granules) {
    std::byte* const at = may_take(granules);
    expect(at != nullptr, "a request was refused that there was room for");
    return at;
  }

  static void give(std::byte* at) {
    const std::size_t size = struck_out(at);
    heap().deallocate(at, Layout(size, granule));
  }

  /// What is given back is not in the ledger any more. Its size.
  static std::size_t struck_out(std::byte* at) {
    const Ledger::Lent block = Ledger::at(at);
    for (const std::size_t byte : {std::size_t{0}, block.size / 2, block.size - 1}) {
      expect(at[byte] == block.pattern, "a lent block was written to");
    }
    Ledger::remove(at);
    return block.size;
  }

  static bool resize(std::byte* at, std::size_t granules) {
    const std::size_t before = struck_out(at);
    const bool done = heap().resize(at, Layout(before, granule), granules * granule);
    const std::size_t size = done ? granules * granule : before;
    std::memset(at, static_cast<int>(Ledger::add({at, size})), size);
    return done;
  }

  /// The first bytes of the span are the heap's, of which there are so many.
  static constexpr std::size_t half = Desk<Heap>::memory_size / 2;
  static void start(std::size_t size = Desk<Heap>::memory_size, std::size_t reserved = Desk<Heap>::memory_size) {
    static_assert(sizeof(Desk<Heap>) <= arena_size);
    auto* const desk = new (arena) Desk<Heap>;
    Ledger::clear();
    stops = 0;
    may_stop = false;
    std::memset(desk->memory, 0xA5, reserved);
    const Region span{desk->memory, reserved};
    expect(static_cast<bool>(desk->heap.init({span.start, size}, span)), "the region was refused");
  }

  /// All memory is lent but for as many blocks as there are digits: each is in the stock of that CPU, and neighbours
  /// are in the order of the digits.
  static void start_with(const std::string& owners, std::size_t granules = 1) {
    const std::size_t size = granules == 1 ? Desk<Heap>::memory_size : Desk<Heap>::large_size;
    start(size, size);
    const std::size_t room = statistics_of(heap()).free_bytes / granule;
    run_as(stranger);
    std::vector<std::byte*> blocks;
    for (std::size_t count = 0; count < owners.size(); ++count) blocks.push_back(take(granules));
    std::sort(blocks.begin(), blocks.end());
    for (std::size_t index = 0; index < owners.size(); ++index) {
      run_as(static_cast<unsigned>(owners[index] - '0'));
      give(blocks[index]);
    }
    run_as(stranger);
    const std::uint64_t before = heap().times_locked();
    take(room - owners.size() * granules);
    expect(heap().times_locked() == before + 2, "the stocks were called back too soon");
  }

  /// All is freed, all stocks are called back: the heap is as it was at first.
  static void finish() {
    while (std::byte* const at = Ledger::any().at) give(at);
    heap().trim();
    expect(heap().check() == Fault::none, "the check finds a fault");
    const Statistics figures = statistics_of(heap());
    expect(figures.used_bytes == 0 && figures.free_tiles == 1, "memory was lost");
  }

  /// A CPU has a block for another.
  static void pass(std::byte* at) {
    passed = at;
    desk().flag.store(1, std::memory_order_release);
  }
  static std::byte* receive() {
    while (desk().flag.load(std::memory_order_acquire) == 0) Platform::pause();
    return passed;
  }

  static void take_and_give(unsigned times) {
    for (; times != 0; --times) give(take(1));
  }

  static void try_to_take_and_give() {
    if (std::byte* const at = may_take(1); at != nullptr) give(at);
  }

  static void masked(const std::function<void()>& action) {
    const bool before = Platform::mask_interrupts();
    action();
    Platform::restore_interrupts(before);
  }

  static std::vector<Program> programs() {
    std::vector<Program> all;
    add_quiet(all);
    add_one_that_asks(all);
    add_several_that_ask(all);
    add_interrupted(all);
    add_silent(all);
    add_others(all);
    std::is_same_v<Detection, ByMap> ? add_bad_frees(all) : add_keys(all);
    return all;
  }

  static Program program(const char* name, unsigned cpus, const char* stocks, std::function<void(unsigned)> body) {
    return {.name = name,
            .cpus = cpus,
            .start = [stocks] { stocks == nullptr ? start() : start_with(stocks); },
            .body = std::move(body),
            .finish = finish,
            .called = [](unsigned) { heap().serve(); }};
  }

  static auto& memory() { return desk().memory; }

 private:
  // Nobody has to ask for another CPU's stock.
  static void add_quiet(std::vector<Program>& all) {
    all.push_back(program("two take and give", 2, nullptr, [](unsigned) { take_and_give(2); }));
    all.push_back(program("one is not known to the heap", 4, nullptr, [](unsigned cpu) {
      if (cpu == 0 || cpu == stranger) take_and_give(1);
    }));
    Program depot = program("full magazines pass through the depot", 2, nullptr, [](unsigned cpu) {
      std::vector<std::byte*> mine;
      for (unsigned count = cpu == 0 ? 6 : 5; count != 0; --count) mine.push_back(take(size_of_pair));
      for (std::byte* const at : mine) give(at);
    });
    depot.start = [] {
      start();
      for (const unsigned cpu : {0U, 1U}) {
        run_as(cpu);
        give(take(size_of_pair));
      }
    };
    depot.is_long = true;
    all.push_back(depot);
  }

  // CPU 0 asks, and CPU 1 is at something else.
  static void add_one_that_asks(std::vector<Program>& all) {
    all.push_back(program("one asks, the other takes and gives", 2, "11", [](unsigned cpu) {
      if (cpu == 1) return take_and_give(2);
      take(1);
    }));
    all.push_back(program("one asks, the other gives what the first has taken", 2, "10", [](unsigned cpu) {
      cpu == 0 ? pass(take(1)) : give(receive());
      take(1);
    }));
    all.push_back(program("one asks for the last, the other comes late", 2, "00", [](unsigned cpu) {
      if (cpu == 0) return take_and_give(2);
      take(1);
    }));
    all.push_back(program("one asks, the other waits for the lock with interrupts masked", 3, "11", [](unsigned cpu) {
      if (cpu == 0) take(2);
      if (cpu == 1) masked([] { static_cast<void>(heap().owns(nullptr)); });
      if (cpu == 2) static_cast<void>(heap().owns(nullptr));
    }));
    all.push_back(program("one asks, the other retires", 2, "11", [](unsigned cpu) {
      if (cpu == 0) return static_cast<void>(take(2));
      static_cast<void>(Platform::mask_interrupts());
      heap().retire(1);
    }));
    all.push_back(program("one asks, another has stopped, and a third retires it", 3, "11", [](unsigned cpu) {
      if (cpu == 0) take(2);
      if (cpu == 1) static_cast<void>(Platform::mask_interrupts());
      if (cpu == 1) pass(nullptr);
      if (cpu != 2) return;
      receive();
      heap().retire(1);
    }));
  }

  static void add_several_that_ask(std::vector<Program>& all) {
    all.push_back(program("both ask each other", 2, "0101", [](unsigned) { take(2); }));
    all.push_back(
        program("both ask each other with interrupts masked", 2, "0101", [](unsigned) { masked([] { take(2); }); }));
    all.push_back(program("two ask, the third takes and gives", 3, "2020", [](unsigned cpu) {
      if (cpu == 2) return take_and_give(1);
      take(1);
    }));
    all.push_back(program("one asks, the other calls all back and checks", 2, "01", [](unsigned cpu) {
      if (cpu == 0) return static_cast<void>(take(2));
      heap().trim();
      expect(heap().check() == Fault::none, "the check finds a fault");
    }));
  }

  // The handler of a device uses the heap. Directly, it may find its own CPU's magazines out of reach.
  static void add_interrupted(std::vector<Program>& all) {
    Program device = program("one is interrupted, the other asks", 2, "000", [](unsigned cpu) {
      if (cpu == 0) return take_and_give(2);
      take(1);
    });
    device.device = [](unsigned) { way == Recall::directly ? try_to_take_and_give() : take_and_give(1); };
    device.devices = 1;
    all.push_back(device);
  }

  // A CPU is slower than the other's patience, or does not answer at all.
  static void add_silent(std::vector<Program>& all) {
    all.push_back(program("one asks, the other answers late", 2, "11", [](unsigned cpu) {
      if (cpu == 0) return static_cast<void>(may_take(2));
      try_to_take_and_give();
      try_to_take_and_give();
    }));
    all.back().patience = 2;
    all.push_back(program("one asks, the other does not answer", 2, "11", [](unsigned cpu) {
      cpu == 1 ? static_cast<void>(Platform::mask_interrupts()) : static_cast<void>(may_take(2));
    }));
    all.back().patience = 2;
    all.back().finish = [] {
      run_as(1);
      heap().serve();
      finish();
    };
  }

  // Calls that are less common.
  static void add_others(std::vector<Program>& all) {
    all.push_back(program("one resizes, the other asks", 2, "00111", [](unsigned cpu) {
      if (cpu == 1) return static_cast<void>(may_take(2));
      std::byte* const at = take(1);
      resize(at, 2);
      resize(at, 1);
    }));
    Program grown = program("one adds memory, the other takes and gives", 2, nullptr, [](unsigned cpu) {
      if (cpu == 1) return take_and_give(1);
      expect(static_cast<bool>(heap().add({memory() + half, half})), "the region was refused");
      take(size_of_pair);
    });
    grown.start = [] {
      start(half);
      run_as(1);
      give(take(1));
    };
    all.push_back(grown);
  }

  // A word in a block that may be the key.
  static void add_keys(std::vector<Program>& all) {
    all.push_back(program("a block looks like a freed one, the other asks", 2, "011", [](unsigned cpu) {
      if (cpu == 1) return static_cast<void>(may_take(3));
      std::byte* const at = may_take(1);
      if (at == nullptr) return;
      const std::size_t size = struck_out(at);
      *reinterpret_cast<std::size_t*>(at + 8) = ~address_of(at);
      heap().deallocate(at, Layout(size, granule));
    }));
    all.push_back(with_a_second_free("one gives what the other has given", true, [](unsigned cpu) {
      if (cpu == 0) receive();
      heap().deallocate(passed, Layout(1, 1));
      if (cpu == 1) pass(passed);
    }));
  }

  static void add_bad_frees(std::vector<Program>& all) {
    all.push_back(with_a_second_free("two give the same block, and one calls all back", false, [](unsigned cpu) {
      if (cpu == 1) take_and_give(1);
      heap().deallocate(passed, Layout(1, 1));
      if (cpu == 0) heap().trim();
    }));
  }

  // Both CPUs free the block `passed`, and one of them is stopped for it. CPU 1 has a stock before, or nobody.
  static Program with_a_second_free(const char* name, bool has_stock, std::function<void(unsigned)> body) {
    Program twice = program(name, 2, nullptr, std::move(body));
    twice.start = [has_stock] {
      start();
      if (has_stock) {
        run_as(1);
        give(take(1));
      }
      passed = take(1);
      Ledger::clear();
      may_stop = true;
    };
    twice.finish = [] {
      expect(stops == 1, "a second free was not noticed");
      may_stop = false;
      finish();
    };
    return twice;
  }
};

/// Explores each program, as deep as the arguments of the command say; the status that it ends with.
int run(const std::vector<Program>& programs, Bounds bounds, int count, char** arguments);

}  // namespace explorer
