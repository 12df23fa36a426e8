// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <utility>

namespace bareheap::test {

/// A coroutine that is resumed until it is done, whose frame comes from where `Frames` says. Owns its frame; empty
/// where there was no room for one.
template <template <class> class Frames>
class BasicTask {
 public:
  struct promise_type : Frames<BasicTask> {
    BasicTask get_return_object() { return BasicTask(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };

  BasicTask() = default;
  BasicTask(BasicTask&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  BasicTask& operator=(BasicTask&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~BasicTask() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const { return static_cast<bool>(handle_); }
  void* frame() const { return handle_.address(); }
  bool done() const { return handle_.done(); }
  void resume() { handle_.resume(); }

 private:
  explicit BasicTask(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace bareheap::test
