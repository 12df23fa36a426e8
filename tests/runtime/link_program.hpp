// SPDX-License-Identifier: MIT
// The parts of a link check: the program, the machine under it and its ending.
#pragma once

namespace bareheap::link_check {

/// The program itself; the machine's start code calls it on one CPU with a stack.
[[noreturn]] void run() noexcept;

/// The machine: writes the text, and ends with the status.
void write(const char* text) noexcept;
[[noreturn]] void leave(int status) noexcept;

/// The ending: does what the runtime must stop, and the sentence that it must stop with.
extern const char* const expected_sentence;
void end();

}  // namespace bareheap::link_check
