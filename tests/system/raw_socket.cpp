#include "raw_socket.hpp"

#include <algorithm>

namespace rendezvous::test {
namespace {

constexpr std::size_t chopped_bytes_max = 256;

std::string new_user()
{
    static unsigned made = 0;
    return "somebody-" + std::to_string(++made);
}

std::string length_bytes(std::uint64_t length, int count)
{
    std::string out;
    for (int i = count - 1; i >= 0; --i) out.push_back(static_cast<char>((length >> (8 * i)) & 0xffU));
    return out;
}

} // namespace

raw_socket::raw_socket(running_server& server) : peer_(server)
{
    auto const entered = peer_.enter(server.folder().token(new_user(), call::role::doctor));
    EXPECT_EQ(entered["type"], "registered") << entered;
}

raw_socket& raw_socket::send(std::string_view bytes)
{
    peer_.socket().send_raw_within(bytes, patience);
    return *this;
}

raw_socket& raw_socket::send_chopped(std::string_view bytes, std::size_t piece)
{
    for (std::size_t i = 0; i < bytes.size(); i += piece) send(bytes.substr(i, piece));
    return *this;
}

outcome raw_socket::judge()
{
    send(frame(first_byte::text, R"({"type":"ice","id":"last question"})"));
    outcome out;
    for (;;) {
        auto const got = peer_.socket().receive();
        out.pongs = peer_.socket().pongs();
        if (got.what == ws_message::kind::nothing) throw std::runtime_error("neither an answer nor a close");
        if (got.what == ws_message::kind::closed) {
            out.code = got.close_code;
            return out;
        }
        auto answer = json::parse(got.text);
        if (!answer.contains("re")) continue;
        if (answer["re"] == "last question") return out;
        out.answers.push_back(std::move(answer));
    }
}

std::string frame(std::uint8_t opcode, std::string_view payload)
{
    return ws_client::frame(static_cast<std::uint8_t>(first_byte::fin | opcode), payload);
}

std::string fragment(std::uint8_t opcode, std::string_view payload)
{
    return ws_client::frame(opcode, payload);
}

std::string unmasked(std::uint8_t opcode, std::string_view payload)
{
    std::string out(1, static_cast<char>(first_byte::fin | opcode));
    out.push_back(static_cast<char>(payload.size()));
    return out.append(payload);
}

std::string frame_head(std::uint8_t opcode, std::uint64_t length)
{
    return std::string(1, static_cast<char>(first_byte::fin | opcode)) + "\xff" + length_bytes(length, 8) + "mask";
}

std::string close_frame(unsigned code, std::string_view reason)
{
    return frame(first_byte::close, length_bytes(code, 2).append(reason));
}

std::string in_fragments(std::string_view message, std::size_t count)
{
    if (count == 1) return frame(first_byte::text, message);
    auto const size = message.size() / count;
    auto out = fragment(first_byte::text, message.substr(0, size));
    for (std::size_t i = 1; i + 1 < count; ++i)
        out += fragment(first_byte::continuation, message.substr(i * size, size));
    return out + frame(first_byte::continuation, message.substr((count - 1) * size));
}

std::string command_of_size(std::size_t bytes)
{
    std::string text = R"({"type":"ice","id":"m","x":")";
    text += std::string(bytes - text.size() - 2, 'x');
    return text + "\"}";
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

void expect_codes(running_server& server, std::vector<wire_row> const& rows)
{
    for (auto const& row : rows) {
        raw_socket whole(server);
        EXPECT_EQ(whole.send(row.bytes).judge().code, row.code) << row.what;
        if (row.bytes.size() > chopped_bytes_max) continue;
        raw_socket chopped(server);
        EXPECT_EQ(chopped.send_chopped(row.bytes).judge().code, row.code) << row.what << ", byte by byte";
    }
}

running_server& shared_server()
{
    static running_server server(2);
    return server;
}

} // namespace rendezvous::test
