// SPDX-License-Identifier: MIT
#include "containers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <numeric>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
#include <version>

// GCC 12's library on a host has no std::format. A kernel always has: there a missing one must not go unnoticed.
#if !defined(__linux__) || defined(__cpp_lib_format)
#include <format>
#endif

namespace bareheap::kernel_test {

namespace {

constexpr int count = 1000;
constexpr int sum_of_all = count * (count - 1) / 2;

/// The numbers from 0 to 999, each once, in an order that looks like none: 617 and 1,000 have no common divisor.
constexpr int scattered(int index) noexcept { return index * 617 % count; }

/// Long enough to live on the heap in every implementation of std::string.
std::string name_of(int number) { return "an element whose number is " + std::to_string(number); }

bool vector_case() {
  std::vector<int> numbers;
  for (int index = 0; index < count; ++index) numbers.push_back(scattered(index));
  if (numbers[617] != scattered(617) || std::accumulate(numbers.begin(), numbers.end(), 0) != sum_of_all) return false;
  std::sort(numbers.begin(), numbers.end());
  if (!std::binary_search(numbers.begin(), numbers.end(), 500)) return false;
  std::erase_if(numbers, [](int number) { return number % 2 != 0; });
  numbers.insert(numbers.begin() + 1, 1);
  return numbers.size() == 501 && numbers[0] == 0 && numbers[1] == 1 && numbers[2] == 2 && numbers.back() == 998;
}

bool string_case() {
  std::string text;
  for (int number = 0; number < count; ++number) text += std::to_string(number) + ",";
  if (text.size() != 10 + 2 * 90 + 3 * 900 + count) return false;
  if (text.find(",617,") == std::string::npos || text.rfind("0,1,") != 0) return false;
  text.erase(text.find(",617,"), 4);
  text.replace(0, 2, "zero ");
  text.insert(0, "numbers: ");
  std::string copy = text;
  copy.push_back('.');
  return text.find("617,618") == std::string::npos && text.starts_with("numbers: zero 1,2,") &&
         text.ends_with("998,999,") && copy.size() == text.size() + 1 && copy > text;
}

#if !defined(__linux__) || defined(__cpp_lib_format)

/// Integers, strings, pointers, bool, characters, and floating point, at each width and base once.
bool formats_each_type() {
  const void* const address = reinterpret_cast<const void*>(std::uintptr_t{0x80a3c});
  return std::format("{} {:+d} {:#x} {:08b} {:o}", -42, 7, 0xbeefU, 5, 8L) == "-42 +7 0xbeef 00000101 10" &&
         std::format("{:>6}|{:<6}|{:^6}|{:*^7}", "ab", std::string("cd"), std::string_view("ef"), 'x') ==
             "    ab|cd    |  ef  |***x***" &&
         std::format("{} {} {:#06x}", true, address, 'A') == "true 0x80a3c 0x0041" &&
         std::format("{:L} {}", 1, 18446744073709551615ULL) == "1 18446744073709551615" &&
         std::format("{} {} {:.3f} {:e} {:g}", 0.1, 1e300, 2.0 / 3.0, 12345.678, 1e-7F) ==
             "0.1 1e+300 0.667 1.234568e+04 1e-07" &&
         std::format("{} {}", 5e-324, 1.0L / 4) == "5e-324 0.25";
}

bool format_case() {
  std::string text;
  for (int index = 0; index < count; ++index) std::format_to(std::back_inserter(text), "{:04}|", scattered(index));
  if (text.size() != 5 * count || text.substr(0, 15) != "0000|0617|0234|") return false;
  std::vector<std::string> pieces;
  for (int number = 0; number < count; ++number) pieces.push_back(std::format("number {} of {:#x}", number, count));
  return pieces[617] == "number 617 of 0x3e8" && text.find("0999|") != std::string::npos && formats_each_type();
}

#endif

bool list_case() {
  std::list<std::string> names;
  for (int index = 0; index < count; ++index) names.push_back(name_of(scattered(index)));
  if (std::find(names.begin(), names.end(), name_of(500)) == names.end()) return false;
  names.remove_if([](const std::string& name) { return name.back() != '7'; });
  names.sort();
  std::list<std::string> others;
  others.push_front(name_of(count));
  names.splice(names.begin(), others);
  names.reverse();
  return names.size() == 101 && others.empty() && names.back() == name_of(count) && names.front() == name_of(997);
}

bool deque_case() {
  std::deque<int> numbers;
  for (int number = 0; number < count; ++number) {
    if (number % 2 == 0) {
      numbers.push_back(number);
    } else {
      numbers.push_front(number);
    }
  }
  if (numbers.front() != 999 || numbers.back() != 998 || numbers[500] != 0 || numbers[499] != 1) return false;
  const auto found = std::find(numbers.begin(), numbers.end(), 500);
  if (found == numbers.end()) return false;
  numbers.erase(found);
  for (int round = 0; round < 400; ++round) {
    numbers.pop_front();
    numbers.pop_back();
  }
  return numbers.size() == 199 && numbers.front() == 199 && numbers.back() == 196;
}

bool priority_queue_case() {
  std::priority_queue<int> queue;
  for (int index = 0; index < count; ++index) queue.push(scattered(index));
  for (int expected = count - 1; expected >= 0; --expected) {
    if (queue.top() != expected) return false;
    queue.pop();
  }
  return queue.empty();
}

/// For std::map and its like, from number to name.
template <class Map>
bool works_as_map(Map& names) {
  for (int index = 0; index < count; ++index) names.emplace(scattered(index), name_of(scattered(index)));
  if (names.size() != count || names.contains(count)) return false;
  for (int number = 0; number < count; ++number) {
    const auto found = names.find(number);
    if (found == names.end() || std::string_view(found->second) != name_of(number)) return false;
  }
  for (int number = 0; number < count; number += 2) {
    if (names.erase(number) != 1) return false;
  }
  if (names.size() != count / 2 || names.contains(500) || !names.contains(501)) return false;
  names[500] = "back again";
  int sum = 0;
  for (const auto& [number, name] : names) sum += number;
  return sum == count * count / 4 + 500 && std::string_view(names.at(500)) == "back again";
}

bool map_case() {
  std::map<int, std::string> names;
  if (!works_as_map(names)) return false;
  const auto keys_ascend = [](const auto& left, const auto& right) { return left.first < right.first; };
  return std::is_sorted(names.begin(), names.end(), keys_ascend) && names.lower_bound(2)->first == 3;
}

bool unordered_map_case() {
  std::unordered_map<int, std::string> names;
  if (!works_as_map(names)) return false;
  std::unordered_map<std::string, int> numbers;
  for (int number = 0; number < count; ++number) numbers[name_of(number)] = number;
  numbers.rehash(4 * count);
  return numbers.at(name_of(617)) == 617 && numbers.bucket_count() >= 4 * count && !numbers.contains("none");
}

bool set_case() {
  std::set<std::string> names;
  for (int index = 0; index < count; ++index) names.insert(name_of(scattered(index)));
  if (names.size() != count || names.insert(name_of(3)).second) return false;
  if (!names.contains(name_of(999)) || names.erase(name_of(999)) != 1 || names.contains(name_of(999))) return false;
  return std::is_sorted(names.begin(), names.end()) && *names.begin() == name_of(0) && *names.rbegin() == name_of(998);
}

/// Tells its owner when it goes.
struct Counted {
  Counted(int number_, int& alive_) : number(number_), alive(alive_) { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }

  int number;
  int& alive;
};

bool unique_ptr_case() {
  int alive = 0;
  std::vector<std::unique_ptr<Counted>> owners;
  for (int index = 0; index < count; ++index) owners.push_back(std::make_unique<Counted>(scattered(index), alive));
  if (alive != count) return false;
  const auto found = std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return owner->number == 500; });
  if (found == owners.end()) return false;
  const std::unique_ptr<Counted> taken = std::move(*found);
  std::erase_if(owners, [](const auto& owner) { return owner == nullptr || owner->number % 2 != 0; });
  if (alive != count / 2 || owners.size() != count / 2 - 1) return false;
  owners.clear();
  return alive == 1 && taken->number == 500;
}

bool shared_ptr_case() {
  int alive = 0;
  std::vector<std::shared_ptr<Counted>> owners;
  for (int index = 0; index < count; ++index) {
    // Half of them with the counts beside the object, half with counts and object in one block.
    owners.push_back(index % 2 == 0 ? std::make_shared<Counted>(index, alive)
                                    : std::shared_ptr<Counted>(new Counted(index, alive)));
  }
  std::list<std::shared_ptr<Counted>> more(owners.begin(), owners.end());
  if (alive != count || owners[617].use_count() != 2) return false;
  owners.resize(count / 2);
  if (alive != count || more.back().use_count() != 1) return false;
  more.remove_if([](const auto& owner) { return owner->number >= count / 2; });
  return alive == count / 2 && more.size() == count / 2 && owners[3]->number == 3;
}

bool weak_ptr_case() {
  int alive = 0;
  std::vector<std::shared_ptr<Counted>> owners;
  std::vector<std::weak_ptr<Counted>> watchers;
  for (int index = 0; index < count; ++index) {
    owners.push_back(std::make_shared<Counted>(index, alive));
    watchers.emplace_back(owners.back());
  }
  const std::shared_ptr<Counted> locked = watchers[617].lock();
  if (locked == nullptr || locked->number != 617 || locked.use_count() != 2) return false;
  owners.clear();
  if (alive != 1 || watchers[617].expired() || watchers[618].lock() != nullptr) return false;
  return std::count_if(watchers.begin(), watchers.end(), [](const auto& watcher) { return watcher.expired(); }) == 999;
}

bool function_case() {
  std::vector<std::function<int(int)>> functions;
  for (int index = 0; index < count; ++index) {
    // Too large to be kept inside the std::function.
    std::array<int, 16> terms{};
    terms[static_cast<std::size_t>(index) % terms.size()] = index;
    functions.emplace_back([terms](int more) { return std::accumulate(terms.begin(), terms.end(), more); });
  }
  int sum = 0;
  for (const auto& function : functions) sum += function(1);
  functions.erase(functions.begin(), functions.begin() + 500);
  const auto copy = functions.front();
  return sum == sum_of_all + count && copy(0) == 500 && !std::function<int(int)>();
}

bool optional_and_variant_case() {
  std::vector<std::optional<std::string>> names(count);
  for (int index = 0; index < count; index += 2) names[static_cast<std::size_t>(index)] = name_of(index);
  std::vector<std::variant<int, std::string>> values;
  for (int index = 0; index < count; ++index) {
    const auto& name = names[static_cast<std::size_t>(index)];
    if (name.has_value()) {
      values.emplace_back(*name);
    } else {
      values.emplace_back(index);
    }
  }
  int sum = 0;
  for (const auto& value : values) sum += std::holds_alternative<int>(value) ? std::get<int>(value) : 0;
  return sum == count * count / 4 && std::get<std::string>(values[500]) == name_of(500);
}

bool pmr_vector_and_string_work(std::pmr::memory_resource& resource) {
  std::pmr::vector<std::pmr::string> names(&resource);
  for (int index = 0; index < count; ++index) names.emplace_back(name_of(scattered(index)));
  if (names[1].get_allocator().resource() != &resource) return false;
  std::sort(names.begin(), names.end());
  const std::pmr::string wanted(name_of(500), &resource);
  if (!std::binary_search(names.begin(), names.end(), wanted)) return false;
  std::erase(names, wanted);
  return names.size() == count - 1 && std::find(names.begin(), names.end(), wanted) == names.end();
}

bool pmr_map_works(std::pmr::memory_resource& resource) {
  std::pmr::map<int, std::pmr::string> names(&resource);
  return works_as_map(names);
}

bool pmr_new_delete_case() {
  std::pmr::memory_resource& resource = *std::pmr::new_delete_resource();
  return std::pmr::get_default_resource() == &resource && pmr_vector_and_string_work(resource) &&
         pmr_map_works(resource);
}

bool pmr_monotonic_case() {
  std::pmr::monotonic_buffer_resource growing;
  if (!pmr_vector_and_string_work(growing) || !pmr_map_works(growing)) return false;
  growing.release();
  // All that fits the buffer stays in it: the resource below it would stop the program.
  alignas(16) std::byte buffer[4096];
  std::pmr::monotonic_buffer_resource bounded(buffer, sizeof buffer, std::pmr::null_memory_resource());
  std::pmr::vector<int> numbers(&bounded);
  numbers.reserve(count);
  for (int index = 0; index < count; ++index) numbers.push_back(scattered(index));
  const auto* const first = reinterpret_cast<const std::byte*>(numbers.data());
  return first >= buffer && first + count * sizeof(int) <= buffer + sizeof buffer && numbers[1] == 617;
}

bool pmr_pool_case() {
  std::pmr::unsynchronized_pool_resource pool;
  if (!pmr_vector_and_string_work(pool) || !pmr_map_works(pool)) return false;
  void* const aligned = pool.allocate(100, 256);
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(aligned) % 256 == 0;
  void* const large = pool.allocate(100'000);
  pool.deallocate(aligned, 100, 256);
  pool.deallocate(large, 100'000);
  std::pmr::unordered_map<int, int> squares(&pool);
  for (int index = 0; index < count; ++index) squares[index] = index * index;
  return is_aligned && squares.at(31) == 961;
}

}  // namespace

constexpr ContainerCase container_cases[] = {
    {"S2-10 vector", vector_case},
    {"S2-10 string", string_case},
#if !defined(__linux__) || defined(__cpp_lib_format)
    {"S2-10 format", format_case},
#endif
    {"S2-10 list", list_case},
    {"S2-10 deque", deque_case},
    {"S2-10 priority_queue", priority_queue_case},
    {"S2-10 map", map_case},
    {"S2-10 set", set_case},
    {"S2-10 unordered_map", unordered_map_case},
    {"S2-10 unique_ptr", unique_ptr_case},
    {"S2-10 shared_ptr", shared_ptr_case},
    {"S2-10 weak_ptr", weak_ptr_case},
    {"S2-10 function", function_case},
    {"S2-10 optional and variant", optional_and_variant_case},
    {"S2-10 pmr on new and delete", pmr_new_delete_case},
    {"S2-10 pmr on a monotonic buffer", pmr_monotonic_case},
    {"S2-10 pmr on a pool", pmr_pool_case},
};

constexpr std::size_t container_case_count = std::size(container_cases);

}  // namespace bareheap::kernel_test
