// SPDX-License-Identifier: MIT
// The CPUs: who runs, what interrupts wait for it, what its store buffer holds. One function for each thing that code
// on a CPU can do; each is a moment at which the choices decide who goes on.
#pragma once

#include "explorer/choices.hpp"
#include "explorer/explorer.hpp"
#include "explorer/fingerprint.hpp"
#include "explorer/races.hpp"

#include <ucontext.h>
#include <array>
#include <atomic>
#include <csetjmp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace explorer {

/// Of an atomic word: where, how many bytes, and from which line; 0: a built-in.
struct Place {
  void* at;
  unsigned size;
  unsigned line;
};

enum class Change : std::uint8_t { exchange, add, bits_or, bits_and, bits_xor };

class Machine {
 public:
  static Machine& the() { return machine; }

  Outcome explore(const Program& program, const Bounds& bounds);
  Outcome replay(const Program& program, const Bounds& bounds, const std::string& schedule, bool tells);
  [[noreturn]] void halt();
  [[noreturn]] void fail(const std::string& what);

  unsigned cpu() const { return running_; }
  void run_as(unsigned cpu) { running_ = cpu; }

  std::uint64_t load(Place place, std::memory_order order);
  void store(Place place, std::uint64_t value, std::memory_order order);
  std::uint64_t change(Place place, Change how, std::uint64_t value, std::memory_order order);
  bool compare_exchange(Place place, std::uint64_t& expected, std::uint64_t value, std::memory_order success,
                        std::memory_order failure);
  void fence(std::memory_order order);

  bool mask();
  void unmask(bool masked);
  void call(unsigned other);
  void pause();
  bool keep_waiting(unsigned round);
  void fence_all();

  /// An access that is not atomic, from the code at `caller`.
  void access(const void* at, std::size_t size, bool writes, const void* caller) {
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - arena);
    if (active_ && offset < arena_size) check_access(offset, size, writes, caller);
  }

 private:
  enum Interrupt : unsigned { ipi, device, interrupts };

  static constexpr std::size_t most_held = 4;

  struct Held {
    Place place;
    std::uint64_t value;
    Clock clock;
  };

  struct Cpu {
    ucontext_t context{};
    std::jmp_buf resume;
    std::vector<char> stack;
    bool broken = true;  // its stack is in the middle of a schedule that failed
    bool begun = false;  // in this schedule
    bool idle = false;   // it has ended, and takes interrupts
    bool masked = false;
    bool stuck = false;        // went round a loop, and nothing had changed
    bool impatient = false;    // its loop ends after some rounds
    std::uint64_t seen = 0;    // changes_ when it paused last
    std::uint64_t points = 0;  // since an event of its fingerprint
    std::array<bool, interrupts> pending{};
    std::array<bool, interrupts> postponed{};
    Clock called{};            // what the last call published
    std::uint64_t caller = 0;  // and the history of who made it
    std::deque<Held> held;
  };

  // What can happen next: an option of a choice.
  struct Next {
    enum class Kind : std::uint8_t { go_on, deliver, run, drain_all, drain_one } kind;
    unsigned which = 0;
  };
  class Options;

  void call_alone(unsigned other);
  static void fiber();
  void live();
  void prepare(unsigned cpu);
  void begin();
  bool run_one(Outcome& outcome);
  bool run_search(Outcome& outcome, unsigned long bound);

  void point(bool visible);
  void point(Place place) { point(place.line != 0 || bounds_.every_word); }
  void yield();
  bool add_interrupts(Options& options, bool put_off) const;
  Next choose(const Options& options);
  void follow(Next next);
  void deliver(unsigned interrupt);
  void go_to(unsigned cpu);
  bool can_run(unsigned number) const;
  bool interrupted(unsigned cpu) const;
  void all_wait();

  std::uint64_t state(const Costs& costs) const;
  unsigned decide(const Costs& costs);
  [[noreturn]] void leave();

  void check_access(std::size_t offset, std::size_t size, bool writes, const void* caller);
  bool holds_back();
  void drain(unsigned cpu, std::size_t count);
  std::uint64_t read(Place place) const;
  void write(Place place, std::uint64_t value);
  void check_race(Place place, bool writes);
  void say(const char* what, Place place, std::uint64_t value, std::memory_order order) const;
  void say(const char* what, unsigned number) const;

  static Machine machine;

  Races races_;
  Fingerprint fingerprint_;
  Choices choices_;
  const Program* program_ = nullptr;
  Bounds bounds_;
  std::array<Cpu, most_cpus> cpus_;
  std::jmp_buf main_;
  ucontext_t main_context_{};
  unsigned running_ = 0;
  unsigned started_ = 0;       // the fiber that is being made
  bool active_ = false;        // the CPUs run
  bool tells_ = false;         // each step is printed
  bool cut_ = false;           // the schedule goes on from where another one was
  std::uint64_t changes_ = 0;  // that a waiting CPU may have waited for
  unsigned long steps_ = 0;
  std::string failure_;
};

}  // namespace explorer
