#pragma once

// Latency histogram.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rendezvous::loadgen {

/// Log-linear histogram of nanoseconds with a relative resolution of 1/128; constant size, so
/// that recording allocates nothing and costs the same for every value.
class histogram {
public:
    void add(std::uint64_t value_ns)
    {
        ++counts_[index_of(value_ns)];
        ++total_;
        max_ = std::max(max_, value_ns);
    }

    void add(histogram const& other)
    {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
        total_ += other.total_;
        max_ = std::max(max_, other.max_);
    }

    std::uint64_t max_ns() const { return max_; }

    /// The lower edge of the bucket holding quantile `q` (0 to 1), in microseconds; 0 when empty.
    double quantile_us(double q) const
    {
        if (total_ == 0) return 0;
        auto const wanted = std::uint64_t(q * double(total_ - 1)) + 1;
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) return double(value_of(i)) / 1e3;
        }
        return double(max_) / 1e3;
    }

private:
    static constexpr int sub_bits = 7;

    static std::size_t index_of(std::uint64_t value)
    {
        if (value < (1U << sub_bits)) return std::size_t(value);
        int const shift = 63 - std::countl_zero(value) - sub_bits;
        auto const sub = std::size_t((value >> shift) & ((1U << sub_bits) - 1));
        return (std::size_t(shift + 1) << sub_bits) + sub;
    }
    static std::uint64_t value_of(std::size_t index)
    {
        std::size_t const block = index >> sub_bits;
        std::size_t const sub = index & ((1U << sub_bits) - 1);
        if (block == 0) return sub;
        return ((std::uint64_t(1) << sub_bits) + sub) << (block - 1);
    }

    std::array<std::uint64_t, std::size_t(58) << sub_bits> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace rendezvous::loadgen
