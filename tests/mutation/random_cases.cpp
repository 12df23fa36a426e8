// SPDX-License-Identifier: MIT
// Random calls on one region and on many, inside a span and beyond it.
#include "mutation/model.hpp"

namespace bareheap::mutation {
namespace {

constexpr std::size_t most_live = 40;

void call(Model& model, Dice& dice, std::size_t largest) {
  const std::size_t choice = dice.below(10);
  if (model.live() == 0 || (choice < 5 && model.live() < most_live)) {
    const std::size_t most = choice == 0 ? largest : choice == 1 ? 1200 : 80;
    const std::size_t alignment = std::size_t{1} << dice.below(choice >= 3 ? 4 : 12);
    model.allocate(dice.below(most + 1), alignment);
  } else if (choice < 9) {
    model.free(dice.below(model.live()));
  } else {
    const std::size_t index = dice.below(model.live());
    model.resize(index, dice.below(2 * model.block(index).granted + 64));
  }
}

void on_one_region(Subject& heap, unsigned seed) {
  Dice dice(seed);
  const std::size_t size = 2048 + dice.below(dice.below(2) == 0 ? 6000 : 60000);
  heap.renew();
  Model model(heap, Dice(seed + 99));
  const Admission admission = heap.init({fresh_arena() + dice.below(64), size});
  expect(static_cast<bool>(admission));
  model.took(admission.taken);
  for (unsigned calls = 0; calls < 150; ++calls) call(model, dice, size / 3);
  if (seed % 4 == 0) model.reset();
  model.free_all();
}

// Sizes around the largest that are stocked.
void on_a_large_region(Subject& heap) {
  Dice dice(5);
  heap.renew();
  Model model(heap, Dice(6));
  const Admission admission = heap.init({fresh_arena(), 400'000});
  expect(static_cast<bool>(admission));
  model.took(admission.taken);
  for (unsigned calls = 0; calls < 400; ++calls) {
    if (model.live() != 0 && (model.live() == most_live || dice.below(2) == 0))
      model.free(dice.below(model.live()));
    else
      model.allocate(900 + dice.below(700), 1);
  }
  model.free_all();
}

// The first region and most others inside a span, in pieces that may touch; the rest behind the span.
void on_many_regions(Subject& heap, unsigned seed) {
  constexpr std::size_t piece = 4096;
  Dice dice(seed);
  std::byte* const start = fresh_arena() + 4096;
  heap.renew();
  const Region span{start, 24 * piece};
  Model model(heap, Dice(seed + 77), span);
  const Admission first = heap.init({start, 2 * piece}, span);
  expect(static_cast<bool>(first));
  model.took(first.taken);
  for (unsigned calls = 0; calls < 240; ++calls) {
    if (calls % 12 == 0) {
      const Region offered{start + dice.below(36) * piece, (1 + dice.below(3)) * piece - dice.below(2) * 100};
      const auto before = picture_of(heap);
      const Admission admission = heap.add(offered);
      if (admission)
        model.took(admission.taken);
      else
        expect(admission.fault == Fault::region_overlaps && picture_of(heap) == before);
      model.audit();
    }
    call(model, dice, 3 * piece);
  }
  if (seed % 2 == 0) model.reset();
  for (unsigned calls = 0; calls < 40; ++calls) call(model, dice, 3 * piece);
  model.free_all();
}

}  // namespace

void judge_random_calls(Subject& heap) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    on_one_region(heap, seed);
    on_many_regions(heap, seed);
  }
  if (heap.has_stock()) on_a_large_region(heap);
}

}  // namespace bareheap::mutation
