// SPDX-License-Identifier: MIT
// Processes: the third story. 64 contexts that no boot stack could hold live on a heap that reaches to the end of the
// memory, and a scheduler whose queues grow inside the timer's handler gives them the CPUs.
#include "heap.hpp"
#include "kernels/processes/log.hpp"
#include "kernels/processes/scheduler.hpp"
#include "kernels/processes/show.hpp"
#include "kernels/processes/stack.hpp"
#include "kernels/processes/work.hpp"
#include "ports/common/cpus.hpp"

#include "bareheap/core/statistics.hpp"

#include <algorithm>
#include <array>
#include <atomic>

constinit ProgramHeap program_heap;
#include "bareheap/bindings/operator_new.hpp"

namespace bareheap {

/// Why the kernel stops, for those who cannot be refused: a queue, a container.
OutOfMemory program_out_of_memory(Layout asked) noexcept {
  const Statistics figures = statistics_of(program_heap);
  processes::say("out of memory: no ", asked.size(), " bytes aligned to ", asked.alignment(), ": ", figures.used_bytes,
                 " used, ", figures.free_bytes, " free, the largest free block ", figures.largest_free, ", holes ",
                 figures.holes);
  return OutOfMemory::give_up;
}

}  // namespace bareheap

namespace {

using namespace bareheap;
using processes::say;

/// 64 stacks take 0.8 MB; with less than this the show would be about refusals only.
constexpr std::size_t least_memory = std::size_t{2} << 20;

/// What all CPUs share. Of the sums each writes its own.
struct World {
  processes::ProcessTable table;
  std::array<processes::Sum, processes::most_cpus> sums;
  std::atomic<std::uint32_t> cpus_at_work{0};
  std::uint32_t cpus = 0;
};

/// In the heap. The further CPUs wait for it.
constinit std::atomic<World*> world{nullptr};

/// Of the heap when nothing but the stacks of the further CPUs was on it.
constinit Statistics before_processes;

[[noreturn]] void give_up(const auto&... pieces) noexcept {
  say(pieces...);
  port::exit(1);
}

/// All RAM behind the image up to what somebody else lies in: the linker's region and what the board reports next to
/// it.
Region memory_for_heap() noexcept {
  Region whole = port::heap_region();
  const bool answered = port::memory_after_heap(static_cast<std::byte*>(nullptr), [&](Region stretch) {
    if (stretch.start == whole.end()) whole.size += stretch.size;
  });
  if (!answered) say("the board does not say how much memory it has");
  return whole;
}

void start_heap() noexcept {
  const Admission admission = program_heap.init(memory_for_heap());
  if (!admission) give_up("no heap: ", sentence(admission.fault));
  const Region heap = admission.taken;
  say("heap of engine ", program_heap_name, " from ", static_cast<const void*>(heap.start), " to ",
      static_cast<const void*>(heap.end()), ", ", heap.size, " bytes");
  processes::stage.memory = heap.size;
  if (heap.size < least_memory) give_up("too little memory: the processes need ", least_memory, " bytes");
}

/// Another CPU may need what this one has in stock.
void serve(auto& heap) noexcept {
  if constexpr (requires { heap.serve(); }) heap.serve();
}

/// With interrupts masked, so it serves.
void wait_while(auto condition) noexcept {
  while (condition()) {
    serve(program_heap);
    port::BoardProcessor::pause();
  }
}

/// This CPU is through with the heap, and leaves nothing in stock.
void leave(auto& heap) noexcept {
  if constexpr (requires { heap.retire(0); }) heap.retire(port::BoardProcessor::cpu());
}

/// Lives through all processes of this CPU.
void work_here() noexcept {
  World& shared = *world.load(std::memory_order_acquire);
  auto* const scheduler = new processes::Scheduler(shared.table, shared.cpus);
  scheduler->run(processes::rear_others);
  shared.sums[port::BoardProcessor::cpu()] = scheduler->sum();
  delete scheduler;
  leave(program_heap);
  // Release: CPU 0 reads the sum when it has seen this.
  shared.cpus_at_work.fetch_sub(1, std::memory_order_release);
}

void enter_cpu(std::uint32_t) noexcept {
  wait_while([] { return world.load(std::memory_order_relaxed) == nullptr; });
  work_here();
}

/// The further CPUs, each on a stack of the heap that it keeps. Returns how many CPUs there are.
std::uint32_t start_cpus() noexcept {
  const std::uint32_t cpus = std::min(port::cpu_count(), processes::most_cpus);
  for (std::uint32_t cpu = 1; cpu < cpus; ++cpu) {
    const Region stack = processes::allocate_stack();
    if (stack.size == 0 || !port::start_cpu(cpu, stack, enter_cpu)) give_up("CPU ", cpu, " did not start");
  }
  return cpus;
}

void make_world(std::uint32_t cpus) noexcept {
  auto* const made = new World;
  made->cpus = cpus;
  made->cpus_at_work = cpus;
  processes::stage.table = &made->table;
  processes::stage.cpus = cpus;
  say(processes::slots, " contexts of ", sizeof(processes::Process), " bytes on the heap at ",
      static_cast<const void*>(&made->table), "; boot stack used so far: ", port::boot_stack_used(), " of ",
      port::boot_stack_size(), " bytes");
  // Release: the further CPUs see what was written before.
  world.store(made, std::memory_order_release);
}

/// Waits for the other CPUs, and adds what they did to what this one did.
const processes::Sum& sum_of_all() noexcept {
  World& shared = *world.load(std::memory_order_relaxed);
  wait_while([&shared] { return shared.cpus_at_work.load(std::memory_order_acquire) != 0; });
  for (std::uint32_t cpu = 1; cpu < shared.cpus; ++cpu) shared.sums[0].add(shared.sums[cpu]);
  return shared.sums[0];
}

/// What the processes did. False where something is wrong with it.
bool tell(const processes::Sum& sum, std::uint32_t cpus) noexcept {
  const processes::Deeds& deeds = sum.deeds;
  say(sum.started, " processes started, ", sum.reaped, " ended and reaped, on ", cpus, cpus == 1 ? " CPU" : " CPUs");
  say(sum.ticks, " ticks, ", deeds.turns, " switches, ", deeds.preemptions, " of them by the timer; ",
      deeds.ticks_in_heap, " ticks came inside a call of the heap");
  say(deeds.sleeps, " sleeps, each a node that the timer's handler took from the heap");
  say(deeds.parcels, " blocks filled and read again, ", deeds.spoilt, " spoilt; ", deeds.refused, " requests refused");
  return sum.started > cpus && sum.reaped == sum.started && deeds.spoilt == 0;
}

/// Of the heap when nothing is held back for the next request.
Statistics settled_figures() noexcept {
  const auto trim = []<class Heap>(Heap& heap) {
    if constexpr (Stocked<Heap>) heap.trim();
  };
  trim(program_heap);
  return statistics_of(program_heap);
}

/// What a heap knows that counts under its lock; of one with stocks, which nobody counts, what the show saw.
void tell_calls(auto& heap) noexcept {
  if constexpr (requires { heap.lock()->counters(); }) {
    const Counters counters = heap.lock()->counters();
    say(counters.allocations, " allocations, at most ", counters.peak_asked, " bytes in ", counters.peak_blocks,
        " blocks at once, and ", processes::stage.most_holes, " holes");
  } else {
    say("at most ", processes::stage.most_used, " bytes used and ", processes::stage.most_holes,
        " holes, as drawn; the heap's lock was taken ", heap.times_locked(), " times");
  }
}

/// What the heap went through. True where it is what it was before the first process.
bool tell_heap() noexcept {
  tell_calls(program_heap);
  const Statistics after = settled_figures();
  const bool same = after == before_processes && program_heap.check() == Fault::none;
  say(same ? "nothing leaked: " : "the heap is not what it was: ", after.used_bytes, " bytes used, as before it were ",
      before_processes.used_bytes, "; holes ", after.holes, ", and ", before_processes.holes);
  return same;
}

[[gnu::noinline]] void prepare(std::uint32_t cpus) noexcept {
  before_processes = settled_figures();
  make_world(cpus);
  processes::announce();
}

/// True where all came to a good end.
[[gnu::noinline]] bool look_back(std::uint32_t cpus) noexcept {
  const bool good = tell(sum_of_all(), cpus);
  delete world.load(std::memory_order_relaxed);
  return tell_heap() && good;
}

}  // namespace

// On the way to work_here() the boot stack holds nothing but a few words: while the processes live, it carries the
// frame of who waits for them, and no more.
extern "C" void kernel_main() noexcept {
  start_heap();
  port::on_call([]() noexcept { serve(program_heap); });
  const std::uint32_t cpus = start_cpus();
  prepare(cpus);
  work_here();
  const bool good = look_back(cpus);
  say("boot stack used: ", port::boot_stack_used(), " of ", port::boot_stack_size(), " bytes");
  say("bye");
  port::exit(good ? 0 : 1);
}
