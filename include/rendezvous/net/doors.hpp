#pragma once

#include "rendezvous/net/http_types.hpp"
#include "rendezvous/net/session_context.hpp"
#include "rendezvous/net/socket.hpp"

#include <functional>
#include <memory>
#include <vector>

/// The two doors of the house, as the outer wall (`net::server`) wants them. Both lead to the same
/// service: what is started over REST rings on the sockets.
namespace rendezvous::net {

/// One session table per shard. They are the `event_sink`s of the service; made before it.
std::vector<std::shared_ptr<session_table>> make_session_tables(service::shards& shards);
/// The tables as the service knows them, in the order of the shards.
std::vector<service::event_sink*> sinks_of(std::vector<std::shared_ptr<session_table>> const& tables);

/// The WebSocket door. `house` outlives every socket.
socket_handler_factory websocket_door(session_context& house);
/// The REST door: routes, rights, handlers. `house` outlives every request.
http_handler rest_door(session_context& house);

/// Starts the heartbeat of all tables. Call once, before the shards run.
void start_heartbeats(session_context& house);
/// Says `goaway` to every session and closes each with 4300 at its own moment within `spread`, those
/// in a call last; a new `register` is refused from now on. Then `done`, on shard 0. Thread: shard 0.
void drain_sessions(session_context& house, base::milliseconds spread, std::function<void()> done);
/// Takes over limits that may change while the service runs; for new messages and sessions.
/// Thread: shard 0.
void use_limits(session_context& house, base::limits const& limits);

/// Takes the unconfirmed messages of all sessions without socket: their next resume is a reset.
/// For when memory is nearly used up. Thread: any.
void shed_memory(session_context& house);

/// Says `bye` and closes every session with that code; then `done`, on shard 0: what is asked of
/// the connections from there on comes behind every `bye`. Thread: any.
void close_sessions(session_context& house, std::uint16_t close_code, std::function<void()> done);

/// Closes every session whose token has been revoked, with 4201. Thread: any.
void close_revoked(session_context& house);

/// Closes every session of a person, with or without a room. Thread: any.
void close_user(session_context& house, base::user_id const& user, std::uint16_t close_code);

/// Everything that mentions a person, as `GET /api/subjects/{userId}` shows it. Thread: any.
void export_person(session_context& house, base::user_id user, service::completion<std::string> done);
/// Erases a person as `DELETE /api/subjects/{userId}` does; the report. Thread: any.
void erase_person(
    session_context& house, base::user_id user, service::audit_entry by, service::completion<std::string> done);

} // namespace rendezvous::net
