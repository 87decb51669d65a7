#include "rendezvous/base/metrics.hpp"
#include "rendezvous/net/doors.hpp"
#include "rendezvous/protocol/token_types.hpp"
#include "rest.hpp"

#include <algorithm>

// Tokens of our own: given to a booking system's users, renewed, and taken back.

namespace rendezvous::net {
namespace {

using base::errc;

/// A token can be issued for at most 366 days and be good for a seat some hours longer: nobody
/// needs to know of a revocation beyond that.
constexpr std::chrono::hours revoked_for{367 * 24};

http_response no_content()
{
    http_response out;
    out.status = 204;
    return out;
}

/// Signs, keeps that it was given, and answers 201.
rest_reply give_token(rest_call c, service::token_wish wish)
{
    auto& house = *c.house;
    auto const minted = house.access.mint_token(wish, c.now());
    if (!minted) co_return problem_reply(c, base::to_errc(minted.error()));
    service::token_row const row{minted->jti, wish.user, c.now(), minted->expires_at, std::nullopt};
    std::function<void(service::completion<void>)> begin = [&house, row](auto done) {
        house.tokens->put_token(row, std::move(done));
    };
    auto stored = co_await service::later<void>(begin);
    if (!stored) co_return problem_reply(c, base::to_errc(stored.error()));
    co_return json_reply(201, protocol::token_json(minted->token, minted->jti, minted->expires_at));
}

} // namespace

service::task<void> revoke(session_context& house, service::revocation what)
{
    if (!house.access.may_revoke()) co_return errc::store_unavailable;
    std::function<void(service::completion<service::revocation>)> begin = [&house, what](auto done) {
        house.tokens->revoke(what, std::move(done));
    };
    auto kept = co_await service::later<service::revocation>(begin);
    if (!kept) co_return kept.error();
    house.access.revoke(*kept);
    close_revoked(house);
    co_return base::result<void>();
}

rest_reply mint_token(rest_call c)
{
    auto const body = protocol::parse_token(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    c.note->subject = body->user;
    service::token_wish const wish{body->user, body->role, body->name, {}, body->appointments, body->ttl, {}, {}};
    auto reply = co_await give_token(c, wish);
    co_return reply;
}

/// Up to 12 hours from the first token on, and with nothing in it that the one before had not.
rest_reply renew_token(rest_call c)
{
    auto const& who = *c.caller.bearer;
    auto const first = who.first_issued_at ? who.first_issued_at : who.issued_at;
    if (!who.ours || !first) co_return problem_reply(c, errc::forbidden);
    auto const left = std::chrono::floor<std::chrono::seconds>(*first + protocol::token_ttl_max - c.now());
    if (left < std::chrono::seconds{1}) co_return problem_reply(c, errc::forbidden);
    auto const ttl = std::min(left, protocol::token_ttl_default);
    service::token_wish const wish{who.user, who.role, who.name, who.locale, who.appointments, ttl, first, who.invite};
    auto reply = co_await give_token(c, wish);
    co_return reply;
}

/// Any token, of whichever issuer: `jti` names it.
rest_reply revoke_token(rest_call c)
{
    auto const& jti = c.captures[0];
    if (jti.size() > 128 || !base::parse_user_id(jti)) co_return problem_reply(c, errc::not_found);
    service::revocation const what{service::revoked_kind::token, jti, c.now(), c.now() + revoked_for};
    auto done = co_await revoke(*c.house, what);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    co_return no_content();
}

/// All tokens of a person that were issued until now.
rest_reply revoke_user(rest_call c)
{
    auto const body = protocol::parse_revoke_user(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    c.note->subject = body->user;
    service::revocation const what{service::revoked_kind::user, body->user.str(), c.now(), c.now() + revoked_for};
    auto done = co_await revoke(*c.house, what);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    co_return no_content();
}

} // namespace rendezvous::net
