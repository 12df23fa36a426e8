// SPDX-License-Identifier: MIT
// Two bits for each granule of a heap, outside the granules: where blocks begin, and which of them are lent.
//
//     start  kind  with a stock                                    without
//       1     0    lent: the first granule of a block that is      lent, and what is before it is not free
//                  with the program
//       1     1    cached: the first granule of a block that a     lent, and what is before it is free
//                  stock holds
//       0     1    free edge: the first or the last granule of     the first granule of a free block
//                  a free block
//       0     0    interior: any other                             interior
//
// So without a stock the kind plane has a bit wherever free memory begins or ends. Where a block is lent or freed, the
// two at its ends turn over, whatever its neighbours are: nobody need ask. With a stock, whose blocks take the bit,
// edges are set and cleared. What stands behind the last granule, the sentinel, is as if cached; without a stock as if
// lent.
//
// The planes alternate word by word, so that both bits of a granule are in one cache line. A block ends where the next
// tile begins: at the next granule that has a bit. So that the end of a long block is found at once too, a block that
// covers the whole word after the one it begins in has its length in the kind plane of that word; with a stock it is
// the second word after. The two lowest bits of it, both set where no tile starts, tell it from edges: two edges side
// by side are a whole free block, which a start must follow, and without a stock there are none. The start plane is
// never used for anything else, so what may be freed is always exact
// (docs/decisions/0006-the-map-of-a-granule-heap.md).
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/words.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bareheap {

/// The map of granules with neighbouring numbers. It is the address of its first word, and can be copied. `Word`: the
/// wider, the oftener the end of a block is in sight at once. `Words`: who may look at it at the same time
/// (core/words.hpp). `has_stock`: blocks may be cached.
template <class Word, class Words = PlainWords, bool has_stock = true>
class GranuleMap {
  struct Pair {
    Word start;
    Word kind;
  };

 public:
  static constexpr bool may_stock = has_stock;
  static constexpr unsigned word_bits = 8 * sizeof(Word);

  /// Bytes of the map of the granules [first, end). It has one more granule at the end, and words to spare, so that
  /// what stands behind a granule can be read without a question.
  static constexpr std::size_t bytes_for(std::size_t first, std::size_t end) noexcept {
    return (end / word_bits - first / word_bits + words_to_spare) * sizeof(Pair);
  }

  constexpr GranuleMap() noexcept = default;

  /// All granules are interior. `words` is aligned as a Word. Cost: clearing bytes_for(first, end), unless they are
  /// zero.
  GranuleMap(std::byte* words, std::size_t first, std::size_t end, Content content = Content::unknown) noexcept
      : words_(address_of(words) - first / word_bits * sizeof(Pair)) {
    if (content != Content::zero) clear(first, end);
  }

  /// One in which nothing is at this granule. Not to be changed.
  static GranuleMap nothing_at(std::size_t granule) noexcept {
    static constexpr Pair nothing[1 + words_to_spare]{};
    GranuleMap map;
    map.words_ = address_of(nothing) - granule / word_bits * sizeof(Pair);
    return map;
  }

  void clear(std::size_t first, std::size_t end) noexcept { __builtin_memset(&of(first), 0, bytes_for(first, end)); }

  bool is_lent(std::size_t granule) const noexcept {
    const Pair pair = seen(of(granule));
    return at(granule, has_stock ? pair.start & ~pair.kind : pair.start) != 0;
  }
  bool is_cached(std::size_t granule) const noexcept {
    if constexpr (!has_stock) return false;
    const Pair pair = seen(of(granule));
    return at(granule, pair.start & pair.kind) != 0;
  }
  bool is_free_edge(std::size_t granule) const noexcept {
    const Pair pair = seen(of(granule));
    return at(granule, ~pair.start & pair.kind) != 0;
  }
  /// Of the granule that a lent block begins with: true where what is before it is free.
  bool is_free_before(std::size_t granule) const noexcept {
    if constexpr (has_stock) return is_free_edge(granule - 1);
    return at(granule, Words::get(of(granule).kind)) != 0;
  }
  bool starts(std::size_t granule) const noexcept { return at(granule, Words::get(of(granule).start)) != 0; }

  /// Granules of the lent or cached block that begins here. Constant.
  std::size_t length(std::size_t granule) const noexcept {
    const Word ends = any(seen(of(granule))) >> bit(granule) >> 1;
    if (ends != 0) [[likely]] return static_cast<std::size_t>(std::countr_zero(ends)) + 1;
    return length_beyond(granule);
  }

  /// Granules of the block that is lent here; 0: there is none. Constant. Where another CPU changes the map meanwhile,
  /// it may be any number: a block's end is the beginning of what is behind it, of which two words tell. With words
  /// that are interrupted it is right in a handler that has interrupted a change.
  [[gnu::always_inline]] std::size_t lent_length(std::size_t granule) const noexcept {
    const Pair here = seen(of(granule));
    // The lowest bit is left where no lent block begins here.
    const Word kind = has_stock ? here.kind : here.kind & ~mask(granule);
    const Word ends = (here.start >> bit(granule) ^ 1) | kind >> bit(granule);
    if (ends != 0) [[likely]] return static_cast<unsigned>(std::countr_zero(ends));
    return length_beyond(granule);
  }

  /// The longest block that lends() can look at.
  static constexpr std::size_t most_in_sight = word_bits - 1;

  /// True: a block of exactly `size` granules, most_in_sight at most, is lent here. Constant. It may be asked while
  /// another CPU changes the map; then it is right where this block is the asker's and has that size, and where no
  /// block begins here.
  [[gnu::always_inline]] bool lends(std::size_t granule, std::size_t size) const noexcept {
    const Pair* const pair = &of(granule);
    const Word here = ends_of_lent(seen(pair[0]), granule);
    const Pair after = seen(pair[1]);
    // The only bit up to `size` granules on must be there.
    const Word ends = here | (length_at > 1 ? any(after) : tiles(after)) << 1 << (bit(granule) ^ (word_bits - 1));
    return ends << bit(~size) == Word{1} << (word_bits - 1);
  }

  /// The longest block that there may be. The highest bit of a length stays 0: with a stock it stands where the last
  /// granule of a free block would have its edge.
  static constexpr std::size_t most_length = ((Word{1} << (word_bits - 3)) - 1);

  /// True where a block of so many granules here has its length in the map.
  static constexpr bool is_long(std::size_t granule, std::size_t size) noexcept {
    return bit(granule) + size >= (length_at + 1) * word_bits;
  }

  /// The first granule from `granule` on, but before `end`, that has a bit; `end`: none has. A word a step.
  std::size_t next_tile(std::size_t granule, std::size_t end) const noexcept {
    return next(granule, end, [](const Pair& pair) { return tiles(pair); });
  }

  /// The same of every bit, also those of a length, for where no lent block can be.
  std::size_t next_bit(std::size_t granule, std::size_t end) const noexcept {
    return next(granule, end, [](const Pair& pair) { return any(pair); });
  }

  /// The same of lent and cached blocks alone: where a free block ends.
  std::size_t next_start(std::size_t granule, std::size_t end) const noexcept {
    return next(granule, end, [](const Pair& pair) { return pair.start; });
  }

  /// The last granule from `first` to `granule` that has a bit; `first`: none has. A word a step.
  std::size_t tile_below(std::size_t first, std::size_t granule) const noexcept {
    const Pair* pair = &of(granule);
    Word bits = tiles(seen(*pair)) << (word_bits - 1 - bit(granule));
    std::size_t at = granule;
    while (bits == 0) {
      if (at < first + bit(at) + 1) return first;
      at -= bit(at) + 1;
      --pair;
      bits = tiles(seen(*pair));
    }
    at -= static_cast<std::size_t>(std::countl_zero(bits));
    return at < first ? first : at;
  }

  /// Where the tile begins that holds this granule, where `first` is the first tile of all. A word a step.
  std::size_t tile_of(std::size_t first, std::size_t granule) const noexcept {
    if (granule <= first) return first;
    const std::size_t tile = tile_below(first, granule);
    if (!has_stock || !is_free_edge(tile) || tile == first) return tile;
    // The last granule of a free block, where the next bit below is its first one.
    const std::size_t below = tile_below(first, tile - 1);
    return is_free_edge(below) ? below : tile;
  }

  /// Where the tile that begins here ends, which is at `end` at the latest. A word a step.
  std::size_t end_of(std::size_t tile, std::size_t end) const noexcept {
    return is_free_edge(tile) ? next_start(tile, end) : next_tile(tile + 1, end);
  }

  /// Granules of free tiles in [first, end), which begins with a tile. A step for each tile.
  std::size_t count_free(std::size_t first, std::size_t end) const noexcept {
    std::size_t count = 0;
    while (first < end) {
      const std::size_t next = end_of(first, end);
      if (is_free_edge(first)) count += next - first;
      first = next;
    }
    return count;
  }

  /// False, and nothing has changed, unless a block of exactly `size` granules is lent here. Otherwise its end is open:
  /// the length of a long one is forgotten, and at granule + size begins a free block, unless it starts(). Constant.
  [[nodiscard]] bool open_end(std::size_t granule, std::size_t size) noexcept {
    return ends_at(granule, size, [](Word& length) { Words::put(length, Word{0}); });
  }

  /// True: a block of exactly `size` granules, be it as long as it may, is lent here. Constant. Not for askers who do
  /// not keep others from merging.
  bool lends_any(std::size_t granule, std::size_t size) const noexcept {
    return ends_at(granule, size, [](const Word&) {});
  }

  /// The opposite: tells the length of a block that begins here, if it is a long one.
  void close_end(std::size_t granule, std::size_t size) noexcept {
    const auto length = static_cast<Word>(static_cast<Word>(size) << length_shift | length_mark);
    if (is_long(granule, size)) [[unlikely]] Words::put((&of(granule))[length_at].kind, length);
  }

  /// The opposite of that: its end is open.
  void forget_length(std::size_t granule, std::size_t size) noexcept {
    if (is_long(granule, size)) [[unlikely]] Words::put((&of(granule))[length_at].kind, Word{0});
  }

  /// The longest block that try_lent_to_cached() can look at.
  static constexpr std::size_t most_in_word = word_bits - 2;

  /// Makes the lent block of `size` granules, most_in_word at most, that begins here a cached one. False, and nothing
  /// is changed: there is none, or it is a short one and its end is in another word of the map. Where a longer one ends
  /// nobody can foretell, not even a processor: both words are looked at, without a branch.
  [[gnu::always_inline]] bool try_lent_to_cached(std::size_t granule, unsigned size) noexcept {
    Pair& pair = of(granule);
    const Pair here = seen(pair);
    Word ends = ends_of_lent(here, granule);
    if (size > word_bits / 8) [[likely]] ends |= any(seen((&pair)[1])) << 1 << bit(~granule);
    ends |= Word{1} << (word_bits - 1);  // never 0: nobody need ask
    return static_cast<unsigned>(std::countr_zero(ends)) == size && Words::try_set(pair.kind, here.kind, mask(granule));
  }

  /// False: the block that begins here is cached already.
  bool try_lent_to_cached(std::size_t granule) noexcept {
    Word& kind = of(granule).kind;
    return Words::try_set(kind, Words::get(kind), mask(granule));
  }

  // Other changes, of what is as their names say: some flip its bits. What has its length in the map must not lose its
  // start. A handler that has interrupted this finds a bit where a lent block ends.
  void edge_to_lent(std::size_t granule) noexcept {
    Pair& pair = of(granule);
    Words::set(pair.start, mask(granule));
    Words::keep_order();
    Words::flip(pair.kind, mask(granule));
  }
  void set_start(std::size_t granule) noexcept { Words::set(of(granule).start, mask(granule)); }
  // What is merged loses its start by both: last where a lent block below must keep its end, else first, which is less.
  void clear_start_first(std::size_t granule) noexcept {
    if constexpr (!Words::are_interrupted) Words::flip(of(granule).start, mask(granule));
  }
  void clear_start_last(std::size_t granule) noexcept {
    if constexpr (Words::are_interrupted) {
      Words::keep_order();
      Words::clear(of(granule).start, mask(granule));
    }
  }
  void lent_to_cached(std::size_t granule) noexcept { set_kind(granule); }
  void cached_to_lent(std::size_t granule) noexcept { turn(granule); }
  void begin_cached(std::size_t granule) noexcept {
    set_start(granule);
    set_kind(granule);
  }
  void set_kind(std::size_t granule) noexcept { Words::set(of(granule).kind, mask(granule)); }
  void turn(std::size_t granule) noexcept { Words::flip(of(granule).kind, mask(granule)); }

  // Free memory begins here, or ends before here.
  void begin_free(std::size_t granule) noexcept { has_stock ? set_kind(granule) : turn(granule); }
  void end_free(std::size_t end) noexcept { has_stock ? set_kind(end - 1) : turn(end); }
  // All of a free block that ended before here is lent.
  void take_end(std::size_t end) noexcept {
    has_stock ? Words::clear(of(end - 1).kind, mask(end - 1)) : turn(end);
  }
  // What becomes free meets a free block of `size` granules, which begins at `end`, or ends before `first`. With a
  // stock an edge goes that comes to lie inside, unless it is the other edge too: then it is one of the whole.
  void join_above(std::size_t end, std::size_t size) noexcept {
    if (!has_stock || size != 1) [[likely]] turn(end);
  }
  void join_below(std::size_t first, std::size_t size) noexcept {
    if constexpr (!has_stock) return turn(first);
    if (size != 1) [[likely]] turn(first - 1);
  }

  /// Behind what is not free yet.
  void begin_sentinel(std::size_t end) noexcept { has_stock ? begin_cached(end) : set_start(end); }
  /// It goes, as the start of a block does that is freed.
  void end_sentinel(std::size_t end) noexcept {
    if constexpr (has_stock) cached_to_lent(end);
    clear_start_first(end);
  }
  bool is_sentinel(std::size_t first, std::size_t end) const noexcept {
    return has_stock ? is_cached(end) : starts(end) && tells_before(first, end);
  }

  /// Of a start: true where it tells rightly whether what is before it is free, if it tells. `first` is the first tile
  /// of all. A word a step.
  bool tells_before(std::size_t first, std::size_t granule) const noexcept {
    if constexpr (has_stock) return true;
    const bool is_free = granule > first && is_free_edge(tile_below(first, granule - 1));
    return is_free == is_free_before(granule);
  }

  /// Of a free block: true where its granules have no other bits than they should. A word a step.
  bool is_whole(std::size_t first, std::size_t end) const noexcept {
    return end - first == 1 || next_bit(first + 1, end) == (has_stock ? end - 1 : end);
  }

 private:
  // The length of a block lies so many words behind the one that it begins in: with a stock further than lends() looks,
  // which so finds tiles alone.
  static constexpr unsigned length_at = has_stock ? 2 : 1;
  // Behind the last granule; one more where others may come upon a block while it changes.
  static constexpr std::size_t words_to_spare = 2 + (std::is_same_v<Words, PlainWords> ? 0 : length_at - 1);

  static constexpr unsigned length_shift = 2;
  static constexpr Word length_mark = 3;

  [[gnu::always_inline]] static constexpr unsigned bit(std::size_t granule) noexcept { return granule % word_bits; }
  [[gnu::always_inline]] static constexpr Word mask(std::size_t granule) noexcept { return Word{1} << bit(granule); }
  [[gnu::always_inline]] static constexpr unsigned at(std::size_t granule, Word word) noexcept {
    return word >> bit(granule) & 1;
  }
  [[gnu::always_inline]] static bool holds_length(const Pair& pair) noexcept {
    return pair.start == 0 && ((pair.kind + 1) & length_mark) == 0;  // both bits of it are set
  }
  [[gnu::always_inline]] static Pair seen(const Pair& pair) noexcept {
    return {Words::get(pair.start), Words::get(pair.kind)};
  }
  [[gnu::always_inline]] static Word any(const Pair& pair) noexcept { return pair.start | pair.kind; }
  [[gnu::always_inline]] static Word tiles(const Pair& pair) noexcept {
    return pair.start | (holds_length(pair) ? 0 : pair.kind);
  }

  // Of one that ends in no tile of the word that it begins in.
  [[gnu::always_inline]] std::size_t length_beyond(std::size_t granule) const noexcept {
    const Pair* const pair = &of(granule);
    std::size_t granules = bit(~granule) + std::size_t{1};  // to the end of the word
    if constexpr (length_at > 1) {
      const Word beyond = any(seen(pair[1]));
      if (beyond != 0) return granules + static_cast<std::size_t>(std::countr_zero(beyond));
      granules += word_bits;
    }
    const Pair after = seen(pair[length_at]);
    if (holds_length(after)) return after.kind >> length_shift;
    return granules + static_cast<std::size_t>(std::countr_zero(any(after)));
  }

  // True: a block of exactly `size` granules is lent here. Where the map has its length, `use` gets that.
  template <class Use>
  [[gnu::always_inline]] bool ends_at(std::size_t granule, std::size_t size, Use use) const noexcept {
    Pair* const pair = &of(granule);
    const Word ends = ends_of_lent(seen(*pair), granule);
    if (ends != 0) return static_cast<std::size_t>(std::countr_zero(ends)) == size;
    if constexpr (length_at > 1) {
      const Word beyond = any(seen(pair[1]));
      if (beyond != 0) return static_cast<std::size_t>(std::countr_zero(beyond)) == size + bit(granule) - word_bits;
    }
    const Pair after = seen(pair[length_at]);
    if (holds_length(after)) [[unlikely]] {
      if (after.kind != (size << length_shift | length_mark)) [[unlikely]] return false;
      use(pair[length_at].kind);
      return true;
    }
    const Word beyond = any(after);
    if (beyond == 0) __builtin_unreachable();  // what is lent has an end
    return static_cast<std::size_t>(std::countr_zero(beyond)) == size + bit(granule) - length_at * word_bits;
  }

  // The tiles from this granule on, without its own bits: where a block is lent here, the lowest tells where it ends,
  // and none that its end is not in this word. Elsewhere that is bit 0, which is no size.
  [[gnu::always_inline]] static Word ends_of_lent(const Pair& pair, std::size_t granule) noexcept {
    if constexpr (has_stock) return ((pair.start ^ mask(granule)) | pair.kind) >> bit(granule);
    if (at(granule, pair.start) == 0) [[unlikely]] return 1;
    return any(pair) >> bit(granule) & ~Word{1};
  }

  [[gnu::always_inline]] Pair& of(std::size_t granule) const noexcept {
    return *reinterpret_cast<Pair*>(words_ + granule / word_bits * sizeof(Pair));
  }

  template <class Bits>
  std::size_t next(std::size_t granule, std::size_t end, Bits bits_of) const noexcept {
    if (granule >= end) return end;
    const Pair* pair = &of(granule);
    Word bits = bits_of(seen(*pair)) >> bit(granule) << bit(granule);
    std::size_t word = granule - bit(granule);
    while (bits == 0) {
      word += word_bits;
      if (word >= end) return end;
      bits = bits_of(seen(*++pair));
    }
    const std::size_t found = word + static_cast<std::size_t>(std::countr_zero(bits));
    return found < end ? found : end;
  }

  std::size_t words_ = 0;  // the address of the word of granule 0, be there one or not
};

}  // namespace bareheap
