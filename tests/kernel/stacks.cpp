// SPDX-License-Identifier: MIT
// The laws in short over wrappers and stacks of them, with the board's own processor under the locks. The host asks the
// whole laws of more of them (tests/wrappers).
#include "kernel/heap.hpp"
#include "kernel/laws.hpp"

#include "board/processor.hpp"
#include "wrappers/stacks.hpp"

namespace {

using namespace bareheap;
using laws::Halves;
using laws::Kept;
using Spin = SpinWithInterruptsSaved<port::BoardProcessor>;

constinit Region scratch;

template <class Heap>
void expect_laws() {
  kernel_test::expect_laws_in_short<Heap>(scratch, laws::merges<Heap>);
}

const kernel_test::Test tests[] = {
    {"laws of Locked HoleList", expect_laws<Locked<HoleList, Spin>>},
    {"laws of Locked PageHeap", expect_laws<Locked<PageHeap, SpinLock<port::BoardProcessor>>>},
    {"laws of Locked Bump", expect_laws<Locked<Bump, InterruptsSaved<port::BoardProcessor>>>},
    {"laws of Counted PageHeap", expect_laws<Counted<PageHeap>>},
    {"laws of Headered HoleList", expect_laws<Headered<HoleList>>},
    {"laws of Checked HoleList", expect_laws<Checked<HoleList>>},
    {"laws of Fallback from HoleList to PageHeap", expect_laws<Halves<HoleList, PageHeap>>},
    {"laws of Reserve of PageHeap", expect_laws<Kept<PageHeap>>},
    {"laws of Locked Counted Checked HoleList", expect_laws<Locked<Counted<Checked<HoleList>>, Spin>>},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  scratch = kernel_test::start_heap();
  kernel_test::run_and_exit(tests);
}
