// SPDX-License-Identifier: MIT
#include "processes.hpp"

#include <string_view>

#include <unistd.h>

namespace bareheap::tools {

std::filesystem::path own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::string& preloaded) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("LD_PRELOAD=")) variables.emplace_back(*variable);
  }
  if (!preloaded.empty()) variables.push_back("LD_PRELOAD=" + preloaded);
  return variables;
}

}  // namespace bareheap::tools
