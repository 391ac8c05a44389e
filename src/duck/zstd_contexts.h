#pragma once

#include <cstddef>

// The engine compresses and decompresses each page of a Parquet file with a context of zstd's that it makes for this
// one page: an allocation of 160 KB or more, and the question what the processor can do, which in a virtual machine
// the hypervisor answers [25 us a page, a third of what a read of one row took]. zstd_contexts.cc has functions of
// the same names with a context per thread; the library finds them first, as those of the program come before its own.
namespace kalam::duck {

// How many pages went through the functions of this file: none, if the library does not find them. A program has
// them if it calls this.
std::size_t PagesThroughKeptContexts();

}  // namespace kalam::duck
