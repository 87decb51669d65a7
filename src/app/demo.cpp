#include "admin_commands.hpp"
#include "certificate.hpp"
#include "rendezvous/base/log.hpp"
#include "serve.hpp"

#include <algorithm>
#include <future>
#include <iostream>

namespace rendezvous::app {
namespace {

constexpr std::chrono::hours open_for{24};
constexpr milliseconds opened_before{60'000};
constexpr milliseconds drain_max{1'000};

/// IPv6 addresses stand in brackets in a URL.
std::string url_host(std::string const& host)
{
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

config demo_config(std::string const& host)
{
    auto out = load_config(read_environment());
    auto const port = out.server.listen.empty() ? std::uint16_t{8443} : out.server.listen.front().port;
    out.server.public_url = "https://" + url_host(host) + (port == 443 ? "" : ":" + std::to_string(port));
    out.tls.certificate = "var/demo-cert.pem";
    out.tls.key = "var/demo-key.pem";
    if (out.clinic.name.empty()) out.clinic.name = "Demo Clinic";
    // Whoever ends a demo with Ctrl-C waits for it.
    out.rooms.drain = std::min(out.rooms.drain, drain_max);
    return out;
}

/// The appointment that is open whenever the demo runs.
call::commands::put_appointment demo_appointment(base::utc_time now)
{
    call::commands::put_appointment out;
    out.id = *base::parse_appointment_id("demo");
    out.status = call::appointment_status::booked;
    out.payment = call::payment_status::waived;
    out.start = now;
    out.end = now + open_for;
    out.opens_at = now - opened_before;
    out.closes_at = now + open_for;
    return out;
}

void print_links(house& h)
{
    auto const now = h.clock().now().utc;
    std::promise<base::result<appointment_links>> made;
    make_appointment(h, demo_appointment(now), {base::user_id{"demo-doctor"}, call::role::doctor, "Dr. Ana Pop"},
        {base::user_id{"demo-patient"}, call::role::patient, "Ion Ionescu"},
        [&](base::result<appointment_links> links) { made.set_value(std::move(links)); });
    auto const links = made.get_future().get();
    if (!links) throw std::runtime_error("the demo appointment cannot be written: " + links.error().message());
    auto const admin = h.signer().sign(
        {base::user_id{"demo-admin"}, call::role::admin, "Administrator", {}, {}}, open_for, now, h.ids());
    std::cout << "doctor: " << links->doctor << "\npatient: " << links->patient
              << "\nadmin: " << h.settings().server.public_url << "/admin#token=" << admin.value().token << std::endl;
}

} // namespace

int run_demo(std::string const& host)
{
    auto settings = demo_config(host);
    base::log::configure(settings.log.level, settings.log.format);
    base::system_clock const clock;
    ensure_development_certificate(settings.tls.certificate, settings.tls.key, host, clock.now().utc);
    if (settings.turn.uris.empty())
        base::log::warn("no_turn_server", {{"effect", "calls between distant networks may not connect"}});
    house h(std::move(settings));
    serve(h, {{}, {}, [&h] { print_links(h); }});
    return 0;
}

} // namespace rendezvous::app
