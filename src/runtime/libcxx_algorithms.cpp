// SPDX-License-Identifier: MIT
// libc++ 19 keeps std::sort for numbers and std::bind's placeholders in its library (__algorithm/sort.h,
// __functional/bind.h). Each stands in a section of its own: what a kernel does not use is not linked.
#include <algorithm>
#include <bit>
#include <functional>

/// Introsort gives up on quicksort at twice the depth of a balanced one. The comparison is but a name for "ascending".
template <class Comparison, class Iterator>
void std::__sort(Iterator first, Iterator last, Comparison) {
  std::less<> less;
  const auto depth = 2 * static_cast<std::ptrdiff_t>(std::bit_width(static_cast<std::size_t>(last - first)));
  std::__introsort<std::_ClassicAlgPolicy, std::less<>&, Iterator, false>(first, last, less, depth);
}

template <class Number>
using Ascending = std::__less<Number>&;

template void std::__sort<Ascending<char>, char*>(char*, char*, Ascending<char>);
template void std::__sort<Ascending<signed char>, signed char*>(signed char*, signed char*, Ascending<signed char>);
template void std::__sort<Ascending<unsigned char>, unsigned char*>(unsigned char*, unsigned char*,
                                                                    Ascending<unsigned char>);
template void std::__sort<Ascending<short>, short*>(short*, short*, Ascending<short>);
template void std::__sort<Ascending<unsigned short>, unsigned short*>(unsigned short*, unsigned short*,
                                                                      Ascending<unsigned short>);
template void std::__sort<Ascending<int>, int*>(int*, int*, Ascending<int>);
template void std::__sort<Ascending<unsigned>, unsigned*>(unsigned*, unsigned*, Ascending<unsigned>);
template void std::__sort<Ascending<long>, long*>(long*, long*, Ascending<long>);
template void std::__sort<Ascending<unsigned long>, unsigned long*>(unsigned long*, unsigned long*,
                                                                    Ascending<unsigned long>);
template void std::__sort<Ascending<long long>, long long*>(long long*, long long*, Ascending<long long>);
template void std::__sort<Ascending<unsigned long long>, unsigned long long*>(unsigned long long*, unsigned long long*,
                                                                              Ascending<unsigned long long>);
template void std::__sort<Ascending<float>, float*>(float*, float*, Ascending<float>);
template void std::__sort<Ascending<double>, double*>(double*, double*, Ascending<double>);

const std::placeholders::__ph<1> std::placeholders::_1{};
const std::placeholders::__ph<2> std::placeholders::_2{};
const std::placeholders::__ph<3> std::placeholders::_3{};
const std::placeholders::__ph<4> std::placeholders::_4{};
const std::placeholders::__ph<5> std::placeholders::_5{};
