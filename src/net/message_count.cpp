#include "message_count.hpp"

#include <algorithm>

namespace rendezvous::net {
namespace {

namespace metrics = base::metrics;
using metrics::message_type;

static_assert(std::variant_size_v<protocol::client_message> == static_cast<std::size_t>(message_type::pong) + 1,
    "metrics::message_type names the messages of clients first, in the order of the variant");

} // namespace

void count_received(protocol::parsed const& message)
{
    auto const type = message.message ? static_cast<message_type>(message.message->index()) : message_type::other;
    metrics::ws_messages.add(type, metrics::direction::in);
}

message_type count_sent(std::string_view text)
{
    constexpr std::string_view begin = "{\"type\":\"";
    auto const words = metrics::words_of(metrics::family::ws_messages, 0);
    auto found = words.end();
    if (text.starts_with(begin)) {
        text.remove_prefix(begin.size());
        text = text.substr(0, text.find('"'));
        found = std::find(words.begin(), words.end(), text);
    }
    auto const type = found == words.end() ? message_type::other : static_cast<message_type>(found - words.begin());
    metrics::ws_messages.add(type, metrics::direction::out);
    return type;
}

} // namespace rendezvous::net
