#include "peer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

namespace rendezvous::test {
namespace {

bool is_uncounted(std::string const& type)
{
    return type == "registered" || type == "ping" || type == "goaway" || type == "bye";
}

} // namespace

peer::peer(running_server& server, std::string const& path, headers more)
    : socket_("127.0.0.1", server.port(), path, std::move(more))
{}

json peer::enter(std::string const& token, std::string const& appointment, json more)
{
    more["token"] = token;
    if (!appointment.empty()) more["appointmentId"] = appointment;
    return ask("register", std::move(more));
}

std::string peer::command(std::string const& type, json fields)
{
    // A tab never uses an id twice, whatever sockets it has had: ids belong to the `instance`.
    static std::atomic<std::uint64_t> commands{0};
    auto id = "c" + std::to_string(++commands);
    fields["type"] = type;
    fields["id"] = id;
    send(fields);
    return id;
}

json peer::answer(std::string const& id)
{
    return take([&](json const& m) { return m.contains("re") && m["re"] == id; });
}

json peer::expect(std::string const& type, condition const& fits)
{
    return take([&](json const& m) { return m["type"] == type && (!fits || fits(m)); });
}

std::size_t peer::count_until_now(std::string const& type)
{
    auto const id = command("ice");
    auto last = take([&](json const& m) { return m.contains("re") && m["re"] == id; });
    auto const fits = [&](json const& m) { return m["type"] == type; };
    return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), fits));
}

json peer::next()
{
    if (waiting_.empty()) return read();
    auto out = std::move(waiting_.front());
    waiting_.pop_front();
    return out;
}

std::uint16_t peer::closed()
{
    while (!close_code_) {
        auto message = read();
        if (!message.is_null()) waiting_.push_back(std::move(message));
    }
    return *close_code_;
}

json peer::take(condition const& fits)
{
    auto const found = std::find_if(waiting_.begin(), waiting_.end(), fits);
    if (found != waiting_.end()) {
        auto out = std::move(*found);
        waiting_.erase(found);
        return out;
    }
    std::string seen;
    for (auto const until = std::chrono::steady_clock::now() + patience;;) {
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error("it never came; instead" + seen);
        auto message = read();
        if (message.is_null())
            throw std::runtime_error("closed with " + std::to_string(*close_code_) + " after" + seen);
        if (fits(message)) return message;
        seen += " " + message["type"].get<std::string>();
        waiting_.push_back(std::move(message));
    }
}

json peer::read()
{
    for (;;) {
        if (close_code_) return nullptr;
        auto const got = socket_.receive();
        if (got.what == ws_message::kind::closed) {
            close_code_ = got.close_code;
            return nullptr;
        }
        if (got.what == ws_message::kind::nothing) {
            std::string seen;
            for (auto const& m : waiting_) seen += " " + m["type"].get<std::string>();
            throw std::runtime_error("nothing came; waiting:" + seen);
        }
        auto message = json::parse(got.text);
        auto const type = message.at("type").get<std::string>();
        if (is_uncounted(type)) {
            EXPECT_FALSE(message.contains("seq")) << got.text;
        } else if (message.contains("seq")) {
            EXPECT_EQ(message["seq"], last_seq_ + 1) << "a gap, or a repeat: " << got.text;
            last_seq_ = message["seq"];
        } else {
            EXPECT_EQ(type, "error") << "only a refused register has no seq: " << got.text;
        }
        if (type == "bye") bye_ = message;
        if (type == "ping" && answers_pings) {
            send({{"type", "pong"}, {"n", message["n"]}, {"seq", last_seq_}});
            continue;
        }
        return message;
    }
}

json peer::resume(std::string const& token, std::string const& appointment, json const& registered, std::uint64_t seq)
{
    last_seq_ = seq;
    json const resume{{"sessionId", registered["sessionId"]}, {"resumeKey", registered["resumeKey"]}, {"lastSeq", seq}};
    return enter(token, appointment, {{"resume", resume}});
}

} // namespace rendezvous::test
