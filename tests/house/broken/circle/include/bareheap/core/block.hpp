// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/core/layout.hpp"
