// SPDX-License-Identifier: MIT
// Stands before picolibc's file of this name, whose inline functions for AArch64 do not compile as C++ with clang. It
// holds nothing but faster spellings of what <math.h> declares anyway.
#pragma once
