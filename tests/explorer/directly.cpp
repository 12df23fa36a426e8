// SPDX-License-Identifier: MIT
// Threads that take each other's stock; their stores may wait.
#include "explorer/scenes.hpp"

int main(int count, char** arguments) {
  using namespace explorer;
  return run(Scene<Recall::directly, ByKey>::programs(), {.store_buffers = true}, count, arguments);
}
