// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace bareheap::tools::replay {
namespace {

/// A heap, in a sweep with its region: what one line of a table is about.
std::string label_of(const Json& row) {
  std::string label = row["heap"];
  if (!row.contains("percent_of_smallest")) return label;
  char factor[32];
  std::snprintf(factor, sizeof factor, " x %.2f", row["percent_of_smallest"].get<double>() / 100);
  return label + factor;
}

std::string number_text(const Json& value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value.get<double>());
  std::string digits = text;
  if (decimals != 0) return digits;
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

using Line = std::vector<std::string>;

/// The first column to the left, others to the right; what a line has beyond the titles is a sentence.
std::string table(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines) {
    for (std::size_t at = 0; at < widths.size() && at < line.size(); ++at)
      widths[at] = std::max(widths[at], line[at].size());
  }
  std::string text;
  for (const Line& line : lines) {
    std::string row = "  " + line[0] + std::string(widths[0] - line[0].size(), ' ');
    for (std::size_t at = 1; at < widths.size() && at < line.size(); ++at) {
      row += "  " + std::string(widths[at] - line[at].size(), ' ') + line[at];
    }
    for (std::size_t at = widths.size(); at < line.size(); ++at) row += "  " + line[at];
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

bool takes_part(const Json& row) { return !row.contains("reference"); }

std::optional<double> lowest(const std::vector<Json>& rows, const Column& column) {
  std::optional<double> best;
  for (const Json& row : rows) {
    if (!takes_part(row) || !row.contains(column.member)) continue;
    best = std::min(best.value_or(HUGE_VAL), row[column.member].get<double>());
  }
  return best;
}

/// Columns that any of the rows has.
std::vector<Column> present(const std::vector<Json>& rows, const std::vector<Column>& columns) {
  std::vector<Column> result;
  std::ranges::copy_if(columns, std::back_inserter(result), [&](const Column& column) {
    return std::ranges::any_of(rows, [&](const Json& row) { return row.contains(column.member); });
  });
  return result;
}

std::string table_of(const std::vector<Json>& rows, const std::vector<Column>& all_columns) {
  const std::vector<Column> columns = present(rows, all_columns);
  std::vector<Line> lines(1, Line{"heap"});
  for (const Column& column : columns) lines[0].push_back(std::string(column.title) + " ");
  for (const Json& row : rows) {
    Line line = {label_of(row)};
    for (const Column& column : columns) {
      const bool has = row.contains(column.member);
      const bool best =
          has && column.judged && takes_part(row) && row[column.member].get<double>() == lowest(rows, column);
      line.push_back(has ? number_text(row[column.member], column.decimals) + (best ? "*" : " ") : "- ");
    }
    if (row.contains("note")) line.push_back(row["note"]);
    lines.push_back(std::move(line));
  }
  return table(lines);
}

std::vector<Json> rows_of(const Json& rows, const Json& trace) {
  std::vector<Json> result;
  std::ranges::copy_if(rows, std::back_inserter(result), [&](const Json& row) { return row["trace"] == trace; });
  return result;
}

/// The means with those figures only that are over so many traces.
std::vector<Json> means_over(std::size_t traces, const Json& means) {
  std::vector<Json> result;
  for (const Json& mean : means) {
    Json whole = mean;
    bool any = false;
    for (const auto& [member, count] : mean["traces"].items()) {
      if (count == traces) any = true;
      else whole.erase(member);
    }
    if (any) result.push_back(std::move(whole));
  }
  return result;
}

}  // namespace

Json means_of(const Json& rows, const std::vector<Column>& columns) {
  Json means = Json::array();
  std::vector<std::string> labels;
  for (const Json& row : rows) {
    if (std::ranges::find(labels, label_of(row)) == labels.end()) labels.push_back(label_of(row));
  }
  for (const std::string& label : labels) {
    Json mean = {{"heap", label}};
    Json counts = Json::object();
    for (const Column& column : columns) {
      double logarithms = 0;
      unsigned traces = 0;
      for (const Json& row : rows) {
        if (!column.judged || label_of(row) != label || !row.contains(column.member)) continue;
        if (!takes_part(row)) mean["reference"] = true;
        logarithms += std::log(std::max(0.0, row[column.member].get<double>()));  // of nothing it is -inf, as it should
        ++traces;
      }
      if (traces == 0) continue;
      mean[column.member] = std::exp(logarithms / traces);
      counts[column.member] = traces;
    }
    if (counts.empty()) continue;
    mean["traces"] = std::move(counts);
    means.push_back(std::move(mean));
  }
  return means;
}

std::string tables_of(const Json& traces, const Json& rows, const std::vector<Column>& columns) {
  std::string text;
  for (const Json& trace : traces) {
    text += trace["trace"].get<std::string>() + ": " + number_text(trace["operations"], 0) + " operations, peak " +
            number_text(trace["peak_bytes"], 0) + " bytes in " + number_text(trace["peak_blocks"], 0) + " blocks\n" +
            table_of(rows_of(rows, trace["trace"]), columns) + "\n";
  }
  const std::vector<Json> means = means_over(traces.size(), means_of(rows, columns));
  if (traces.size() < 2 || means.empty()) return text;
  return text + "geometric mean of " + std::to_string(traces.size()) + " traces\n" + table_of(means, columns) + "\n";
}

std::string curves_of(const Json& rows) {
  const std::vector<std::pair<const char*, const char*>> columns = {{"live_bytes", "live"},
                                                                    {"used_bytes", "used"},
                                                                    {"free_bytes", "free"},
                                                                    {"holes", "holes"},
                                                                    {"largest_free_bytes", "largest"},
                                                                    {"fragmentation_permille", "permille"}};
  std::string text;
  for (const Json& row : rows) {
    std::vector<Line> lines(1, Line{"operations"});
    for (const auto& column : columns) lines[0].emplace_back(column.second);
    for (const Json& sample : row["samples"]) {
      Line line = {number_text(sample["operations"], 0)};
      for (const auto& column : columns) line.push_back(number_text(sample[column.first], 0));
      lines.push_back(std::move(line));
    }
    text += row["trace"].get<std::string>() + " on " + row["heap"].get<std::string>();
    if (row.contains("note")) text += ": " + row["note"].get<std::string>();
    text += "\n" + table(lines) + "\n";
  }
  return text;
}

}  // namespace bareheap::tools::replay
