#include "rendezvous/service/user_directory.hpp"

#include <algorithm>
#include <iterator>

namespace rendezvous::service {

std::optional<user_directory::entry> user_directory::add(base::user_id const& user, entry socket)
{
    auto& mine = sockets_[user];
    std::erase_if(mine, [&](entry const& e) { return e.session == socket.session; });
    mine.push_back(std::move(socket));
    auto const away =
        static_cast<std::size_t>(std::count_if(mine.begin(), mine.end(), [](auto const& e) { return e.away; }));
    bool const too_many_away = away > sockets_max_;
    if (!too_many_away && mine.size() - away <= sockets_max_) return std::nullopt;
    auto const spare =
        std::find_if(mine.begin(), mine.end(), [&](entry const& e) { return !e.seated && e.away == too_many_away; });
    return spare == mine.end() ? mine.back() : *spare;
}

void user_directory::set_away(base::user_id const& user, base::session_id const& session)
{
    auto const it = sockets_.find(user);
    if (it == sockets_.end()) return;
    for (auto& e : it->second)
        if (e.session == session) e.away = true;
}

void user_directory::remove(base::user_id const& user, base::session_id const& session)
{
    auto const it = sockets_.find(user);
    if (it == sockets_.end()) return;
    std::erase_if(it->second, [&](entry const& e) { return e.session == session; });
    if (it->second.empty()) sockets_.erase(it);
}

void user_directory::set_seated(base::user_id const& user, base::session_id const& session, bool seated)
{
    auto const it = sockets_.find(user);
    if (it == sockets_.end()) return;
    for (auto& e : it->second)
        if (e.session == session) e.seated = seated;
}

std::vector<user_directory::entry> user_directory::user_level(base::user_id const& user) const
{
    std::vector<entry> out;
    if (auto const it = sockets_.find(user); it != sockets_.end())
        std::copy_if(
            it->second.begin(), it->second.end(), std::back_inserter(out), [](entry const& e) { return e.user_level; });
    return out;
}

} // namespace rendezvous::service
