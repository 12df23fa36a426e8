// SPDX-License-Identifier: MIT
// The command `bareheap-efficiency`: how full each engine can be, as JSON.
#include "bench/command.hpp"
#include "efficiency.hpp"
#include "heaps.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <numeric>
#include <span>
#include <string>

namespace {

using namespace bareheap;
using namespace bareheap::bench;
using bareheap::tools::replay::Named;

constexpr std::size_t alignment = 65536;  // the most that an engine makes use of
constexpr std::size_t least_region = 4096;

struct Freed {
  void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{alignment}); }
};

void print(const char* heap, std::span<const double> shares) {
  const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
  const auto [least, most] = std::ranges::minmax(shares);
  std::cout << "{\"heap\": \"" << heap << "\", \"mean\": " << mean << ", \"least\": " << least << ", \"most\": " << most
            << "}";
}

int run(int count, char** arguments) {
  CLI::App tool(
      "Fills each engine with random blocks until it refuses one, and prints as JSON which share of its region "
      "lived then.",
      "bareheap-efficiency");
  tool.footer("Example:\n  bareheap-efficiency --region 65536 --seeds 100");
  std::size_t size = std::size_t{1} << 20;
  unsigned seeds = 50;
  tool.add_option("--region", size, "bytes of the region")
      ->capture_default_str()
      ->check(CLI::Range(least_region, std::size_t{1} << 30));
  tool.add_option("--seeds", seeds, "how many fillings")->capture_default_str()->check(CLI::Range(1, 10'000));
  CLI11_PARSE(tool, count, arguments);
  const std::unique_ptr<std::byte[], Freed> memory(new (std::align_val_t{alignment}) std::byte[size]);
  const Region region{memory.get(), size};
  std::cout << "{\"region_bytes\": " << size << ", \"seeds\": " << seeds << ", \"heaps\": [";
  const char* separator = "";
  tools::replay::engines([&]<class... Heaps>(Named<Heaps>... named) {
    const auto each = [&]<class Heap>(Named<Heap> engine) {
      std::vector<double> shares;
      for (unsigned seed = 1; seed <= seeds; ++seed) shares.push_back(UntilRefused(seed).run<Heap>(region));
      std::cout << separator << "\n  ";
      print(engine.name, shares);
      separator = ",";
    };
    (each(named), ...);
  });
  std::cout << "\n]}\n";
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return bareheap::bench::answer_of("bareheap-efficiency", 1, [&] { return run(count, arguments); });
}
