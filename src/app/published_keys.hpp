#pragma once

#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/base/clock.hpp"
#include "rendezvous/service/http_port.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::app {

/// The keys that issuers publish at an address (JWKS, RFC 7517). They are fetched when the service
/// begins, every quarter of an hour, and for a token that names an unknown key, at most once a
/// minute. Which addresses are asked is the configuration's to say and nobody else's: no token can
/// cause any other request. While an issuer does not answer, its keys stay for 24 hours.
/// Thread: any.
class published_keys {
public:
    static constexpr base::milliseconds refresh_every{15 * 60'000};
    static constexpr base::milliseconds ask_again_after{60'000};
    static constexpr base::milliseconds kept_for{24LL * 3'600'000};
    static constexpr base::milliseconds fetch_timeout{5'000};
    static constexpr std::size_t waiting_max = 1'024;

    struct source {
        std::string issuer;
        std::string url; ///< https, or http to loopback
        std::vector<auth::token_algorithm> wanted;
        friend bool operator==(source const&, source const&) = default;
    };
    /// Takes the verifier that is to be used from now on. Called one at a time, from any thread.
    using user = std::function<void(auth::token_verifier)>;

    /// `out` and `clock` must outlive it; `out` answers nobody after its own end, which comes first.
    published_keys(service::http_client& out, base::clock const& clock, user use);
    published_keys(published_keys const&) = delete;
    published_keys& operator=(published_keys const&) = delete;

    /// Uses `fresh` from now on, with the keys that are known already, and follows those sources.
    /// A source that is followed already keeps what it has. Fetches nothing by itself.
    void take_over(std::vector<source> sources, auth::token_verifier fresh);
    /// Fetches what is due, and forgets what is too old. To be called about every half minute.
    void on_time();
    /// True if that issuer's keys are being fetched, now or already: then `then` is called once,
    /// within about fetch_timeout, from any thread. False: there is nothing to wait for.
    bool await(std::string_view issuer, std::function<void()> then);

private:
    struct followed {
        source from;
        std::vector<auth::token_key> keys;
        std::optional<base::boot_time> good_at;  ///< when the keys came
        std::optional<base::boot_time> asked_at; ///< when they were asked for last
        base::boot_time due_at{};
        bool asking = false;
        std::vector<std::function<void()>> waiting;
    };
    followed* find(std::string_view issuer, std::string_view url = {});
    static service::http_ask begin(followed& one, base::boot_time now);
    void fetch(source from, service::http_ask ask);
    void on_answer(source const& from, base::result<service::http_answer> got);
    void judge(followed& one, base::result<service::http_answer> const& got, base::boot_time now);
    void use();

    service::http_client& out_;
    base::clock const& clock_;
    user use_;
    std::mutex guard_; ///< of all below
    std::optional<auth::token_verifier> verifier_;
    std::vector<followed> followed_;
};

} // namespace rendezvous::app
