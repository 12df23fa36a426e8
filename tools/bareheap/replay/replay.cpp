// SPDX-License-Identifier: MIT
// The command `bareheap replay`.
#include "commands.hpp"
#include "heaps.hpp"
#include "measure.hpp"
#include "processes.hpp"
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include <sched.h>
#include <unistd.h>

namespace bareheap::tools {
namespace {

using namespace replay;

struct Mode {
  const char* name;
  const char* help;
  Json (*measure)(const Plan&, const Program&, Progress&);
  bool mallocs;  ///< those of others can be measured so
  std::vector<Column> columns;
};

const std::vector<Mode>& modes() {
  static const std::vector<Mode> all = {
      {"time",
       "Nanoseconds per operation (this is what is done where nothing is said)",
       measure_time,
       true,
       {{"ns_best", "ns best", 2, true}, {"ns_median", "ns median", 2, true}, {"ns_net", "net of loop", 2}}},
      {"instructions",
       "Instructions per operation and of the worst calls",
       measure_instructions,
       true,
       {{"instructions", "instructions", 1, true},
        {"instructions_with_loop", "with loop", 1},
        {"worst_allocate", "worst allocate", 0, true},
        {"worst_deallocate", "worst deallocate", 0, true}}},
      {"memory",
       "The smallest region in which the trace runs, and the floor",
       measure_memory,
       true,
       {{"smallest_bytes", "smallest", 0},
        {"smallest_to_peak", "to peak", 3, true},
        {"floor_to_peak", "floor", 3, true},
        {"smallest_to_floor", "to floor", 3, true},
        {"resident_bytes", "resident", 0},
        {"resident_to_peak", "to peak", 3, true}}},
      {"sweep",
       "Nanoseconds per operation in regions from the smallest one up",
       measure_sweep,
       false,
       {{"region_bytes", "region", 0}, {"ns_best", "ns best", 2, true}, {"ns_median", "ns median", 2, true}}},
      {"curve", "The heap's picture over time", measure_curve, false, {}},
      {"laws", "Verifies every block and the heap itself", measure_laws, false, {{"operations", "operations", 0}}},
  };
  return all;
}

/// What stands on the command line.
struct Arguments {
  std::vector<std::string> traces;
  std::vector<std::string> heaps;
  std::vector<std::string> mallocs;
  std::vector<bool> chosen = std::vector<bool>(modes().size());
  std::string region = "4";
  std::size_t alignment = 0;
  int cpu = -1;
  bool json = false;
  bool list = false;
  Plan plan{};

  const Mode& mode() const {
    const auto found = std::ranges::find(chosen, true);
    return modes()[found == chosen.end() ? 0 : static_cast<std::size_t>(found - chosen.begin())];
  }
};

[[noreturn]] void wrong(const std::string& sentence) { throw CLI::ValidationError(sentence); }

std::vector<HeapKind> all_heaps() {
  std::vector<HeapKind> heaps = engine_kinds();
  std::ranges::move(stack_kinds(), std::back_inserter(heaps));
  return heaps;
}

std::vector<HeapKind> chosen_heaps(const Arguments& arguments) {
  if (arguments.heaps.empty()) return arguments.mallocs.empty() ? engine_kinds() : std::vector<HeapKind>{};
  std::vector<HeapKind> chosen;
  const std::vector<HeapKind> all = all_heaps();
  for (const std::string& name : arguments.heaps) {
    const auto found = std::ranges::find(all, name, &HeapKind::name);
    if (found == all.end()) wrong("no heap '" + name + "' is known; --list-heaps tells which are");
    chosen.push_back(*found);
  }
  return chosen;
}

std::vector<ForeignMalloc> chosen_mallocs(const Arguments& arguments) try {
  std::vector<ForeignMalloc> chosen;
  std::ranges::transform(arguments.mallocs, std::back_inserter(chosen), find_malloc);
  return chosen;
} catch (const UserError& error) {
  wrong(error.what());
}

/// "4" or "1.05": times the peak of live bytes. "64K", "1M", "100000B": bytes.
void read_region(const std::string& text, Plan& plan) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  const std::string units = "BKMG";
  const bool is_size = unit.size() == 1 && units.contains(unit[0]);
  if (error != std::errc() || !(value > 0) || !(value < 1e6) || (!unit.empty() && !is_size)) {
    wrong("--region takes a factor such as 1.5, or a size such as 64K, and not '" + text + "'");
  }
  if (!is_size) plan.region_factor = value;
  if (is_size)
    plan.region_size = static_cast<std::size_t>(std::ldexp(value, static_cast<int>(10 * units.find(unit[0]))));
}

void pin(int cpu) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int number = 0; cpu < 0 && number < CPU_SETSIZE; ++number) {
    if (CPU_ISSET(CPU_SETSIZE - 1 - number, &allowed)) cpu = CPU_SETSIZE - 1 - number;
  }
  if (cpu >= CPU_SETSIZE) wrong("there is no CPU " + std::to_string(cpu));
  CPU_ZERO(&allowed);
  CPU_SET(static_cast<std::size_t>(cpu), &allowed);
  if (sched_setaffinity(0, sizeof allowed, &allowed) != 0) wrong("there is no CPU " + std::to_string(cpu));
}

/// Starts this command once more, under the tool that counts instructions; comes back only if it runs there already.
void run_under_counter() {
  if (Clock().counts()) return;
  constexpr const char* mark = "BAREHEAP_REPLAY_COUNTED";
  if (std::getenv(mark) != nullptr) throw UserError("the tool that counts instructions does not answer");
  setenv(mark, "1", 1);
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> command = {instruction_counter(), std::filesystem::read_symlink("/proc/self/exe")};
  std::string argument;
  std::getline(file, argument, '\0');
  while (std::getline(file, argument, '\0')) command.push_back(argument);
  execv(command[0].c_str(), pointers_to(command).data());
  throw UserError("'" + command[0] + "' does not start");
}

Json trace_row(const Program& program) {
  return {{"trace", program.trace},
          {"program", program.name},
          {"operations", program.steps.size()},
          {"peak_bytes", program.peak_bytes},
          {"peak_blocks", program.peak_blocks},
          {"natural_alignment", program.natural_alignment()}};
}

/// The file's name without ".trace" and what follows it.
std::string short_name(const std::string& file) {
  const std::string name = std::filesystem::path(file).filename();
  return name.substr(0, name.find(".trace"));
}

/// The short name, or the whole path where another file has the same one: rows are told apart by it.
std::string name_of_trace(const std::string& file, const std::vector<std::string>& files) {
  const bool unique = std::ranges::count(files, short_name(file), short_name) == 1;
  return unique ? short_name(file) : file;
}

Program load_program(const std::string& file, const Arguments& arguments) try {
  const auto alignment = arguments.alignment == 0 ? std::nullopt : std::optional(arguments.alignment);
  return make_program(load_trace(file), name_of_trace(file, arguments.traces), alignment);
} catch (const ProgramError& error) {
  throw UserError(file + ": " + error.what());
}

Json options_of(const Arguments& arguments) {
  Json options = {{"rounds", arguments.plan.rounds}, {"seconds", arguments.plan.seconds}, {"region", arguments.region}};
  if (arguments.alignment != 0) options["alignment"] = arguments.alignment;
  return options;
}

std::size_t parts_of(const Arguments& arguments) {
  const auto measure = arguments.mode().measure;
  const Plan& plan = arguments.plan;
  std::size_t parts = plan.heaps.size() + plan.mallocs.size();
  if (measure == measure_instructions) parts += plan.references.size();
  if (measure == measure_time) parts = 0;  // there all heaps run in each round
  if (measure == measure_time || measure == measure_sweep) parts += 1 + plan.rounds;
  return arguments.traces.size() * parts;
}

Json measure_all(const Arguments& arguments) {
  Json report = {{"version", 1}, {"mode", arguments.mode().name}, {"options", options_of(arguments)}};
  report["traces"] = Json::array();
  report["results"] = Json::array();
  Progress progress(parts_of(arguments));
  for (const std::string& file : arguments.traces) {
    const Program program = load_program(file, arguments);
    report["traces"].push_back(trace_row(program));
    for (Json& row : arguments.mode().measure(arguments.plan, program, progress)) {
      report["results"].push_back(std::move(row));
    }
  }
  report["means"] = means_of(report["results"], arguments.mode().columns);
  return report;
}

void print(const Arguments& arguments, const Json& report) {
  if (arguments.json) {
    // A name need not be text: what is none becomes a sign for that.
    std::cout << report.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  } else if (arguments.mode().measure == measure_curve) {
    std::cout << curves_of(report["results"]);
  } else {
    std::cout << tables_of(report["traces"], report["results"], arguments.mode().columns);
  }
  std::cout.flush();
  for (const Json& row : report["results"]) {
    if (row["status"] != "broken") continue;
    throw UserError("the laws do not hold for " + row["heap"].get<std::string>() + " on " +
                    row["trace"].get<std::string>() + ": " + row["note"].get<std::string>());
  }
}

void list_heaps() {
  std::cout << "Heaps (--heap):\n";
  for (const HeapKind& heap : all_heaps()) std::cout << "  " << heap.name << "\n";
  std::cout << "Allocators of others (--malloc), beside any library by its path:\n";
  for (const std::string& name : malloc_names()) std::cout << "  " << name << "\n";
}

void run(Arguments& arguments) {
  if (arguments.list) return list_heaps();
  if (arguments.traces.empty()) wrong("a trace is needed");
  for (const std::string& file : arguments.traces) {
    if (std::ranges::count(arguments.traces, file) > 1) wrong("the trace '" + file + "' is named twice");
  }
  Plan& plan = arguments.plan;
  read_region(arguments.region, plan);
  plan.heaps = chosen_heaps(arguments);
  plan.mallocs = chosen_mallocs(arguments);
  plan.references = reference_kinds();
  pin(arguments.cpu);
  if (!arguments.mode().mallocs && !plan.mallocs.empty()) {
    wrong(std::string("--") + arguments.mode().name + " looks into a region, which a --malloc does not have");
  }
  if (arguments.mode().measure == measure_instructions) run_under_counter();
  print(arguments, measure_all(arguments));
}

void add_options(CLI::App& command, Arguments& arguments) {
  command.add_option("TRACE", arguments.traces, "Recordings to replay");
  command
      .add_option("--heap", arguments.heaps,
                  "An engine or a stack of wrappers; may be given again (default: all engines)")
      ->allow_extra_args(false);
  command
      .add_option("--malloc", arguments.mallocs,
                  "An allocator of others by name, or the path of its library; may be given again")
      ->allow_extra_args(false);
  command.add_flag("--list-heaps", arguments.list, "Tells which heaps and allocators have a name");
  command
      .add_option("--region", arguments.region, "The region: a factor of the peak of live bytes, or a size such as 64K")
      ->capture_default_str();
  command.add_option("--alignment", arguments.alignment, "Calls that asked for no alignment ask for this one")
      ->check(CLI::IsMember({8, 16}));
  command.add_option("--rounds", arguments.plan.rounds, "Times that each heap is measured, in turn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--seconds", arguments.plan.seconds, "A figure that takes longer is given up")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  command.add_option("--samples", arguments.plan.samples, "--curve: how often the heap is looked at")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command
      .add_option("--check-every", arguments.plan.check_every,
                  "--laws: operations from one check of the heap to the next")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  command.add_option("--cpu", arguments.cpu, "The CPU to run on (default: the last one)")->check(CLI::Range(0, 100000));
  command.add_flag("--json", arguments.json, "Prints the results as JSON (docs/replay.md has the names)");
}

}  // namespace

void add_replay(CLI::App& tool) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *tool.add_subcommand("replay", "Runs traces on heaps, and measures.");
  add_options(command, *arguments);
  auto& measurements = *command.add_option_group("What is measured");
  measurements.require_option(0, 1);
  for (std::size_t mode = 0; mode < modes().size(); ++mode) {
    measurements.add_flag_callback(
        std::string("--") + modes()[mode].name, [arguments, mode] { arguments->chosen[mode] = true; },
        modes()[mode].help);
  }
  command.footer(
      "Examples:\n"
      "  bareheap replay jq.trace\n"
      "  bareheap replay jq.trace lua.trace --heap hole-list --malloc mimalloc --malloc glibc\n"
      "  bareheap replay lua.trace --memory --alignment 8 --json\n"
      "  bareheap replay jq.trace --laws --heap locked+counted+hole-list --region 1.5\n"
      "docs/replay.md explains the figures.");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace bareheap::tools
