// SPDX-License-Identifier: MIT
// The laws on a board.
#pragma once

#include "kernel/runner.hpp"
#include "laws/fixed.hpp"

namespace bareheap::kernel_test {

/// Where a law was broken, it is named.
inline void expect_kept(const laws::Verdict& verdict) noexcept {
  if (!expect(verdict.kept())) put_line({laws::name_of(verdict.law), ": ", verdict.part});
}

/// A heap in `scratch` keeps the laws. `merges` asks for law 6, too. Of a larger region an emulator is long in looking
/// at every page after every call.
template <class Heap>
void expect_laws(Region scratch, bool merges) noexcept {
  constexpr std::size_t region_step = 256;
  expect_kept(laws::keep_the_laws<Heap>({scratch.start, 256 * 1024}, merges, region_step));
}

/// The same with fewer calls and without great sizes, for what the emulator is too slow for.
template <class Heap>
void expect_laws_in_short(Region scratch, bool merges) noexcept {
  const Region small{scratch.start, 64 * 1024};
  for (std::uint32_t seed = 1; seed <= 4; ++seed) expect_kept(laws::walk_twice<Heap>(small, merges, seed, 400));
  constexpr std::size_t sizes[] = {0, 100, 4096};
  for (const std::size_t size : sizes) expect_kept(laws::exhaust<Heap>(small, merges, size));
  constexpr std::size_t region_step = 1024;
  expect_kept(laws::sweep_regions<Heap>(small, merges, region_step));
}

}  // namespace bareheap::kernel_test
