// SPDX-License-Identifier: MIT
// What a heap of the C interface shows of itself, to compare and to look through.
#pragma once

#include "bareheap/bareheap.h"

#include <cstring>
#include <vector>

/// The picture as bareheap_walk() shows it.
inline std::vector<bareheap_extent> extents_of(const bareheap* heap) {
  std::vector<bareheap_extent> extents;
  const auto add = [](void* context, const bareheap_extent* extent) {
    static_cast<std::vector<bareheap_extent>*>(context)->push_back(*extent);
  };
  bareheap_walk(heap, add, &extents);
  return extents;
}

inline bareheap_statistics statistics_of(const bareheap* heap) {
  bareheap_statistics statistics;
  bareheap_stats(heap, &statistics);
  return statistics;
}

inline bool operator==(const bareheap_statistics& left, const bareheap_statistics& right) {
  return std::memcmp(&left, &right, sizeof left) == 0;
}

inline const unsigned char* end_of(const bareheap_extent& extent) {
  return static_cast<const unsigned char*>(extent.at) + extent.size;
}
