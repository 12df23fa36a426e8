// SPDX-License-Identifier: MIT
#include "kernels/lab/executor.hpp"

#include "ports/common/interrupts_masked.hpp"

namespace bareheap::lab {

namespace {

using port::BoardProcessor;
using port::InterruptsMasked;

constexpr std::uint32_t ticks_a_second = 1000;

constinit Executor* executor = nullptr;

}  // namespace

Executor::Executor() noexcept { executor = this; }

Executor::~Executor() { executor = nullptr; }

bool Executor::add(Thread thread) {
  if (!thread) return false;
  ready_.push_back(thread.handle());
  ++living_;
  return true;
}

void Executor::run() {
  port::start_timer(ticks_a_second, tick);
  port::allow_interrupts();
  while (living_ != 0) {
    const std::coroutine_handle<> thread = next();
    if (!thread) {
      port::wait_for_interrupt();
      continue;
    }
    thread.resume();
    if (!thread.done()) continue;
    thread.destroy();
    --living_;
  }
  static_cast<void>(BoardProcessor::mask_interrupts());
  port::stop_timer();
}

void Executor::Sleep::await_suspend(std::coroutine_handle<> thread) const {
  const InterruptsMasked masked;
  executor->sleeping_.emplace(executor->ticks_ + ticks, thread);
}

port::Frame* Executor::tick(port::Frame* interrupted) noexcept {
  ++executor->ticks_;
  executor->wake_due();
  return interrupted;
}

void Executor::wake_due() {
  while (!sleeping_.empty() && sleeping_.begin()->first <= ticks_) {
    ready_.push_back(sleeping_.begin()->second);
    sleeping_.erase(sleeping_.begin());
  }
}

std::coroutine_handle<> Executor::next() {
  const InterruptsMasked masked;
  if (ready_.empty()) return nullptr;
  const std::coroutine_handle<> thread = ready_.front();
  ready_.pop_front();
  return thread;
}

}  // namespace bareheap::lab
