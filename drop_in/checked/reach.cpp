// SPDX-License-Identifier: MIT
#include "drop_in/checked/reach.hpp"

#include "drop_in/linux_system.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace bareheap::drop_in {

namespace {

constinit std::byte copy[std::size_t{1} << 16];

// How much of it could be copied.
std::size_t copied(std::size_t first, std::size_t size) noexcept {
  const iovec from{reinterpret_cast<void*>(first), size};
  const iovec to{copy, size};
  const ssize_t done = ::process_vm_readv(::getpid(), &to, 1, &from, 1, 0);
  return done < 0 ? 0 : static_cast<std::size_t>(done);
}

bool can_copy() noexcept { return copied(reinterpret_cast<std::size_t>(copy), 1) == 1; }

// Reads /proc/self/maps a line at a time, without what stands behind the rights.
class Mappings {
 public:
  Mappings() noexcept : file_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;
  ~Mappings() { ::close(file_); }

  bool is_open() const noexcept { return file_ >= 0; }

  struct Mapping {
    std::size_t first = 0;
    std::size_t end = 0;
    char rights[5] = {};

    bool is_writable() const noexcept { return rights[0] == 'r' && rights[1] == 'w' && rights[3] == 'p'; }
  };

  bool next(Mapping& mapping) noexcept {
    mapping = {};
    if (!number('-', mapping.first) || !number(' ', mapping.end)) return false;
    for (std::size_t index = 0; index != 4; ++index) mapping.rights[index] = static_cast<char>(character());
    for (int skipped = 0; skipped != '\n' && skipped != -1;) skipped = character();
    return true;
  }

 private:
  int character() noexcept {
    if (taken_ == filled_) {
      const ssize_t more = ::read(file_, buffer_, sizeof buffer_);
      if (more <= 0) return -1;
      filled_ = static_cast<std::size_t>(more);
      taken_ = 0;
    }
    return buffer_[taken_++];
  }

  bool number(int end, std::size_t& value) noexcept {
    for (;;) {
      const int digit = character();
      if (digit == end) return true;
      if (digit == -1) return false;
      value = value * 16 + static_cast<std::size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
  }

  int file_;
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
  char buffer_[4096];
};

}  // namespace

bool Reach::mark() noexcept {
  Mappings mappings;
  if (!mappings.is_open() || !can_copy()) return false;
  for (Mappings::Mapping mapping; mappings.next(mapping);) {
    if (mapping.is_writable()) look_at_mapping(mapping.first, mapping.end);
  }
  follow();
  return true;
}

// Of this thread's stack, what is in use; and around what is unseen.
void Reach::look_at_mapping(std::size_t first, std::size_t end) noexcept {
  if (first <= since_ && since_ < end) first = since_;
  for (const Region& region : unseen_) {
    if (address_of(region.end()) <= first || address_of(region.start) >= end) continue;
    if (first < address_of(region.start)) look_at_mapping(first, address_of(region.start));
    if (address_of(region.end()) < end) look_at_mapping(address_of(region.end()), end);
    return;
  }
  look_at_copy(first, end);
}

// The end of a mapped file may not be there, and a program may have taken the rights from pages of a block.
void Reach::look_at_copy(std::size_t first, std::size_t end) noexcept {
  while (first < end) {
    const std::size_t size = copied(first, std::min(end - first, sizeof copy));
    if (size == 0) return;
    look_at(copy, size);
    first += size;
  }
}

void Reach::look_at(const std::byte* first, std::size_t size) noexcept {
  for (; size >= sizeof(std::size_t); first += sizeof(std::size_t), size -= sizeof(std::size_t)) {
    std::size_t word = 0;
    std::memcpy(&word, first, sizeof word);
    take(word);
  }
}

void Reach::take(std::size_t word) noexcept {
  if (blocks_.empty() || word < address_of(blocks_.front().at)) return;
  const auto above = std::upper_bound(blocks_.begin(), blocks_.end(), word,
                                      [](std::size_t at, const LiveBlock& block) { return at < address_of(block.at); });
  LiveBlock& block = *(above - 1);
  if (word - address_of(block.at) > block.size || block.in_reach) return;
  block.in_reach = true;
  open_[opened_++] = static_cast<std::uint32_t>(&block - blocks_.data());
}

void Reach::follow() noexcept {
  while (opened_ != 0) {
    const LiveBlock& block = blocks_[open_[--opened_]];
    if (block.size < LinuxSystem::page) {
      look_at(block.at, block.size);
    } else {
      look_at_copy(address_of(block.at), address_of(block.at) + block.size);
    }
  }
}

}  // namespace bareheap::drop_in
