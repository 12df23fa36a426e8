// SPDX-License-Identifier: MIT
// The program's heap writes its calls to the serial line. The host makes a trace of what it hears, replays it, and must
// find the picture that this kernel draws of its heap at the end, and the figures that it counted.
#include "kernel/runner.hpp"

#include "bareheap/engines/hole_list.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "bareheap/wrappers/traced.hpp"
#include "ports/common/trace_lines.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using Lines = bareheap::port::TraceLines<bareheap::port::write>;
constinit bareheap::Traced<bareheap::Counted<bareheap::HoleList>, Lines> program_heap;
#include "bareheap/bindings/operator_new.hpp"

namespace {

using namespace bareheap;
using kernel_test::expect;

constexpr std::size_t region_size = 256 * 1024;

std::size_t random_below(std::size_t limit) noexcept {
  static constinit std::uint32_t state = 1;
  state = state * 1664525 + 1013904223;
  return (state >> 8) % limit;
}

/// Grows a vector, which is left alone, and lends and frees nodes and texts of many sizes.
void use_containers() {
  std::map<std::size_t, std::string> texts;
  auto& kept = *new std::vector<std::uint32_t>;
  for (std::uint32_t number = 0; number < 1000; ++number) {
    kept.push_back(number);
    texts[random_below(200)].assign(random_below(150), 'x');
    texts.erase(random_below(200));
  }
}

/// Blocks of any size and alignment come, change their size and go. Some live at the end.
void use_calls() {
  struct {
    std::byte* at = nullptr;
    Layout layout = Layout(0, 1);
  } blocks[100];
  for (std::size_t count = 0; count < 1500; ++count) {
    auto& block = blocks[random_below(std::size(blocks))];
    const std::size_t size = random_below(1500);
    if (block.at == nullptr) {
      block = {nullptr, Layout(size, std::size_t{1} << random_below(11))};
      block.at = program_heap.allocate(block.layout).at;
      expect(block.at != nullptr);
    } else if (random_below(2) == 0) {
      if (program_heap.resize(block.at, block.layout, size)) block.layout = block.layout.with_size(size);
    } else {
      program_heap.deallocate(block.at, block.layout);
      block.at = nullptr;
    }
  }
}

/// What there is no room for is in the recording too.
void ask_for_too_much() {
  expect(!program_heap.allocate(Layout(region_size, 16)));
  expect(::operator new(region_size, std::nothrow) == nullptr);
  const Layout small(24, 8);
  const Block block = program_heap.allocate(small);
  expect(!program_heap.resize(block.at, small, region_size));
  program_heap.deallocate(block.at, small);
}

void record() {
  const Region whole = port::heap_region();
  std::memset(whole.start, 0xA5, region_size);
  if (!expect(static_cast<bool>(program_heap.init({whole.start, region_size})))) return;
  constexpr std::string_view name = "test_kernel_traced";
  program_heap.start({.callers = true, .program = name.data(), .program_size = name.size()});
  use_containers();
  ask_for_too_much();
  use_calls();
  program_heap.stop();
  expect(program_heap.check() == Fault::none);
  kernel_test::put_figure("region", region_size);
  program_heap.walk([](const Extent& tile) {
    kernel_test::put_figure(tile.kind == ExtentKind::used ? "tile: used" : "tile: free", tile.size);
  });
  const Counters& counted = program_heap.inner().counters();
  const std::uint64_t refused = counted.refusals + counted.resize_refusals;
  expect(refused > 3);
  kernel_test::put_figure("calls", counted.allocations + counted.deallocations + counted.resizes - refused);
  kernel_test::put_figure("asked", counted.total_asked);
  kernel_test::put_figure("peak", counted.peak_asked);
  kernel_test::put_figure("live", counted.live_asked);
}

const kernel_test::Test tests[] = {{"the heap is recorded", record}};

}  // namespace

extern "C" void kernel_main() noexcept { kernel_test::run_and_exit(tests); }
