// SPDX-License-Identifier: MIT
#include "small.hpp"

int main() {
  small::Sum<unsigned> sum;
  if (sum.rounded(1) != 100) return 1;
  sum.add(17, 7);
  if (!sum.is_large() || sum.rounded(3) != 12 || sum.rounded(5) != 10) return 1;
  sum.add(11, 2);
  return sum.is_large() ? 1 : 0;
}
