#include "app/admin_commands.hpp"
#include "app/resources.hpp"
#include "app/serve.hpp"
#include "app/turn_config.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/store/open.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>

// The command line: names, options and exit codes of docs/operations.md, nothing else.

namespace {

namespace app = rendezvous::app;
namespace base = rendezvous::base;
namespace call = rendezvous::call;
namespace net = rendezvous::net;
namespace store = rendezvous::store;

constexpr int exit_failed = 1;
constexpr int exit_usage = 64;
constexpr int exit_config = 78;

struct options {
    std::string config_file;
    std::string host = "localhost";
    std::string backup_file;
    std::string key_name;
    std::string key_scope;
    std::string sub, role, name;
    std::string user; ///< of `subject`
    std::vector<std::string> appointments;
    long ttl_s = 3600;
    std::map<std::string, std::string> appointment; ///< of `appointment create`
    app::turn_config_options turn;
};

app::config load(options const& o)
{
    auto settings = app::load_config(o.config_file, app::read_environment());
    base::log::configure(settings.log.level, settings.log.format);
    return settings;
}

/// Prints what the file system says against the configuration: a line of file, key and reason for
/// each problem, or else the warnings. True if nothing stands in the way.
bool check(options const& o, app::config const& settings)
{
    auto const found = app::validate_config(settings, base::system_clock{}.now().utc);
    for (auto const& line : found.problems) std::cerr << o.config_file << ": " << line << "\n";
    if (!found.problems.empty()) return false;
    for (auto const& line : found.warnings) std::cerr << "warning: " << line << "\n";
    return true;
}

int serve(options const& o)
{
    // A service that is told to reload before it can must not end of it.
    std::signal(SIGHUP, SIG_IGN);
    auto from_systemd = app::take_service_environment();
    auto const variables = app::read_environment();
    auto const settings = load(o);
    if (!check(o, settings)) return exit_config;
    app::house h(settings);
    auto const read_again = [&o, variables] { return app::load_config(o.config_file, variables); };
    app::serve(h, {std::move(from_systemd), read_again, {}});
    return 0;
}

int check_config(options const& o)
{
    if (!check(o, load(o))) return exit_config;
    std::cout << o.config_file << ": ok\n";
    return 0;
}

int migrate(options const& o)
{
    auto const settings = load(o);
    if (auto const answered = net::ask_service(settings.server.control_socket, {{"migrate"}})) {
        std::cout << answered->out;
        return answered->exit_code;
    }
    base::system_clock const clock;
    auto const opened = store::open_store(settings.storage.url, app::resource_folder("migrations"), clock);
    std::cout << "schema " << opened->schema_version() << "\n";
    return 0;
}

int admin(options const& o, std::vector<std::string> words)
{
    auto const reply = app::run_admin_command(load(o), net::control_request{std::move(words)});
    std::cout << reply.out;
    std::cerr << reply.err;
    return reply.exit_code;
}

int back_up(options const& o)
{
    // The service may run in another folder than this command.
    return admin(o, {"backup", std::filesystem::absolute(o.backup_file).string()});
}

int create_appointment(options const& o)
{
    std::vector<std::string> words{"appointment", "create"};
    for (auto const& [key, value] : o.appointment)
        if (!value.empty()) words.push_back(key + "=" + value);
    return admin(o, std::move(words));
}

int make_token(options const& o)
{
    auto const user = base::parse_user_id(o.sub);
    auto const role = call::from_word<call::role>(o.role);
    if (!user) return std::cerr << "--sub: 1-255 printable ASCII characters without space\n", exit_usage;
    if (!role) return std::cerr << "--role: patient, doctor, guest, agent or admin\n", exit_usage;
    rendezvous::auth::token_claims claims{*user, *role, o.name, std::nullopt, {}};
    for (auto const& text : o.appointments) {
        auto const id = base::parse_appointment_id(text);
        if (!id) return std::cerr << "--appointment: 1-128 of A-Z a-z 0-9 . _ : @ -\n", exit_usage;
        claims.appointments.push_back(*id);
    }
    base::system_id_generator ids;
    auto const signer = app::make_signer(load(o));
    auto const made = signer.sign(claims, std::chrono::seconds{o.ttl_s}, base::system_clock{}.now().utc, ids);
    if (!made) return std::cerr << "--ttl: 1 to 31622400 seconds\n", exit_usage;
    std::cout << made->token << "\n";
    return 0;
}

int print_turn_config(options const& o)
{
    std::cout << app::turn_server_config(load(o), o.turn);
    return 0;
}

/// Describes the commands to the parser; `run` becomes what the chosen one does.
void describe(CLI::App& cli, options& o, std::function<int()>& run)
{
    cli.require_subcommand(1);
    auto const with_config = [&](CLI::App* parent, std::string const& name, std::string const& about) {
        auto* command = parent->add_subcommand(name, about);
        command->add_option("--config", o.config_file, "configuration file (TOML)")->required();
        return command;
    };
    auto* demo = cli.add_subcommand("demo", "run everything embedded and print three links");
    demo->add_option("--host", o.host, "name or address that browsers use");
    demo->callback([&] { run = [&] { return app::run_demo(o.host); }; });
    with_config(&cli, "serve", "run the service")->callback([&] { run = [&] { return serve(o); }; });
    with_config(&cli, "check-config", "check a configuration")->callback([&] {
        run = [&] { return check_config(o); };
    });
    with_config(&cli, "migrate", "bring the database to the newest schema")->callback([&] {
        run = [&] { return migrate(o); };
    });
    auto* backup = with_config(&cli, "backup", "copy the database while the service runs");
    backup->add_option("file", o.backup_file, "where to")->required();
    backup->callback([&] { run = [&] { return back_up(o); }; });

    auto* token = with_config(&cli, "token", "print a token of the server's own issuer");
    token->add_option("--sub", o.sub, "user id")->required();
    token->add_option("--role", o.role, "patient, doctor, guest, agent or admin")->required();
    token->add_option("--name", o.name, "shown to others");
    token->add_option("--appointment", o.appointments, "may be repeated");
    token->add_option("--ttl", o.ttl_s, "lifetime in seconds");
    token->callback([&] { run = [&] { return make_token(o); }; });

    auto* keys = cli.add_subcommand("api-key", "keys of booking systems");
    keys->require_subcommand(1);
    for (std::string const verb : {"create", "list", "revoke"}) {
        auto* command = with_config(keys, verb, verb + " API keys");
        if (verb == "create") command->add_option("--name", o.key_name, "whose key")->required();
        if (verb == "revoke") command->add_option("--name", o.key_name, "whose keys, or the prefix of one")->required();
        if (verb == "create")
            command->add_option("--scope", o.key_scope,
                "what for, with commas: appointments, tokens, webhooks, history, audit, subjects; all by default");
        command->callback([&o, &run, verb] {
            run = [&o, verb] { return admin(o, {"api-key", verb, o.key_name, o.key_scope}); };
        });
    }

    auto* audit = cli.add_subcommand("audit", "the account of who did what");
    audit->require_subcommand(1);
    with_config(audit, "verify", "check both hash chains; names the first broken row")->callback([&] {
        run = [&] { return admin(o, {"audit", "verify"}); };
    });
    auto* subjects = cli.add_subcommand("subject", "everything that mentions one person");
    subjects->require_subcommand(1);
    for (std::string const verb : {"export", "erase"}) {
        auto* command = with_config(subjects, verb, verb + " one person");
        command->add_option("--user", o.user, "user id")->required();
        command->callback([&o, &run, verb] { run = [&o, verb] { return admin(o, {"subject", verb, o.user}); }; });
    }

    auto* appointments = cli.add_subcommand("appointment", "appointments without a booking system");
    appointments->require_subcommand(1);
    auto* create = with_config(appointments, "create", "write an appointment and print its links");
    create->add_option("--id", o.appointment["id"], "its id; a new one by default");
    create->add_option("--doctor", o.appointment["doctor"], "user id")->required();
    create->add_option("--doctor-name", o.appointment["doctor-name"], "shown to others");
    create->add_option("--patient", o.appointment["patient"], "user id")->required();
    create->add_option("--patient-name", o.appointment["patient-name"], "shown to others");
    create->add_option("--start", o.appointment["start"], "RFC 3339; now by default");
    create->add_option("--minutes", o.appointment["minutes"], "length, 30 by default");
    create->callback([&] { run = [&] { return create_appointment(o); }; });

    auto* turn = with_config(&cli, "turn-config", "print a turnserver.conf for coturn");
    turn->add_option("--realm", o.turn.realm, "the host in turn.uris by default");
    turn->add_option("--external-ip", o.turn.external_ip, "PUBLIC or PUBLIC/PRIVATE address of a relay behind NAT");
    turn->add_flag("--with-secret", o.turn.with_secret, "print the shared secret too");
    turn->callback([&] { run = [&] { return print_turn_config(o); }; });
}

} // namespace

int main(int argc, char** argv)
{
    app::open_standard_streams();
    CLI::App cli{"Rendezvous: appointment-based video and voice calls", "rendezvous"};
    cli.set_version_flag("--version", RENDEZVOUS_VERSION);
    options o;
    std::function<int()> run;
    describe(cli, o, run);
    try {
        cli.parse(argc, argv);
    } catch (CLI::ParseError const& e) {
        return cli.exit(e) == 0 ? 0 : exit_usage;
    }
    try {
        return run();
    } catch (app::config_error const& e) {
        std::cerr << e.what() << "\n";
        return exit_config;
    } catch (store::open_error const& e) {
        std::cerr << e.what() << "\n";
        return e.why() == store::open_error::kind::configuration ? exit_config : exit_failed;
    } catch (std::exception const& e) {
        std::cerr << "rendezvous: " << e.what() << "\n";
        return exit_failed;
    }
}
