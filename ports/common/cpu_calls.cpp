// SPDX-License-Identifier: MIT
#include "ports/common/cpu_calls.hpp"

#include "bareheap/core/text.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"

#include <atomic>

namespace bareheap::port {

namespace {

constinit std::atomic<CallHandler> call_handler{nullptr};

[[noreturn]] void stop(const char* sentence) noexcept {
  begin_report();
  put_text(serial, sentence);
  exit(1);
}

}  // namespace

/// Release, and acquire at the loads: the handler finds what its program wrote before.
void on_call(CallHandler handler) noexcept { call_handler.store(handler, std::memory_order_release); }

void call_cpu(std::uint32_t cpu) noexcept {
  if (call_handler.load(std::memory_order_acquire) == nullptr) stop("port: call_cpu() without a handler for calls\n");
  if (!send_call(cpu)) stop("port: call_cpu() of a CPU that does not run\n");
}

void answer_call() noexcept {
  const CallHandler handler = call_handler.load(std::memory_order_acquire);
  if (handler != nullptr) handler();
}

}  // namespace bareheap::port
