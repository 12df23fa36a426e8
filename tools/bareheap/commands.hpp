// SPDX-License-Identifier: MIT
// The commands of the tool. Each adds itself to the command line, with what is done when it is chosen; what that throws
// is told to the user by main().
#pragma once

#include <CLI/CLI.hpp>

namespace bareheap::tools {

void add_record(CLI::App& tool);  ///< records the calls of a program of this machine
void add_import(CLI::App& tool);  ///< makes a trace of another recorder's file, or of a kernel's serial line
void add_show(CLI::App& tool);    ///< what is in a trace
void add_replay(CLI::App& tool);  ///< runs traces on heaps, and measures

}  // namespace bareheap::tools
