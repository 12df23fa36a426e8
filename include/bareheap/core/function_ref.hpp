// SPDX-License-Identifier: MIT
// A reference to something that can be called: two words, no allocation. std::function_ref is C++26.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace bareheap {

template <class Signature>
class FunctionRef;

/// Refers to a callable without owning it: what it refers to must outlive it, so it is for parameters, not for members.
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, FunctionRef> &&
             !std::is_function_v<std::remove_pointer_t<std::remove_cvref_t<Callable>>> &&
             std::is_invocable_r_v<Result, Callable&, Arguments...>)
  FunctionRef(Callable&& callable) noexcept  // NOLINT: converts on purpose, a lambda is passed as it is
      : context_(const_cast<void*>(static_cast<const void*>(__builtin_addressof(callable)))),
        call_([](void* context, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Callable>*>(context))(std::forward<Arguments>(arguments)...);
        }) {}

  /// Refers to a function, which outlives everything.
  FunctionRef(Result (*function)(Arguments...)) noexcept  // NOLINT: converts on purpose
      : context_(reinterpret_cast<void*>(function)), call_([](void* context, Arguments... arguments) -> Result {
          return reinterpret_cast<Result (*)(Arguments...)>(context)(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(context_, std::forward<Arguments>(arguments)...); }

 private:
  void* context_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace bareheap
