// SPDX-License-Identifier: MIT
// A picture of four pixels, as bareheap-picture writes one.
#pragma once

inline constexpr unsigned picture_width = 2;
inline constexpr unsigned picture_height = 2;
inline constexpr char picture_data[] = "!!!!0000AAAA````";
