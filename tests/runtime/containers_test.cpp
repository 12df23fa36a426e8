// SPDX-License-Identifier: MIT
// The kernels' container cases on the host: they must be right where nobody doubts the containers.
#include "kernel/containers.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace bareheap::kernel_test {

namespace {

class Containers : public testing::TestWithParam<ContainerCase> {};

TEST_P(Containers, GiveRightAnswers) { EXPECT_TRUE(GetParam().run()); }

INSTANTIATE_TEST_SUITE_P(S210, Containers, testing::ValuesIn(container_cases, container_cases + container_case_count));

}  // namespace

// GoogleTest names the case by it.
void PrintTo(const ContainerCase& container_case, std::ostream* stream) { *stream << container_case.name; }

}  // namespace bareheap::kernel_test
