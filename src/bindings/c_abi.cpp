// SPDX-License-Identifier: MIT
//
// The C interface (bareheap/bareheap.h) over the engines. A call that lends or takes back is compiled for the default
// engine and reaches it without an indirect call; the others are reached by AllocatorRef's table.
//
//     region  | bareheap | engine | what the engine takes . . . |
//
// This file has the library inside once more, in a namespace of another name, for two reasons: in C `bareheap` is a
// type; and the panic() that calls a C program's bareheap_panic() must not be bareheap::panic(). In an archive that
// would be taken for the one of a C++ program, where the program's own lies in an archive behind this one.
#include "bareheap/bareheap.h"

#define bareheap bareheap_for_c
#include "bareheap/bareheap.hpp"
#undef bareheap

#include <new>

namespace bareheap_for_c {

template class BasicHoleList<Carving::front>;
template class BasicPageHeap<16, 256, 4096>;
template class BasicStoryPages<16, 256, 4096>;
template class BasicGranuleHeap<std::uint32_t>;
template class BasicGranuleHeap<std::uint16_t>;
template class BasicRealTimeHeap<std::uint32_t>;
template class BasicRealTimeHeap<std::uint16_t>;

void panic(const FaultReport& report) noexcept {
  bareheap_panic(sentence(report.fault), report.address);
  __builtin_trap();
}

}  // namespace bareheap_for_c

using namespace bareheap_for_c;

struct bareheap {
  AllocatorRef heap;
  GranuleHeap* usual;    // the same heap, where it is the default's
  std::size_t own_size;  // from here to the first byte that the engine took

  Extent own() const noexcept { return {reinterpret_cast<const std::byte*>(this), own_size, ExtentKind::meta}; }
};

namespace {

static_assert(static_cast<unsigned>(ExtentKind::free) == BAREHEAP_KIND_FREE);
static_assert(static_cast<unsigned>(ExtentKind::used) == BAREHEAP_KIND_USED);
static_assert(static_cast<unsigned>(ExtentKind::meta) == BAREHEAP_KIND_META);
static_assert(static_cast<unsigned>(ExtentKind::cached) == BAREHEAP_KIND_CACHED);

/// Where a T lies at the start of `region`, which becomes what is left behind it. Null where it does not fit; nothing
/// else does from then on.
template <class T>
std::byte* take(Region& region) noexcept {
  const Admission place = admit(region, alignof(T), sizeof(T));
  region = place ? Region::between(place.taken.start + sizeof(T), place.taken.end()) : Region{};
  return place.taken.start;
}

template <class Engine>
bareheap* make(Region region) noexcept {
  std::byte* const place = take<bareheap>(region);
  std::byte* const engine_place = take<Engine>(region);
  if (engine_place == nullptr) return nullptr;
  Engine* const engine = new (engine_place) Engine;
  const Admission admission = engine->init(region);
  const bool takes_none = admission.fault == Fault::takes_no_region;
  if (!admission && !takes_none) return nullptr;
  const std::byte* const first = takes_none ? region.start : admission.taken.start;
  GranuleHeap* usual = nullptr;
  if constexpr (std::same_as<Engine, GranuleHeap>) usual = engine;
  return new (place) bareheap{*engine, usual, address_of(first) - address_of(place)};
}

/// The heap behind a handle. A null handle is what bareheap_init() answered and nobody looked at.
const AllocatorRef& heap_of(const bareheap* handle) noexcept {
  if (handle == nullptr) [[unlikely]]
    panic({.fault = Fault::not_initialised});
  return handle->heap;
}

template <class Call>
[[gnu::noinline]] auto call_by_table(const AllocatorRef& heap, Call call) noexcept {
  return call(heap);
}

/// What `call` answers for the heap behind a handle, whose type it is given.
template <class Call>
[[gnu::always_inline]] inline auto on_heap(const bareheap* handle, Call call) noexcept {
  const AllocatorRef& heap = heap_of(handle);
  if (handle->usual != nullptr) [[likely]]
    return call(*handle->usual);
  return call_by_table(heap, call);
}

std::size_t size_in(const GranuleHeap& heap, const std::byte* block) noexcept { return heap.size_of(block); }
std::size_t size_in(const AllocatorRef& heap, const std::byte* block) noexcept { return heap.size_if_known(block); }

std::byte* bytes(void* block) noexcept { return static_cast<std::byte*>(block); }

// What Headered and Checked take for an alignment that is not known is what 0 stands for.
static_assert(alignof(std::max_align_t) == __STDCPP_DEFAULT_NEW_ALIGNMENT__);

constexpr bool is_alignment(std::size_t alignment) noexcept { return alignment == 0 || is_power_of_two(alignment); }

constexpr Layout layout(std::size_t size, std::size_t alignment) noexcept {
  return Layout(size, alignment == 0 ? alignof(std::max_align_t) : alignment);
}

/// The engine's tiles, and the heap's own state at its place among them.
void walk(const bareheap* handle, ExtentSink sink) noexcept {
  const AllocatorRef& heap = heap_of(handle);
  bool is_due = true;
  const auto show_own = [&] {
    if (is_due) sink(handle->own());
    is_due = false;
  };
  heap.walk([&](const Extent& extent) {
    if (address_of(extent.at) > address_of(handle)) show_own();
    sink(extent);
  });
  show_own();
}

}  // namespace

bareheap* bareheap_init(void* start, size_t size, unsigned flags) {
  const Region region{static_cast<std::byte*>(start), size};
  if (start == nullptr) return nullptr;
  switch (flags) {
    case BAREHEAP_DEFAULT: return make<GranuleHeap>(region);
    case BAREHEAP_SMALL: return make<SmallGranuleHeap>(region);
    case BAREHEAP_REAL_TIME: return make<RealTimeHeap>(region);
    case BAREHEAP_REAL_TIME | BAREHEAP_SMALL: return make<SmallRealTimeHeap>(region);
    case BAREHEAP_HOLE_LIST: return make<Headered<HoleList>>(region);
    case BAREHEAP_PAGES: return make<PageHeap>(region);
    case BAREHEAP_BUMP: return make<Headered<Bump>>(region);
    case BAREHEAP_STORY_PAGES: return make<Headered<StoryPages>>(region);
    case BAREHEAP_NULL: return make<Headered<NullHeap>>(region);
    case BAREHEAP_CHECKED:
    case BAREHEAP_CHECKED | BAREHEAP_SMALL:
    case BAREHEAP_CHECKED | BAREHEAP_REAL_TIME:
    case BAREHEAP_CHECKED | BAREHEAP_REAL_TIME | BAREHEAP_SMALL: return make<Checked<HoleList>>(region);
    default: return nullptr;
  }
}

bool bareheap_add(bareheap* handle, void* start, size_t size) {
  const AllocatorRef& heap = heap_of(handle);
  const Region region{static_cast<std::byte*>(start), size};
  const Region own{reinterpret_cast<std::byte*>(handle), handle->own_size};
  if (start == nullptr || region.wraps() || region.overlaps(own)) return false;
  return static_cast<bool>(heap.add(region));
}

void* bareheap_allocate(bareheap* handle, size_t size, size_t alignment) {
  return on_heap(handle, [=](auto& heap) noexcept -> void* {
    return is_alignment(alignment) ? heap.allocate(layout(size, alignment)).at : nullptr;
  });
}

void* bareheap_allocate_zeroed(bareheap* handle, size_t size, size_t alignment) {
  return on_heap(handle, [=](auto& heap) noexcept -> void* {
    return is_alignment(alignment) ? allocate_zeroed(heap, layout(size, alignment)).at : nullptr;
  });
}

void bareheap_deallocate(bareheap* handle, void* block, size_t size, size_t alignment) {
  on_heap(handle, [=](auto& heap) noexcept { heap.deallocate(bytes(block), layout(size, alignment)); });
}

void bareheap_free(bareheap* handle, void* block) {
  on_heap(handle, [=](auto& heap) noexcept {
    if (block != nullptr) heap.deallocate(bytes(block), layout(size_in(heap, bytes(block)), 0));
  });
}

bool bareheap_resize(bareheap* handle, void* block, size_t old_size, size_t alignment, size_t new_size) {
  return on_heap(handle, [=](auto& heap) noexcept {
    if (block == nullptr || !is_alignment(alignment)) return false;
    return heap.resize(bytes(block), layout(old_size, alignment), new_size);
  });
}

void* bareheap_reallocate(bareheap* handle, void* block, size_t old_size, size_t alignment, size_t new_size) {
  return on_heap(handle, [=](auto& heap) noexcept -> void* {
    if (!is_alignment(alignment)) return nullptr;
    return reallocate(heap, bytes(block), layout(old_size, alignment), new_size).at;
  });
}

size_t bareheap_usable_size(const bareheap* handle, const void* block) {
  return on_heap(handle, [=](auto& heap) noexcept -> std::size_t {
    return block == nullptr ? 0 : size_in(heap, static_cast<const std::byte*>(block));
  });
}

bool bareheap_owns(const bareheap* handle, const void* address) {
  return heap_of(handle).owns(static_cast<const std::byte*>(address));
}

void bareheap_walk(const bareheap* handle, bareheap_visitor* visit, void* context) {
  walk(handle, [&](const Extent& extent) {
    const bareheap_extent shown{extent.at, extent.size, static_cast<unsigned>(extent.kind)};
    visit(context, &shown);
  });
}

unsigned bareheap_check(const bareheap* handle) { return static_cast<unsigned>(heap_of(handle).check()); }

const char* bareheap_fault_sentence(unsigned number) {
  constexpr unsigned greatest = 255;
  return sentence(static_cast<Fault>(number < greatest ? number : greatest));
}

void bareheap_stats(const bareheap* handle, bareheap_statistics* statistics) {
  StatisticsCounter counter;
  walk(handle, [&counter](const Extent& extent) { counter.add(extent); });
  const Statistics& figures = counter.figures();
  *statistics = {.free_bytes = figures.free_bytes,
                 .used_bytes = figures.used_bytes,
                 .meta_bytes = figures.meta_bytes,
                 .largest_free = figures.largest_free,
                 .used_extents = figures.used_tiles,
                 .free_extents = figures.free_tiles,
                 .holes = figures.holes};
}

void bareheap_trim(bareheap* handle) { heap_of(handle).trim(); }

const char* bareheap_version() { return version_text; }
