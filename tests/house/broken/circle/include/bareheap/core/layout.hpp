// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/core/block.hpp"
