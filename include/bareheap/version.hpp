// SPDX-License-Identifier: MIT
// The version of bareheap, by the rules of semantic versioning (semver.org).
#pragma once

namespace bareheap {

inline constexpr unsigned version_major = 0;
inline constexpr unsigned version_minor = 1;
inline constexpr unsigned version_patch = 0;
inline constexpr char version_text[] = "0.1.0";

}  // namespace bareheap
