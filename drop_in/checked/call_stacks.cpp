// SPDX-License-Identifier: MIT
#include "drop_in/checked/call_stacks.hpp"

#include <unwind.h>

namespace bareheap::drop_in {

namespace {

struct Walk {
  const void* caller;
  std::size_t count;
  std::size_t found = 0;
  CallStack stack{};
};

// Leaves out this library's own calls: all below the caller.
_Unwind_Reason_Code look(_Unwind_Context* context, void* argument) noexcept {
  Walk& walk = *static_cast<Walk*>(argument);
  const void* const at = reinterpret_cast<const void*>(_Unwind_GetIP(context));
  if (walk.found != 0 || at == walk.caller) walk.stack.places[walk.found++] = at;
  return walk.found == walk.count ? _URC_END_OF_STACK : _URC_NO_REASON;
}

}  // namespace

CallStack call_stack_from(const void* caller, std::size_t count) noexcept {
  Walk walk{caller, count};
  if (count > 1) ::_Unwind_Backtrace(look, &walk);
  walk.stack.places[0] = caller;
  return walk.stack;
}

}  // namespace bareheap::drop_in
