// SPDX-License-Identifier: MIT
// Interrupts and CPUs of the Raspberry Pi, one scenario a boot: the key on the serial line says which.
#include "kernel/runner.hpp"
#include "ports/common/port.hpp"
#include "raspi3b/kernel/scenarios.hpp"

namespace {

using namespace bareheap;
using namespace bareheap::raspi3b_test;

struct Scenario {
  char key;
  kernel_test::Test test;
};

constexpr Scenario scenarios[] = {
    {'r', {"all registers survive", all_registers_survive}},
    {'y', {"threads yield", threads_yield}},
    {'n', {"new frames are checked", new_frames_are_checked}},
    {'c', {"four CPUs run at once", four_cpus_run_at_once}},
    {'2', {"a CPU starts once", a_cpu_starts_once}},
    {'i', {"each CPU has its timer", each_cpu_has_its_timer}},
    {'w', {"a CPU does not come", a_cpu_does_not_come}},
    {'O', {"overflow by an interrupt", overflow_by_an_interrupt}},
    {'U', {"an unknown interrupt", raise_an_unknown_interrupt}},
    {'S', {"an interrupt out of nowhere", interrupt_out_of_nowhere}},
    {'H', {"a call without a handler", call_without_a_handler}},
    {'C', {"a call of CPU 1 before it runs", call_cpu_1_before_it_runs}},
    {'N', {"a call of a CPU that is none", call_a_cpu_that_is_none}},
    {'E', {"fault on CPU 2", fault_on_cpu_2}},
    {'X', {"an interrupt without a stack on CPU 3", interrupt_without_a_stack_on_cpu_3}},
    {'F', {"fault on all CPUs", fault_on_all_cpus}},
    {'M', {"lock with the MMU off", lock_with_the_mmu_off}},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  put_text(port::serial, "ready\r\n");
  while (true) {
    const int key = port::read();
    for (const Scenario& scenario : scenarios) {
      if (scenario.key == key) kernel_test::run_and_exit({&scenario.test, 1});
    }
  }
}
