# SPDX-License-Identifier: MIT
"""Writes a C++ program with templates, classes and the standard containers.

    python3 cpp_source.py FILE SEED CLASSES
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

HEAD = """#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const = 0;
};

template <typename Value, int Scale>
class Scaled {
 public:
  explicit Scaled(Value value) : value_(value) {}
  Value get() const { return value_ * Scale; }
  template <typename Other> auto plus(const Other& other) const {
    return Scaled<decltype(value_ + other.get()), Scale>(value_ + other.get());
  }

 private:
  Value value_;
};

"""


def one_class(words: Words, index: int) -> str:
    members = [words.name() for _ in range(words.number(2, 5))]
    sums = " + ".join(f"static_cast<double>({member}_{index}_.size())" for member in members)
    fields = "".join(
        f"  std::{words.random.choice(('vector<int>', 'string', 'map<std::string, int>'))} {member}_{index}_;\n"
        for member in members
    )
    return f"""class Shape{index} final : public Shape {{
 public:
  double area() const override {{
    return {sums} + Scaled<double, {index + 2}>(1.5).plus(Scaled<int, 3>({index})).get();
  }}
  std::string name() const override {{ return "{words.sentence(2, 5)}"; }}

 private:
{fields}}};

double measure_{index}(const std::vector<std::unique_ptr<Shape>>& shapes) {{
  std::map<std::string, std::vector<double>> groups;
  for (const auto& shape : shapes) groups[shape->name()].push_back(shape->area() * {words.number(2, 9)});
  double sum = 0;
  for (auto& [name, areas] : groups) {{
    std::sort(areas.begin(), areas.end(), [](double a, double b) {{ return a > b + {words.number(0, 9)}; }});
    sum += std::accumulate(areas.begin(), areas.end(), static_cast<double>(name.size()));
  }}
  return sum;
}}

"""


def main() -> None:
    file, seed, classes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    body = "".join(one_class(words, index) for index in range(classes))
    fill = "".join(f"  shapes.push_back(std::make_unique<Shape{index}>());\n" for index in range(classes))
    sums = "".join(f"  sum += measure_{index}(shapes);\n" for index in range(classes))
    file.write_text(
        f"{HEAD}{body}int main() {{\n  std::vector<std::unique_ptr<Shape>> shapes;\n{fill}  double sum = 0;\n"
        f'{sums}  std::printf("%f\\n", sum);\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
