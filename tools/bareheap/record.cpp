// SPDX-License-Identifier: MIT
// `bareheap record`: runs a program with the recorder's library inside, and makes a trace of what that wrote.
#include "commands.hpp"
#include "files.hpp"
#include "recorded_program.hpp"
#include "trace.hpp"

#include "bareheap/parts/trace_reader.hpp"
#include "bareheap/parts/trace_writer.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>

namespace bareheap::tools {
namespace {

struct WantedRecording {
  std::string program;
  std::string output;
  bool callers = false;
  bool times = false;
};

// What is whole of a recording that is cut off, with an end.
std::vector<std::byte> with_end(const std::vector<std::byte>& bytes) {
  TraceReader reader(bytes.data(), bytes.size());
  MemorySink whole;
  const auto writer = std::make_unique<TraceWriter<MemorySink, 65535>>();
  writer->begin(whole, reader.header());
  for (TraceEvent event; reader.next(event);) writer->put(whole, event);
  if (reader.fault() != TraceFault::cut_off) throw UserError(sentence(reader.fault()));
  writer->end(whole);
  return std::move(whole.bytes);
}

std::uint64_t save(const std::vector<std::byte>& bytes, const std::filesystem::path& path) {
  CompressedFile file(path);
  file.write(bytes.data(), bytes.size());
  return file.close();
}

std::string plainly_counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void tell(const Trace& trace, const std::filesystem::path& path, std::uint64_t file_size) {
  const std::uint64_t calls = trace.operations.size() + trace.unknown_blocks + trace.refused;
  std::cerr << "bareheap: " << path.string() << ": " << plainly_counted(calls, "call") << " of "
            << plainly_counted(trace.cpus, "thread") << ", " << plainly_counted(trace.peak_bytes, "byte")
            << " live at the peak, a file of " << plainly_counted(file_size, "byte") << ".\n";
}

struct Outcome {
  int status = 0;
  std::vector<std::byte> bytes;
};

// Nothing but the bytes is left of the recording.
Outcome run(const WantedRecording& wanted, const std::vector<std::string>& program) {
  RecordedProgram recorded(program, wanted.callers, wanted.times);
  Outcome outcome{recorded.wait(), recorded.events()};
  if (const std::string why = recorded.why_cut_off(); !why.empty()) {
    std::cerr << "bareheap: the last calls are missing: " << why << ".\n";
    outcome.bytes = with_end(outcome.bytes);
  }
  return outcome;
}

int record(const WantedRecording& wanted, const std::vector<std::string>& program) {
  const std::filesystem::path path =
      wanted.output.empty() ? std::filesystem::path(program.front()).filename().string() + ".trace" : wanted.output;
  check_writable(path);
  const Outcome outcome = run(wanted, program);
  const Trace trace = parse_trace(outcome.bytes);
  const bool whole = wanted.callers || wanted.times;
  tell(trace, path, whole ? save(outcome.bytes, path) : save_trace(trace, path));
  return outcome.status;
}

}  // namespace

void add_record(CLI::App& tool) {
  CLI::App* const command = tool.add_subcommand("record", "Records the calls of a program, its threads included.");
  const auto wanted = std::make_shared<WantedRecording>();
  command->add_option("-o,--output", wanted->output, "the trace to write; else PROGRAM.trace in this folder");
  command->add_flag("--callers", wanted->callers, "keep where each call came from, and the addresses of the blocks");
  command->add_flag("--times", wanted->times, "keep when each call came, and the addresses of the blocks");
  command->add_option("PROGRAM", wanted->program, "the program, with its arguments behind it")->required();
  command->prefix_command();
  command->footer("It ends with the program's own status. Where the program becomes another one (exec), that one is\n"
                  "recorded in its place; what it starts besides is not.\n"
                  "Examples:\n"
                  "  bareheap record -o jq.trace -- jq . big.json\n"
                  "  bareheap record --callers --times -- python3 -c 'print(1)'");
  command->final_callback([command, wanted] {
    std::vector<std::string> program = command->remaining();
    if (!program.empty() && program.front() == "--") program.erase(program.begin());
    program.insert(program.begin(), wanted->program);
    // The tool's own status is the program's.
    if (const int status = record(*wanted, program); status != 0) std::exit(status);
  });
}

}  // namespace bareheap::tools
