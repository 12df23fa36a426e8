// SPDX-License-Identifier: MIT
// libFuzzer makes up the heap, its region and the calls, led by what the code has not done yet; the auditor judges each
// call by the laws.
#pragma once

#include "laws/fixed.hpp"
#include "wrappers/stacks.hpp"

#include <cstdio>
#include <cstdlib>

namespace bareheap::laws {

/// The input, byte by byte; zeros when it has come to its end.
class Input {
 public:
  Input(const unsigned char* bytes, std::size_t size) noexcept : next_(bytes), end_(bytes + size) {}

  bool empty() const noexcept { return next_ == end_; }
  std::size_t byte() noexcept { return empty() ? 0 : *next_++; }

  /// Small numbers mostly, and now and then any number at all.
  std::size_t size() noexcept {
    const std::size_t first = byte();
    if (first < 128) return first;
    if (first < 250) return (first - 128) * 256 + byte();
    return size_limit - byte() * (first - 249);
  }

 private:
  const unsigned char* next_;
  const unsigned char* end_;
};

template <class Auditor>
Law call(Auditor& auditor, Input& input) {
  const std::size_t choice = input.byte();
  if (auditor.live() == 0 || (choice % 4 < 2 && !auditor.full())) {
    return auditor.allocate(Layout(input.size(), std::size_t{1} << (choice / 4) % 15));
  }
  const std::size_t index = input.byte() % auditor.live();
  return choice % 4 == 3 ? auditor.resize(index, input.size()) : auditor.free(index, choice / 4);
}

template <class Heap>
void judge(Input input) {
  alignas(4096) static std::byte memory[24 * 4096];
  const std::size_t offset = input.byte();
  const std::size_t size = input.byte() * 256 + input.byte();
  Trial<Heap> trial({memory + offset, size}, merges<Heap>);
  Law broken = Law::none;
  while (broken == Law::none && !input.empty()) broken = call(trial.auditor, input);
  if (broken == Law::none) broken = trial.auditor.free_all(static_cast<unsigned>(size % 3));
  if (broken == Law::none) return;
  std::fprintf(stderr, "%s is broken by %s\n", name_of(broken), __PRETTY_FUNCTION__);
  std::abort();
}

/// The first byte picks the heap.
template <class... Heaps>
void fuzz(HeapList<Heaps...>, Input input) {
  constexpr void (*judges[])(Input) = {&judge<Heaps>...};
  judges[input.byte() % sizeof...(Heaps)](input);
}

}  // namespace bareheap::laws
