// SPDX-License-Identifier: MIT
// Does the wrong thing that it is told over the serial line. A single key names one that goes through the program's
// heap or the machine: each must end the kernel with its own line. "=heap: misuse" and a line end is a trial of
// tests/faults: a stop ends the kernel, any other outcome is said, and the next trial may come.
#include "kernel/heap.hpp"
#include "kernel/machine/faults.hpp"
#include "kernel/runner.hpp"
#include "ports/common/interrupts.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace bareheap;

// The compiler must not know what these are.
volatile std::uintptr_t null_address = 0;
volatile std::size_t impossible_size = std::size_t{1} << 40;

void write_to_null() { *reinterpret_cast<volatile int*>(null_address) = 371; }

volatile bool endless = true;

int overflow_stack(volatile const int* above) {
  volatile int frame[64];
  frame[0] = *above + 1;
  return endless ? overflow_stack(frame) + frame[0] : 0;
}

void free_what_was_never_lent() { ::operator delete (const_cast<std::size_t*>(&impossible_size), std::size_t{16}); }

void free_with_another_size() {
  void* const block = ::operator new(16);
  ::operator delete (block, std::size_t{4096});
}

void ask_for_too_much() { ::operator delete (::operator new(impossible_size), std::size_t{1}); }

void ask_for_an_odd_alignment() { static_cast<void>(::operator new (8, std::align_val_t{impossible_size + 24})); }

void grow_a_vector_beyond_its_limit() {
  std::vector<int> numbers;
  numbers.resize(impossible_size << 23);
}

std::string read_line() {
  std::string line;
  for (int byte = port::read(); byte != '\n'; byte = port::read()) {
    if (byte >= 0) line.push_back(static_cast<char>(byte));
  }
  return line;
}

/// What the trial of this name says when it has come to an end.
std::string outcome_of(const std::string& name) {
  for (const faults::Column& column : faults::columns_of_the_board()) {
    for (const faults::Trial& trial : column.trials) {
      if (trial.perform && column.heap + ": " + trial.misuse == name) return faults::text_of(trial.perform());
    }
  }
  return "no such trial";
}

void run_trial() {
  const std::string outcome = outcome_of(read_line());
  for (const char* piece : {"outcome: ", outcome.c_str(), "\r\nnext trial\r\n"}) put_text(port::serial, piece);
}

void do_wrong(int key) {
  volatile int bottom = 0;
  switch (key) {
    case 'n': return write_to_null();
    case 's': static_cast<void>(overflow_stack(&bottom)); return;
    case 'u': return __builtin_trap();
    case 'v': return free_what_was_never_lent();
    case 'l': return free_with_another_size();
    case 'o': return ask_for_too_much();
    case 'a': return ask_for_an_odd_alignment();
    case 't': return grow_a_vector_beyond_its_limit();
    case 'y': return port::yield();
    case 'h': return port::start_timer(0, [](port::Frame* interrupted) noexcept { return interrupted; });
    case '=': return run_trial();
    default: return;
  }
}

}  // namespace

void bareheap::faults::wrong_call_is_over() { put_text(port::serial, "the wrong call is over\r\n"); }

extern "C" void kernel_main() noexcept {
  static_cast<void>(kernel_test::start_heap());
  put_text(port::serial, "ready\r\n");
  while (true) do_wrong(port::read());
}
