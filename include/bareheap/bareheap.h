// SPDX-License-Identifier: MIT
// The heap for C, and for every language that can call C (docs/c-interface.md). C99; C++ may include it too, but not in
// one source file with the C++ headers, whose namespace has the name of the type.
//
//     region  | handle, engine | lent | free | lent | lent | free . . . |
//              `-> bareheap *, the heap's own state
//
// All sizes and alignments are bytes. An alignment is a power of two, or 0, which stands for that of max_align_t (16 on
// 64-bit machines) and is good for every type of the language. No call allocates elsewhere, waits, or keeps state
// outside of the region. A heap is used by one thread at a time: whoever shares it, with an interrupt handler too,
// locks.
//
// Errors are of two kinds. "No room" is a null pointer, or false. A broken promise, such as a block that is freed
// twice, or a heap that is NULL, stops the program by bareheap_panic() where the engine can tell.
//
// The linker is given libbareheap.a. It needs memcpy, memmove, memset and memcmp, and nothing of C++.
#ifndef BAREHEAP_BAREHEAP_H
#define BAREHEAP_BAREHEAP_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A heap. It lives at the start of its region, and ends when nobody uses it any more: there is nothing to close.
typedef struct bareheap bareheap;

/// Which engine a heap has. The wishes say what is wanted and not how it is done: their engines will get better. They
/// can be joined by |. Of the engines one is chosen, and nothing is joined to it.
enum bareheap_flags {
  // Wishes.
  /// For most programs: GranuleHeap. No headers, blocks rounded up to 16 bytes, 1/64 of the region for a map; freed
  /// blocks wait in a stock while there is plenty. A region wants 1 KiB at least. Grows by memory above its own.
  BAREHEAP_DEFAULT = 0,
  /// Every call takes a bounded number of instructions, but for what reallocate copies and allocate_zeroed clears:
  /// RealTimeHeap. As the default without a stock.
  BAREHEAP_REAL_TIME = 1 << 0,
  /// For microcontrollers, regions up to 512 KiB: of a larger one the rest is lost. The same with 16-bit numbers:
  /// blocks are rounded up to 8 bytes, the map takes 1/32. Joined with BAREHEAP_REAL_TIME, without a stock: less state.
  BAREHEAP_SMALL = 1 << 1,

  /// Looks for writes around blocks, writes to freed blocks, and wrong frees, when a block is freed and in
  /// bareheap_check(): for development, in place of the engine that the other wishes get. BAREHEAP_HOLE_LIST's
  /// under such a guard. A block costs 80 bytes more, the state a KiB, a call the size of the block.
  BAREHEAP_CHECKED = 1 << 2,

  // Engines.
  /// From the bottom to the top; memory comes back when the last block is freed. Constant time. Does not grow.
  BAREHEAP_BUMP = 1 << 8,
  /// First fit over a list of the free stretches, which merge. A call takes a step a free stretch. A block costs two
  /// words in front, or its alignment where that is more, and is rounded up to two words. Grows by memory anywhere.
  BAREHEAP_HOLE_LIST = 1 << 9,
  /// Blocks of 16, 256 and 4096 bytes and runs of pages, every bad free caught. A region wants 8.5 KiB at least, and
  /// 36.5 bytes of map a page. Grows by memory anywhere.
  BAREHEAP_PAGES = 1 << 10,
  /// The page allocator of a tutorial: constant time, but what was cut or fell apart never merges. Its pages start at
  /// the multiple of 4096 behind the heap's state. Grows by memory that follows its own.
  BAREHEAP_STORY_PAGES = 1 << 11,
  /// Refuses every request: to see what a program does without memory.
  BAREHEAP_NULL = 1 << 12
};

/// Makes a heap of the `size` bytes at `region`, wherever they start and whatever they hold. They are the heap's from
/// then on, and must stay where they are. NULL: the region is NULL, or too small for the heap's state and the least
/// that the engine wants, or reaches beyond the last address, or `flags` are no choice that there is. Cost: clearing
/// the map, if the engine has one.
bareheap *bareheap_init(void *region, size_t size, unsigned flags);

/// Gives the heap further memory for good. False, and nothing has changed: the engine does not grow, or not there; the
/// memory is NULL, too small, reaches beyond the last address, or overlaps what the heap has already.
bool bareheap_add(bareheap *heap, void *region, size_t size);

/// Lends `size` bytes, of any content. 0 bytes get a block of their own. NULL: there is no room, or the alignment is no
/// power of two.
void *bareheap_allocate(bareheap *heap, size_t size, size_t alignment);

/// The same, and every byte that was granted is zero.
void *bareheap_allocate_zeroed(bareheap *heap, size_t size, size_t alignment);

/// Takes a block back. The size is the one asked for, last, or bareheap_usable_size(); the alignment the one asked for,
/// or 0. Where both are known this is the best way: it is checked that they are right. A null `block` does nothing.
void bareheap_deallocate(bareheap *heap, void *block, size_t size, size_t alignment);

/// Takes a block back whose size nobody remembers. A null `block` does nothing.
void bareheap_free(bareheap *heap, void *block);

/// Changes the size of a block where it stands, and never moves it. False: it cannot be done there, and nothing has
/// changed. `old_size` and `alignment` as for bareheap_deallocate(). A null `block` is answered by false.
bool bareheap_resize(bareheap *heap, void *block, size_t old_size, size_t alignment, size_t new_size);

/// Changes the size of a block, where it stands or by moving it to a place of the same alignment with the bytes that
/// both sizes have. `old_size` as for bareheap_deallocate(); the alignment is the one asked for. NULL: there is no
/// room, or the alignment is no power of two, and the old block is what it was. A null `block` allocates. A new size of
/// 0 frees nothing: it gives a block of 0 bytes.
void *bareheap_reallocate(bareheap *heap, void *block, size_t old_size, size_t alignment, size_t new_size);

/// The bytes of a block that may be used, at least what was asked for. 0 for NULL.
size_t bareheap_usable_size(const bareheap *heap, const void *block);

/// True where `address` lies in memory that the heap lends from. It need not be lent.
bool bareheap_owns(const bareheap *heap, const void *address);

/// What a piece of a heap is.
enum bareheap_kind {
  BAREHEAP_KIND_FREE = 0,   ///< can be lent
  BAREHEAP_KIND_USED = 1,   ///< lent, or lost to rounding and padding beside what is lent
  BAREHEAP_KIND_META = 2,   ///< the heap's own state
  BAREHEAP_KIND_CACHED = 3  ///< free, but held back for now
};

/// `size` bytes from `at`, all of one kind, which is a bareheap_kind.
struct bareheap_extent {
  const void *at;
  size_t size;
  unsigned kind;
};

/// Is shown one extent. It must neither allocate from nor free to the heap, and finds no extent at that address later.
typedef void bareheap_visitor(void *context, const struct bareheap_extent *extent);

/// Shows the whole heap as extents without gap or overlap in each region, lowest address first. Blocks that touch may
/// be one extent. `context` is handed to the visitor.
void bareheap_walk(const bareheap *heap, bareheap_visitor *visit, void *context);

/// Tests all that must hold inside the heap: 0, or the number of the first thing that does not. Cost: that of a walk.
unsigned bareheap_check(const bareheap *heap);

/// What a number of bareheap_check() means: a constant sentence in English, without a full stop. Any number has one.
const char *bareheap_fault_sentence(unsigned number);

/// Figures of a heap, counted from its picture.
struct bareheap_statistics {
  size_t free_bytes;    ///< can be lent, with what is held back
  size_t used_bytes;    ///< lent, with rounding and padding
  size_t meta_bytes;    ///< the heap's own state
  size_t largest_free;  ///< the largest stretch of free bytes
  size_t used_extents;
  size_t free_extents;
  size_t holes;  ///< stretches of free bytes, each as long as it goes
};

/// Fills in `*statistics`. Cost: one walk.
void bareheap_stats(const bareheap *heap, struct bareheap_statistics *statistics);

/// Merges what the heap holds back into the whole. Changes nothing that is lent.
void bareheap_trim(bareheap *heap);

/// The version of the library, such as "0.1.0".
const char *bareheap_version(void);

/// Stops the program: a promise was broken. The program defines it; it says what it can and does not return, nor use a
/// heap. `sentence` is in English, without a full stop; `address` is the block in question, or NULL. The library has
/// one for programs that define none: it stops by an invalid instruction and says nothing.
void bareheap_panic(const char *sentence, const void *address);

#ifdef __cplusplus
}
#endif

#endif
