// SPDX-License-Identifier: MIT
// S2-04, the other way round: locks that do not mask interrupts, and a handler that allocates nevertheless. The key on
// the serial line says which lock; each must end the kernel with a sentence, and none may hang.
#include "kernel/churn.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bareheap.hpp"
#include "board/processor.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"

namespace {

using namespace bareheap;

constexpr std::uint32_t hertz = 10'000;
constexpr unsigned long steps = 10'000'000;

template <class Policy>
struct Unmasked {
  static port::Frame* allocate_on_tick(port::Frame* interrupted) noexcept {
    of_handler.step(heap);
    return interrupted;
  }

  static void run() noexcept {
    if (!heap.init(port::heap_region())) return;
    port::start_timer(hertz, allocate_on_tick);
    port::allow_interrupts();
    for (unsigned long step = 0; step < steps; ++step) of_loop.step(heap);
    port::stop_timer();
  }

  static inline constinit Locked<HoleList, Policy> heap;
  static inline constinit kernel_test::Churn<8> of_loop{1};
  static inline constinit kernel_test::Churn<4> of_handler{2};
};

/// Good for one CPU only.
constinit Locked<HoleList, InterruptsSaved<port::BoardProcessor>> of_one_cpu;

alignas(16) constinit std::byte stack[8192];

/// CPU 1 comes for a lock that CPU 0 holds and that cannot be waited for.
void share_what_is_for_one_cpu() {
  const auto guard = of_one_cpu.lock();
  const auto come_for_it = [](std::uint32_t) noexcept { static_cast<void>(of_one_cpu.allocate(Layout(16, 16))); };
  if (!port::start_cpu(1, {stack, sizeof stack}, come_for_it)) return;
  for (unsigned long step = 0; step < 100 * steps; ++step) port::BoardProcessor::pause();
}

void do_wrong(int key) {
  switch (key) {
    case 's': return Unmasked<SpinLock<port::BoardProcessor>>::run();
    case 'n': return Unmasked<NoLock>::run();
    case 'c': return share_what_is_for_one_cpu();
    default: return;
  }
}

}  // namespace

extern "C" void kernel_main() noexcept {
  kernel_test::put_line({"ready"});
  int key = -1;
  while (key == -1) key = port::read();
  do_wrong(key);
  kernel_test::put_line({"nothing stopped the kernel"});
}
