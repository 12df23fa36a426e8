// SPDX-License-Identifier: MIT
#include "kernels/processes/show.hpp"

#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "kernels/processes/log.hpp"
#include "kernels/processes/scheduler.hpp"
#include "kernels/processes/work.hpp"

#include <algorithm>

namespace bareheap::processes {

constinit Stage stage;

namespace {

constexpr unsigned tenths_of_show = 50;
constexpr std::size_t bar_width = 20;

char letter_of(State state) noexcept {
  switch (state) {
    case State::none: return '.';
    case State::ready: return 'r';
    case State::running: return 'R';
    case State::asleep: return 's';
    case State::ended: return 'x';
  }
  return '?';
}

/// In three places, the number on the right.
void say_in_three(std::size_t number) noexcept {
  if (number < 100) say_piece(' ');
  if (number < 10) say_piece(' ');
  say_piece(number);
}

/// Divided first, so that nothing overflows: a heap is never so small that it matters.
std::size_t share_of(const Statistics& figures, std::size_t whole) noexcept {
  const std::size_t part = figures.total_bytes() / whole;
  return part == 0 ? 0 : figures.used_bytes / part;
}

void say_bar(const Statistics& figures) noexcept {
  say_piece('[');
  for (std::size_t column = 0; column < bar_width; ++column) {
    say_piece(column < share_of(figures, bar_width) ? '#' : ' ');
  }
  say_piece("]");
  say_in_three(share_of(figures, 100));
  say_piece(" % ");
}

/// "0.4 s [#####               ] 27 %  14 holes RrrssrsS.r…"
void draw_line(unsigned tenths) noexcept {
  const Statistics figures = statistics_of(program_heap);
  stage.most_holes = std::max(stage.most_holes, figures.holes);
  stage.most_used = std::max(stage.most_used, figures.used_bytes);
  const Console console;
  say_piece(tenths / 10);
  say_piece('.');
  say_piece(tenths % 10);
  say_piece(" s ");
  say_bar(figures);
  say_in_three(figures.holes);
  say_piece(figures.holes == 1 ? " hole  " : " holes ");
  for (const Process& process : *stage.table) say_piece(letter_of(process.now()));
  say_piece("\r\n");
}

/// Besides the show and the first process of each CPU.
bool others_live() noexcept {
  std::size_t living = 0;
  for (const Process& process : *stage.table) living += process.now() != State::none;
  return living > stage.cpus + 1;
}

/// Those who ask for too much, one after the other; the next one when there is a slot for it.
class Beggars {
 public:
  void send(unsigned tenths) noexcept {
    if (sent_ == 0 && tenths >= 10) sent_ += Scheduler::here().start(ask_for_too_much, "the greedy");
    if (sent_ == 1 && tenths >= 30) sent_ += Scheduler::here().start(ask_for_all, "the modest");
  }

 private:
  unsigned sent_ = 0;
};

}  // namespace

void announce() noexcept {
  say("each tenth of a second: how much of the heap is used, in how many holes the rest lies, and what");
  say("each process does: R runs, r is ready, s sleeps, x has ended, . is a free context");
}

// By the clock and not by the lines: where the machine is late, there are fewer of them.
void show(Process& self) noexcept {
  const std::uint64_t tenth = port::timer_frequency() / 10;
  const std::uint64_t start = port::timer_now();
  Beggars beggars;
  unsigned tenths = 0;
  do {
    Scheduler::here().sleep_until(self, start + (tenths + 1) * tenth);
    tenths = static_cast<unsigned>((port::timer_now() - start) / tenth);
    draw_line(tenths);
    beggars.send(tenths);
    if (tenths >= tenths_of_show) closing.store(true, std::memory_order_relaxed);
  } while (tenths < tenths_of_show || others_live());
}

}  // namespace bareheap::processes
