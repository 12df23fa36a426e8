// SPDX-License-Identifier: MIT
#include "faults/outcome.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace bareheap::faults {

namespace {

// The child's end of the pipe, and how far it has come: what panic() below needs to tell the parent.
int report_end = -1;
bool wrong_call_is_over = false;

[[noreturn]] void tell(Ending ending, Fault fault) {
  const unsigned char words[2] = {static_cast<unsigned char>(ending), static_cast<unsigned char>(fault)};
  const bool told = write(report_end, words, sizeof words) == sizeof words;
  _exit(told ? 0 : 1);
}

[[noreturn]] void live_as_child(const std::function<void()>& wrong, const std::function<Aftermath()>& aftermath) {
  alarm(10);  // ends a hang; the parent then sees harm
  wrong();
  wrong_call_is_over = true;
  const Aftermath after = aftermath();
  if (!after.intact) tell(Ending::harm, after.check);
  tell(after.check == Fault::none ? Ending::harmless : Ending::found_by_check, after.check);
}

}  // namespace

Outcome outcome_of(const std::function<void()>& wrong, const std::function<Aftermath()>& aftermath) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    report_end = ends[1];
    live_as_child(wrong, aftermath);
  }
  close(ends[1]);
  unsigned char words[2];
  const bool told = read(ends[0], words, sizeof words) == sizeof words;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return told ? Outcome{static_cast<Ending>(words[0]), static_cast<Fault>(words[1])} : Outcome{};
}

namespace {

// The sentences are too long for a table.
std::string short_name(Fault fault) {
  switch (fault) {
    case Fault::never_lent: return "never lent";
    case Fault::freed_twice: return "free already";
    case Fault::wrong_layout: return "wrong layout";
    case Fault::overflow: return "overflow";
    case Fault::underflow: return "underflow";
    case Fault::written_after_free: return "written after free";
    case Fault::live_list_torn: return "live list torn";
    case Fault::invariant_1: return "invariant 1";
    case Fault::invariant_2: return "invariant 2";
    case Fault::invariant_3: return "invariant 3";
    case Fault::invariant_4: return "invariant 4";
    case Fault::invariant_5: return "invariant 5";
    case Fault::invariant_6: return "invariant 6";
    default: return sentence(fault);
  }
}

}  // namespace

std::string Outcome::text() const {
  switch (ending) {
    case Ending::stopped_at_once: return "**stop**: " + short_name(fault);
    case Ending::stopped_later: return "stop later: " + short_name(fault);
    case Ending::found_by_check: return "check: " + short_name(fault);
    case Ending::harmless: return "harmless";
    case Ending::harm: break;
  }
  return "**harm**";
}

}  // namespace bareheap::faults

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  const bool over = faults::wrong_call_is_over;
  faults::tell(over ? faults::Ending::stopped_later : faults::Ending::stopped_at_once, report.fault);
}

}  // namespace bareheap
