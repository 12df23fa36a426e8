// SPDX-License-Identifier: MIT
#pragma once

#include "ports/x86_64/acpi.hpp"

namespace bareheap::x86_64 {

/// For CPU 0: the list of CPUs with CPU 0 in it, to which the others are to be added.
CpuList& known_cpus() noexcept;

/// For CPU 0, while the first tables of boot.S are in use and what the loader left in low memory has been read.
void place_trampoline() noexcept;

}  // namespace bareheap::x86_64
