// SPDX-License-Identifier: MIT
#pragma once

#include "ports/x86_64/acpi.hpp"

namespace bareheap::x86_64 {

/// For CPU 0, while the first tables of boot.S are in use and what the loader left in low memory has been read: puts
/// the trampoline in its place, and returns the list of CPUs with CPU 0 in it, to which the others are to be added.
CpuList& prepare_cpus() noexcept;

}  // namespace bareheap::x86_64
