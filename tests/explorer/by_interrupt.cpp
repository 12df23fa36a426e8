// SPDX-License-Identifier: MIT
// CPUs that interrupt each other.
#include "explorer/scenes.hpp"

int main(int count, char** arguments) {
  using namespace explorer;
  return run(Scene<Recall::by_interrupt, ByKey>::programs(), {}, count, arguments);
}
