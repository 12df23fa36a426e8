// SPDX-License-Identifier: MIT
// Threads that take each other's stock, of larger blocks too; their stores may wait.
#include "explorer/scenes.hpp"

namespace explorer {
namespace {

using Threads = Scene<Recall::directly, ByKey>;

constexpr std::size_t large = 65;  // granules

// CPU 1's first free has made the place; from then on two blocks go there, and come from there, without the lock.
void start_with_large() {
  Threads::start_with("11", large);
  run_as(1);
  const std::uint64_t before = Threads::heap().times_locked();
  std::byte* const first = Threads::take(large);
  std::byte* const second = Threads::take(large);
  Threads::give(first);
  Threads::give(second);
  expect(Threads::heap().times_locked() == before + 1, "a larger block is not in the stock");
}

// CPU 0 has no stock, and all that is free is in CPU 1's.
std::vector<Program> programs() {
  std::vector<Program> all = Threads::programs();
  Program keeps = Threads::program("one asks, the other takes and gives larger blocks", 2, nullptr, [](unsigned cpu) {
    if (cpu == 0) return static_cast<void>(Threads::take(large));
    Threads::give(Threads::take(large));
    Threads::give(Threads::take(large));
  });
  keeps.start = start_with_large;
  all.push_back(keeps);
  return all;
}

}  // namespace
}  // namespace explorer

int main(int count, char** arguments) {
  using namespace explorer;
  return run(programs(), {.store_buffers = true}, count, arguments);
}
