// SPDX-License-Identifier: MIT
// A program of the host whose new and delete reach a heap that we watch; GoogleTest itself lives on it.
#include "bareheap/bareheap.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

namespace bareheap::test {

/// Lends the host's memory up to a limit for one block, and remembers the last layouts asked for and freed.
class Watched {
 public:
  Block allocate(Layout layout) noexcept {
    asked = layout;
    if (layout.size() > largest) return {};
    const std::size_t alignment = layout.alignment() < 16 ? 16 : layout.alignment();
    const CheckedSize size = CheckedSize(layout.size() + 1).aligned_up(alignment);
    return {static_cast<std::byte*>(std::aligned_alloc(alignment, size.value())), size.value()};
  }

  // Not inlined: GCC would see new's memory come to free() and take that for a mistake.
  [[gnu::noinline]] void deallocate(std::byte* at, Layout layout) noexcept {
    freed = layout;
    ++frees;
    std::free(at);
  }

  bool resize(std::byte*, Layout, std::size_t) noexcept { return false; }
  bool owns(const void*) const noexcept { return true; }
  void walk(ExtentSink) const noexcept {}
  [[nodiscard]] Fault check() const noexcept { return Fault::none; }
  std::size_t size_of(const std::byte* at) const noexcept {
    return malloc_usable_size(const_cast<void*>(static_cast<const void*>(at)));
  }

  std::size_t largest = std::size_t{1} << 24;
  Layout asked{0, 1};
  Layout freed{0, 1};
  int frees = 0;
};

static_assert(SelfSizing<Watched>);

}  // namespace bareheap::test

constinit bareheap::test::Watched program_heap;
#include "bareheap/bindings/operator_new.hpp"

namespace {

using bareheap::Layout;
using bareheap::OutOfMemory;

constexpr std::size_t too_large = std::size_t{1} << 30;

enum class Answer { give_up, add_memory, ask_again_inside };
Answer answer = Answer::give_up;
int handler_calls = 0;
Layout handler_layout{0, 1};

}  // namespace

bareheap::OutOfMemory bareheap::program_out_of_memory(Layout asked) noexcept {
  ++handler_calls;
  handler_layout = asked;
  if (answer == Answer::ask_again_inside) ::operator delete(::operator new(too_large), too_large);
  if (answer == Answer::add_memory) program_heap.largest = 2 * too_large;
  return answer == Answer::add_memory ? OutOfMemory::try_again : OutOfMemory::give_up;
}

namespace {

constexpr std::align_val_t aligned{64};

/// What the compiler may not see through, so that a pair of new and delete is not left out.
void* kept(void* at) {
  void* volatile here = at;
  return here;
}

#define EXPECT_ASKED(size, alignment) EXPECT_EQ(program_heap.asked, Layout(size, alignment))
#define EXPECT_FREED(size, alignment) EXPECT_EQ(program_heap.freed, Layout(size, alignment))

TEST(OperatorNew, S3_03_every_sized_form_brings_its_layout_and_takes_it_back) {
  void* at = kept(::operator new(40));
  EXPECT_ASKED(40, 16);
  ::operator delete(at, std::size_t{40});
  EXPECT_FREED(40, 16);
  at = kept(::operator new[](41));
  EXPECT_ASKED(41, 16);
  ::operator delete[](at, std::size_t{41});
  EXPECT_FREED(41, 16);
  at = kept(::operator new(42, aligned));
  EXPECT_ASKED(42, 64);
  ::operator delete(at, std::size_t{42}, aligned);
  EXPECT_FREED(42, 64);
  at = kept(::operator new[](43, aligned));
  EXPECT_ASKED(43, 64);
  ::operator delete[](at, std::size_t{43}, aligned);
  EXPECT_FREED(43, 64);
}

template <class Delete>
void expect_freed_by(void* at, Delete remove, std::size_t alignment = 16) {
  const std::size_t granted = program_heap.size_of(static_cast<std::byte*>(kept(at)));
  const int before = program_heap.frees;
  remove(at);
  EXPECT_EQ(program_heap.frees, before + 1);
  EXPECT_FREED(granted, alignment);
}

TEST(OperatorNew, S3_03_every_unsized_form_frees_with_the_size_that_the_heap_knows) {
  expect_freed_by(::operator new(40), [](void* at) { ::operator delete(at); });
  expect_freed_by(::operator new[](40), [](void* at) { ::operator delete[](at); });
  expect_freed_by(::operator new(40, aligned), [](void* at) { ::operator delete(at, aligned); }, 64);
  expect_freed_by(::operator new[](40, aligned), [](void* at) { ::operator delete[](at, aligned); }, 64);
  expect_freed_by(::operator new(40, std::nothrow), [](void* at) { ::operator delete(at, std::nothrow); });
  expect_freed_by(::operator new[](40, std::nothrow), [](void* at) { ::operator delete[](at, std::nothrow); });
  expect_freed_by(::operator new(40, aligned, std::nothrow),
                  [](void* at) { ::operator delete(at, aligned, std::nothrow); }, 64);
  expect_freed_by(::operator new[](40, aligned, std::nothrow),
                  [](void* at) { ::operator delete[](at, aligned, std::nothrow); }, 64);
}

TEST(OperatorNew, deleting_nothing_does_nothing) {
  const int before = program_heap.frees;
  ::operator delete(nullptr);
  ::operator delete[](nullptr, aligned);
  EXPECT_EQ(program_heap.frees, before);
}

TEST(OperatorNew, S1_35_nothrow_forms_return_null_and_call_no_handler) {
  handler_calls = 0;
  EXPECT_EQ(kept(::operator new(too_large, std::nothrow)), nullptr);
  EXPECT_EQ(kept(::operator new[](too_large, std::nothrow)), nullptr);
  EXPECT_EQ(kept(::operator new(too_large, aligned, std::nothrow)), nullptr);
  EXPECT_EQ(kept(::operator new[](too_large, aligned, std::nothrow)), nullptr);
  EXPECT_EQ(handler_calls, 0);
}

TEST(OperatorNew, S1_35_the_handler_gets_the_layout_and_the_request_is_tried_again) {
  handler_calls = 0;
  answer = Answer::add_memory;
  void* const at = kept(::operator new(too_large, aligned));
  EXPECT_NE(at, nullptr);
  EXPECT_EQ(handler_calls, 1);
  EXPECT_EQ(handler_layout, Layout(too_large, 64));
  ::operator delete(at, too_large, aligned);
  program_heap.largest = std::size_t{1} << 24;
  answer = Answer::give_up;
}

TEST(OperatorNewDeathTest, S1_35_S3_04_plain_forms_never_return_null_they_stop_with_the_layout) {
  const char* const sentence = "bareheap: out of memory, and the program gave no way to go on: ";
  EXPECT_DEATH(kept(::operator new(too_large)), std::string(sentence) + "1073741824 bytes aligned to 16, called from");
  EXPECT_DEATH(kept(::operator new[](too_large)), sentence);
  EXPECT_DEATH(kept(::operator new(too_large, aligned)), std::string(sentence) + "1073741824 bytes aligned to 64");
  EXPECT_DEATH(kept(::operator new[](too_large, aligned)), sentence);
  const volatile std::size_t nearly_all = bareheap::size_limit - 10;
  EXPECT_DEATH(kept(::operator new(nearly_all, aligned)), sentence);
}

TEST(OperatorNewDeathTest, S1_35_a_handler_that_runs_out_itself_stops) {
  answer = Answer::ask_again_inside;
  EXPECT_DEATH(kept(::operator new(too_large)),
               "bareheap: out of memory inside the out-of-memory handler: 1073741824 bytes aligned to 16");
  answer = Answer::give_up;
}

TEST(OperatorNewDeathTest, an_alignment_that_is_no_power_of_two_stops) {
  const volatile std::size_t odd = 24;
  EXPECT_DEATH(kept(::operator new(8, std::align_val_t{odd})), "bareheap: an alignment must be a power of two");
}

}  // namespace
