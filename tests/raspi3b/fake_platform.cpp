// SPDX-License-Identifier: MIT
#include "raspi3b/fake_platform.hpp"

#include "ports/raspi3b/machine.hpp"

namespace bareheap::raspi3b {

void FakePlatform::reset() {
  log.clear();
  maintained.clear();
  registers.clear();
  reads.clear();
  earlier_answers.clear();
  full_for = empty_for = empty_left_ = 0;
  sent = 0;
  gpu = [] {};
}

void FakePlatform::write_register(std::uintptr_t address, std::uint32_t value) noexcept {
  registers[address] = value;
  if (address != mailbox::write) return;
  log.emplace_back("write");
  sent = value;
  empty_left_ = empty_for;
  gpu();
}

std::uint32_t FakePlatform::read_register(std::uintptr_t address) noexcept {
  ++reads[address];
  if (address == mailbox::write_status) {
    log.emplace_back("poll write");
    return full_for-- > 0 ? mailbox::status_full : 0;
  }
  if (address == mailbox::read_status) {
    log.emplace_back("poll read");
    return empty_left_-- > 0 ? mailbox::status_empty : 0;
  }
  if (address != mailbox::read) return registers[address];
  log.emplace_back("read");
  empty_left_ = empty_for;
  if (earlier_answers.empty()) return sent;
  const std::uint32_t answer = earlier_answers.front();
  earlier_answers.pop_front();
  return answer;
}

void FakePlatform::clean(Region region) noexcept {
  log.emplace_back("clean");
  maintained.push_back({"clean", region});
}

void FakePlatform::invalidate(Region region) noexcept {
  log.emplace_back("invalidate");
  maintained.push_back({"invalidate", region});
}

void FakePlatform::barrier() noexcept { log.emplace_back("barrier"); }

}  // namespace bareheap::raspi3b
