// SPDX-License-Identifier: MIT
#include "engine.hpp"
#include "heaps.hpp"

namespace bareheap::tools::replay {

std::vector<HeapKind> stack_kinds() {
  std::vector<HeapKind> kinds;
  stacks([&]<class... Types>(Named<Types>... named) { (kinds.push_back(engine_kind<Types>(named.name)), ...); });
  return kinds;
}

}  // namespace bareheap::tools::replay
