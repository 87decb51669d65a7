#include "rest.hpp"

// What pages and operators ask of the server itself.

namespace rendezvous::net {

rest_reply get_webrtc_config(rest_call c)
{
    auto config = c.house->page_config;
    config.ice_servers = ice_for(*c.house, c.caller.bearer->user, {});
    config.limits = c.house->limits();
    co_return json_reply(200, protocol::webrtc_config_json(config));
}

/// The process runs and its loops answer.
rest_reply get_health(rest_call)
{
    co_return json_reply(200, R"({"status":"ok"})");
}

/// Calls can be started: the store answers, and the process is not on its way out.
rest_reply get_readiness(rest_call c)
{
    auto& house = *c.house;
    if (house.draining) co_return problem_reply(c, base::errc::draining);
    std::function<void(service::completion<call::call_record>)> begin = [&house](auto done) {
        house.reader.get_call(base::call_id{"00000000-0000-7000-8000-000000000000"}, std::move(done));
    };
    auto asked = co_await service::later<call::call_record>(begin);
    bool const ready = asked || base::to_errc(asked.error()) == base::errc::not_found;
    if (!ready) co_return problem_reply(c, base::errc::store_unavailable);
    co_return json_reply(200, R"({"status":"ready"})");
}

} // namespace rendezvous::net
