// SPDX-License-Identifier: MIT
// Homer: the first story. A Raspberry Pi shows a picture, and every buffer on the way there comes from the heap.
#include "heap.hpp"
#include "kernels/homer/keys.hpp"
#include "kernels/homer/log.hpp"
#include "kernels/homer/screen.hpp"
#include "kernels/homer/show.hpp"
#include "ports/common/port.hpp"

constinit ProgramHeap program_heap;
#include "bareheap/bindings/operator_new.hpp"

namespace {

using namespace bareheap;
using homer::say;

// The board's RAM may be added later (a key does): blocks may become as large as that, where the engine has to know.
template <Allocator Heap>
Admission begin(Heap& heap, Region region) noexcept {
  constexpr std::size_t most_ram = std::size_t{1} << 30;
  if constexpr (requires { heap.init(region, region, most_ram); }) return heap.init(region, region, most_ram);
  else return heap.init(region);
}

void give_heap_its_region() noexcept {
  const Region region = port::heap_region();
  const Admission admission = begin(program_heap, region);
  if (!admission) return say("no heap: ", sentence(admission.fault));
  say("heap of engine ", program_heap_name, " from ", static_cast<const void*>(region.start), " to ",
      static_cast<const void*>(region.end()), ", ", admission.taken.size, " bytes");
}

void tell(const homer::StoryBlocks& blocks) noexcept {
  say("clock message at ", blocks.clock_message);
  say("screen message at ", blocks.screen_message);
  say("picture at ", blocks.picture);
}

}  // namespace

extern "C" void kernel_main() noexcept {
  give_heap_its_region();
  homer::StoryBlocks blocks;
  homer::set_clock(blocks);
  homer::Canvas canvas = homer::open_screen(blocks);
  homer::Screen screen(canvas);
  screen.clear();
  homer::show_picture(canvas, blocks);
  tell(blocks);
  screen.draw_once(blocks);
  screen.draw_heap("the story's blocks are on the heap; press a key on the serial line");
  say("boot stack used: ", port::boot_stack_used(), " of ", port::boot_stack_size(), " bytes");
  say("ready");
  homer::serve_keys(screen);
  homer::say_piece("\r\n");
  say("boot stack used: ", port::boot_stack_used(), " of ", port::boot_stack_size(), " bytes");
  say("bye");
}
