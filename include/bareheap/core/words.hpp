// SPDX-License-Identifier: MIT
// Words of bits, by who may look at them at the same time. All have the same functions, which are an instruction
// or two.
#pragma once

namespace bareheap {

/// One CPU at a time looks at them.
struct PlainWords {
  static constexpr bool are_interrupted = false;
  static void keep_order() noexcept {}
  template <class Word>
  [[gnu::always_inline]] static Word get(const Word& word) noexcept { return word; }
  template <class Word>
  [[gnu::always_inline]] static void put(Word& word, Word value) noexcept { word = value; }
  template <class Word>
  [[gnu::always_inline]] static void set(Word& word, Word bits) noexcept { word |= bits; }
  template <class Word>
  [[gnu::always_inline]] static void clear(Word& word, Word bits) noexcept { word &= ~bits; }
  template <class Word>
  [[gnu::always_inline]] static void flip(Word& word, Word bits) noexcept { word ^= bits; }
  /// Sets the bits. False: others may change the word too, and one of them was set already.
  template <class Word>
  [[gnu::always_inline]] static bool try_set(Word& word, Word, Word bits) noexcept {
    asm("" : "+m"(word));  // a compiler that keeps what it has seen spends more on that than on reading it again
    word |= bits;
    return true;
  }
};

/// One CPU at a time changes the words, and others may look meanwhile. Relaxed: what they see of a block that is theirs
/// was written before it became theirs, and nothing is concluded from the rest.
struct SharedWords {
  static constexpr bool are_interrupted = false;
  static void keep_order() noexcept {}
  template <class Word>
  [[gnu::always_inline]] static Word get(const Word& word) noexcept { return __atomic_load_n(&word, __ATOMIC_RELAXED); }
  template <class Word>
  [[gnu::always_inline]] static void put(Word& word, Word value) noexcept {
    __atomic_store_n(&word, value, __ATOMIC_RELAXED);
  }
  template <class Word>
  [[gnu::always_inline]] static void set(Word& word, Word bits) noexcept { put<Word>(word, get(word) | bits); }
  template <class Word>
  [[gnu::always_inline]] static void clear(Word& word, Word bits) noexcept { put<Word>(word, get(word) & ~bits); }
  template <class Word>
  [[gnu::always_inline]] static void flip(Word& word, Word bits) noexcept { put<Word>(word, get(word) ^ bits); }
  template <class Word>
  [[gnu::always_inline]] static bool try_set(Word& word, Word seen, Word bits) noexcept {
    put<Word>(word, seen | bits);
    return true;
  }
};

/// Several CPUs change bits of a word at the same time, each those of blocks that are its own. Relaxed as above; of two
/// that set the same bit one is told.
struct ContestedWords : SharedWords {
  template <class Word>
  [[gnu::always_inline]] static void set(Word& word, Word bits) noexcept {
    __atomic_fetch_or(&word, bits, __ATOMIC_RELAXED);
  }
  template <class Word>
  [[gnu::always_inline]] static void clear(Word& word, Word bits) noexcept {
    __atomic_fetch_and(&word, ~bits, __ATOMIC_RELAXED);
  }
  template <class Word>
  [[gnu::always_inline]] static void flip(Word& word, Word bits) noexcept {
    __atomic_fetch_xor(&word, bits, __ATOMIC_RELAXED);
  }
  template <class Word>
  [[gnu::always_inline]] static bool try_set(Word& word, Word, Word bits) noexcept {
    return (__atomic_fetch_or(&word, bits, __ATOMIC_RELAXED) & bits) == 0;
  }
};

/// The same, and a signal's handler looks at the words where it has interrupted its own thread in a change of them: it
/// sees all that comes before keep_order(), and nothing of what comes after.
template <class Words>
struct InterruptedWords : Words {
  static constexpr bool are_interrupted = true;
  [[gnu::always_inline]] static void keep_order() noexcept { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
};

}  // namespace bareheap
