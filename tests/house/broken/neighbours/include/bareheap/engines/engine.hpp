// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/engines/other.hpp"
