// SPDX-License-Identifier: MIT
// libFuzzer makes up the region, the engine and the calls, led by what the engine's code has not done yet; the auditor
// judges each call by the laws.
#include "bareheap/bareheap.hpp"
#include "laws/fixed.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace bareheap;
using laws::Law;

alignas(4096) std::byte memory[24 * 4096];

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
void judge(Input input, bool merges) {
  const std::size_t offset = input.byte();
  const std::size_t size = input.byte() * 256 + input.byte();
  laws::Trial<Heap> trial({memory + offset, size}, merges);
  Law broken = Law::none;
  while (broken == Law::none && !input.empty()) broken = call(trial.auditor, input);
  if (broken == Law::none) broken = trial.auditor.free_all(static_cast<unsigned>(size % 3));
  if (broken == Law::none) return;
  std::fprintf(stderr, "%s is broken\n", laws::name_of(broken));
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  Input input(bytes, size);
  switch (input.byte() % 6) {
    case 0: judge<Bump>(input, true); break;
    case 1: judge<BasicBump<Direction::downward>>(input, true); break;
    case 2: judge<HoleList>(input, true); break;
    case 3: judge<BasicHoleList<Carving::tail>>(input, true); break;
    case 4: judge<PageHeap>(input, true); break;
    default: judge<StoryPages>(input, false);
  }
  return 0;
}
