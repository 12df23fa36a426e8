// SPDX-License-Identifier: MIT
// Says where in a program's code an address is.
#pragma once

#include "drop_in/checked/call_stacks.hpp"
#include "drop_in/standard_error.hpp"

namespace bareheap::drop_in {

/// Puts the address, its module with the offset there, and the function where the module exports it:
/// "0x55d0c31 (libexample.so+0x1c31, example_open)". May wait for a thread that loads a library.
void put_place(StandardError& line, const void* at) noexcept;

/// Ends the line with the innermost of the calls, and writes it and a line for each of the others.
void write_calls(StandardError& line, const CallStack& calls, int file) noexcept;

void put_address(StandardError& line, const void* at) noexcept;

}  // namespace bareheap::drop_in
