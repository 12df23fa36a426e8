// SPDX-License-Identifier: MIT
#include "together.hpp"

#include "engines.hpp"

#include "ports/common/cpu_calls.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/common/interrupts_masked.hpp"
#include "ports/common/say.hpp"

#include <atomic>
#include <memory>

namespace bareheap::bench {

namespace {

using port::BoardProcessor;

constexpr std::size_t steps_of_each = 20'000;
constexpr std::size_t places = 64;

/// QEMU runs one CPU at a time, and changes to the next one where a timer comes. With one rate for all their ticks can
/// come together for ever, and a CPU may never come further than its own.
constexpr std::uint32_t hertz_of(std::uint32_t cpu) noexcept { return 20'000 - 2'749 * cpu; }

constinit std::atomic<std::uint32_t> cpus{0};      // that take part; each time it is set `round` grows
constinit std::atomic<std::uint32_t> round{0};
constinit std::atomic<std::uint32_t> arrived{0};
constinit std::atomic<std::uint32_t> finished{0};
constinit std::atomic<std::uint32_t> left{0};
constinit std::atomic<bool> goes{false};
constinit std::atomic<bool> is_over{false};
constinit std::atomic<void (*)(std::uint32_t) noexcept> work{nullptr};

port::Frame* change_turns(port::Frame* interrupted) noexcept { return interrupted; }

/// A CPU's blocks: a random one comes or goes, of 8 to 519 bytes.
template <class Heap>
class Churn {
 public:
  explicit Churn(std::uint32_t cpu) noexcept : state_(0x9E3779B97F4A7C15 * (cpu + 1)) {}

  void step(Heap& heap) noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    std::byte*& at = blocks_[state_ >> 32 & (places - 1)];
    std::size_t& size = sizes_[state_ >> 32 & (places - 1)];
    if (at != nullptr) return call_deallocate(heap, std::exchange(at, nullptr), Layout(size, 8));
    size = 8 + (state_ >> 48 & 511);
    at = call_allocate(heap, Layout(size, 8)).at;
  }

 private:
  std::uint64_t state_;
  std::byte* blocks_[places] = {};
  std::size_t sizes_[places] = {};
};

template <class Heap>
struct Together {
  static void serve() noexcept {
    if constexpr (requires { heap.serve(); }) heap.serve();
  }

  /// Interrupts are allowed from here to the end.
  static void work(std::uint32_t cpu) noexcept {
    Churn<Heap> churn(cpu);
    port::start_timer(hertz_of(cpu), change_turns);
    for (std::size_t step = 0; step < steps_of_each / 4; ++step) churn.step(heap);
    ++arrived;
    while (!goes) BoardProcessor::pause();
    for (std::size_t step = 0; step < steps_of_each; ++step) churn.step(heap);
    if (++finished == cpus && cpu != 0) port::call_cpu(0);
    while (!is_over) port::wait_for_interrupt();
    port::stop_timer();
    const port::InterruptsMasked masked;
    if constexpr (requires { heap.retire(cpu); }) heap.retire(cpu);
    ++left;
  }

  /// The same on CPU 0, which calls the others and reads the counter.
  static std::uint64_t count() noexcept {
    Churn<Heap> churn(0);
    port::start_timer(hertz_of(0), change_turns);
    for (std::size_t step = 0; step < steps_of_each / 4; ++step) churn.step(heap);
    while (arrived != cpus - 1) {
      for (std::uint32_t cpu = 1; cpu < cpus; ++cpu) port::call_cpu(cpu);
      port::wait_for_interrupt();
    }
    const std::uint64_t start = counter();
    goes = true;
    for (std::size_t step = 0; step < steps_of_each; ++step) churn.step(heap);
    for (++finished; finished < cpus;) port::wait_for_interrupt();
    const std::uint64_t instructions = counter() - start;
    for (is_over = true; left < cpus - 1;) port::wait_for_interrupt();
    port::stop_timer();
    return instructions;
  }

  static void run(const char* name, std::uint32_t count_of_cpus, Region region) noexcept {
    std::construct_at(&heap);
    static_cast<void>(heap.init(region));
    port::on_call(serve);
    arrived = finished = left = 0;
    goes = is_over = false;
    bench::work = work;
    cpus = count_of_cpus;
    ++round;
    const std::uint64_t instructions = count();
    const auto say = [](auto... pieces) { (port::say_piece(pieces), ...); };
    say("bench: {\"together\":\"", name, "\",\"cpus\":", count_of_cpus, ",\"operations\":",
        count_of_cpus * steps_of_each, ",\"instructions\":", instructions, "}\r\n");
  }

  static inline constinit Heap heap;
};

/// A CPU that has nothing to do sleeps: a loop would be counted. A call that comes just before it sleeps does not wake
/// it, but the next one does.
void come_for_work(std::uint32_t cpu) noexcept {
  port::allow_interrupts();
  for (std::uint32_t seen = 0;;) {
    while (round == seen) port::wait_for_interrupt();
    seen = round;
    if (cpu < cpus) work.load()(cpu);
  }
}

}  // namespace

const char* run_together(Region region, std::span<const Region, most_together - 1> stacks) noexcept {
  if (port::cpu_count() < most_together) return "the board has fewer than four CPUs";
  port::start_timer(hertz_of(0), change_turns);
  port::allow_interrupts();
  for (std::uint32_t cpu = 1; cpu < most_together; ++cpu) {
    if (!port::start_cpu(cpu, stacks[cpu - 1], come_for_work)) return "a CPU does not come";
  }
  for (const std::uint32_t count : {1U, 2U, 4U}) {
    Together<Empty>::run("empty", count, region);
    Together<OneLock>::run("granule-heap, locked", count, region);
    Together<Cached>::run("cpu-cached", count, region);
  }
  return nullptr;
}

}  // namespace bareheap::bench
