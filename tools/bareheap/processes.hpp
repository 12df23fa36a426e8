// SPDX-License-Identifier: MIT
// What is needed to start other programs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bareheap::tools {

/// The folder of the running program, where the programs and libraries lie that belong to it.
std::filesystem::path own_folder();

/// As exec and its like take them: a pointer to each text, and null behind them. They live as long as the texts.
std::vector<char*> pointers_to(std::vector<std::string>& texts);

/// This process's environment, in which LD_PRELOAD is what is told, and is not there where that is empty.
std::vector<std::string> environment_with(const std::string& preloaded);

}  // namespace bareheap::tools
