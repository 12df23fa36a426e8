// SPDX-License-Identifier: MIT
// One engine for each law that breaks it, and nothing else: a Bump with one fault. If the laws let one of them pass,
// the laws are broken.
#pragma once

#include "bareheap/engines/bump.hpp"
#include "laws/auditor.hpp"

namespace bareheap::laws {

/// Starts blocks where the last one ended, whatever the alignment.
class BreaksAligned : public Bump {
 public:
  Block allocate(Layout asked) noexcept { return Bump::allocate(Layout(asked.size(), 1)); }
};

/// Grants a byte less than asked, now and then.
class BreaksEnough : public Bump {
 public:
  Block allocate(Layout asked) noexcept {
    Block block = Bump::allocate(asked);
    if (block && block.size > 32) block.size = asked.size() - 1;
    return block;
  }
};

/// Lends a block that is lent already, when its size is asked for again.
class BreaksApart : public Bump {
 public:
  Block allocate(Layout asked) noexcept {
    if (last_ && asked.size() == last_.size && is_aligned(address_of(last_.at), asked.alignment())) return last_;
    return last_ = Bump::allocate(asked);
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    last_ = {};
    Bump::deallocate(at, asked);
  }

 private:
  Block last_;
};

/// When the region is full, lends small blocks from elsewhere.
class BreaksOwned : public Bump {
 public:
  Block allocate(Layout asked) noexcept {
    const Block block = Bump::allocate(asked);
    if (!block && asked.size() <= 8 && asked.alignment() <= 8) return {elsewhere_, 8};
    return block;
  }

 private:
  alignas(8) inline static std::byte elsewhere_[8];
};

/// When the region is full, lends small blocks whose last bytes lie beyond its end.
class BreaksOwnedAtTheEnd : public Bump {
 public:
  Admission init(Region region) noexcept {
    const Admission admission = Bump::init(region);
    end_ = admission.taken.end();
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    const Block block = Bump::allocate(asked);
    const bool fits_wrongly =
        asked.size() > 8 && asked.size() <= 16 && is_aligned(address_of(end_ - 8), asked.alignment());
    return block || !fits_wrongly ? block : Block{end_ - 8, 16};
  }

 private:
  std::byte* end_ = nullptr;
};

/// Writes into the last byte of a large block that is lent.
class BreaksApartAtTheEnd : public Bump {
 public:
  Block allocate(Layout asked) noexcept {
    const Block block = Bump::allocate(asked);
    if (large_) large_.at[large_.size - 1] ^= std::byte{1};
    large_ = block.size > 8192 ? block : Block{};
    return block;
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    large_ = {};
    Bump::deallocate(at, asked);
  }

 private:
  Block large_;
};

/// Shows the picture without its first byte.
class BreaksTiled : public Bump {
 public:
  void walk(ExtentSink sink) const noexcept {
    bool first = true;
    Bump::walk([&](Extent extent) {
      if (first && extent.size > 1) extent = {extent.at + 1, extent.size - 1, extent.kind};
      first = false;
      sink(extent);
    });
  }
};

/// Keeps back a little of what was freed, by never counting the first block as returned.
class BreaksWholeAgain : public Bump {
 public:
  void deallocate(std::byte* at, Layout asked) noexcept {
    if (live_blocks() > 1) Bump::deallocate(at, asked);
  }
};

/// Takes what is left of the region before it finds that the request does not fit.
class BreaksNothingLost : public Bump {
 public:
  Block allocate(Layout asked) noexcept {
    const Block block = Bump::allocate(asked);
    if (!block) static_cast<void>(Bump::allocate(Layout(1, 1)));
    return block;
  }
};

/// Decides by what the memory held before: the first byte of its region.
class BreaksSameAgain : public Bump {
 public:
  Admission init(Region region) noexcept {
    const Admission admission = Bump::init(region);
    if (admission) padding_ = std::to_integer<std::size_t>(*region.start) % 8;
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    const std::size_t size = asked.size() + padding_;
    return Bump::allocate(asked.with_size(size < padding_ ? asked.size() : size));
  }

 private:
  std::size_t padding_ = 0;
};

/// Finds fault with itself once two blocks are live.
class BreaksSound : public Bump {
 public:
  [[nodiscard]] Fault check() const noexcept { return live_blocks() < 2 ? Bump::check() : Fault::invariant_2; }
};

/// Does not cut the tile in which a step begins.
class BreaksInSteps : public Bump {
 public:
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    const std::byte* const next = Bump::walk_step(from, count, [](const Extent&) {});
    Bump::walk([&](const Extent& tile) {
      if (address_of(tile.end()) <= address_of(from) || count == 0) return;
      sink(tile);
      --count;
    });
    return next;
  }
};

/// Forgets that there is more after the last tile that may be shown.
class BreaksInStepsAtTheEnd : public Bump {
 public:
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    static_cast<void>(Bump::walk_step(from, count, sink));
    return nullptr;
  }
};

/// Never comes to the end of its check.
class BreaksInStepsOfTheCheck : public Bump {
 public:
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t) const noexcept { return {check(), from}; }
};

}  // namespace bareheap::laws
