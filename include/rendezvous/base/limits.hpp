#pragma once

#include "rendezvous/base/clock.hpp"

#include <cstddef>
#include <cstdint>

namespace rendezvous::base {

/// Everything that grows, waits or repeats, with the bound it has. One object, filled by
/// `app/config`, handed down by value; names, units and defaults are those of
/// config/rendezvous.toml. Constants that no operator should change stand at the end.
struct limits {
    // one connection, one session
    std::size_t message_bytes_max = 65'536;     ///< one WebSocket message in
    std::size_t json_depth_max = 16;            ///< nesting of one message
    std::uint32_t messages_per_s = 50;          ///< sustained, per session
    std::uint32_t messages_burst = 200;         ///< at once, per session
    std::uint32_t signals_unanswered_max = 256; ///< to one receiver without one back
    std::size_t queue_bytes_max = 262'144;      ///< waiting to be written, then 4008
    milliseconds write_timeout{10'000};         ///< one write, then the socket is cut
    milliseconds register_timeout{10'000};      ///< upgrade to `register`, then 4401
    milliseconds tls_timeout{5'000};            ///< accept to end of handshake
    milliseconds header_timeout{5'000};         ///< one request header
    std::size_t body_bytes_max = 65'536;        ///< one request body
    // admission
    std::uint32_t sockets_per_ip = 512; ///< IPv6: per /64
    std::uint32_t sockets_per_user = 10;
    std::uint32_t connections_per_s = 1'000;
    std::uint32_t starts_per_minute = 10;       ///< per user
    std::uint32_t auth_failures_per_10min = 50; ///< per IP, and per appointment
    std::size_t rings_bytes_max = 256ULL * 1024 * 1024; ///< unconfirmed messages of all sessions
    std::size_t memory_mb_max = 0;              ///< MiB of the whole process; 0 = what the system gives it

    // not configurable
    /// Connections that have not registered (handshakes, HTTP, sockets before `register`): in all,
    /// and of one address once half of all are taken: that part of sockets_per_ip.
    static constexpr std::size_t unregistered_max = 8'192;
    static constexpr std::size_t unregistered_share_when_many = 32;
    static constexpr std::size_t descriptors_kept = 256; ///< for files, the store and whoever lingers
    static constexpr std::size_t header_bytes_max = 8'192;
    static constexpr std::size_t signal_bytes_max = 48 * 1024; ///< `data` of one signal, `sdp` of one offer
    static constexpr std::size_t command_id_chars_max = 64;
    static constexpr std::size_t token_bytes_max = 4'096;
    static constexpr std::size_t participants_max = 6;
    static constexpr std::size_t name_bytes_max = 200;
    static constexpr std::size_t override_reason_bytes_max = 500;
    static constexpr std::size_t store_backlog_max = 10'000;             ///< facts kept while the store fails
    static constexpr std::size_t store_queue_max = 10'000;               ///< jobs waiting for the store thread
    static constexpr std::size_t rooms_max = 100'000;                    ///< rooms in memory, whole process
    static constexpr std::size_t ring_messages_max = 256;                ///< unconfirmed, per session
    static constexpr std::size_t ring_bytes_max = 262'144;               ///< the same in bytes
    static constexpr std::size_t page_rows_max = 200;
    static constexpr std::size_t page_rows_default = 50;
};

} // namespace rendezvous::base
