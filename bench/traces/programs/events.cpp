// SPDX-License-Identifier: MIT
// A small house controller: text commands come in, are split, change rooms and timers, and are answered. It is written
// as such programs are: std::string, std::map, std::unique_ptr, std::function.
//
//     events COMMANDS
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Words = std::vector<std::string>;

struct Timer {
  unsigned due;
  std::function<void()> action;
};

struct Room {
  std::map<std::string, std::string> settings;
  std::deque<std::string> log;

  void note(std::string text) {
    log.push_back(std::move(text));
    if (log.size() > 32) log.pop_front();
  }
};

class House {
 public:
  std::string command(std::string_view line) {
    const Words words = split(line);
    const auto handler = handlers_.find(words.front());
    return handler == handlers_.end() ? "error: what is " + words.front() : (this->*handler->second)(words);
  }

  void tick() {
    ++now_;
    for (auto timer = timers_.begin(); timer != timers_.end() && timer->first <= now_; timer = timers_.erase(timer)) {
      timer->second->action();
    }
  }

 private:
  static Words split(std::string_view line) {
    Words words;
    while (!line.empty()) {
      const std::size_t end = line.find(' ');
      words.emplace_back(line.substr(0, end));
      line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
    }
    return words;
  }

  Room& room(const std::string& name) {
    std::unique_ptr<Room>& room = rooms_[name];
    if (room == nullptr) room = std::make_unique<Room>();
    return *room;
  }

  std::string set(const Words& words) {
    Room& place = room(words[1]);
    place.settings[words[2]] = words[3];
    place.note(words[2] + " was set to " + words[3]);
    return "ok";
  }

  std::string later(const Words& words) {
    auto action = [this, words] { room(words[1]).note("timer: " + set({"set", words[1], words[2], words[3]})); };
    const unsigned due = now_ + static_cast<unsigned>(words[3].size()) * 7;
    timers_.emplace(due, std::make_unique<Timer>(due, std::move(action)));
    return "in time";
  }

  std::string show(const Words& words) {
    std::string answer = words[1] + ":";
    for (const auto& [key, value] : room(words[1]).settings) answer += " " + key + "=" + value;
    for (const std::string& line : room(words[1]).log) answer.append("\n  ").append(line);
    return answer;
  }

  std::string leave(const Words& words) {
    rooms_.erase(words[1]);
    return "gone";
  }

  unsigned now_ = 0;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
  std::multimap<unsigned, std::unique_ptr<Timer>> timers_;
  std::map<std::string, std::string (House::*)(const Words&)> handlers_{
      {"set", &House::set}, {"later", &House::later}, {"show", &House::show}, {"leave", &House::leave}};
};

std::string random_command(std::minstd_rand& source) {
  static constexpr const char* verbs[] = {"set", "set", "set", "set", "later", "later", "show", "nonsense"};
  const std::string room = "room-" + std::to_string(source() % 24);
  const char* verb = source() % 200 == 0 ? "leave" : verbs[source() % 8];
  return std::string(verb) + " " + room + " device" + std::to_string(source() % 12) + " " +
         std::string(1 + source() % 40, 'v');
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return std::fputs("events: the number of commands is missing\n", stderr), 2;
  House house;
  std::minstd_rand source(3);
  std::size_t answered = 0;
  for (int left = std::atoi(arguments[1]); left > 0; --left) {
    answered += house.command(random_command(source)).size();
    house.tick();
  }
  std::printf("%zu bytes\n", answered);
}
