// SPDX-License-Identifier: MIT
#include "drop_in/checked/settings.hpp"

#include "drop_in/checked/call_stacks.hpp"
#include "drop_in/refused_setting.hpp"

#include <string_view>

namespace bareheap::drop_in {

namespace {

bool take_leaks(CheckedSettings& settings, std::string_view value) noexcept {
  if (value != "never" && value != "lost" && value != "all") return false;
  settings.leaks = value == "never" ? Leaks::never : value == "lost" ? Leaks::lost : Leaks::all;
  return true;
}

// A number from 0 to 999; more than that where it is none.
unsigned number(std::string_view text) noexcept {
  constexpr unsigned none = 1000;
  if (text.empty() || text.size() > 3) return none;
  unsigned value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return none;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  return value;
}

bool take_leak_status(CheckedSettings& settings, std::string_view value) noexcept {
  settings.leak_status = number(value);
  return settings.leak_status <= 255;
}

bool take_frames(CheckedSettings& settings, std::string_view value) noexcept {
  settings.frames = number(value);
  return settings.frames != 0 && settings.frames <= CallStack::most;
}

bool take_pairs(CheckedSettings& settings, std::string_view value) noexcept {
  settings.pairs = value == "checked";
  return settings.pairs || value == "ignored";
}

bool take_report(CheckedSettings& settings, std::string_view value) noexcept {
  if (value.empty() || value.size() >= sizeof settings.report) return false;
  if (value == "stderr") value = {};
  value.copy(settings.report, value.size());
  settings.report[value.size()] = '\0';
  return true;
}

constexpr struct {
  std::string_view name;
  bool (*take)(CheckedSettings& settings, std::string_view value) noexcept;
  const char* wants;
} known[] = {
    {"LEAKS", take_leaks, "never, lost or all"},
    {"LEAK_STATUS", take_leak_status, "a number from 0 to 255"},
    {"FRAMES", take_frames, "a number from 1 to 8"},
    {"PAIRS", take_pairs, "checked or ignored"},
    {"REPORT", take_report, "stderr or the name of a file, shorter than 512 characters"},
};

void take(CheckedSettings& settings, std::string_view entry) noexcept {
  std::string_view name = entry;
  name.remove_prefix(settings_prefix.size());
  const std::size_t equals = name.find('=');
  if (equals == name.npos) return;
  std::string_view value = name;
  value.remove_prefix(equals + 1);
  name.remove_suffix(name.size() - equals);
  for (const auto& setting : known) {
    if (setting.name != name) continue;
    if (!setting.take(settings, value)) refuse_value(name, value, setting.wants);
    return;
  }
  refuse_name(name, known);
}

}  // namespace

CheckedSettings read_checked_settings(char** environment) noexcept {
  CheckedSettings settings;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (entry.starts_with(settings_prefix)) take(settings, entry);
  }
  return settings;
}

}  // namespace bareheap::drop_in
