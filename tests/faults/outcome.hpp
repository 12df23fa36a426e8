// SPDX-License-Identifier: MIT
// How a wrong program ended, and how the tables of docs/misuse.md say it.
#pragma once

#include "bareheap/core/fault.hpp"

#include <string>

namespace bareheap::faults {

enum class Ending : unsigned char {
  stopped_at_once,  ///< panic() in the wrong call itself
  stopped_later,    ///< panic() in a right call that followed
  refused,          ///< the call answered "no" or with an empty block, and the heap went on as if it had not been made
  found_by_check,   ///< no stop, but check() finds an invariant that does not hold
  taken,            ///< the call was granted: it is none that is wrong on this heap
  goes_on,          ///< the request got its block in the end
  harmless,         ///< unnoticed, and nothing that was lent was changed or lent twice
  harm,             ///< unnoticed, and memory of the program was changed or lent twice, or the program crashed
  hang,             ///< the program never came back
};

struct Outcome {
  Ending ending = Ending::harm;
  Fault fault = Fault::none;  ///< the sentence of the stop or of the refusal, or what check() found
};

/// A name for a table, where the sentence is too long.
inline const char* short_name(Fault fault) {
  switch (fault) {
    case Fault::out_of_memory: return "out of memory";
    case Fault::out_of_memory_again: return "out of memory again";
    case Fault::never_lent: return "never lent";
    case Fault::freed_twice: return "free already";
    case Fault::wrong_layout: return "wrong layout";
    case Fault::takes_no_region: return "takes none";
    case Fault::region_too_small: return "too small";
    case Fault::region_wraps: return "wraps";
    case Fault::region_overlaps: return "overlaps";
    case Fault::region_apart: return "apart";
    case Fault::initialised_twice: return "has one already";
    case Fault::not_initialised: return "has none yet";
    case Fault::lock_taken_again: return "lock taken again";
    case Fault::lock_not_held: return "lock not held";
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

/// The cell of a table. tests/faults/misuse_document.py reads it back.
inline std::string text_of(Outcome outcome) {
  const std::string fault = outcome.fault == Fault::none ? "" : std::string(": ") + short_name(outcome.fault);
  switch (outcome.ending) {
    case Ending::stopped_at_once: return "**stop**" + fault;
    case Ending::stopped_later: return "stop later" + fault;
    case Ending::refused: return "refused" + fault;
    case Ending::found_by_check: return "check" + fault;
    case Ending::taken: return "taken";
    case Ending::goes_on: return "goes on";
    case Ending::harmless: return "harmless";
    case Ending::hang: return "**hang**";
    case Ending::harm: break;
  }
  return "**harm**";
}

/// The wrong call of a trial has returned, and the right ones begin. Each program that runs trials supplies it.
void wrong_call_is_over();

}  // namespace bareheap::faults
