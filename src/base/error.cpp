#include "rendezvous/base/error.hpp"

#include <array>
#include <string_view>

namespace rendezvous::base {
namespace {

struct entry {
    errc code;
    std::string_view text;
};

constexpr auto texts = std::to_array<entry>({
    {errc::ok, "ok"},
    {errc::bad_json, "the message is not one valid JSON object"},
    {errc::bad_field, "a field is missing, of the wrong type or out of range"},
    {errc::unknown_type, "this message type is unknown"},
    {errc::not_registered, "register first"},
    {errc::unauthenticated, "a valid token is needed"},
    {errc::token_expired, "the token has expired"},
    {errc::token_invalid, "the token is not valid here"},
    {errc::forbidden, "this is not allowed for you"},
    {errc::not_found, "there is no such thing for you"},
    {errc::not_admitted, "wait until staff lets you in"},
    {errc::outside_window, "the appointment is not open at this time"},
    {errc::payment_required, "the appointment has to be paid first"},
    {errc::appointment_closed, "the appointment is cancelled or closed"},
    {errc::no_call, "there is no call"},
    {errc::call_ended, "this call has ended"},
    {errc::already_answered, "someone else answered first"},
    {errc::in_call_elsewhere, "you are in this call on another device"},
    {errc::peer_absent, "that participant is not in the call"},
    {errc::busy, "busy"},
    {errc::room_full, "the call has everyone it can hold"},
    {errc::illegal_transition, "this cannot follow the present state"},
    {errc::rate_limited, "too many, wait a moment"},
    {errc::too_large, "too large"},
    {errc::too_many_candidates, "too many signals without an answer"},
    {errc::origin_not_allowed, "this origin is not allowed"},
    {errc::idempotency_in_progress, "the first request with this key is still under way"},
    {errc::idempotency_key_reused, "this key was used for something else"},
    {errc::version_mismatch, "the object has changed meanwhile"},
    {errc::validation, "the request does not fit the documented form"},
    {errc::unsupported_media_type, "send application/json"},
    {errc::method_not_allowed, "this method does not exist here"},
    {errc::gone, "this is no longer available"},
    {errc::connector_disabled, "this is switched off here"},
    {errc::connector_unavailable, "another system does not answer"},
    {errc::draining, "the server is being restarted"},
    {errc::store_unavailable, "the call records cannot be written now"},
    {errc::internal, "something went wrong on our side"},
});

// Boost protects the destructor of error_category instead of making it virtual; g++ warns all the same.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "rendezvous"; }

    std::string message(int value) const override
    {
        for (auto const& e : texts)
            if (static_cast<int>(e.code) == value) return std::string(e.text);
        return "unknown error";
    }
};
#pragma GCC diagnostic pop

} // namespace

boost::system::error_category const& errc_category() noexcept
{
    static category const instance;
    return instance;
}

boost::system::error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), errc_category()};
}

errc to_errc(boost::system::error_code const& ec) noexcept
{
    if (ec.category() == errc_category()) return static_cast<errc>(ec.value());
    return errc::internal;
}

} // namespace rendezvous::base
