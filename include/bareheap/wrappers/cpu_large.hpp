// SPDX-License-Identifier: MIT
// Stocks of larger blocks, up to 8 KiB, where the way to them is direct. Programs that ask for such blocks ask for few
// sizes again and again, but which sizes nobody can foretell. So a CPU has racks for 32 sizes. Which one a size is kept
// in is told by the size, and which size a rack has by the last block that was freed and found no place there. They get
// what is freed, and are not filled: a list has up to 16 KiB, all of them 64 KiB, so that little is kept that could be
// merged.
#pragma once

#include "bareheap/wrappers/cpu_sizes.hpp"

namespace bareheap {

template <class Plain, Multiprocessor P, class Detection>
class CpuLarge : protected CpuSizes<Plain, P, Detection> {
 protected:
  using Base = CpuSizes<Plain, P, Detection>;
  using typename Base::Cpu;
  using typename Base::Magazines;
  using typename Base::Inside;
  using typename Base::Own;
  using Base::is_direct;
  using Base::granule;
  using Base::classes;
  using Base::large_racks;
  using Base::most_stocked;
  using Base::granules_of;
  using Base::size_in;
  using Base::most_in_list;
  using Base::lend;
  using Base::try_push;
  using Base::has_plenty;
  using Base::join;
  using Base::close;
  using Base::recalls_;
  using Base::large_granules_;
  using Base::threads_;

  // Empty or false: nothing has changed. Smaller and larger ones are refused, too.
  [[gnu::always_inline]] Block try_allocate_large(Layout asked) noexcept {
    const std::size_t size = granules_of(asked.size());
    const std::size_t rack = rack_of(size);
    if (rack == 0 || asked.alignment() > granule) return {};
    const Inside inside(*this);
    if (!inside || size_in(*inside, rack) != size || inside->racks[rack].loaded.first == 0) return {};
    inside->large_held -= size;
    return {lend(*inside, rack).at, size * granule};
  }

  // `bytes`: where the block has another size, nothing is done; 0: it may have any.
  [[gnu::always_inline]] bool try_release_large(std::byte* at, std::size_t bytes = 0) noexcept {
    if constexpr (is_direct) {
      std::size_t number = 0;
      std::size_t size = 0;
      const Inside inside(*this, [&] [[gnu::always_inline]] (const Cpu& cpu) noexcept {
        number = cpu.view.number_of(at);
        size = threads_.changes.look([&] [[gnu::always_inline]] () noexcept { return cpu.view.lent_length(number); });
        return rack_of(size) != 0 && (bytes == 0 || size == granules_of(bytes));
      });
      return inside && try_keep(*inside, at, number, size);
    }
    return false;
  }

  // With the lock: where there is no place yet, there is one afterwards. False: this block is not kept.
  bool keep_large(std::byte* at, std::size_t size) noexcept {
    if constexpr (is_direct) {
      const Own cpu(*this);
      if (!cpu || !make_place(*cpu, size)) return false;
      const std::size_t number = (*cpu).view.number_of(at);
      return (*cpu).view.lent_length(number) == size && try_keep(*cpu, at, number, size);
    }
    return false;
  }

 private:
  // 0: there is none. Sizes that are asked for often have different ones: powers of two, their quarters and eighths.
  static constexpr std::size_t rack_of(std::size_t size) noexcept {
    if constexpr (is_direct) {
      if (size - (classes + 1) < most_stocked - classes) return classes + 1 + (size * 64287 >> 10) % large_racks;
    }
    return 0;
  }

  [[gnu::always_inline]] static bool try_keep(Cpu& cpu, std::byte* at, std::size_t number, std::size_t size) noexcept {
    const std::size_t rack = rack_of(size);
    if (size_in(cpu, rack) != size || cpu.large_held + size > cpu.large_most) return false;
    if (!try_push(cpu, at, number, rack)) return false;
    cpu.large_held += size;
    return true;
  }

  // A list that is full goes as a whole; so that there is room for this one, lists of other sizes go in turn.
  bool make_place(Cpu& cpu, std::size_t size) noexcept {
    if (recalls_ != 0 || size > large_granules_ || !has_plenty(cpu)) return false;
    join(cpu, true);
    cpu.large_most = large_granules_;
    for (std::size_t left = large_racks; left != 0 && cpu.large_held + size > cpu.large_most; --left) {
      cpu.large_closed = cpu.large_closed % large_racks + 1;
      close(cpu, classes + cpu.large_closed);
    }
    const std::size_t rack = rack_of(size);
    Magazines& list = cpu.racks[rack].loaded;
    if (size_in(cpu, rack) != size || list.room == 0) {
      close(cpu, rack);
      cpu.large[rack - classes] = static_cast<std::uint16_t>(size);
      list.room = static_cast<std::uint16_t>(most_in_list(size));
    }
    return true;
  }
};

}  // namespace bareheap
