#pragma once

#include "store_support.hpp"

namespace rendezvous::store_tests {

/// One suite for every adapter of the store's ports.
class StoreContract : public testing::TestWithParam<char const*> {
protected:
    StoreContract() : store_(open()), ports_{*store_} {}

    errc put(unsigned n) { return ports_.append({facts::appointment_put{appointment_of(n), true}}); }

    shared_clock clock_;
    scratch_folder folder_;
    std::unique_ptr<store::store_thread> store_;
    asking ports_;

private:
    std::unique_ptr<store::store_thread> open()
    {
        if (std::string_view(GetParam()) == "memory") return store::open_memory_store(clock_);
        return store::open_store("sqlite:" + (folder_.path() / "calls.db").string(), migrations(), clock_);
    }
};

inline auto adapters()
{
    return testing::Values("memory", "sqlite");
}
inline std::string adapter_name(testing::TestParamInfo<char const*> const& info)
{
    return info.param;
}

} // namespace rendezvous::store_tests
