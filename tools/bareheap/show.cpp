// SPDX-License-Identifier: MIT
// `bareheap show`: what is in a trace.
#include "commands.hpp"
#include "summary.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace bareheap::tools {
namespace {

struct WantedView {
  std::vector<std::string> files;
  bool json = false;
  bool curve = false;
  std::size_t points = 1000;
};

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

// Names come from files: what would move the cursor is not printed.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](unsigned char letter) { return letter < ' ' || letter == 0x7F; }, '?');
  return text;
}

std::string counted(std::uint64_t count, const char* what) {
  return grouped(count) + " " + what + (count == 1 ? "" : "s");
}

std::string right(std::string text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string short_size(std::uint64_t bytes) {
  constexpr const char* units[] = {"", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && bytes % 1024 == 0; bytes /= 1024) ++unit;
  return std::to_string(bytes) + units[unit];
}

std::string bar(std::uint64_t count, std::uint64_t most) {
  constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto length = static_cast<std::size_t>(40.0 * 8 * static_cast<double>(count) / static_cast<double>(most));
  std::string text;
  for (std::size_t whole = 0; whole < length / 8; ++whole) text += "█";
  return text + (length == 0 ? "▏" : eighths[length % 8]);
}

void row(const char* what, const std::string& text) {
  const std::string label = what;
  std::cout << "  " << label << std::string(14 - label.size(), ' ') << text << '\n';
}

void print_calls(const Trace& trace, const Summary& summary) {
  row("calls", grouped(trace.operations.size()));
  for (std::size_t call = 0; call < summary.calls.size(); ++call) {
    const bool zeroed = call == 0 && summary.zeroed != 0;
    std::cout << "    " << call_names[call] << std::string(12 - std::string(call_names[call]).size(), ' ')
              << right(grouped(summary.calls[call]), 14)
              << (zeroed ? ", of them zeroed " + grouped(summary.zeroed) : std::string()) << '\n';
  }
  if (trace.unknown_blocks != 0)
    row("left out", counted(trace.unknown_blocks, "call") + " for blocks of an earlier time");
  if (trace.refused != 0) row("refused", counted(trace.refused, "call"));
  if (trace.cpus > 1) row("threads", grouped(trace.cpus));
}

void print_sizes(const Summary& summary) {
  if (summary.sizes.empty()) return;
  row("sizes", "blocks that were asked for, by bytes up to");
  std::uint64_t most = 0;
  for (const auto& [limit, count] : summary.sizes) most = std::max(most, count);
  for (const auto& [limit, count] : summary.sizes)
    std::cout << right(short_size(limit), 12) << right(grouped(count), 14) << "  " << bar(count, most) << '\n';
}

void print_alignments(const Trace& trace, const Summary& summary) {
  for (const auto& [alignment, count] : summary.alignments) {
    const bool natural = alignment == std::uint64_t{1} << trace.natural_alignment_log2;
    row("aligned to", short_size(alignment) + ": " + counted(count, "block") + (natural ? " (as all are)" : ""));
  }
}

void print(const std::string& file, const Trace& trace, const Summary& summary) {
  std::cout << printable(file) << '\n';
  row("program", trace.program.empty() ? "not named" : printable(trace.program));
  print_calls(trace, summary);
  row("at the peak", counted(trace.peak_bytes, "byte") + ", at most " + counted(trace.peak_blocks, "block"));
  row("at the end", counted(summary.bytes_at_end, "byte") + " in " + counted(summary.blocks_at_end, "block"));
  print_sizes(summary);
  print_alignments(trace, summary);
}

nlohmann::ordered_json json_of(const std::string& file, const Trace& trace, const Summary& summary) {
  nlohmann::ordered_json json{{"file", file}, {"program", trace.program}};
  for (std::size_t call = 0; call < summary.calls.size(); ++call) json["calls"][call_names[call]] = summary.calls[call];
  json["zeroed"] = summary.zeroed;
  json["unknown_blocks"] = trace.unknown_blocks;
  json["refused"] = trace.refused;
  json["threads"] = trace.cpus;
  json["slots"] = trace.slots;
  json["peak"] = {{"bytes", trace.peak_bytes}, {"blocks", trace.peak_blocks}};
  json["end"] = {{"bytes", summary.bytes_at_end}, {"blocks", summary.blocks_at_end}};
  json["natural_alignment"] = std::uint64_t{1} << trace.natural_alignment_log2;
  json["sizes"] = nlohmann::ordered_json::array();
  for (const auto& [limit, count] : summary.sizes) json["sizes"].push_back({{"up_to", limit}, {"blocks", count}});
  json["alignments"] = nlohmann::ordered_json::array();
  for (const auto& [to, count] : summary.alignments) json["alignments"].push_back({{"to", to}, {"blocks", count}});
  return json;
}

void show(const WantedView& wanted) {
  auto all = nlohmann::ordered_json::array();
  for (const std::string& file : wanted.files) {
    const Trace trace = load_trace(file);
    const auto points = wanted.curve ? thinned_curve(trace, wanted.points) : std::vector<CurvePoint>{};
    if (wanted.json) {
      all.push_back(json_of(file, trace, summarise(trace)));
      for (const CurvePoint& point : points) all.back()["curve"].push_back({point.operation, point.bytes});
    } else if (wanted.curve) {
      if (wanted.files.size() > 1) std::cout << "# " << printable(file) << '\n';
      for (const CurvePoint& point : points) std::cout << point.operation << ' ' << point.bytes << '\n';
    } else {
      print(file, trace, summarise(trace));
    }
  }
  // A name need not be text: what is none becomes a sign for that.
  if (wanted.json) std::cout << all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace

void add_show(CLI::App& tool) {
  CLI::App* const command = tool.add_subcommand("show", "Tells what is in a trace.");
  const auto wanted = std::make_shared<WantedView>();
  command->add_option("FILE", wanted->files, "the traces")->required();
  command->add_flag("--json", wanted->json, "the same for programs: an array with an object for each file");
  command->add_flag("--curve", wanted->curve,
                    "the bytes that live, as lines of an operation's number and bytes; '# FILE' before each of more");
  command->add_option("--points", wanted->points, "the most points of a curve")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32))
      ->capture_default_str();
  command->footer("Threads, refused calls and calls for unknown blocks are told where the trace keeps them: one that\n"
                  "was recorded with --callers or --times.\n"
                  "Examples:\n"
                  "  bareheap show jq.trace\n"
                  "  bareheap show --curve --points 200 jq.trace > jq.curve\n"
                  "  bareheap show --json *.trace");
  command->final_callback([wanted] { show(*wanted); });
}

}  // namespace bareheap::tools
