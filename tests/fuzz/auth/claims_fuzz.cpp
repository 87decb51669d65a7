// A header and claims, line by line, signed correctly: what an issuer of ours, or somebody who got
// at its key, could write. What is accepted says what the claims say and keeps within the rules of
// RFC 8725; the same token with one bit, the key or the signature changed is refused.

#include "fuzz/auth/keys.hpp"
#include "fuzz/must.hpp"

#include "rendezvous/base/limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace rendezvous;
using fuzz::must;
using nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::seconds;

bool genuine(std::string const& token)
{
    auto const verified = fuzz::verifier().verify(token, fuzz::now());
    return verified || base::to_errc(verified.error()) == base::errc::token_expired;
}

void check_header(json const& header)
{
    must(header.is_object() && header.at("alg") == "HS256", "the algorithm is the key's");
    for (char const* name : {"crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip", "enc"})
        must(!header.contains(name), "nothing in the header changes what the token means");
}

void check_claims(json const& claims, auth::verified_token const& token)
{
    auto const& who = token.who;
    must(claims.at("iss") == who.issuer && claims.at("sub") == who.user.str(), "issuer and user are the claims'");
    must(base::parse_user_id(who.user.str()).has_value(), "a user id is one");
    must(claims.at("role") == std::string(call::to_word(who.role)), "the role is the claims'");
    auto const& aud = claims.at("aud");
    std::string const ours(fuzz::audience);
    must(aud == ours || (aud.is_array() && std::find(aud.begin(), aud.end(), json(ours)) != aud.end()),
        "the token is meant for us");
    auto const expires_s = duration_cast<seconds>(who.expires_at.time_since_epoch()).count();
    must(claims.at("exp") == expires_s, "the end is the claims'");
    must(fuzz::now() <= who.expires_at + auth::token_seat_extension, "what ended long ago is refused");
    must(token.expired == (fuzz::now() >= who.expires_at + auth::token_leeway), "what has ended is called ended");
    for (char const* name : {"nbf", "iat"})
        must(!claims.contains(name) || claims.at(name).get<std::int64_t>() <= fuzz::now_s + auth::token_leeway.count(),
            "a token of the future is refused");
    must(who.name.size() <= base::limits::name_bytes_max, "a name is within its limit");
    must(std::none_of(who.name.begin(), who.name.end(),
             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
        "a name has no control characters");
    must(json::accept(json(who.name).dump(-1, ' ', false, json::error_handler_t::strict)), "a name is UTF-8");
    must(who.appointments.size() <= auth::token_appointments_max, "not too many appointments");
    for (auto const& id : who.appointments)
        must(base::parse_appointment_id(id.str()).has_value(), "an appointment id is one");
    must(call::is_staff(who.role) || who.limited_to_appointments, "only staff is not bound to appointments");
}

void check_tampering(std::string const& input, std::string const& signature)
{
    auto broken = signature;
    broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
    must(!genuine(input + "." + broken), "a changed signature is refused");
    must(!genuine(input + "."), "an empty signature is refused");
    must(!genuine(input), "a token without signature is refused");
    must(!genuine(input + "." + signature + "="), "a padded signature is refused");
    must(!genuine(input + "." + fuzz::signature_of(input, "somebody else's key of thirty-two")),
        "the signature of another key is refused");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const end = text.find('\n');
    auto const header = text.substr(0, end);
    auto const claims = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    auto const input = base::base64url(header) + "." + base::base64url(claims);
    for (auto const key : {fuzz::secret, fuzz::other_secret}) {
        auto const signature = fuzz::signature_of(input, key);
        auto const verified = fuzz::verifier().verify(input + "." + signature, fuzz::now());
        if (!verified) continue;
        check_header(json::parse(header));
        check_claims(json::parse(claims), *verified);
        must(verified->who.issuer == (key == fuzz::secret ? "https://booking.example" : "https://other.example"),
            "a key speaks for its own issuer only");
        check_tampering(input, signature);
    }
    return 0;
}
