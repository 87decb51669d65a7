#include "clock.hpp"
#include "modes.hpp"
#include "report.hpp"

#include <vector>

namespace rendezvous::loadgen {
namespace {

constexpr std::string_view start_command = R"({"type":"startCall","id":"2"})";
constexpr std::string_view start_reference = R"("re":"2")";

struct start {
    std::uint64_t sent_ns = 0;
    bool answered = false;
    bool joined_existing = false;
    std::string call_id; ///< empty when it was refused
};

/// Sends the starts of one wave and reads their answers.
class starter : public text_listener {
public:
    explicit starter(engine& engine) : engine_(engine), starts_(engine.connections().size()) { engine.listen(this); }
    ~starter() override { engine_.listen(nullptr); }

    /// Room by room, doctor and patient one right after the other.
    void send_all()
    {
        auto const frame = make_frame(opcode::text, start_command);
        for (auto const& c : engine_.connections()) {
            starts_[c->shared.index].sent_ns = now_ns();
            engine_.send(*c, frame.bytes);
            if (c->shared.index % 128 == 127) engine_.poll(0);
        }
    }

    bool on_relayed(connection& from, std::string_view text) override
    {
        if (text.substr(0, 64).find(start_reference) == std::string_view::npos) return false;
        auto& one = starts_[from.shared.index];
        if (one.answered) return false;
        one.answered = true;
        ++answered_;
        latency_.add(now_ns() - one.sent_ns);
        if (!text.starts_with(R"({"type":"ok")")) return true;
        one.call_id = text_field(text, R"("callId":)");
        one.joined_existing = text.find(R"("joinedExisting":true)") != std::string_view::npos;
        return true;
    }

    bool all_answered() const { return answered_ == starts_.size(); }
    std::vector<start> const& starts() const { return starts_; }
    histogram const& latency() const { return latency_; }

private:
    engine& engine_;
    std::vector<start> starts_;
    std::size_t answered_ = 0;
    histogram latency_;
};

struct tally {
    std::uint64_t one_call = 0;   ///< rooms in which both are in the same call, and one of them began it
    std::uint64_t two_calls = 0;  ///< rooms with two call ids, or two beginners, or none
    std::uint64_t refused = 0;    ///< answers that were errors
    std::uint64_t unanswered = 0; ///< starts
    double seconds = 0;           ///< from the first start to the last answer, all waves
    histogram latency;

    void add(starter const& wave)
    {
        auto const& starts = wave.starts();
        for (std::size_t i = 0; i + 1 < starts.size(); i += 2) {
            auto const& a = starts[i];
            auto const& b = starts[i + 1];
            for (auto const* one : {&a, &b}) {
                if (!one->answered) ++unanswered;
                if (one->answered && one->call_id.empty()) ++refused;
            }
            if (a.call_id.empty() || b.call_id.empty()) continue;
            ++(a.call_id == b.call_id && a.joined_existing != b.joined_existing ? one_call : two_calls);
        }
        latency.add(wave.latency());
    }
};

} // namespace

void run_double_start(options const& options, rendezvous_dialect& dialect)
{
    engine engine(options, dialect);
    dialect.arrive(arrival::registered);
    tally sum;
    for (std::uint32_t wave = 0; wave < options.waves; ++wave) {
        dialect.first_room(wave * options.connections / 2);
        require_all(options, engine.connect_all(options.in_flight, false));
        engine.run_for(options.settle_s);
        starter starter(engine);
        std::uint64_t const began = now_ns();
        std::uint64_t const deadline = began + std::uint64_t(options.timeout_s * 1e9);
        starter.send_all();
        while (!starter.all_answered() && now_ns() < deadline) engine.poll(20'000'000);
        sum.seconds += double(now_ns() - began) / 1e9;
        sum.add(starter);
        engine.drop_all();
    }
    json_line line = begin_line(options, "double-start");
    line.count("rooms", std::uint64_t(options.connections) / 2 * options.waves).count("waves", options.waves);
    line.count("one_call", sum.one_call).count("two_calls", sum.two_calls).count("refused", sum.refused);
    line.count("unanswered", sum.unanswered).number("start_s", sum.seconds);
    add_latency(line, sum.latency);
    line.count("lost_conns", engine.lost()).count("sequence_faults", dialect.sequence_faults());
    line.print();
}

} // namespace rendezvous::loadgen
