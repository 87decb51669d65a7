// Any bytes as a configuration file, and behind a NUL as environment variables line by line. Only
// config_error is ever thrown, its text is one line that names the place, and what is accepted is
// within its ranges.

#include "fuzz/must.hpp"
#include "rendezvous/app/config.hpp"

#include <algorithm>
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace rendezvous;
using fuzz::must;

/// A file without a folder, written anew for every input.
class memory_file {
public:
    memory_file() : descriptor_(memfd_create("config", MFD_CLOEXEC)) { must(descriptor_ >= 0, "memory for a file"); }

    std::filesystem::path write(std::string_view text)
    {
        must(ftruncate(descriptor_, 0) == 0, "an empty file");
        must(pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "a full file");
        return "/proc/self/fd/" + std::to_string(descriptor_);
    }

private:
    int descriptor_;
};

app::environment variables_of(std::string_view text)
{
    app::environment out;
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        auto const equals = std::min(line.find('='), line.size());
        out.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return out;
}

void check(app::config const& settings)
{
    auto const& limits = settings.limits;
    must(settings.server.public_url.starts_with("https://"), "we are reached by https");
    must(!settings.server.listen.empty(), "there is an address to listen at");
    must(settings.server.shards <= 256, "not too many threads");
    must(limits.json_depth_max >= 2 && limits.json_depth_max <= 64, "a bounded depth");
    must(limits.message_bytes_max >= 1024 && limits.message_bytes_max <= 1'048'576, "a bounded message");
    must(limits.messages_per_s >= 1 && limits.messages_burst >= limits.messages_per_s, "a rate with its burst");
    must(limits.sockets_per_ip >= 1 && limits.sockets_per_user >= 1 && limits.connections_per_s >= 1,
        "somebody can come in");
    for (auto const& wait : {limits.write_timeout, limits.register_timeout, limits.tls_timeout, limits.header_timeout})
        must(wait.count() >= 10 && wait.count() <= 600'000, "every wait has an end");
    must(settings.storage.url.starts_with("sqlite:") && !settings.storage.sqlite_file().empty(), "there is a database");
    for (auto const& one : settings.auth.issuers) must(!one.issuer.empty(), "an issuer has a name");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static memory_file file;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const end = std::min(text.find('\0'), text.size());
    auto const variables = variables_of(text.substr(std::min(end + 1, text.size())));
    try {
        check(app::load_config(file.write(text.substr(0, end)), variables));
    } catch (app::config_error const& error) {
        std::string_view const what = error.what();
        must(!what.empty() && what.find_first_of("\r\n") == std::string_view::npos, "an error is one line");
    }
    return 0;
}
