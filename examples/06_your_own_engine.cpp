// SPDX-License-Identifier: MIT
// 6. Your own engine. Write the six functions; the compiler checks the shape, and the laws check the meaning. This one
// lends slots of 64 bytes. Change a line and see which law you break.
#include "bareheap/bareheap.hpp"
#include "laws/fixed.hpp"

#include <cstdio>

class Slots {
 public:
  static constexpr std::size_t slot = 64;
  static constexpr std::size_t most_slots = 512;

  bareheap::Admission init(bareheap::Region region) noexcept {
    if (count_ != 0) return {.fault = bareheap::Fault::initialised_twice, .lost = region.size};
    bareheap::Admission admission = bareheap::admit(region, slot, slot);
    if (!admission) return admission;
    count_ = admission.taken.size / slot < most_slots ? admission.taken.size / slot : most_slots;
    admission.lost += admission.taken.size - count_ * slot;
    admission.taken.size = count_ * slot;
    start_ = admission.taken.start;
    return admission;
  }

  bareheap::Block allocate(bareheap::Layout asked) noexcept {
    if (asked.size() > slot) return {};
    for (std::size_t index = 0; index < count_; ++index) {
      std::byte* const at = start_ + index * slot;
      if (lent_[index] || !bareheap::is_aligned(bareheap::address_of(at), asked.alignment())) continue;
      lent_[index] = true;
      return {at, slot};
    }
    return {};
  }

  void deallocate(std::byte* at, bareheap::Layout) noexcept {
    if (at == nullptr) return;
    const std::size_t offset = bareheap::address_of(at) - bareheap::address_of(start_);
    const bool is_lent = offset % slot == 0 && offset / slot < count_ && lent_[offset / slot];
    if (!is_lent) bareheap::panic({.fault = bareheap::Fault::never_lent, .address = at});
    lent_[offset / slot] = false;
  }

  bool resize(std::byte*, bareheap::Layout, std::size_t size) noexcept { return size <= slot; }
  bool owns(const void* at) const noexcept { return bareheap::Region{start_, count_ * slot}.contains(at); }

  void walk(bareheap::ExtentSink sink) const noexcept {
    for (std::size_t index = 0; index < count_; ++index) {
      sink({start_ + index * slot, slot, lent_[index] ? bareheap::ExtentKind::used : bareheap::ExtentKind::free});
    }
  }

  [[nodiscard]] bareheap::Fault check() const noexcept { return bareheap::Fault::none; }

 private:
  std::byte* start_ = nullptr;
  std::size_t count_ = 0;
  bool lent_[most_slots] = {};
};

static_assert(bareheap::Allocator<Slots>);

alignas(4096) static std::byte memory[std::size_t{1} << 20];

int main() {
  const bareheap::laws::Verdict verdict = bareheap::laws::keep_the_laws<Slots>({memory, sizeof memory}, true, 64);
  std::printf("Slots: %s\n", verdict.kept() ? "keeps the laws" : bareheap::laws::name_of(verdict.law));
  return verdict.kept() ? 0 : 1;
}
