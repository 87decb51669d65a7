#pragma once

#include "rendezvous/base/clock.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace rendezvous::base {

/// A string that names one kind of thing, so that ids cannot be swapped by accident.
/// Opaque: compared byte by byte. Values from outside go through the `parse_*` functions.
template <class Tag>
class strong_id {
public:
    strong_id() = default;
    explicit strong_id(std::string value) : value_(std::move(value)) {}
    std::string const& str() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }
    friend auto operator<=>(strong_id const&, strong_id const&) = default;
    friend bool operator==(strong_id const&, strong_id const&) = default;

private:
    std::string value_;
};

using appointment_id = strong_id<struct appointment_tag>; ///< the booking system's; also the room
using user_id = strong_id<struct user_tag>;               ///< the booking system's
using call_id = strong_id<struct call_tag>;               ///< ours, UUIDv7
using participant_id = strong_id<struct participant_tag>; ///< ours, UUIDv7: a person in one appointment
using session_id = strong_id<struct session_tag>;         ///< ours: one WebSocket; begins with its shard

/// 1-128 of `A-Z a-z 0-9 . _ : @ -`, not `.` or `..`.
std::optional<appointment_id> parse_appointment_id(std::string_view text);
/// 1-255 printable ASCII characters without space.
std::optional<user_id> parse_user_id(std::string_view text);
/// A UUID in its 36 character form, lower case.
bool is_uuid(std::string_view text);

/// Where ids and random secrets come from. Thread: any.
class id_generator {
public:
    virtual ~id_generator() = default;
    /// A UUIDv7 (RFC 9562): sortable by time, 74 random bits.
    virtual std::string uuid(utc_time now) = 0;
    /// `bytes` random bytes as base64url without padding; for codes, keys and session ids.
    virtual std::string secret(std::size_t bytes) = 0;
};

/// Random bits from the operating system (getrandom). Thread: any.
class system_id_generator final : public id_generator {
public:
    std::string uuid(utc_time now) override;
    std::string secret(std::size_t bytes) override;
};

/// Repeatable ids from a seed; for tests and the simulation. Thread: one at a time.
class seeded_id_generator final : public id_generator {
public:
    explicit seeded_id_generator(std::uint64_t seed) : random_(seed) {}
    std::string uuid(utc_time now) override;
    std::string secret(std::size_t bytes) override;

private:
    std::mt19937_64 random_;
};

/// base64url without padding (RFC 4648 section 5).
std::string base64url(std::string_view bytes);
/// Strict: no padding, no foreign character, canonical last character.
std::optional<std::string> from_base64url(std::string_view text);

} // namespace rendezvous::base

template <class Tag>
struct std::hash<rendezvous::base::strong_id<Tag>> {
    std::size_t operator()(rendezvous::base::strong_id<Tag> const& id) const noexcept
    {
        return std::hash<std::string>{}(id.str());
    }
};
