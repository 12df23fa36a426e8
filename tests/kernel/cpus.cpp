// SPDX-License-Identifier: MIT
// S2-03: four CPUs on one heap.
#include "kernel/churn.hpp"
#include "kernel/cpu_calls.hpp"
#include "kernel/crew.hpp"
#include "kernel/deadline.hpp"
#include "kernel/heap.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bareheap.hpp"
#include "board/processor.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace {

using namespace bareheap;
using kernel_test::crew_size;
using kernel_test::expect;
using Spin = SpinWithInterruptsSaved<port::BoardProcessor>;

constexpr std::size_t steps_of_each = 100'000;
constexpr std::uint32_t hertz = 2000;

constinit Region scratch;

template <class Heap>
void expect_one_hole(Heap& heap) {
  if constexpr (Stocked<Heap>) heap.trim();
  expect(heap.check() == Fault::none);
  const Statistics figures = statistics_of(heap);
  expect(figures.used_bytes == 0 && figures.free_tiles == 1);
}

/// What a CPU has of its own. Each on cache lines of its own, too.
struct alignas(128) Worker {
  kernel_test::Churn<8> churn;
  kernel_test::Churn<4> of_handler;
  std::uint32_t ticks = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

/// Four CPUs that allocate and free, with a timer on each whose handler does, too.
template <class Heap>
struct Together {
  static port::Frame* allocate_on_tick(port::Frame* interrupted) noexcept {
    Worker& self = workers[port::BoardProcessor::cpu()];
    ++self.ticks;
    self.of_handler.step(heap);
    return interrupted;
  }

  static void work(std::uint32_t cpu) noexcept {
    Worker& self = workers[cpu];
    self.churn = kernel_test::Churn<8>(cpu + 1);
    self.of_handler = kernel_test::Churn<4>(cpu + 101);
    kernel_test::meet();
    port::start_timer(hertz, allocate_on_tick);
    port::allow_interrupts();
    self.start = port::timer_now();
    for (std::size_t step = 0; step < steps_of_each; ++step) self.churn.step(heap);
    ++through;
    // Nobody leaves before all are through, or a CPU that starts late would work alone.
    const kernel_test::Deadline deadline(kernel_test::crew_seconds);
    while (through != crew_size && !deadline.has_passed()) self.churn.step(heap);
    self.end = port::timer_now();
    port::stop_timer();
    static_cast<void>(port::BoardProcessor::mask_interrupts());
    self.churn.give_all_back(heap);
    self.of_handler.give_all_back(heap);
  }

  /// Each CPU worked while each other one did.
  static void expect_overlap() noexcept {
    std::uint64_t last_start = 0;
    std::uint64_t first_end = ~std::uint64_t{0};
    for (const Worker& worker : workers) {
      last_start = std::max(last_start, worker.start);
      first_end = std::min(first_end, worker.end);
    }
    if (!expect(last_start < first_end)) return;
    kernel_test::put_figure("milliseconds in which all worked",
                            (first_end - last_start) * 1000 / port::timer_frequency());
  }

  static void run() {
    if (!expect(static_cast<bool>(heap.init(scratch)))) return;
    kernel_test::run_on_all(work);
    std::size_t ticks = 0;
    for (const Worker& worker : workers) {
      ticks += worker.ticks;
      expect(worker.churn.torn() == 0 && worker.of_handler.torn() == 0 && worker.ticks != 0);
      expect(worker.churn.refused() == 0 && worker.of_handler.refused() == 0);
    }
    kernel_test::put_figure("pairs, at least", crew_size * steps_of_each);
    kernel_test::put_figure("interrupts", ticks);
    kernel_test::put_figure("contentions", heap.contentions());
    expect(heap.contentions() != 0);
    expect_overlap();
    expect_one_hole(heap);
  }

  static inline constinit Locked<Heap, Spin> heap;
  static inline constinit Worker workers[crew_size];
  static inline constinit std::atomic<std::uint32_t> through{0};
};

/// Blocks that hold each other: the first word of each is the address of the next.
class Chain {
 public:
  template <class Heap>
  void take_all(Heap& heap) noexcept {
    while (const Block block = heap.allocate(layout)) {
      first_ = new (block.at) Link{first_};
      ++length_;
    }
  }

  template <class Heap>
  void give_all_back(Heap& heap) noexcept {
    while (first_ != nullptr) {
      Link* const link = first_;
      first_ = link->next;
      heap.deallocate(reinterpret_cast<std::byte*>(link), layout);
      --length_;
    }
  }

  std::size_t length() const noexcept { return length_; }

 private:
  struct Link {
    Link* next;
  };

  static constexpr Layout layout{256, 256};

  Link* first_ = nullptr;
  std::size_t length_ = 0;
};

/// Four CPUs take all there is, twice; nothing is lent twice, and the second time there is as much.
template <class Heap>
struct Exhaustion {
  static void work(std::uint32_t cpu) noexcept {
    for (std::size_t& length : lengths[cpu]) {
      kernel_test::meet();
      chains[cpu].take_all(heap);
      length = chains[cpu].length();
      kernel_test::meet();
      chains[cpu].give_all_back(heap);
    }
  }

  static std::size_t taken_in(std::size_t round) noexcept {
    std::size_t sum = 0;
    for (const auto& length : lengths) sum += length[round];
    return sum;
  }

  static void run() {
    if (!expect(static_cast<bool>(heap.init({scratch.start, 256 * 1024})))) return;
    const std::size_t blocks = statistics_of(heap).free_bytes / 256;
    kernel_test::run_on_all(work);
    expect(taken_in(0) == blocks && taken_in(1) == blocks);
    for (const Chain& chain : chains) expect(chain.length() == 0);
    expect_one_hole(heap);
  }

  static inline constinit Locked<Heap, Spin> heap;
  static inline constinit Chain chains[crew_size];
  static inline constinit std::size_t lengths[crew_size][2]{};
};

/// Each CPU offers the same heap a region of its own; one of them is taken, round for round.
struct Initialisation {
  static constexpr std::size_t rounds = 25;
  using Heap = Locked<HoleList, Spin>;

  static void work(std::uint32_t cpu) noexcept {
    for (std::size_t round = 0; round < rounds; ++round) {
      kernel_test::meet();
      taken[round] += static_cast<bool>(heaps[round].init({scratch.start + (round * crew_size + cpu) * 4096, 4096}));
    }
  }

  static void run() {
    kernel_test::run_on_all(work);
    for (std::size_t round = 0; round < rounds; ++round) {
      expect(taken[round] == 1 && statistics_of(heaps[round]).total_bytes() == 4096);
    }
  }

  static inline constinit Heap heaps[rounds];
  static inline constinit std::atomic<std::uint32_t> taken[rounds]{};
};

/// Four CPUs copy and drop one shared_ptr: its count is atomic, or the object goes too early or never.
struct Sharing {
  static void work(std::uint32_t) noexcept {
    kernel_test::meet();
    for (std::size_t step = 0; step < steps_of_each; ++step) {
      const std::shared_ptr<std::uint32_t> copy = shared;
      wrong += *copy != 371;
    }
  }

  static void run() {
    shared = std::make_shared<std::uint32_t>(371);
    const std::weak_ptr<std::uint32_t> watcher = shared;
    kernel_test::run_on_all(work);
    expect(wrong == 0 && shared.use_count() == 1);
    shared.reset();
    expect(watcher.expired());
  }

  static inline std::shared_ptr<std::uint32_t> shared;
  static inline constinit std::atomic<std::size_t> wrong{0};
};

const kernel_test::Test tests[] = {
    {"the board has four CPUs and each runs once",
     [] { expect(port::cpu_count() >= crew_size && !port::start_cpu(1, scratch, [](std::uint32_t) noexcept {})); }},
    {"S2-03 four CPUs on a HoleList", Together<HoleList>::run},
    {"S2-03 four CPUs on a PageHeap", Together<PageHeap>::run},
    {"S2-03 four CPUs on a GranuleHeap", Together<GranuleHeap>::run},
    {"four CPUs take all of a HoleList", Exhaustion<HoleList>::run},
    {"four CPUs take all of a PageHeap", Exhaustion<PageHeap>::run},
    {"four CPUs take all of a GranuleHeap", Exhaustion<GranuleHeap>::run},
    {"of four CPUs that give the region one wins", Initialisation::run},
    {"S2-10 four CPUs share a shared_ptr", Sharing::run},
    {"each CPU calls each and no call is lost", kernel_test::expect_no_call_is_lost},
    {"masked CPUs answer late", kernel_test::expect_masked_cpus_answer_late},
    {"waiting CPUs answer", kernel_test::expect_waiting_cpus_answer},
    {"calls leave the timer right", kernel_test::expect_calls_leave_the_timer_right},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  scratch = kernel_test::start_heap();
  kernel_test::start_crew();
  kernel_test::run_and_exit(tests);
}
