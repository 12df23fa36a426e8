// SPDX-License-Identifier: MIT
// Texts go from a reader through two workers, which index them, to a writer: most blocks are freed by another thread
// than the one that took them.
//
//     workers TEXTS
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

template <typename Value>
class Queue {
 public:
  void push(Value value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return values_.size() < 64; });
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  // Waits for a value.
  Value pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !values_.empty(); });
    Value value = std::move(values_.front());
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Value> values_;
};

using Text = std::unique_ptr<std::vector<std::string>>;               // lines; none at all: the end
using Index = std::unique_ptr<std::unordered_map<std::string, int>>;  // words and how often; none at all: the end

Text new_text(std::minstd_rand& source) {
  auto text = std::make_unique<std::vector<std::string>>();
  for (auto lines = 1 + source() % 12; lines > 0; --lines) {
    std::string& line = text->emplace_back();
    for (auto words = 1 + source() % 10; words > 0; --words)
      line += "the-word-" + std::to_string(source() % 4000) + " ";
  }
  return text;
}

void read(Queue<Text>& texts, int count) {
  std::minstd_rand source(9);
  for (int left = count; left > 0; --left) texts.push(new_text(source));
  for (int worker = 0; worker < 2; ++worker) texts.push(nullptr);
}

void work(Queue<Text>& texts, Queue<Index>& indexes) {
  for (Text text = texts.pop(); text != nullptr; text = texts.pop()) {
    auto index = std::make_unique<Index::element_type>();
    for (const std::string& line : *text) {
      for (std::size_t begin = 0, end = line.find(' '); end != std::string::npos;
           begin = end + 1, end = line.find(' ', begin)) {
        ++(*index)[line.substr(begin, end - begin)];
      }
    }
    indexes.push(std::move(index));
  }
  indexes.push(nullptr);
}

void write(Queue<Index>& indexes) {
  std::map<std::string, int> sums;
  for (int workers = 2; workers > 0;) {
    const Index index = indexes.pop();
    if (index == nullptr) {
      --workers;
      continue;
    }
    for (const auto& [word, count] : *index) sums[word] += count;
  }
  std::printf("%zu words\n", sums.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return std::fputs("workers: the number of texts is missing\n", stderr), 2;
  Queue<Text> texts;
  Queue<Index> indexes;
  std::jthread first([&] { work(texts, indexes); });
  std::jthread second([&] { work(texts, indexes); });
  std::jthread writer([&] { write(indexes); });
  read(texts, std::atoi(arguments[1]));
}
