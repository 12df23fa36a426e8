// SPDX-License-Identifier: MIT
// Four CPUs on a CpuCached, with a timer on each whose handler allocates and frees as well. The key on the serial line
// says what is to be done.
#include "kernel/cpu_cached.hpp"
#include "kernel/crew.hpp"
#include "kernel/deadline.hpp"
#include "kernel/heap.hpp"

#include "board/processor.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/interrupts.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <numeric>

namespace bareheap::kernel_test {

constinit CachedHeap cached_heap;

namespace {

using port::BoardProcessor;

constexpr std::size_t memory_size = std::size_t{8} << 20;
constexpr std::uint32_t hertz = 2000;

constinit Region memory;
constinit Statistics fresh;
constinit std::size_t steps_of_each = 0;

}  // namespace

void renew_heap(std::size_t size) noexcept {
  std::construct_at(&cached_heap);
  expect(size <= memory.size && cached_heap.init({memory.start, size}));
  fresh = statistics_of(cached_heap);
}

void expect_pristine(std::source_location place) noexcept {
  cached_heap.trim();
  expect(cached_heap.check() == Fault::none, place);
  expect(fresh.used_bytes == 0 && statistics_of(cached_heap) == fresh, place);
}

std::size_t blocks_when_new() noexcept { return fresh.largest_free / Chain::layout.size(); }

namespace {

/// What a CPU has of its own. Each on cache lines of its own, too.
struct alignas(128) Worker {
  Churn<4> of_handler;
  std::uint32_t ticks = 0;
  std::size_t spoilt = 0;
  std::size_t operations = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

constinit Worker workers[crew_size];
constinit std::atomic<std::uint32_t> through{0};

port::Frame* allocate_on_tick(port::Frame* interrupted) noexcept {
  Worker& self = workers[BoardProcessor::cpu()];
  ++self.ticks;
  self.of_handler.step(cached_heap);
  return interrupted;
}

void mask() noexcept { static_cast<void>(BoardProcessor::mask_interrupts()); }

/// A block that says what must be in it, so that whoever has it can look.
class Parcel {
 public:
  /// Null where there is no room.
  static Parcel* make(std::size_t size, std::uint32_t fill) noexcept {
    const Block block = cached_heap.allocate(layout_of(size));
    if (!block) return nullptr;
    auto* const made = new (block.at) Parcel;
    made->size_ = static_cast<std::uint32_t>(size);
    made->fill_ = fill;
    for (std::size_t index = 0; index < size; ++index) made->words()[index] = fill + static_cast<std::uint32_t>(index);
    return made;
  }

  /// Gives it back. False where something else stood in it.
  static bool open(Parcel* parcel) noexcept {
    const std::size_t size = parcel->size_;
    bool whole = size <= most_words;
    for (std::size_t index = 0; whole && index < size; ++index) {
      whole = parcel->words()[index] == parcel->fill_ + static_cast<std::uint32_t>(index);
    }
    if (whole) cached_heap.deallocate(reinterpret_cast<std::byte*>(parcel), layout_of(size));
    return whole;
  }

  static constexpr std::size_t most_words = 200;

 private:
  static constexpr Layout layout_of(std::size_t words) noexcept { return Layout(sizeof(Parcel) + words * 4, 8); }
  std::uint32_t* words() noexcept { return reinterpret_cast<std::uint32_t*>(this + 1); }

  std::uint32_t size_;
  std::uint32_t fill_;
};

/// Counts what became of a parcel.
void open(Worker& self, Parcel* parcel) noexcept {
  if (parcel == nullptr) return;
  self.spoilt += !Parcel::open(parcel);
  ++self.operations;
}

Parcel* make(Worker& self, std::size_t size, std::size_t fill) noexcept {
  Parcel* const parcel = Parcel::make(size, static_cast<std::uint32_t>(fill));
  self.spoilt += parcel == nullptr;
  ++self.operations;
  return parcel;
}

/// All want blocks of one size.
struct SameClass {
  void step(Worker& self, std::uint32_t) noexcept {
    Parcel*& place = places[dice.below(64)];
    if (place == nullptr) place = make(self, 10, dice.below(1 << 20));
    else open(self, std::exchange(place, nullptr));
  }

  void finish(Worker& self) noexcept {
    for (Parcel* const parcel : places) open(self, parcel);
  }

  laws::Dice dice{1};
  Parcel* places[64] = {};
};

/// Each makes parcels for the next one and opens those of the one before: all are freed on another CPU.
struct Passing {
  void step(Worker& self, std::uint32_t cpu) noexcept;
  void take(Worker& self) noexcept;

  void finish(Worker& self) noexcept {
    for (auto& place : places) open(self, place.load(std::memory_order_acquire));
  }

  laws::Dice dice{1};
  std::size_t given = 0;  // to the next one
  std::size_t taken = 0;
  std::atomic<Parcel*> places[256] = {};  // of the one before
};

/// Everything at random, and a market on which each finds what others have put there.
struct Mixed {
  void step(Worker& self, std::uint32_t) noexcept {
    self.operations += 2;
    churn.step(cached_heap);
    Parcel* const mine = make(self, dice.below(Parcel::most_words), dice.below(1 << 20));
    // Both: the words of the parcel that is given, and of the one that is got.
    open(self, market[dice.below(std::size(market))].exchange(mine, std::memory_order_acq_rel));
  }

  void finish(Worker& self) noexcept {
    churn.give_all_back(cached_heap);
    self.spoilt += churn.torn() + churn.refused();
    for (auto& place : market) open(self, place.exchange(nullptr, std::memory_order_acq_rel));
  }

  laws::Dice dice{1};
  Churn<32> churn;
  static inline constinit std::atomic<Parcel*> market[64] = {};
};

/// Four CPUs at a load.
template <class Load>
struct Together {
  static void work(std::uint32_t cpu) noexcept {
    Worker& self = workers[cpu];
    std::construct_at(&self)->of_handler = Churn<4>(cpu + 101);
    loads[cpu].dice = laws::Dice(cpu + 1);
    meet();
    port::start_timer(hertz, allocate_on_tick);
    port::allow_interrupts();
    self.start = port::timer_now();
    const Deadline deadline(crew_seconds);
    for (std::size_t step = 0; step < steps_of_each; ++step) loads[cpu].step(self, cpu);
    while (self.ticks < 10 && !deadline.has_passed()) loads[cpu].step(self, cpu);
    ++through;
    // Nobody leaves before all are through, or a CPU that starts late would work alone.
    while (through < crew_size && !deadline.has_passed()) loads[cpu].step(self, cpu);
    self.end = port::timer_now();
    meet();
    port::stop_timer();
    mask();
    loads[cpu].finish(self);
    self.of_handler.give_all_back(cached_heap);
    cached_heap.retire(cpu);
  }

  /// Each CPU worked while each other one did, and its handler too; nothing was spoilt.
  static std::size_t expect_all_worked() noexcept {
    std::uint64_t last_start = 0;
    std::uint64_t first_end = ~std::uint64_t{0};
    std::size_t operations = 0;
    std::size_t ticks = 0;
    for (const Worker& worker : workers) {
      last_start = std::max(last_start, worker.start);
      first_end = std::min(first_end, worker.end);
      operations += worker.operations;
      ticks += worker.ticks;
      expect(worker.ticks >= 10 && worker.spoilt == 0);
      expect(worker.of_handler.torn() == 0 && worker.of_handler.refused() == 0);
    }
    if (expect(last_start < first_end)) {
      put_figure("milliseconds in which all worked", (first_end - last_start) * 1000 / port::timer_frequency());
    }
    put_figure("operations", operations);
    put_figure("interrupts", ticks);
    return operations;
  }

  static void run() {
    renew_heap(memory_size);
    through = 0;
    run_on_all(work);
    const std::uint64_t times_locked = cached_heap.times_locked();
    const std::size_t operations = expect_all_worked();
    put_figure("times locked", times_locked);
    expect(times_locked * 16 < operations || !std::is_same_v<Load, SameClass>);
    expect_pristine();
  }

  static inline constinit Load loads[crew_size];
};

// Release and acquire: who opens a parcel sees what was written into it.
void Passing::step(Worker& self, std::uint32_t cpu) noexcept {
  std::atomic<Parcel*>& there = Together<Passing>::loads[(cpu + 1) % crew_size].places[given % std::size(places)];
  while (there.load(std::memory_order_relaxed) != nullptr && through < crew_size) take(self);
  if (there.load(std::memory_order_relaxed) != nullptr) return;
  there.store(make(self, dice.below(Parcel::most_words), dice.below(1 << 20)), std::memory_order_release);
  ++given;
  take(self);
}

void Passing::take(Worker& self) noexcept {
  std::atomic<Parcel*>& here = places[taken % std::size(places)];
  Parcel* const parcel = here.load(std::memory_order_acquire);
  if (parcel == nullptr) return;
  here.store(nullptr, std::memory_order_relaxed);
  open(self, parcel);
  ++taken;
}

/// Four CPUs take all there is, twice, and all of it is had: first while handlers take a block and give it back at
/// once, then those that a handler had at the moment.
struct Exhaustion {
  static constexpr std::size_t size = memory_size / 4;

  static port::Frame* take_one_on_tick(port::Frame* interrupted) noexcept {
    const Block block = cached_heap.allocate(Chain::layout);
    if (block) cached_heap.deallocate(block.at, Chain::layout);
    ++workers[BoardProcessor::cpu()].ticks;
    return interrupted;
  }

  // Interrupts are allowed all the time, so that who waits in a meeting answers.
  static void work(std::uint32_t cpu) noexcept {
    port::allow_interrupts();
    for (std::size_t& length : lengths[cpu]) {
      meet();
      port::start_timer(hertz, take_one_on_tick);
      chains[cpu].take_all();
      meet();
      port::stop_timer();
      meet();
      chains[cpu].take_all();
      length = chains[cpu].length();
      meet();
      chains[cpu].give_all_back();
    }
    meet();
    mask();
    cached_heap.retire(cpu);
  }

  static std::size_t taken_in(std::size_t round) noexcept {
    std::size_t sum = 0;
    for (const auto& length : lengths) sum += length[round];
    return sum;
  }

  static void run() {
    renew_heap(size);
    run_on_all(work);
    expect(taken_in(0) == blocks_when_new() && taken_in(1) == blocks_when_new());
    put_figure("blocks", taken_in(0) + taken_in(1));
    expect_pristine();
  }

  static inline constinit Chain chains[crew_size];
  static inline constinit std::size_t lengths[crew_size][2]{};
};

void start_serving_crew() {
  port::on_call(serve_heap);
  start_crew();
}

const Test tests[] = {
    {"one CPU before others run", expect_one_cpu_needs_no_others},
    {"four CPUs start", start_serving_crew},
    {"all want one size", Together<SameClass>::run},
    {"all is freed on another CPU", Together<Passing>::run},
    {"everything at random", Together<Mixed>::run},
    {"all take all there is", Exhaustion::run},
    {"CPUs leave and come back", expect_cpus_leave_and_come_back},
    {"called CPUs hand over", expect_called_cpus_hand_over},
    {"masked CPUs serve", expect_masked_cpus_serve},
    {"silent CPUs stop nobody", expect_silent_cpus_stop_nobody},
};

void do_as_told(int key) {
  switch (key) {
    case 't': steps_of_each = 20'000; return run_and_exit(tests);
    case 'l': steps_of_each = 500'000; return run_and_exit(tests);
    case 'h': return free_twice_here();
    case 'e': start_serving_crew(); return free_twice_elsewhere();
    default: return;
  }
}

}  // namespace

}  // namespace bareheap::kernel_test

extern "C" void kernel_main() noexcept {
  using namespace bareheap;
  static_cast<void>(kernel_test::start_heap());
  const Block block = program_heap.allocate(Layout(kernel_test::memory_size, 4096));
  if (!kernel_test::expect(static_cast<bool>(block))) return;
  kernel_test::memory = {block.at, block.size};
  kernel_test::put_line({"ready"});
  while (true) kernel_test::do_as_told(port::read());
}
