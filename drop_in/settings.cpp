// SPDX-License-Identifier: MIT
#include "drop_in/settings.hpp"

#include "drop_in/refused_setting.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace bareheap::drop_in {

namespace {

/// The whole of `text` as a number; false: it is none, or too large.
bool number(std::string_view text, std::uint64_t& value) noexcept {
  value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > (~std::uint64_t{0} - 9) / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return !text.empty();
}

/// As number(), and K, M or G may follow.
bool bytes(std::string_view text, std::size_t& value) noexcept {
  unsigned shift = 0;
  if (text.ends_with('K')) shift = 10;
  if (text.ends_with('M')) shift = 20;
  if (text.ends_with('G')) shift = 30;
  if (shift != 0) text.remove_suffix(1);
  if (!number(text, value) || value > ~std::size_t{0} >> shift) return false;
  value <<= shift;
  return true;
}

constexpr std::size_t most = std::size_t{64} << 30;  // bytes, of what a setting may ask for

bool take_region(Settings& settings, std::string_view value) noexcept {
  constexpr std::size_t least = std::size_t{1} << 20;
  return bytes(value, settings.region) && settings.region >= least && settings.region <= most;
}

bool take_own_from(Settings& settings, std::string_view value) noexcept {
  if (value == "never") {
    settings.own_from = ~std::size_t{0};
    return true;
  }
  constexpr std::size_t least = std::size_t{64} << 10;
  return bytes(value, settings.own_from) && settings.own_from >= least && settings.own_from <= most;
}

bool take_give_back(Settings& settings, std::string_view value) noexcept {
  if (value == "always") value = "0";
  if (value != "never") return number(value, settings.give_back) && settings.give_back <= 1'000'000'000;
  settings.give_back = ~std::uint64_t{0};
  return true;
}

bool take_report(Settings& settings, std::string_view value) noexcept {
  if (value.empty() || value.size() >= sizeof settings.report) return false;
  std::memcpy(settings.report, value.data(), value.size());
  settings.report[value.size()] = '\0';
  return true;
}

constexpr struct {
  std::string_view name;
  bool (*take)(Settings& settings, std::string_view value) noexcept;
  const char* wants;
} known[] = {
    {"REGION", take_region, "a size from 1M to 64G, like 256M"},
    {"OWN_FROM", take_own_from, "a size from 64K to 64G, like 4M, or never"},
    {"GIVE_BACK", take_give_back, "never, always, or a number of milliseconds up to 1000000000"},
    {"REPORT", take_report, "stderr or the name of a file, shorter than 512 characters"},
};

void take(Settings& settings, std::string_view entry) noexcept {
  if (!entry.starts_with(settings_prefix)) return;
  entry.remove_prefix(settings_prefix.size());
  const std::size_t equals = entry.find('=');
  if (equals == entry.npos) return;
  const std::string_view name(entry.data(), equals);
  const std::string_view value(entry.data() + equals + 1, entry.size() - equals - 1);
  for (const auto& setting : known) {
    if (setting.name != name) continue;
    if (!setting.take(settings, value)) refuse_value(name, value, setting.wants);
    return;
  }
  refuse_name(name, known);
}

/// Before the C library has set `environ`: as the kernel has it. Of an entry that is longer than the buffer only the
/// beginning is seen; no setting is so long.
void read_from_kernel(Settings& settings) noexcept {
  const int file = ::open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  char buffer[1024];
  std::size_t filled = 0;
  bool skips = false;
  for (ssize_t more = 0; (more = ::read(file, buffer + filled, sizeof buffer - filled)) > 0;) {
    filled += static_cast<std::size_t>(more);
    std::size_t start = 0;
    for (std::size_t end = 0; end != filled; ++end) {
      if (buffer[end] != '\0') continue;
      if (!skips) take(settings, {buffer + start, end - start});
      skips = false;
      start = end + 1;
    }
    if (start == 0 && filled == sizeof buffer) {
      skips = true;
      start = filled;
    }
    filled -= start;
    std::memmove(buffer, buffer + start, filled);
  }
  ::close(file);
}

}  // namespace

void read_settings(Settings& settings, char** environment) noexcept {
  if (environment == nullptr) return read_from_kernel(settings);
  for (; *environment != nullptr; ++environment) take(settings, *environment);
}

}  // namespace bareheap::drop_in
