// SPDX-License-Identifier: MIT
// The command `bareheap`: records what programs ask of their heap, and runs it again on others.
#include "commands.hpp"
#include "trace.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <string>

namespace bareheap::tools {
namespace {

/// One line whatever is in it: names of files may contain line ends.
int refuse(std::string sentence, int status) {
  std::ranges::replace_if(sentence, [](char letter) { return static_cast<unsigned char>(letter) < ' '; }, ' ');
  std::cerr << "bareheap: " << sentence << ".\n";
  return status;
}

int run(int count, char** arguments) {
  CLI::App tool("Records what programs ask of their heap, and runs it again on others.", "bareheap");
  tool.footer("Examples:\n"
              "  bareheap record -o jq.trace -- jq . big.json\n"
              "  bareheap show jq.trace\n"
              "  bareheap replay jq.trace\n"
              "bareheap COMMAND --help tells more of each. docs/traces.md and docs/replay.md explain the figures.");
  tool.require_subcommand(1);
  add_record(tool);
  add_show(tool);
  add_import(tool);
  add_replay(tool);
  const auto is_named = [&](const CLI::App* command) { return command->get_name() == arguments[1]; };
  if (count > 1 && arguments[1][0] != '-' && std::ranges::none_of(tool.get_subcommands({}), is_named))
    return refuse(std::string("there is no command '") + arguments[1] + "' (bareheap --help tells more)", 2);
  try {
    tool.parse(count, arguments);
  } catch (const CLI::Success& help) {
    return tool.exit(help);
  } catch (const CLI::ParseError& error) {
    return refuse(std::string(error.what()) + " (bareheap --help tells more)", 2);
  }
  return 0;
}

}  // namespace
}  // namespace bareheap::tools

int main(int count, char** arguments) {
  using bareheap::tools::refuse;
  try {
    return bareheap::tools::run(count, arguments);
  } catch (const std::bad_alloc&) {
    return refuse("there is not enough memory for this", 1);
  } catch (const std::exception& error) {
    return refuse(error.what(), 1);
  }
}
