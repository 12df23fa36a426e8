// SPDX-License-Identifier: MIT
#include "bareheap/engines/engine.hpp"
