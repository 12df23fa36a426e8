// SPDX-License-Identifier: MIT
// The fixed part of the laws: the same calls each time, on the host and on every board.
#pragma once

#include "laws/auditor.hpp"
#include "support/dice.hpp"

namespace bareheap::laws {

using test::Dice;

/// What a part found: the law that was broken first, and two numbers that tell where (named by the part).
struct [[nodiscard]] Verdict {
  Law law = Law::none;
  const char* part = "";
  std::size_t first = 0;
  std::size_t second = 0;

  bool kept() const noexcept { return law == Law::none; }
};

/// A heap on a region that holds what memory holds at power-on, with its auditor. It fits on a boot stack.
template <class Heap>
struct Trial {
  Trial(Region region, bool merges, unsigned char memory = memory_at_power_on) noexcept
      : admission((std::memset(region.start, memory, region.size), heap.init(region))),
        auditor(heap, admission.taken, merges) {}

  Heap heap;
  Admission admission;
  Auditor<Heap, 128> auditor;
};

/// One call of every kind, by the dice: mostly small sizes, now and then large ones and great alignments.
template <class Heap>
Law random_call(Trial<Heap>& trial, Dice& dice, std::size_t largest) noexcept {
  auto& auditor = trial.auditor;
  const std::size_t choice = dice.below(8);
  if (auditor.live() == 0 || (choice < 4 && !auditor.full())) {
    const std::size_t most = choice == 0 ? largest : 64;
    const std::size_t alignment = std::size_t{1} << dice.below(choice == 1 ? 13 : 5);
    return auditor.allocate(Layout(dice.below(most), alignment));
  }
  const std::size_t index = dice.below(auditor.live());
  if (choice == 7) return auditor.resize(index, dice.below(2 * auditor.block(index).granted + 2));
  return auditor.free(index, dice.below(16));
}

/// `first` of the verdict is the number of the call.
template <class Heap>
Verdict random_walk(Trial<Heap>& trial, std::uint32_t seed, std::size_t calls) noexcept {
  Dice dice(seed);
  for (std::size_t call = 0; call < calls; ++call) {
    const Law broken = random_call(trial, dice, trial.admission.taken.size / 4 + 2);
    if (broken != Law::none) return {broken, "random walk", call, seed};
  }
  return {trial.auditor.free_all(seed % 3), "random walk, all freed", calls, seed};
}

/// A random walk on a region that holds `memory`; `trail` becomes what tells its addresses from another's.
template <class Heap>
Verdict walk_on(Region region, bool merges, std::uint32_t seed, std::size_t calls, unsigned char memory,
                std::uint64_t& trail) noexcept {
  Trial<Heap> trial(region, merges, memory);
  const Verdict verdict = random_walk(trial, seed, calls);
  trail = trial.auditor.trail();
  return verdict;
}

/// Law 8: the walk again on the same region, which now holds other bytes.
template <class Heap>
Verdict walk_twice(Region region, bool merges, std::uint32_t seed, std::size_t calls) noexcept {
  std::uint64_t once = 0;
  std::uint64_t again = 0;
  const Verdict first = walk_on<Heap>(region, merges, seed, calls, memory_at_power_on, once);
  if (!first.kept()) return first;
  const Verdict second = walk_on<Heap>(region, merges, seed, calls, 0x5A, again);
  if (!second.kept()) return second;
  return {once == again ? Law::none : Law::same_again, "walk twice", calls, seed};
}

/// Law 10: a walk in steps with a call before each. `first` of the verdict is the number of the step, over all passes.
template <class Heap>
Verdict step_through(Region region, bool merges, std::uint32_t seed) noexcept {
  Trial<Heap> trial(region, merges);
  Dice dice(seed);
  std::size_t steps = 0;
  for (unsigned pass = 0; pass < 8; ++pass) {
    const std::byte* from = nullptr;
    do {
      Law broken = random_call(trial, dice, trial.admission.taken.size / 4 + 2);
      if (broken == Law::none) broken = trial.auditor.step(from, 1 + dice.below(5));
      if (broken != Law::none) return {broken, "walk in steps", steps, seed};
      ++steps;
    } while (from != nullptr);
  }
  return {trial.auditor.free_all(seed % 3), "walk in steps, all freed", steps, seed};
}

/// Blocks of one size until there is no room, everything freed in three orders, and as many fit again each time that
/// the engine merges. `first` of the verdict is the size.
template <class Heap>
Verdict exhaust(Region region, bool merges, std::size_t size) noexcept {
  Trial<Heap> trial(region, merges);
  std::size_t fitted = 0;
  for (unsigned order = 0; order < 3; ++order) {
    do {
      const Law broken = trial.auditor.allocate(Layout(size, 8));
      if (broken != Law::none) return {broken, "exhaust", size, order};
    } while (!trial.auditor.refused() && !trial.auditor.full());
    if (order != 0 && merges && trial.auditor.live() != fitted) return {Law::whole_again, "exhaust again", size, order};
    fitted = trial.auditor.live();
    const Law broken = trial.auditor.free_all(order);
    if (broken != Law::none) return {broken, "exhaust, all freed", size, order};
  }
  return {};
}

/// Asks for one layout, twice, and gives both back. `first` of the verdict is the size, `second` the alignment.
template <class Heap>
Verdict try_layout(Trial<Heap>& trial, std::size_t size, std::size_t alignment) noexcept {
  const Layout asked(size, alignment);
  Law broken = trial.auditor.allocate(asked);
  if (broken == Law::none) broken = trial.auditor.allocate(asked);
  if (broken == Law::none) broken = trial.auditor.free_all(1);
  return {broken, "layouts", size, alignment};
}

/// Sizes 0 to 80, each power of two and its neighbours, the greatest sizes there are; alignments to 1 MiB.
template <class Heap>
Verdict sweep_layouts(Region region, bool merges) noexcept {
  Trial<Heap> trial(region, merges);
  for (std::size_t alignment = 1; alignment <= std::size_t{1} << 20; alignment *= 2) {
    for (std::size_t size = 0; size <= 80; ++size) {
      if (const Verdict verdict = try_layout(trial, size, alignment); !verdict.kept()) return verdict;
    }
    for (std::size_t power = 128; power != 0; power *= 2) {
      for (const std::size_t size : {power - 1, power, power + 1}) {
        if (const Verdict verdict = try_layout(trial, size, alignment); !verdict.kept()) return verdict;
      }
    }
    for (std::size_t below = 0; below <= 80; ++below) {
      if (const Verdict verdict = try_layout(trial, size_limit - below, alignment); !verdict.kept()) return verdict;
    }
  }
  return {};
}

/// A few calls on a region of any start and size; what lies around the region keeps its bytes.
template <class Heap>
Verdict try_region(Region around, std::size_t offset, std::size_t size, bool merges) noexcept {
  const Region region{around.start + offset, size};
  Trial<Heap> trial(region, merges);
  std::memset(around.start, memory_at_power_on, offset);
  std::memset(region.end(), memory_at_power_on, around.size - offset - size);
  for (const std::size_t asked : {std::size_t{0}, std::size_t{1}, std::size_t{24}, size / 2, size}) {
    const Law broken = trial.auditor.allocate(Layout(asked, 8));
    if (broken != Law::none) return {broken, "regions", offset, size};
  }
  if (const Law broken = trial.auditor.free_all(); broken != Law::none) return {broken, "regions", offset, size};
  for (const std::byte* at = around.start; at != around.end(); ++at) {
    if (!region.contains(at) && *at != std::byte{memory_at_power_on}) return {Law::owned, "regions", offset, size};
  }
  return {};
}

/// Region starts at each offset from 0 to 63, sizes from 0 to 4 KiB in steps. `first` is the offset, `second` the size.
template <class Heap>
Verdict sweep_regions(Region around, bool merges, std::size_t step) noexcept {
  for (std::size_t offset = 0; offset < 64; ++offset) {
    for (std::size_t size = 0; size <= 4096; size += step) {
      const Verdict verdict = try_region<Heap>({around.start, 64 + 4096 + 64}, offset, size, merges);
      if (!verdict.kept()) return verdict;
    }
  }
  return {};
}

/// All of the above on one region. The layouts want 4 MiB of it to meet every alignment with a block.
template <class Heap>
Verdict keep_the_laws(Region region, bool merges, std::size_t region_step) noexcept {
  const Region small{region.start, 256 * 1024};
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const Verdict verdict = walk_twice<Heap>(small, merges, seed, 400);
    if (!verdict.kept()) return verdict;
    const Verdict stepped = step_through<Heap>({region.start, 12 * 4096}, merges, seed);
    if (!stepped.kept()) return stepped;
  }
  constexpr std::size_t sizes[] = {0, 1, 16, 100, 256, 1000, 4096, 9000};
  for (const std::size_t size : sizes) {
    const Verdict verdict = exhaust<Heap>({region.start, 12 * 4096}, merges, size);
    if (!verdict.kept()) return verdict;
  }
  if (const Verdict verdict = sweep_regions<Heap>(region, merges, region_step); !verdict.kept()) return verdict;
  return sweep_layouts<Heap>(region, merges);
}

}  // namespace bareheap::laws
