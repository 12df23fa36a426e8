// SPDX-License-Identifier: MIT
// Results as a person reads them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace bareheap::tools::replay {

using Json = nlohmann::ordered_json;

/// A figure of the rows, as a column of the tables.
struct Column {
  const char* member;
  const char* title;
  int decimals;
  bool judged = false;  ///< the lowest is marked, and its geometric mean is told
};

/// The geometric mean over the traces of each judged figure, for each heap that has it on any of them. `traces` in it
/// tells for each figure over how many.
Json means_of(const Json& rows, const std::vector<Column>& columns);

/// A table for each trace, and one of the means; of those only figures that the heap has on every trace.
std::string tables_of(const Json& traces, const Json& rows, const std::vector<Column>& columns);

/// The same for rows that have samples: a table for each row.
std::string curves_of(const Json& rows);

}  // namespace bareheap::tools::replay
