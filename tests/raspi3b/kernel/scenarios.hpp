// SPDX-License-Identifier: MIT
// What the kernel can be told to do by a key on the serial line: tests, and ways to go wrong that must end with a line.
#pragma once

namespace bareheap::raspi3b_test {

void all_registers_survive();
void threads_yield();
void new_frames_are_checked();

void four_cpus_run_at_once();
void a_cpu_starts_once();
void each_cpu_has_its_timer();
void a_cpu_does_not_come();

void overflow_by_an_interrupt();
void raise_an_unknown_interrupt();
void interrupt_out_of_nowhere();
void call_without_a_handler();
void call_cpu_1_before_it_runs();
void call_a_cpu_that_is_none();
void fault_on_cpu_2();
void interrupt_without_a_stack_on_cpu_3();
void fault_on_all_cpus();
void lock_with_the_mmu_off();

}  // namespace bareheap::raspi3b_test
