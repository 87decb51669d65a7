#include "list_reply.hpp"

#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/token_types.hpp"

#include <algorithm>
#include <array>

// Invitations: a link for one person to one appointment, redeemed for a token.

namespace rendezvous::net {
namespace {

using base::errc;
namespace metrics = base::metrics;

constexpr std::size_t code_bytes = 16; ///< 128 random bits
constexpr std::chrono::hours token_lifetime_max{12};
constexpr std::chrono::hours tokens_outlive_invite{24};

/// Invites are for the caller's own appointments, and for those who see all.
service::task<service::room_status> appointment_of(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id) co_return errc::not_found;
    auto status = co_await describe(c, *id);
    co_return status;
}

/// What the list says of an invitation.
std::string_view status_of(service::invite_row const& row, base::utc_time now)
{
    if (row.revoked_at) return "revoked";
    if (row.expires_at <= now) return "expired";
    if (row.pin_hash && row.pin_tries >= service::pin_tries_max) return "locked";
    return row.redeemed_at ? "redeemed" : "pending";
}

/// The answer to a PIN that is missing or wrong, or to any once all tries are used up.
http_response pin_refused(rest_call const& c, unsigned tries_left)
{
    protocol::problem p;
    p.code = errc::forbidden;
    p.detail = tries_left > 0 ? "a PIN is needed, and this is not it" : "locked; ask for a new link";
    p.tries_left = tries_left;
    return problem_reply(c, std::move(p));
}

/// Nothing if the PIN fits, or none is asked for; else the refusal. A try counts before the PIN is
/// looked at, so that no number of requests at once gets more of them.
boost::asio::awaitable<std::optional<http_response>> check_pin(rest_call c, service::invite_row row, std::string pin)
{
    if (!row.pin_hash) co_return std::nullopt;
    auto const used = std::min(row.pin_tries, service::pin_tries_max);
    if (pin.empty()) co_return pin_refused(c, service::pin_tries_max - used);
    auto& house = *c.house;
    std::function<void(service::completion<unsigned>)> take = [&house, id = row.id](auto done) {
        house.tokens->take_pin_try(id, std::move(done));
    };
    auto left = co_await service::later<unsigned>(take);
    bool const none_left = !left && base::to_errc(left.error()) == errc::forbidden;
    if (!left && !none_left) co_return problem_reply(c, base::to_errc(left.error()));
    if (left && house.access.pin_matches(pin, *row.pin_hash)) co_return std::nullopt;
    house.access.record_failure(c.request->remote_ip, house.clock.now());
    metrics::auth_failures.add(metrics::auth_failure::pin);
    co_return pin_refused(c, none_left ? 0 : *left);
}

service::task<service::invite_row> find_invite(session_context& house, std::string code)
{
    auto const hash = house.access.hash(code);
    std::function<void(service::completion<service::invite_row>)> begin = [&house, hash](auto done) {
        house.credentials.find_invite(hash, std::move(done));
    };
    auto row = co_await service::later<service::invite_row>(begin);
    co_return row;
}

constexpr auto invite_columns = std::to_array<std::string_view>(
    {"inviteId", "userId", "createdAt", "expiresAt", "revokedAt", "status", "pin", "redeemedAt", "redeemedCount"});

service::task<list_page> invites_page(rest_call c, base::appointment_id id)
{
    auto& house = *c.house;
    std::function<void(service::completion<std::vector<service::invite_row>>)> begin = [&house, id](auto done) {
        house.credentials.list_invites(id, std::move(done));
    };
    auto rows = co_await service::later<std::vector<service::invite_row>>(begin);
    if (!rows) co_return rows.error();
    std::vector<protocol::invite_item> items;
    for (auto const& r : *rows)
        items.push_back({r.id, r.user, r.created_at, r.expires_at, r.revoked_at, status_of(r, c.now()),
            r.pin_hash.has_value(), r.redeemed_at, r.redeemed_count});
    co_return list_page{protocol::invites_json(items), items.size(), std::nullopt};
}

} // namespace

rest_reply create_invite(rest_call c)
{
    auto body = protocol::parse_invite(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    auto status = co_await appointment_of(c);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    auto const& appointment = status->view.appointment;
    auto const* member = call::find_member(appointment, body->user);
    auto const expires_at = body->expires_at.value_or(appointment.closes_at);
    protocol::body_refusal refusal;
    if (!member || member->role == call::role::admin)
        refusal.errors.push_back({"/userId", "not a participant who can be invited"});
    if (expires_at <= c.now()) refusal.errors.push_back({"/expiresAt", "this time is over"});
    if (!refusal.errors.empty()) co_return refusal_reply(c, refusal);

    auto& house = *c.house;
    auto const code = house.ids.secret(code_bytes);
    std::optional<std::string> pin_hash;
    if (!body->pin.empty()) pin_hash = house.access.pin_hash(body->pin);
    service::invite_row const row{house.ids.uuid(c.now()), house.access.hash(code), appointment.id, member->user,
        c.now(), expires_at, std::nullopt, pin_hash, 0, std::nullopt, 0};
    std::function<void(service::completion<void>)> begin = [&house, row](auto done) {
        house.credentials.put_invite(row, std::move(done));
    };
    auto stored = co_await service::later<void>(begin);
    if (!stored) co_return problem_reply(c, base::to_errc(stored.error()));
    protocol::invite_created made;
    made.invite_id = row.id;
    made.url = house.public_url + "/join#" + code;
    made.code = code;
    made.expires_at = expires_at;
    co_return json_reply(201, protocol::invite_created_json(made));
}

rest_reply list_invites(rest_call c)
{
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto status = co_await appointment_of(c);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    auto const read = [c, id = status->view.appointment.id](
                          std::size_t, std::optional<std::string>) { return invites_page(c, id); };
    list_shape const shape{"invites", invite_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

rest_reply revoke_invite(rest_call c)
{
    auto status = co_await appointment_of(c);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    auto& house = *c.house;
    auto const id = status->view.appointment.id;
    auto const invite = c.captures[1];
    auto const at = c.now();
    std::function<void(service::completion<void>)> begin = [&house, id, invite, at](auto done) {
        house.credentials.revoke_invite(id, invite, at, std::move(done));
    };
    auto revoked = co_await service::later<void>(begin);
    if (!revoked) co_return problem_reply(c, base::to_errc(revoked.error()));
    // Tokens that were given for it live 12 hours at most, and some hours more for a seat.
    service::revocation const tokens{service::revoked_kind::invite, invite, at, at + tokens_outlive_invite};
    auto taken_back = co_await revoke(house, tokens);
    if (!taken_back) co_return problem_reply(c, base::to_errc(taken_back.error()));
    http_response reply;
    reply.status = 204;
    co_return reply;
}

/// A new code for the same invitation, which unlocks it; the one before is dead.
rest_reply resend_invite(rest_call c)
{
    auto const body = protocol::parse_resend(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    auto status = co_await appointment_of(c);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    auto const& appointment = status->view.appointment;
    auto const expires_at = body->expires_at.value_or(appointment.closes_at);
    protocol::body_refusal refusal;
    if (expires_at <= c.now()) refusal.errors.push_back({"/expiresAt", "this time is over"});
    if (!refusal.errors.empty()) co_return refusal_reply(c, refusal);
    auto& house = *c.house;
    auto const code = house.ids.secret(code_bytes);
    auto const hash = house.access.hash(code);
    auto const id = appointment.id;
    auto const invite = c.captures[1];
    std::function<void(service::completion<service::invite_row>)> begin = [&house, id, invite, hash, expires_at](
                                                                              auto done) {
        house.tokens->reissue_invite(id, invite, hash, expires_at, std::move(done));
    };
    auto row = co_await service::later<service::invite_row>(begin);
    if (!row) co_return problem_reply(c, base::to_errc(row.error()));
    c.note->subject = row->user;
    protocol::invite_created made;
    made.invite_id = row->id;
    made.url = house.public_url + "/join#" + code;
    made.code = code;
    made.expires_at = row->expires_at;
    co_return json_reply(200, protocol::invite_created_json(made));
}

/// Exchanges the code for a token; may be repeated until the invite expires. GET consumes nothing.
rest_reply redeem_invite(rest_call c)
{
    auto& house = *c.house;
    auto const now = house.clock.now();
    if (house.access.failure_wait(c.request->remote_ip, now) > base::milliseconds{0}) {
        metrics::auth_failures.add(metrics::auth_failure::throttled);
        co_return problem_reply(c, errc::rate_limited);
    }
    auto const body = protocol::parse_redeem(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    auto const code = c.captures[0];
    auto row = co_await find_invite(house, code);
    if (!row) {
        auto const why = base::to_errc(row.error());
        if (why == errc::not_found) {
            house.access.record_failure(c.request->remote_ip, now);
            metrics::auth_failures.add(metrics::auth_failure::invite);
        }
        co_return problem_reply(c, why);
    }
    c.note->object = "appointment:" + row->appointment.str();
    c.note->subject = row->user;
    if (row->revoked_at || row->expires_at <= now.utc) co_return problem_reply(c, errc::gone);
    auto refused = co_await check_pin(c, *row, body->pin);
    if (refused) co_return std::move(*refused);

    auto const id = row->appointment;
    auto const user = row->user;
    std::function<void(service::completion<service::room_status>)> begin = [&house, id, user](auto done) {
        house.calls.describe(id, user, std::move(done));
    };
    auto status = co_await service::later<service::room_status>(begin);
    if (!status) {
        // The person is no longer on the appointment: the invitation has lost its point.
        auto const why = base::to_errc(status.error());
        co_return problem_reply(c, why == errc::not_found ? errc::gone : why);
    }
    auto const& member = *call::find_member(status->view.appointment, user);
    auto const left = std::chrono::duration_cast<std::chrono::seconds>(row->expires_at - now.utc);
    auto const ttl = std::clamp<std::chrono::seconds>(left, std::chrono::seconds{1}, token_lifetime_max);
    service::token_wish wish{user, member.role, member.name, {}, {}, ttl, {}, row->id};
    wish.appointments.push_back(id);
    auto const minted = house.access.mint_token(wish, now.utc);
    if (!minted) co_return problem_reply(c, base::to_errc(minted.error()));
    service::token_row const given{minted->jti, user, now.utc, minted->expires_at, row->id};
    std::function<void(service::completion<void>)> keep = [&house, given](auto done) {
        house.tokens->redeem_invite(*given.invite, given, std::move(done));
    };
    auto kept = co_await service::later<void>(keep);
    if (!kept) co_return problem_reply(c, base::to_errc(kept.error()));
    protocol::invite_redeemed out;
    out.token = minted->token;
    out.expires_at = minted->expires_at;
    out.appointment = id;
    out.user = user;
    out.role = member.role;
    co_return json_reply(200, protocol::invite_redeemed_json(out));
}

} // namespace rendezvous::net
