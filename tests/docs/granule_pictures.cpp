// SPDX-License-Identifier: MIT
// The pictures of docs/granule_heap.md: short scripts of calls on tiny heaps, and what the walk shows after each.
//
//     granule_pictures        as text, a character for each granule
//     granule_pictures svg    as one drawing, in the colours of Homer's map
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "kernels/homer/heap_map.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace bareheap {
namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t width = 64;  // granules, at most, that a picture shows

struct Tile {
  std::size_t first;
  std::size_t size;
  ExtentKind kind;
  char name;  // of a lent block
};

struct Row {
  std::string label;
  std::vector<Tile> tiles;
};
using Picture = std::vector<Row>;

alignas(4096) std::array<std::byte, 1024 * granule> memory;

Region region(std::size_t first, std::size_t granules) { return {memory.data() + first * granule, granules * granule}; }

/// Makes a picture: each call is a row.
template <class Heap>
class Script {
 public:
  explicit Script(std::size_t shown_from = 0) : from_(shown_from) {}

  void allocate(std::size_t bytes, std::size_t alignment = 1) {
    const Layout asked(bytes, alignment);
    lent_.push_back({static_cast<char>('A' + lent_.size()), heap.allocate(asked).at, asked});
    const std::string aligned = alignment == 1 ? "" : ", aligned to " + std::to_string(alignment);
    show(std::string(1, lent_.back().name) + ": " + std::to_string(bytes) + " bytes" + aligned);
  }

  void free(char name, const std::string& why = "") {
    Lent& freed = lent_[static_cast<std::size_t>(name - 'A')];
    heap.deallocate(freed.at, freed.asked);
    freed.at = nullptr;
    show(std::string("free ") + name + why);
  }

  void show(const std::string& label) {
    if (heap.check() != Fault::none) std::exit(1);
    Row row{label, {}};
    heap.walk([&](const Extent& extent) {
      const std::size_t at = static_cast<std::size_t>(extent.at - memory.data()) / granule;
      const auto lent = std::ranges::find(lent_, extent.at, &Lent::at);
      const char name = lent == lent_.end() ? ' ' : lent->name;
      if (at >= from_ && at < from_ + width)
        row.tiles.push_back({at - from_, extent.size / granule, extent.kind, name});
    });
    picture.push_back(row);
  }

  Heap heap;
  Picture picture;

 private:
  struct Lent {
    char name;
    std::byte* at;
    Layout asked;
  };

  std::size_t from_;
  std::vector<Lent> lent_;
};

Picture three_blocks() {
  Script<RealTimeHeap> script;
  static_cast<void>(script.heap.init(region(0, 48)));
  script.show("48 granules");
  script.allocate(48);
  script.allocate(10);
  script.allocate(100);
  return script.picture;
}

/// What touches the freed block: lent on both sides; free behind it, before it, behind it again, on both sides.
Picture four_frees() {
  Script<RealTimeHeap> script;
  static_cast<void>(script.heap.init(region(0, 48)));
  for (const std::size_t bytes : {48u, 32u, 64u, 32u, 48u}) script.allocate(bytes);
  script.picture.clear();
  script.show("A to E");
  script.free('B', ": lent on both sides");
  script.free('A', ": free behind it");
  script.free('C', ": free before it");
  script.free('E', ": free behind it");
  script.free('D', ": free on both sides");
  return script.picture;
}

Picture aligned_block() {
  Script<RealTimeHeap> script;
  static_cast<void>(script.heap.init(region(0, 48)));
  script.allocate(32);
  script.allocate(32, 128);
  script.allocate(48);
  return script.picture;
}

Picture stock() {
  constexpr std::size_t granules = 1024;
  Script<GranuleHeap> measured;
  static_cast<void>(measured.heap.init(region(0, granules)));
  measured.show("");
  Script<GranuleHeap> script(measured.picture.front().tiles.front().size);
  static_cast<void>(script.heap.init(region(0, granules)));
  for (const std::size_t bytes : {16u, 16u, 16u, 32u, 16u, 32u}) script.allocate(bytes);
  script.free('B');
  script.free('D');
  script.allocate(16);
  script.heap.trim();
  script.show("trim");
  return script.picture;
}

Picture growth() {
  Script<RealTimeHeap> script;
  static_cast<void>(script.heap.init(region(0, 28), region(0, width)));
  script.show("init: 28 granules of a span of 64");
  script.allocate(64);
  static_cast<void>(script.heap.add(region(28, 8)));
  script.show("add 8, where the first end");
  static_cast<void>(script.heap.add(region(48, 16)));
  script.show("add 16, further up");
  return script.picture;
}

/// A capital where a lent block begins, f at both edges of a free one, c where one in the stock begins, m for the
/// heap's own.
std::string states_of(const Row& row) {
  std::string states(width, ' ');
  for (const Tile& tile : row.tiles) {
    const std::size_t end = tile.first + tile.size < width ? tile.first + tile.size : width;
    for (std::size_t at = tile.first; at < end; ++at) states[at] = tile.kind == ExtentKind::meta ? 'm' : '.';
    if (tile.kind == ExtentKind::used) states[tile.first] = tile.name;
    if (tile.kind == ExtentKind::cached) states[tile.first] = 'c';
    if (tile.kind != ExtentKind::free) continue;
    states[tile.first] = 'f';
    if (end == tile.first + tile.size) states[end - 1] = 'f';
  }
  return states.substr(0, states.find_last_not_of(' ') + 1);
}

void print(const Picture& picture) {
  std::puts("```picture");
  for (const Row& row : picture) std::printf("%-34s %s\n", row.label.c_str(), states_of(row).c_str());
  std::puts("```");
}

void draw(const std::vector<Picture>& pictures) {
  constexpr std::size_t side = 12;
  constexpr std::size_t line = 18;
  constexpr std::size_t left = 250;
  std::size_t lines = pictures.size();
  for (const Picture& picture : pictures) lines += picture.size();
  std::printf(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" font-family=\"sans-serif\" "
      "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
      left + width * side + line, lines * line);
  std::size_t top = line / 2;
  for (const Picture& picture : pictures) {
    for (const Row& row : picture) {
      std::printf("<text x=\"%zu\" y=\"%zu\" fill=\"#222\">%s</text>\n", line / 2, top + 11, row.label.c_str());
      for (const auto& [first, size, kind, name] : row.tiles) {
        const std::size_t shown = first + size < width ? size : width - first;
        const std::size_t x = left + first * side;
        std::printf("<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"14\" rx=\"2\" fill=\"#%06x\"/>\n", x, top,
                    shown * side - 1, homer::HeapMap::colour_of(kind).rgb);
        if (name != ' ') std::printf("<text x=\"%zu\" y=\"%zu\" fill=\"#222\">%c</text>\n", x + 2, top + 11, name);
      }
      top += line;
    }
    top += line;
  }
  std::puts("</svg>");
}

}  // namespace
}  // namespace bareheap

int main(int count, char** arguments) {
  using namespace bareheap;
  const bool as_drawing = count == 2 && std::string_view(arguments[1]) == "svg";
  if (count > 1 && !as_drawing) {
    std::fputs("granule_pictures takes nothing, or the word svg.\n", stderr);
    return 2;
  }
  const std::vector<Picture> pictures = {three_blocks(), four_frees(), aligned_block(), stock(), growth()};
  if (as_drawing) {
    draw(pictures);
  } else {
    for (const Picture& picture : pictures) print(picture);
  }
}
