// SPDX-License-Identifier: MIT
// `bareheap import`: makes a trace of what another recorder has written.
#include "import.hpp"

#include "commands.hpp"
#include "files.hpp"

#include <iostream>
#include <memory>

namespace bareheap::tools {
namespace {

using Importer = Trace (*)(std::string_view text);

struct WantedImport {
  std::string input;
  std::string output;
};

Trace import_file(const std::filesystem::path& file, Importer importer) {
  const std::vector<std::byte> bytes = read_file(file);
  try {
    return importer({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const UserError& error) {
    throw UserError(file.string() + ": " + error.what());
  }
}

std::filesystem::path output_for(const WantedImport& wanted) {
  if (!wanted.output.empty()) return wanted.output;
  return std::filesystem::path(wanted.input).filename().string() + ".trace";
}

void add_format(CLI::App& command, const char* name, const char* what, Importer importer) {
  CLI::App* const format = command.add_subcommand(name, what);
  const auto wanted = std::make_shared<WantedImport>();
  format->add_option("FILE", wanted->input, "the file to read; it may be compressed with zstd or gzip")->required();
  format->add_option("-o,--output", wanted->output, "the trace to write; else FILE.trace in this folder");
  format->final_callback([wanted, importer] {
    const Trace trace = import_file(wanted->input, importer);
    const std::filesystem::path output = output_for(*wanted);
    save_trace(trace, output);
    std::cout << output.string() << ": " << trace.operations.size() << " calls, " << trace.peak_bytes
              << " bytes live at the peak\n";
  });
}

}  // namespace

void add_import(CLI::App& tool) {
  CLI::App* const command = tool.add_subcommand("import", "Makes a trace of what another recorder has written.");
  command->require_subcommand(1);
  command->footer("Examples:\n"
                  "  bareheap import heaptrack heaptrack.jq.4711.zst -o jq.trace\n"
                  "  bareheap import serial kernel.log -o kernel.trace");
  add_format(*command, "heaptrack", "a file of heaptrack 1.4, raw (exact) or interpreted", import_heaptrack);
  add_format(*command, "serial", "the log of a serial line over which a kernel wrote its trace", import_serial);
}

}  // namespace bareheap::tools
