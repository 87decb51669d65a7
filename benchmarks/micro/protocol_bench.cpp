// What a message costs between bytes and values, beside nlohmann/json on the same text.
#include "rendezvous/protocol/client_message.hpp"
#include "rendezvous/protocol/server_message.hpp"

#include "loadgen/payload.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace {

using namespace rendezvous;

/// The text a browser sends for a description (2,048 bytes) or a candidate (200 bytes).
std::string signal_text(std::size_t bytes)
{
    return R"({"type":"signal","data":)" + loadgen::make_body(bytes) + "}";
}

/// The size of a real register: a token of about 400 characters.
std::string register_text()
{
    return R"({"type":"register","id":"1","token":")" + std::string(400, 'a')
           + R"(","appointmentId":"bench-1","instance":"0191b2c3-0000-7000-8000-000000000001"})";
}

void count_bytes(benchmark::State& state, std::size_t bytes)
{
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

void parse(benchmark::State& state, std::string const& text)
{
    for (auto _ : state) {
        auto const parsed = protocol::parse_client_message(text);
        if (!parsed.message) return state.SkipWithError("the message is refused");
        benchmark::DoNotOptimize(&parsed);
    }
    count_bytes(state, text.size());
}

void parse_signal(benchmark::State& state)
{
    parse(state, signal_text(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(parse_signal)->Arg(200)->Arg(2048);

void parse_register(benchmark::State& state)
{
    parse(state, register_text());
}
BENCHMARK(parse_register);

void write_signal(benchmark::State& state)
{
    auto const body = std::make_shared<std::string const>(loadgen::make_body(static_cast<std::size_t>(state.range(0))));
    call::event const event = call::events::signal{base::participant_id{"0191b2c3-0000-7000-8000-000000000001"},
        base::call_id{"0191b2c3-0000-7000-8000-000000000002"}, 1, body};
    std::uint64_t seq = 0;
    std::size_t bytes = 0;
    for (auto _ : state) {
        auto const text = protocol::event_message(++seq, event);
        bytes = text.size();
        benchmark::DoNotOptimize(text.data());
    }
    count_bytes(state, bytes);
}
BENCHMARK(write_signal)->Arg(200)->Arg(2048);

/// The anchor: the way not taken.
void nlohmann_parse_and_dump(benchmark::State& state)
{
    auto const text = signal_text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        auto const tree = nlohmann::json::parse(text, nullptr, false);
        auto const again = tree.dump();
        benchmark::DoNotOptimize(again.data());
    }
    count_bytes(state, text.size());
}
BENCHMARK(nlohmann_parse_and_dump)->Arg(200)->Arg(2048);

} // namespace
