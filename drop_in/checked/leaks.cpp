// SPDX-License-Identifier: MIT
#include "drop_in/checked/leaks.hpp"

#include "drop_in/checked/checked_process_heap.hpp"
#include "drop_in/checked/place.hpp"
#include "drop_in/checked/reach.hpp"
#include "drop_in/report.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace bareheap::drop_in {

namespace {

constexpr std::size_t most_places = 20;

struct Sum {
  std::size_t blocks = 0;
  std::size_t bytes = 0;

  void add(std::size_t size) noexcept {
    ++blocks;
    bytes += size;
  }
};

struct Site {
  const CallStack* asked_from;
  bool in_reach;
  Sum sum;
};

// An array in pages of its own, which the end of the process gives back.
template <class T>
std::span<T> mapped(std::size_t count) noexcept {
  std::byte* const at = count == 0 ? nullptr : LinuxSystem::map(count * sizeof(T));
  return {reinterpret_cast<T*>(at), at == nullptr ? 0 : count};
}

template <class T>
Region region_of(std::span<T> array) noexcept {
  return {reinterpret_cast<std::byte*>(array.data()), array.size_bytes()};
}

// All that is lent, by address. Other threads may still go on: what is lent meanwhile is left out.
std::span<LiveBlock> live_blocks() noexcept {
  const std::span<LiveBlock> blocks = mapped<LiveBlock>(process_heap.live());
  std::size_t count = 0;
  process_heap.for_each_story([&](const BlockStory& story) {
    if (story.freed_from != nullptr || count == blocks.size()) return;
    blocks[count++] = {story.at, story.size, story.asked_from, false};
  });
  std::sort(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(count),
            [](const LiveBlock& left, const LiveBlock& right) { return std::less<>()(left.at, right.at); });
  return blocks.first(count);
}

// In the place of the blocks' order by address comes that by site.
std::span<Site> sites_of(std::span<LiveBlock> blocks) noexcept {
  std::sort(blocks.begin(), blocks.end(), [](const LiveBlock& left, const LiveBlock& right) {
    if (left.in_reach != right.in_reach) return right.in_reach;
    return std::less<>()(left.asked_from, right.asked_from);
  });
  const std::span<Site> sites = mapped<Site>(blocks.size());
  std::size_t count = 0;
  for (const LiveBlock& block : sites.empty() ? std::span<LiveBlock>{} : blocks) {
    const Site* const last = count == 0 ? nullptr : &sites[count - 1];
    if (last == nullptr || last->asked_from != block.asked_from || last->in_reach != block.in_reach) {
      sites[count++] = {block.asked_from, block.in_reach, {}};
    }
    sites[count - 1].sum.add(block.size);
  }
  const std::span<Site> found = sites.first(count);
  std::sort(found.begin(), found.end(),
            [](const Site& left, const Site& right) { return left.sum.bytes > right.sum.bytes; });
  return found;
}

void put(StandardError& line, const Sum& sum) noexcept {
  line.put(sum.blocks);
  line.put(sum.blocks == 1 ? " block, " : " blocks, ");
  line.put(sum.bytes);
  line.put(sum.bytes == 1 ? " byte" : " bytes");
}

void print_sites(std::span<const Site> sites, bool all, int file) noexcept {
  std::size_t shown = 0;
  std::size_t left = 0;
  for (const Site& site : sites) {
    if (site.in_reach && !all) continue;
    if (shown == most_places) {
      ++left;
      continue;
    }
    ++shown;
    StandardError line;
    line.put("bareheap: ");
    put(line, site.sum);
    line.put(site.in_reach ? " still in reach, asked for from " : " lost, asked for from ");
    write_calls(line, *site.asked_from, file);
  }
  if (left == 0) return;
  StandardError line;
  line.put("bareheap: and from ");
  line.put(left);
  line.put(left == 1 ? " other place\n" : " other places\n");
  line.flush(file);
}

void print_sum(const Sum& lost, const Sum& in_reach, int file) noexcept {
  StandardError line;
  line.put("bareheap: process ");
  line.put(static_cast<std::size_t>(::getpid()));
  line.put(" ended: ");
  put(line, lost);
  line.put(" lost; ");
  put(line, in_reach);
  line.put(" still in reach\n");
  line.flush(file);
}

void print(const CheckedSettings& settings, std::span<const Site> sites, const Sum& lost,
           const Sum& in_reach) noexcept {
  int file = STDERR_FILENO;
  if (settings.report[0] != '\0') file = ::open(settings.report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) {
    report_not_written(settings.report);
    file = STDERR_FILENO;
  }
  print_sites(sites, settings.leaks == Leaks::all, file);
  print_sum(lost, in_reach, file);
  if (file != STDERR_FILENO) ::close(file);
}

}  // namespace

bool report_leaks(const CheckedSettings& settings) noexcept {
  if (settings.leaks == Leaks::never) return false;
  const std::span<LiveBlock> blocks = live_blocks();
  // Where the system does not show what is in reach, nothing is called lost.
  const std::span<std::uint32_t> places = mapped<std::uint32_t>(blocks.size());
  const Region unseen[] = {process_heap.reserved(),
                           process_heap.stories(),
                           {reinterpret_cast<std::byte*>(&process_heap), sizeof process_heap},
                           region_of(blocks),
                           region_of(places)};
  if (places.size() != blocks.size() || !Reach(blocks, places, unseen, __builtin_frame_address(0)).mark()) {
    for (LiveBlock& block : blocks) block.in_reach = true;
  }
  Sum lost;
  Sum in_reach;
  for (const LiveBlock& block : blocks) (block.in_reach ? in_reach : lost).add(block.size);
  const std::span<const Site> sites = sites_of(blocks);
  if (lost.blocks != 0 || settings.leaks == Leaks::all) print(settings, sites, lost, in_reach);
  return lost.blocks != 0;
}

}  // namespace bareheap::drop_in
