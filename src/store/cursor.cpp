#include "cursor.hpp"

#include <charconv>

namespace rendezvous::store {
std::string write_cursor(cursor_kind kind, list_key const& at)
{
    return base::base64url(static_cast<char>(kind) + std::to_string(at.at_ms) + ' ' + at.id);
}

std::optional<list_key> read_cursor(cursor_kind kind, std::string_view text)
{
    auto const plain = base::from_base64url(text);
    if (!plain || plain->empty() || plain->front() != static_cast<char>(kind)) return std::nullopt;
    list_key key;
    auto const* const end = plain->data() + plain->size();
    auto const [rest, error] = std::from_chars(plain->data() + 1, end, key.at_ms);
    if (error != std::errc{} || rest == end || *rest != ' ') return std::nullopt;
    key.id.assign(rest + 1, end);
    // Call ids are UUIDs, which are within the alphabet of appointment ids.
    if (!base::parse_appointment_id(key.id) || write_cursor(kind, key) != text) return std::nullopt;
    return key;
}

} // namespace rendezvous::store
