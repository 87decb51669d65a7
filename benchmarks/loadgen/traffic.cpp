#include "traffic.hpp"

#include "clock.hpp"
#include "payload.hpp"

#include <array>
#include <stdexcept>

namespace rendezvous::loadgen {
namespace {

constexpr std::size_t queued_bytes_max = 4 << 20;

} // namespace

traffic::traffic(engine& engine, dialect& dialect, std::size_t payload_bytes) : engine_(engine), dialect_(dialect)
{
    std::string const body = make_body(payload_bytes);
    for (auto const& c : engine.connections()) signals_.push_back(prepare(*c, body));
    engine_.listen(this);
}

traffic::~traffic()
{
    engine_.listen(nullptr);
}

traffic::prepared_signal traffic::prepare(connection const& from, std::string_view body) const
{
    std::string text = dialect_.signal(from.shared, body);
    auto const marker = text.find(stamp_marker);
    if (marker == std::string::npos) throw std::logic_error("the dialect dropped the stamp");
    std::size_t const stamp_at = marker + stamp_marker.size();
    write_hex(from.shared.index, text.data() + stamp_at + stamp_time_digits, stamp_sender_digits);
    return {.frame = make_frame(opcode::text, text), .stamp_at = stamp_at};
}

void traffic::send(std::uint32_t index, std::uint64_t stamp_ns)
{
    connection& from = engine_.at(index);
    if (from.state != connection_state::open || from.outgoing.size() > queued_bytes_max) {
        ++counts_.blocked;
        return;
    }
    auto& [frame, stamp_at] = signals_[index];
    std::array<char, stamp_time_digits> digits{};
    write_hex(stamp_ns, digits.data(), digits.size());
    char* const out = frame.bytes.data() + frame.payload_offset + stamp_at;
    for (std::size_t i = 0; i < digits.size(); ++i) out[i] = masked(digits[i], stamp_at + i);
    ++counts_.sent;
    engine_.send(from, frame.bytes);
}

bool traffic::on_relayed(connection& to, std::string_view text)
{
    auto const found = find_stamp(text, stamp_hint_);
    if (!found) return false;
    std::uint64_t const now = now_ns();
    ++counts_.delivered;
    if (found->sender != partner_of(to.shared.index)) ++counts_.wrong;
    if (recording_) {
        ++counts_.recorded;
        latency_.add(now > found->time_ns ? now - found->time_ns : 0);
    }
    if (answering_) send(to.shared.index, now);
    return true;
}

} // namespace rendezvous::loadgen
