#include "rendezvous/app/config.hpp"

#include "config_keys.hpp"
#include "config_text.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <system_error>
#include <unistd.h>

namespace rendezvous::app {
namespace {

constexpr std::string_view variable_mark = "RENDEZVOUS__";
constexpr std::size_t issuers_max = 64;
constexpr std::uintmax_t file_bytes_max = 1'048'576;

char const* type_name(key_type type)
{
    switch (type) {
    case key_type::boolean: return "true or false is expected";
    case key_type::integer: return "a whole number is expected";
    case key_type::text: return "a text in quotes is expected";
    case key_type::texts: return "a list of texts is expected, such as [\"a\", \"b\"]";
    case key_type::integers: return "a list of whole numbers is expected, such as [0, 5]";
    }
    return "";
}

bool is_plain(std::string_view text)
{
    return std::none_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Names and values may come with line ends; the message stays one line.
std::string one_line(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

// --- TOML --------------------------------------------------------------------------------------

template <class T>
std::optional<key_value> list_value(toml::node const& node)
{
    auto const* array = node.as_array();
    if (!array) return std::nullopt;
    std::vector<T> out;
    for (auto const& element : *array) {
        auto const* value = element.as<T>();
        if (!value) return std::nullopt;
        out.push_back(value->get());
    }
    return key_value{std::move(out)};
}

std::optional<key_value> file_value(toml::node const& node, key_type type)
{
    switch (type) {
    case key_type::boolean:
        if (auto const* value = node.as_boolean()) return key_value{value->get()};
        return std::nullopt;
    case key_type::integer:
        if (auto const* value = node.as_integer()) return key_value{value->get()};
        return std::nullopt;
    case key_type::text:
        if (auto const* value = node.as_string()) return key_value{value->get()};
        return std::nullopt;
    case key_type::texts: return list_value<std::string>(node);
    case key_type::integers: return list_value<std::int64_t>(node);
    }
    return std::nullopt;
}

reason unprintable(key_value const& value)
{
    auto const* text = std::get_if<std::string>(&value);
    auto const* texts = std::get_if<std::vector<std::string>>(&value);
    bool const good = (!text || is_plain(*text)) && (!texts || std::all_of(texts->begin(), texts->end(), is_plain));
    if (good) return std::nullopt;
    return "control characters are not allowed";
}

/// Reads one file into a config. TOML tables are sorted by name; the first mistake of the *file*
/// is the one to tell, so they are collected.
class file_reader {
public:
    file_reader(std::string file, config& to) : file_(std::move(file)), to_(to) {}

    void read(toml::table const& root)
    {
        for (auto const& [name, node] : root) read_section(name, node);
        if (found_.empty()) return;
        auto const first = std::min_element(
            found_.begin(), found_.end(), [](finding const& a, finding const& b) { return a.line < b.line; });
        throw config_error(one_line(place(first->line) + ": " + first->text));
    }

    /// Where the issuers stand, in their order.
    std::vector<std::string> const& issuer_places() const { return issuer_places_; }

private:
    struct finding {
        toml::source_index line;
        std::string text;
    };

    std::string place(toml::source_index line) const { return file_ + ":" + std::to_string(line); }

    void add(toml::source_region const& at, std::string const& key, std::string const& why)
    {
        found_.push_back({at.begin.line, key + ": " + why});
    }

    void read_section(toml::key const& name, toml::node const& node)
    {
        std::string const section(name.str());
        auto const* table = node.as_table();
        if (!is_section(section)) {
            bool const is_key = !table;
            auto const hint = is_key ? nearest_key("", section) : "[" + nearest_section(section) + "]";
            return add(name.source(), section,
                std::string(is_key ? "unknown key" : "unknown section") + "; did you mean " + hint + "?");
        }
        if (!table) return add(name.source(), section, "a section [" + section + "] is expected");
        for (auto const& [key, value] : *table) {
            if (section == "auth" && key.str() == "issuer")
                read_issuers(key, value);
            else
                read_key(section, key, value);
        }
    }

    void read_key(std::string const& section, toml::key const& name, toml::node const& node)
    {
        auto const full = section + "." + std::string(name.str());
        auto const* key = find_key(section, name.str());
        if (!key)
            return add(name.source(), full, "unknown key; did you mean " + nearest_key(section, name.str()) + "?");
        auto value = file_value(node, key->type);
        if (!value) return add(name.source(), full, type_name(key->type));
        auto why = unprintable(*value);
        if (!why) why = apply(*key, to_, std::move(*value));
        if (why) add(name.source(), full, *why);
    }

    void read_issuers(toml::key const& name, toml::node const& node)
    {
        auto const* array = node.as_array();
        bool const tables = array && std::all_of(array->begin(), array->end(), [](toml::node const& element) {
            return element.is_table();
        });
        if (!tables)
            return add(name.source(), std::string(issuer_section), "write [[auth.issuer]], once for each issuer");
        if (array->size() > issuers_max)
            return add(name.source(), std::string(issuer_section), "at most " + std::to_string(issuers_max));
        for (auto const& element : *array) {
            issuer_places_.push_back(place(element.source().begin.line));
            to_.auth.issuers.emplace_back();
            for (auto const& [key, value] : *element.as_table()) read_issuer_key(key, value);
        }
    }

    void read_issuer_key(toml::key const& name, toml::node const& node)
    {
        auto const full = std::string(issuer_section) + "." + std::string(name.str());
        auto const* key = find_issuer_key(name.str());
        if (!key) return add(name.source(), full, "unknown key; did you mean " + nearest_issuer_key(name.str()) + "?");
        auto value = file_value(node, key->type);
        if (!value) return add(name.source(), full, type_name(key->type));
        auto why = unprintable(*value);
        if (!why) why = key->store(to_.auth.issuers.back(), std::move(*value));
        if (why) add(name.source(), full, *why);
    }

    std::string file_;
    config& to_;
    std::vector<finding> found_;
    std::vector<std::string> issuer_places_;
};

std::string read_text(std::filesystem::path const& file)
{
    std::error_code error;
    auto const size = std::filesystem::file_size(file, error);
    if (error) throw config_error(one_line(file.string() + ": cannot be read: " + error.message()));
    if (size > file_bytes_max) throw config_error(one_line(file.string() + ": larger than 1 MiB"));
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw config_error(one_line(file.string() + ": cannot be read"));
    return text.str();
}

// --- environment -------------------------------------------------------------------------------

template <class T>
std::optional<T> parse_whole(std::string_view text)
{
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<std::string> split_list(std::string_view text)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const comma = text.find(',');
        auto item = text.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        out.emplace_back(item);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return out;
}

std::optional<key_value> variable_value(std::string const& text, key_type type)
{
    switch (type) {
    case key_type::boolean:
        if (text == "true" || text == "false") return key_value{text == "true"};
        return std::nullopt;
    case key_type::integer:
        if (auto const number = parse_whole<std::int64_t>(text)) return key_value{*number};
        return std::nullopt;
    case key_type::text: return key_value{text};
    case key_type::texts: return key_value{split_list(text)};
    case key_type::integers: {
        std::vector<std::int64_t> out;
        for (auto const& item : split_list(text)) {
            auto const number = parse_whole<std::int64_t>(item);
            if (!number) return std::nullopt;
            out.push_back(*number);
        }
        return key_value{std::move(out)};
    }
    }
    return std::nullopt;
}

char const* variable_type_name(key_type type)
{
    if (type == key_type::texts) return "a comma separated list is expected";
    if (type == key_type::integers) return "a comma separated list of whole numbers is expected";
    return type_name(type);
}

std::string changed_case(std::string text, char from, char to)
{
    for (char& c : text)
        if (c >= from && c < from + 26) c = static_cast<char>(c - from + to);
    return text;
}

/// `server.public_url` -> `RENDEZVOUS__SERVER__PUBLIC_URL`.
std::string variable_of(std::string const& key)
{
    std::string out(variable_mark);
    for (char c : key) out += c == '.' ? std::string("__") : std::string(1, c);
    return changed_case(out, 'a', 'A');
}

[[noreturn]] void refuse(std::string const& variable, std::string const& why)
{
    throw config_error(one_line("environment: " + variable + ": " + why));
}

/// The part behind the mark, lower case, as section and key; issuers keep `issuer__0__key` as key.
std::pair<std::string, std::string> section_and_key(std::string const& variable)
{
    if (variable != changed_case(variable, 'a', 'A')) refuse(variable, "write it in capital letters");
    auto const rest = changed_case(variable.substr(variable_mark.size()), 'A', 'a');
    auto const cut = rest.find("__");
    if (cut == std::string::npos) return {rest, ""};
    return {rest.substr(0, cut), rest.substr(cut + 2)};
}

template <class Key>
key_value checked_value(std::string const& variable, std::string const& text, Key const& key)
{
    auto value = variable_value(text, key.type);
    if (!value) refuse(variable, variable_type_name(key.type));
    if (auto const why = unprintable(*value)) refuse(variable, *why);
    return std::move(*value);
}

struct issuer_variable {
    std::string variable;
    std::string key;
    std::string text;
};
using issuer_variables = std::map<std::size_t, std::vector<issuer_variable>>;

constexpr std::string_view issuer_mark = "issuer__";

void note_issuer_variable(
    issuer_variables& to, std::string const& variable, std::string_view rest, std::string const& text)
{
    auto const cut = rest.find("__");
    auto const index = parse_whole<std::size_t>(rest.substr(0, cut));
    if (cut == std::string_view::npos || !index || *index >= issuers_max)
        refuse(variable, "RENDEZVOUS__AUTH__ISSUER__0__KEY is expected, 0 for the first issuer");
    to[*index].push_back({variable, std::string(rest.substr(cut + 2)), text});
}

void apply_issuer_variables(issuer_variables const& variables, config& to, std::vector<std::string>& places)
{
    for (auto const& [index, list] : variables) {
        if (index > to.auth.issuers.size())
            refuse(list.front().variable, "there is no issuer " + std::to_string(index - 1) + " before it");
        if (index == to.auth.issuers.size()) {
            to.auth.issuers.emplace_back();
            places.emplace_back("environment");
        }
        for (auto const& one : list) {
            auto const* key = find_issuer_key(one.key);
            if (!key) {
                auto const hint = nearest_issuer_key(one.key).substr(issuer_section.size() + 1);
                refuse(one.variable, "unknown key; did you mean RENDEZVOUS__AUTH__ISSUER__" + std::to_string(index)
                                         + "__" + changed_case(hint, 'a', 'A') + "?");
            }
            if (auto const why = key->store(to.auth.issuers[index], checked_value(one.variable, one.text, *key)))
                refuse(one.variable, *why);
        }
    }
}

void apply_environment(environment const& variables, config& to, std::vector<std::string>& issuer_places)
{
    issuer_variables issuers;
    for (auto const& [variable, text] : variables) {
        if (!variable.starts_with(variable_mark)) continue;
        auto const [section, name] = section_and_key(variable);
        if (section == "auth" && name.starts_with(issuer_mark)) {
            note_issuer_variable(issuers, variable, std::string_view(name).substr(issuer_mark.size()), text);
            continue;
        }
        auto const* key = find_key(section, name);
        if (!key) {
            auto const nearest = nearest_key(is_section(section) ? section : nearest_section(section), name);
            refuse(variable, "unknown key; did you mean " + variable_of(nearest) + "?");
        }
        if (auto const why = apply(*key, to, checked_value(variable, text, *key))) refuse(variable, *why);
    }
    apply_issuer_variables(issuers, to, issuer_places);
    auto const credentials = variables.find("CREDENTIALS_DIRECTORY");
    if (credentials != variables.end()) to.credentials_directory = credentials->second;
}

/// Rules between keys, once file and environment have spoken.
void check_whole(config const& settings, std::vector<std::string> const& issuer_places)
{
    for (std::size_t i = 0; i < settings.auth.issuers.size(); ++i)
        if (auto const why = issuer_reason(settings, i))
            throw config_error(one_line(issuer_places[i] + ": " + std::string(issuer_section) + ": " + *why));
    if (settings.limits.messages_burst < settings.limits.messages_per_s)
        throw config_error("limits.messages_burst: smaller than limits.messages_per_s");
}

} // namespace

std::filesystem::path storage_config::sqlite_file() const
{
    return std::filesystem::path(url.substr(url.find(':') + 1));
}

std::filesystem::path storage_config::signing_key_file() const
{
    return sqlite_file().parent_path() / "rendezvous.key";
}

environment read_environment()
{
    environment out;
    for (char** entry = environ; entry && *entry; ++entry) {
        std::string_view const line(*entry);
        auto const name = line.substr(0, line.find('='));
        if (name.size() == line.size()) continue;
        if (name.starts_with(variable_mark) || name == "CREDENTIALS_DIRECTORY")
            out.emplace(name, line.substr(name.size() + 1));
    }
    return out;
}

config load_config(std::filesystem::path const& file, environment const& variables)
{
    config settings;
    file_reader reader(file.string(), settings);
    try {
        auto const text = read_text(file);
        if (auto const fault = find_text_fault(text))
            throw config_error(
                one_line(file.string() + ":" + std::to_string(fault->line) + ": syntax: " + std::string(fault->why)));
        reader.read(toml::parse(in_ascii(text)));
    } catch (toml::parse_error const& error) {
        throw config_error(one_line(file.string() + ":" + std::to_string(error.source().begin.line)
                                    + ": syntax: " + std::string(error.description())));
    }
    auto places = reader.issuer_places();
    apply_environment(variables, settings, places);
    check_whole(settings, places);
    return settings;
}

config load_config(environment const& variables)
{
    config settings;
    std::vector<std::string> places;
    apply_environment(variables, settings, places);
    check_whole(settings, places);
    return settings;
}

} // namespace rendezvous::app
