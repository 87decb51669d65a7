#pragma once

#include <cstdio>
#include <cstdlib>

namespace rendezvous::fuzz {

/// A property of the code under test: prints it and aborts if it does not hold, which libFuzzer
/// takes for a crash and keeps the input of. Stays in optimised builds, unlike assert.
inline void must(bool holds, char const* property)
{
    if (holds) return;
    std::fprintf(stderr, "property broken: %s\n", property);
    std::abort();
}

} // namespace rendezvous::fuzz
