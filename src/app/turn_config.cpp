#include "turn_config.hpp"

#include "config_values.hpp"
#include "secrets.hpp"
#include "turn_uri.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace rendezvous::app {
namespace {

// One of a call's up to six people relays to five others, over each address, on two networks, and
// twice while a path is remade.
constexpr std::size_t allocations_per_uri = 20;
// An allocation takes one port of the relay range of 16,384 ports, which must not run dry.
constexpr std::size_t allocations_max = 4'000;
constexpr int relay_port_min = 49'152;
constexpr int relay_port_max = 65'535;
// 4 Mbit/s in each direction: more than the best picture and sound the pages send.
constexpr std::size_t bytes_per_s_max = 500'000;
constexpr std::size_t secret_length_max = 256;

/// Nobody's peer lives here (IANA special-purpose registries). An IPv4 address also hides in several
/// kinds of IPv6 address: coturn before 4.9 does not look into them (CVE-2026-27624), so they are
/// all here. A range that begins at `::` would take every IPv4 address in; coturn itself refuses `::`.
struct network {
    std::string_view first;
    std::string_view last;
};
constexpr auto denied_networks = std::to_array<network>({
    {"0.0.0.0", "0.255.255.255"},                             // this network
    {"10.0.0.0", "10.255.255.255"},                           // private
    {"100.64.0.0", "100.127.255.255"},                        // carriers' NAT
    {"127.0.0.0", "127.255.255.255"},                         // loopback
    {"169.254.0.0", "169.254.255.255"},                       // link-local, metadata of clouds
    {"172.16.0.0", "172.31.255.255"},                         // private
    {"192.0.0.0", "192.0.0.255"},                             // protocol assignments
    {"192.0.2.0", "192.0.2.255"},                             // documentation
    {"192.88.99.0", "192.88.99.255"},                         // 6to4 relays
    {"192.168.0.0", "192.168.255.255"},                       // private
    {"198.18.0.0", "198.19.255.255"},                         // benchmarks
    {"198.51.100.0", "198.51.100.255"},                       // documentation
    {"203.0.113.0", "203.0.113.255"},                         // documentation
    {"224.0.0.0", "255.255.255.255"},                         // multicast, reserved, broadcast
    {"::1", "::ffff:ffff"},                                    // loopback, IPv4-compatible
    {"::ffff:0:0", "::ffff:ffff:ffff"},                       // IPv4-mapped
    {"64:ff9b::", "64:ff9b::ffff:ffff"},                      // NAT64
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"},    // NAT64, local
    {"100::", "100::ffff:ffff:ffff:ffff"},                    // discard
    {"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},     // protocol assignments, Teredo
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"}, // documentation
    {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},    // 6to4
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},     // documentation
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},    // segment routing
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},    // unique local
    {"fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},    // link-local, site-local
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},    // multicast
});

[[noreturn]] void refuse(std::string const& what)
{
    throw config_error("turn-config: " + what);
}

/// Lines of `key=value`, grouped under remarks.
class conf_text {
public:
    void remark(std::string const& text) { text_ += "# " + text + "\n"; }
    void group(std::string const& text)
    {
        text_ += "\n";
        remark(text);
    }
    void flag(std::string_view name) { text_.append(name).append("\n"); }
    void value(std::string_view name, std::string_view what)
    {
        text_.append(name).append("=").append(what).append("\n");
    }
    void value(std::string_view name, std::size_t number) { value(name, std::to_string(number)); }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

/// What `turn.uris` says about the one coturn that is described.
struct relay_doors {
    std::size_t relay_uris = 0;
    std::string host;
    std::optional<std::uint16_t> plain_port, tls_port;
    bool udp = false, tcp = false, tls = false, dtls = false; ///< which kinds of connections are named
};

void set_port(std::optional<std::uint16_t>& port, turn_uri const& uri)
{
    if (port && *port != uri.port)
        refuse("turn.uris: coturn has one port without and one port with TLS; " + std::to_string(*port) + " and "
               + std::to_string(uri.port) + " are both named");
    port = uri.port;
}

relay_doors read_doors(std::vector<std::string> const& uris)
{
    relay_doors out;
    for (auto const& text : uris) {
        auto const uri = parse_turn_uri(text);
        if (!uri) refuse("turn.uris: \"" + text + "\" is no TURN or STUN address");
        if (!uri->relays) { // maybe another server's; a relay answers it at its own ports
            out.udp = out.udp || !uri->tls;
            continue;
        }
        ++out.relay_uris;
        if (out.host.empty()) out.host = uri->host;
        bool const over_tcp = uri->over == turn_uri::transport::tcp;
        set_port(uri->tls ? out.tls_port : out.plain_port, *uri);
        if (uri->tls)
            (over_tcp ? out.tls : out.dtls) = true;
        else
            (over_tcp ? out.tcp : out.udp) = true;
    }
    if (out.relay_uris == 0) refuse("turn.uris: no turn: or turns: address, so there is no relay to describe");
    return out;
}

std::string checked_realm(std::string const& asked, std::string const& host)
{
    auto const& realm = asked.empty() ? host : asked;
    auto const plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':'; };
    if (realm.empty() || realm.size() > 127 || !std::all_of(realm.begin(), realm.end(), plain))
        refuse("--realm: a host name is expected");
    return realm;
}

bool is_address(std::string_view text)
{
    return is_network(text) && text.find('/') == std::string_view::npos;
}

/// The private address of `PUBLIC/PRIVATE`, empty for `PUBLIC`.
std::string checked_private(std::string const& external)
{
    auto const slash = external.find('/');
    auto const inside = slash == std::string::npos ? std::string{} : external.substr(slash + 1);
    if (!is_address(external.substr(0, slash)) || (slash != std::string::npos && !is_address(inside)))
        refuse("--external-ip: PUBLIC or PUBLIC/PRIVATE is expected, both IP addresses");
    return inside;
}

/// coturn's own parser cuts a value at blanks and knows no quotes.
std::string checked_secret(config const& settings)
{
    auto secret = load_turn_secret(settings);
    auto const plain = [](unsigned char c) { return std::isgraph(c) != 0 && c != '"' && c != '\'' && c != '\\'; };
    if (secret.empty() || secret.size() > secret_length_max || secret.front() == '='
        || !std::all_of(secret.begin(), secret.end(), plain))
        refuse("turn.secret_file: coturn's configuration can hold 1 to " + std::to_string(secret_length_max)
               + " printable ASCII characters without blanks, quotes or backslashes, not beginning with =");
    return secret;
}

void write_secret(conf_text& to, config const& settings, bool with_secret)
{
    to.group("Time-limited credentials, made by rendezvous with the same secret.");
    to.flag("use-auth-secret");
    if (with_secret) {
        to.value("static-auth-secret", checked_secret(settings));
        return;
    }
    to.remark("The secret of turn.secret_file belongs in the next line (or print it with --with-secret). This file is");
    to.remark("then for coturn alone: chown root:turnserver, chmod 640.");
    to.remark("static-auth-secret=");
}

void write_doors(conf_text& to, relay_doors const& doors, tls_config const& tls)
{
    to.group("Where browsers connect, from turn.uris.");
    to.value("listening-port", doors.plain_port.value_or(3478));
    if (!doors.udp) to.flag("no-udp");
    if (!doors.tcp) to.flag("no-tcp");
    if (doors.tls || doors.dtls) {
        to.value("tls-listening-port", *doors.tls_port);
        to.remark("Must cover the relay's name, and be readable for the user that coturn runs as.");
        to.value("cert", std::filesystem::absolute(tls.certificate).lexically_normal().string());
        to.value("pkey", std::filesystem::absolute(tls.key).lexically_normal().string());
    }
    if (!doors.tls) to.flag("no-tls");
    if (!doors.dtls) to.flag("no-dtls");
    to.flag("no-tlsv1");
    to.flag("no-tlsv1_1");
    to.flag("fingerprint");
    to.value("stale-nonce", 600);
}

void write_limits(conf_text& to, relay_doors const& doors)
{
    to.group(
        "Limits: allocations of one person in one call, of all; bytes per second and direction of one allocation.");
    to.value("user-quota", allocations_per_uri * doors.relay_uris);
    to.value("total-quota", allocations_max);
    to.value("max-bps", bytes_per_s_max);
    to.value("min-port", relay_port_min);
    to.value("max-port", relay_port_max);
}

void write_closed_doors(conf_text& to)
{
    to.group("Nothing that calls do not need.");
    for (auto const* name : {"no-cli", "no-tcp-relay", "no-multicast-peers", "no-software-attribute", "no-rfc5780",
             "no-stun-backward-compatibility", "response-origin-only-with-rfc5780", "no-dynamic-ip-list",
             "no-dynamic-realms", "no-auth-pings"})
        to.flag(name);
    to.group("To the journal; coturn's lines name users and their addresses.");
    to.value("log-file", "stdout");
    to.flag("simple-log");
}

void write_peers(conf_text& to, std::string const& external_ip, std::string const& inside)
{
    if (!external_ip.empty()) {
        to.group("Behind NAT: what browsers are told.");
        to.value("external-ip", external_ip);
    }
    to.group("The relay leads nowhere inside.");
    for (auto const& each : denied_networks)
        to.value("denied-peer-ip", std::string(each.first) + "-" + std::string(each.last));
    if (inside.empty()) return;
    to.group("But two people who both use this relay meet at its own address.");
    to.value("allowed-peer-ip", inside);
}

} // namespace

std::string turn_server_config(config const& settings, turn_config_options const& options)
{
    auto const doors = read_doors(settings.turn.uris);
    auto const realm = checked_realm(options.realm, doors.host);
    auto const inside = options.external_ip.empty() ? std::string{} : checked_private(options.external_ip);
    conf_text to;
    to.remark("turnserver.conf for coturn 4.6, printed by rendezvous turn-config.");
    to.value("realm", realm);
    write_secret(to, settings, options.with_secret);
    write_doors(to, doors, settings.tls);
    write_limits(to, doors);
    write_closed_doors(to);
    write_peers(to, options.external_ip, inside);
    return to.take();
}

} // namespace rendezvous::app
