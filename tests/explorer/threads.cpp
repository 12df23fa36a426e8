// SPDX-License-Identifier: MIT
// Threads whose signals' handlers allocate and free wherever they come, and that fork. Interrupts are not masked, but
// counted, as the host counts them.
#include "explorer/scenes.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace explorer {
namespace {

struct Threads : Cpus<Recall::directly, known> {
  static int mask_interrupts() noexcept { return masked[cpu()]++; }
  static void restore_interrupts(int state) noexcept { masked[cpu()] = state; }
  static bool is_nested() noexcept { return masked[cpu()] != 0; }

  static inline std::array<int, most_cpus> masked{};
};

using Threaded = Scene<Recall::directly, ByKey, Threads>;

std::array<std::byte*, 2> of_handler;  // what the one on CPU 0 frees

void start_with(const std::string& owners) {
  Threads::masked = {};
  Threaded::start_with(owners);
}

void start_with_handler(const std::string& owners) {
  start_with(owners + "00");
  run_as(0);
  for (std::byte*& at : of_handler) at = Threaded::take(1);
}

void release(std::byte* at) {
  expect(Threaded::heap().size_of(at) == Ledger::at(at).size, "a block has another size");
  Threaded::struck_out(at);
  Threaded::heap().release(at);
}

void handle(unsigned) {
  for (std::byte* const at : of_handler) release(at);
}

void try_to_take_and_release(std::size_t granules) {
  if (std::byte* const at = Threaded::may_take(granules); at != nullptr) release(at);
}

Program interrupted(const char* name, const char* owners, std::function<void(unsigned)> body) {
  Program program = Threaded::program(name, 2, nullptr, std::move(body));
  program.start = [owners] { start_with_handler(owners); };
  program.device = handle;
  program.devices = 1;
  return program;
}

// Forks: the child is the arena as it was then. In its ledger there is no block that the other CPU had in hand.
Fork child;
unsigned forked;  // which CPU did

void fork() {
  Threaded::heap().before_fork();
  child.copy();
  forked = Threads::cpu();
  Threaded::heap().after_fork_in_parent();
}

void finish_child() {
  child.become();
  Threads::masked = {};
  Threads::masked[forked] = 1;  // with the lock
  run_as(forked);
  Threaded::heap().after_fork_in_child();
  std::vector<std::byte*> used;
  Threaded::heap().walk([&](const Extent& tile) {
    if (tile.kind == ExtentKind::used) used.push_back(const_cast<std::byte*>(tile.at));
  });
  expect(used.size() <= child.known() + 1, "a stock is lost to the child");
  for (std::byte* const at : used) Threaded::heap().release(at);
  Ledger::clear();
  Threaded::finish();
}

Program forking(const char* name, const char* owners, std::function<void(unsigned)> body) {
  Program program = Threaded::program(name, 2, nullptr, std::move(body));
  program.start = [owners] { start_with(owners); };
  program.finish = [] {
    Threaded::finish();
    finish_child();
  };
  return program;
}

// The list of what a handler has freed is emptied by whoever has the lock next.
std::vector<Program> interrupted_programs() {
  std::vector<Program> all;
  all.push_back(
      interrupted("a handler frees while both take and give", "", [](unsigned) { try_to_take_and_release(2); }));
  all.push_back(interrupted("a handler frees while its CPU asks", "1", [](unsigned cpu) {
    if (cpu == 0) static_cast<void>(Threaded::may_take(2));
  }));
  return all;
}

std::vector<Program> programs() {
  std::vector<Program> all;
  // The end of a block is the beginning of the next, which the other CPU gives and takes.
  Program beside = Threaded::program("one releases what the other merges beside it", 2, nullptr, [](unsigned cpu) {
    if (cpu == 0) return release(passed);
    try_to_take_and_release(2);
  });
  beside.start = [] {
    start_with("000");
    run_as(0);
    std::vector<std::byte*> three;
    for (int count = 0; count < 3; ++count) three.push_back(Threaded::take(1));
    std::sort(three.begin(), three.end());
    passed = three[0];
    for (const std::size_t index : {1U, 2U}) release(three[index]);
    Threaded::heap().trim();
  };
  all.push_back(beside);
  all.push_back(forking("one forks, the other takes and gives", "111", [](unsigned cpu) {
    if (cpu == 1) return try_to_take_and_release(1);
    fork();
    try_to_take_and_release(2);
  }));
  all.push_back(forking("both fork", "0011", [](unsigned) { fork(); }));
  return all;
}

}  // namespace
}  // namespace explorer

int main(int count, char** arguments) {
  using namespace explorer;
  const int status = run(programs(), {.every_word = true}, count, arguments);
  return status != 0 ? status : run(interrupted_programs(), {}, count, arguments);
}
