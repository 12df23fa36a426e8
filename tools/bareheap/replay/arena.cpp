// SPDX-License-Identifier: MIT
#include "arena.hpp"

#include "bareheap/core/bits.hpp"
#include "trace.hpp"

#include <cstring>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace bareheap::tools::replay {
namespace {

constexpr std::size_t start_alignment = std::size_t{2} << 20;

// Free in every program of 64 bits that did not ask for it, also under Valgrind.
constexpr std::uintptr_t usual_address = std::uintptr_t{4} << 40;

std::byte* map(std::size_t size, std::uintptr_t address) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address != 0 ? MAP_FIXED_NOREPLACE : 0);
  void* const at = mmap(reinterpret_cast<void*>(address), size, PROT_READ | PROT_WRITE, flags, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}

}  // namespace

Arena::Arena(std::size_t size) {
  mapping_ = {map(size, usual_address), size};
  if (mapping_.start == nullptr) mapping_ = {map(size + start_alignment, 0), size + start_alignment};
  if (mapping_.start == nullptr)
    throw UserError("there is no memory for a region of " + std::to_string(size) + " bytes");
  const std::size_t address = address_of(mapping_.start);
  start_ = mapping_.start + (CheckedSize(address).aligned_up(start_alignment).value() - address);
}

Arena::~Arena() { munmap(mapping_.start, mapping_.size); }

Region Arena::region(std::size_t size) const {
  if (size > static_cast<std::size_t>(mapping_.end() - start_)) {
    throw UserError("a region of " + std::to_string(size) + " bytes is more than this replay has memory for");
  }
  return {start_, size};
}

void Arena::demand(std::uint64_t size) {
  const auto pages = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES));
  if (size / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) >= pages) {
    throw UserError(std::to_string(size) + " bytes are more than this machine has");
  }
}

// With bytes that are no zeros: a heap must not rely on what memory holds.
void Arena::warm(std::size_t size) const {
  demand(size);
  std::memset(region(size).start, 0xA5, size);
}

}  // namespace bareheap::tools::replay
