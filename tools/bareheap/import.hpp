// SPDX-License-Identifier: MIT
// Traces out of what others have written. Sentences of what these throw do not name a file.
#pragma once

#include "trace.hpp"

#include <string_view>

namespace bareheap::tools {

/// Of heaptrack 1.4, unpacked: raw, or interpreted. Throws UserError, with the number of the line, where a line cannot
/// be understood.
Trace import_heaptrack(std::string_view text);

/// What a kernel wrote over its serial line with TraceLines (ports/common/trace_lines.hpp), between other lines.
Trace import_serial(std::string_view text);

}  // namespace bareheap::tools
