// SPDX-License-Identifier: MIT
// The command `bareheap-synthetic`: writes a synthetic load as a trace.
#include "bench/command.hpp"
#include "loads.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>

namespace {

using namespace bareheap::bench;

std::string list_of_loads() {
  std::string text = "Loads:\n";
  for (const Load& load : loads()) {
    text += "  " + std::string(load.name) + std::string(17 - std::string(load.name).size(), ' ') + load.does + "\n";
  }
  return text + "Example:\n  bareheap-synthetic fifo -o fifo.trace && bareheap replay fifo.trace";
}

int run(int count, char** arguments) {
  CLI::App tool("Writes a synthetic load as a trace, the same one each time.", "bareheap-synthetic");
  tool.footer(list_of_loads());
  std::string name;
  std::string file;
  std::uint64_t seed = 1;
  bool list = false;
  tool.add_option("load", name, "which one");
  tool.add_option("-o,--output", file, "the trace to write");
  tool.add_flag("--list", list, "tells only the names of the loads");
  tool.add_option("--seed", seed, "another seed makes another load of the same kind")->capture_default_str();
  CLI11_PARSE(tool, count, arguments);
  if (list) {
    for (const Load& load : loads()) std::cout << load.name << "\n";
    return 0;
  }
  if (name.empty() || file.empty())
    throw bareheap::tools::UserError("a load and -o FILE are needed; --help tells more");
  const auto load = std::ranges::find(loads(), name, &Load::name);
  if (load == loads().end()) throw bareheap::tools::UserError("there is no load " + name + "; --help lists them");
  save_trace(make_trace(*load, seed), file);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return bareheap::bench::answer_of("bareheap-synthetic", 2, [&] { return run(count, arguments); });
}
