#include "dialect.hpp"

#include "rendezvous_dialect.hpp"

#include <unistd.h>

namespace rendezvous::loadgen {
namespace {

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// Names differ from run to run, so that a server that still holds an old room mixes up nothing.
std::string room_name(dialect_connection const& connection)
{
    static std::string const run = std::to_string(getpid());
    return "room-" + run + "-" + std::to_string(connection.index / 2);
}

/// The minimal relays in peers/: room in the URL, every text goes verbatim to the other side.
class room_dialect : public dialect {
public:
    std::string path(dialect_connection const& c) const override
    {
        return "/r?room=" + room_name(c) + "&side=" + std::to_string(c.index % 2);
    }
    reaction on_text(dialect_connection&, std::string_view text) override
    {
        return {.send = {}, .registered = contains(text, "\"joined\"")};
    }
    std::string signal(dialect_connection const&, std::string_view body) const override
    {
        return "{\"type\":\"signal\",\"data\":" + std::string(body) + "}";
    }
};

class echo_dialect : public room_dialect {
public:
    std::string path(dialect_connection const& c) const override { return "/echo?n=" + std::to_string(c.index); }
    bool echoes() const override { return true; }
};

/// npm peer (PeerJS server): ids in the URL, the recipient's id in each message.
class peerjs_dialect : public dialect {
public:
    std::string path(dialect_connection const& c) const override
    {
        return "/peerjs?key=peerjs&id=" + name(c, c.index % 2) + "&token=t" + std::to_string(c.index);
    }
    reaction on_text(dialect_connection&, std::string_view text) override
    {
        bool const refused = contains(text, "\"ERROR\"") || contains(text, "\"ID-TAKEN\"");
        return {.send = {}, .registered = contains(text, "\"OPEN\""), .failed = refused};
    }
    std::string signal(dialect_connection const& from, std::string_view body) const override
    {
        return "{\"type\":\"OFFER\",\"dst\":\"" + name(from, 1 - from.index % 2) + "\",\"payload\":" + std::string(body)
               + "}";
    }

private:
    static std::string name(dialect_connection const& c, std::uint32_t side)
    {
        return room_name(c) + "-" + std::to_string(side);
    }
};

} // namespace

std::unique_ptr<dialect> make_dialect(options const& options)
{
    if (options.dialect == "rendezvous") return std::make_unique<rendezvous_dialect>(options);
    if (options.dialect == "room") return std::make_unique<room_dialect>();
    if (options.dialect == "echo") return std::make_unique<echo_dialect>();
    if (options.dialect == "peerjs") return std::make_unique<peerjs_dialect>();
    return nullptr;
}

} // namespace rendezvous::loadgen
