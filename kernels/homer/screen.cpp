// SPDX-License-Identifier: MIT
#include "kernels/homer/screen.hpp"

#include "bareheap/core/statistics.hpp"
#include "bareheap/core/text.hpp"
#include "heap.hpp"
#include "kernels/homer/font.hpp"
#include "kernels/homer/heap_map.hpp"

namespace bareheap::homer {

namespace {

constexpr Colour background{0x0b1020};
constexpr Colour panel{0x131c33};
constexpr Colour edge{0x2b3c63};
constexpr Colour bright{0xf4f1de};
constexpr Colour dim{0x8fa3c7};
constexpr Colour accent{0xffa62b};

constexpr Rectangle figures_panel{36, 186, 396, 306};
constexpr Rectangle keys_panel{592, 186, 396, 306};
constexpr std::int32_t panel_padding = 18;
constexpr std::int32_t line_step = 25;
constexpr std::int32_t value_column = 180;

constexpr std::int32_t map_x = (1024 - HeapMap::width) / 2;
constexpr std::int32_t map_y = 556;
constexpr std::int32_t dot_scale_x = 736;

/// A line of text on the stack, for numbers that the canvas takes as text. What does not fit is left out.
class Line {
 public:
  TextSink sink() noexcept { return append_; }
  const char* text() const noexcept { return characters_; }

 private:
  struct Append {
    Line& line;
    void operator()(const char* characters, std::size_t size) const noexcept {
      for (std::size_t index = 0; index < size && line.size_ + 1 < sizeof line.characters_; ++index) {
        line.characters_[line.size_++] = characters[index];
      }
    }
  };

  char characters_[64] = {};
  std::size_t size_ = 0;
  Append append_{*this};
};

/// What one walk tells: the figures, the free bytes that a stock holds, and all bytes from the first tile to the end of
/// the last.
struct Census {
  Statistics figures;
  std::size_t in_stock;
  Region whole;
};

Census take_census() noexcept {
  StatisticsCounter counter;
  const std::byte* first = nullptr;
  const std::byte* end = nullptr;
  std::size_t in_stock = 0;
  program_heap.walk([&](const Extent& extent) {
    if (first == nullptr) first = extent.at;
    end = extent.end();
    if (extent.kind == ExtentKind::cached) in_stock += extent.size;
    counter.add(extent);
  });
  return {counter.figures(), in_stock, Region::between(const_cast<std::byte*>(first), const_cast<std::byte*>(end))};
}

void draw_panel(Canvas& canvas, Rectangle place, const char* title) noexcept {
  canvas.fill(place, panel);
  canvas.frame(place, edge);
  canvas.text(place.x + panel_padding, place.y + panel_padding, title, accent, 2);
}

}  // namespace

void Screen::clear() noexcept { canvas_.fill({0, 0, canvas_.width(), canvas_.height()}, background); }

void Screen::draw_once(const StoryBlocks& blocks) noexcept {
  canvas_.text(36, 56, "bareheap", bright, 9);
  canvas_.text(38, 152, "a picture on the Pi, on a heap of our own", dim, 2);
  canvas_.text(592, 152, "engine", dim, 2);
  canvas_.text(592 + 84, 152, program_heap_name, bright, 2);
  canvas_.frame({canvas_.width() / 2 - 52, canvas_.height() / 2 - 36, 104, 72}, edge);
  draw_panel(canvas_, figures_panel, "the heap");
  address(8, "clock message", blocks.clock_message);
  address(9, "screen message", blocks.screen_message);
  address(10, "picture", blocks.picture);
  draw_keys();
  draw_legend();
}

void Screen::draw_keys() noexcept {
  constexpr struct {
    const char* key;
    const char* does;
  } keys[] = {{"a", "allocate a block"},     {"m", "allocate many"},
              {"f", "free the last block"},  {"h", "free every other"},
              {"x", "fill to exhaustion"},   {"r", "free all, recover"},
              {"+", "add the board's RAM"},  {"w", "print the walk"},
              {"c", "check the invariants"}, {"q", "quit"}};
  draw_panel(canvas_, keys_panel, "keys on the serial line");
  std::int32_t y = keys_panel.y + panel_padding + line_step;
  for (const auto& [key, does] : keys) {
    canvas_.text(keys_panel.x + panel_padding, y, key, bright, 2);
    canvas_.text(keys_panel.x + panel_padding + 36, y, does, dim, 2);
    y += line_step;
  }
}

void Screen::draw_legend() noexcept {
  constexpr struct {
    ExtentKind kind;
    const char* name;
  } kinds[] = {{ExtentKind::used, "used"},
               {ExtentKind::free, "free"},
               {ExtentKind::cached, "in stock"},
               {ExtentKind::meta, "the heap's own"}};
  std::int32_t x = map_x;
  const std::int32_t y = map_y + HeapMap::height + 18;
  for (const auto& [kind, name] : kinds) {
    canvas_.fill({x, y, 14, 14}, HeapMap::colour_of(kind));
    x = canvas_.text(x + 22, y, name, dim, 2) + 26;
  }
}

void Screen::figure(std::int32_t line, const char* name, std::size_t value, const char* unit) noexcept {
  Line text;
  put_decimal(text.sink(), value);
  put_text(text.sink(), unit);
  const std::int32_t y = figures_panel.y + panel_padding + line * line_step;
  const std::int32_t x = figures_panel.x + panel_padding;
  canvas_.fill({x, y, figures_panel.width - 2 * panel_padding, line_step}, panel);
  canvas_.text(x, y, name, dim, 2);
  canvas_.text(x + value_column, y, text.text(), bright, 2);
}

void Screen::address(std::int32_t line, const char* name, const void* at) noexcept {
  Line text;
  put_hexadecimal(text.sink(), address_of(at));
  const std::int32_t y = figures_panel.y + panel_padding + line * line_step;
  const std::int32_t x = figures_panel.x + panel_padding;
  canvas_.text(x, y, name, dim, 2);
  canvas_.text(x + value_column, y, text.text(), bright, 2);
}

void Screen::draw_figures(const Statistics& figures, std::size_t in_stock, std::size_t bytes_a_dot) noexcept {
  figure(1, "free", figures.free_bytes, " bytes");
  figure(2, "in stock", in_stock, " bytes");
  figure(3, "used", figures.used_bytes, " bytes");
  figure(4, "heap's own", figures.meta_bytes, " bytes");
  figure(5, "largest free", figures.largest_free, " bytes");
  figure(6, "holes", figures.holes, "");
  figure(7, "tiles in use", figures.used_tiles, "");
  Line scale;
  put_text(scale.sink(), "one dot = ");
  put_decimal(scale.sink(), bytes_a_dot);
  put_text(scale.sink(), " bytes");
  const std::int32_t y = map_y + HeapMap::height + 18;
  canvas_.fill({dot_scale_x, y, map_x + HeapMap::width - dot_scale_x, 16}, background);
  canvas_.text(dot_scale_x, y, scale.text(), dim, 2);
}

void Screen::draw_heap(const char* message) noexcept {
  const Census census = take_census();
  HeapMap map(map_x, map_y, census.whole);
  draw_figures(census.figures, census.in_stock, map.bytes_a_dot());
  canvas_.fill({map_x, map_y, HeapMap::width, HeapMap::height}, background);
  program_heap.walk([&](const Extent& extent) { map.draw(canvas_, extent); });
  canvas_.fill({map_x, map_y - 32, HeapMap::width, 20}, background);
  canvas_.text(map_x, map_y - 32, message, bright, 2);
}

}  // namespace bareheap::homer
