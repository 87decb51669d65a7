#include "rendezvous/service/audit_port.hpp"

#include <array>

namespace rendezvous::service {
namespace {

struct named {
    actor_kind kind;
    std::string_view word;
};
constexpr std::array<named, 5> words{{{actor_kind::api_key, "apiKey"}, {actor_kind::user, "user"},
    {actor_kind::anonymous, "anonymous"}, {actor_kind::operator_, "operator"}, {actor_kind::server, "server"}}};

} // namespace

std::string_view to_word(actor_kind kind) noexcept
{
    for (auto const& each : words)
        if (each.kind == kind) return each.word;
    return {};
}

std::optional<actor_kind> actor_kind_of(std::string_view word) noexcept
{
    for (auto const& each : words)
        if (each.word == word) return each.kind;
    return std::nullopt;
}

} // namespace rendezvous::service
