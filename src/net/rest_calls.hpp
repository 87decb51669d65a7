#pragma once

#include "list_reply.hpp"

#include <optional>

/// What the routes of calls and their aliases share.
namespace rendezvous::net {

/// The call that the first capture names, if the caller may see it; not_found otherwise.
service::task<call::call_record> load_call(rest_call c);

/// One page of the history as the caller may see it.
service::task<service::page<call::call_record>> visible_calls(rest_call c, service::call_filter filter);

/// What ending the call of the first capture came to: the call, or the answer that says why not.
struct ended_call {
    std::optional<call::call_record> call;
    bool replayed = false;
    http_response refusal;
};
boost::asio::awaitable<ended_call> end_by_id(rest_call c);

} // namespace rendezvous::net
