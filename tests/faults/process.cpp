// SPDX-License-Identifier: MIT
#include "faults/process.hpp"

#include "bareheap/core/fault.hpp"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace bareheap::faults {

namespace {

// The child's end of the pipe, and how far it has come: what panic() below needs to tell the parent.
int report_end = -1;
bool over = false;

[[noreturn]] void tell(Outcome outcome) {
  const bool told = write(report_end, &outcome, sizeof outcome) == sizeof outcome;
  _exit(told ? 0 : 1);
}

// A trial takes milliseconds. Of the child's own time, so that a busy machine makes no hang of a slow run.
void end_a_hang() {
  const itimerval limit{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 200'000}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

}  // namespace

void wrong_call_is_over() { over = true; }

Outcome outcome_of(const std::function<Outcome()>& perform) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    report_end = ends[1];
    end_a_hang();
    tell(perform());
  }
  close(ends[1]);
  Outcome outcome;
  const bool told = read(ends[0], &outcome, sizeof outcome) == sizeof outcome;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (told) return outcome;
  return {WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? Ending::hang : Ending::harm};
}

}  // namespace bareheap::faults

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  faults::tell({faults::over ? faults::Ending::stopped_later : faults::Ending::stopped_at_once, report.fault});
}

}  // namespace bareheap
