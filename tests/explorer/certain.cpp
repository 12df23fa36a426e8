// SPDX-License-Identifier: MIT
// A map that several CPUs change at once.
#include "explorer/scenes.hpp"

int main(int count, char** arguments) {
  using namespace explorer;
  return run(Scene<Recall::by_interrupt, ByMap>::programs(), {.every_word = true}, count, arguments);
}
