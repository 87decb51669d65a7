#include "rendezvous/protocol/list_text.hpp"

#include <charconv>
#include <simdjson.h>

namespace rendezvous::protocol {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view line_end = "\r\n";

std::string_view trimmed(std::string_view text)
{
    auto const begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// What stands before the next `separator`, which is taken off `text` with it.
std::string_view take(std::string_view& text, char separator)
{
    auto const end = std::min(text.find(separator), text.size());
    auto const part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(part);
}

/// The weight of a media range by its parameters; 0 for a weight that is none.
double weight(std::string_view parameters)
{
    while (!parameters.empty()) {
        auto const one = take(parameters, ';');
        if (!one.starts_with("q=") && !one.starts_with("Q=")) continue;
        double q = 0;
        auto const value = one.substr(2);
        auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), q);
        return error == std::errc{} && end == value.data() + value.size() ? q : 0;
    }
    return 1;
}

bool same(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
        [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y; });
}

std::optional<list_form> form_of(std::string_view range)
{
    for (auto const form : {list_form::json, list_form::ndjson, list_form::csv})
        if (same(range, media_type(form))) return form;
    if (range == "*/*" || same(range, "application/*")) return list_form::json;
    return std::nullopt;
}

bool looks_like_formula(std::string_view text)
{
    return !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
}

std::string text_of(dom::element value)
{
    if (value.is_null()) return {};
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(value);
}

/// The values of that member of every object of a list, one per line.
std::string members_of(dom::array list, std::string_view name)
{
    std::string out;
    bool first = true;
    for (auto const each : list) {
        if (!first) out += '\n';
        first = false;
        dom::element value;
        if (each[name].get(value) == simdjson::SUCCESS) out += text_of(value);
    }
    return out;
}

std::string cell(dom::element row, std::string_view column)
{
    dom::element value;
    auto const dot = column.find('.');
    if (row[column.substr(0, dot)].get(value) != simdjson::SUCCESS) return {};
    if (dot == std::string_view::npos) return text_of(value);
    dom::array list;
    return value.get(list) == simdjson::SUCCESS ? members_of(list, column.substr(dot + 1)) : std::string();
}

} // namespace

list_form accepted_form(std::optional<std::string_view> accept)
{
    auto best = list_form::json;
    double best_weight = 0;
    auto left = accept.value_or(std::string_view{});
    while (!left.empty()) {
        auto parameters = take(left, ',');
        auto const form = form_of(take(parameters, ';'));
        auto const q = weight(parameters);
        if (!form || q <= best_weight) continue;
        best = *form;
        best_weight = q;
    }
    return best;
}

std::string_view media_type(list_form form)
{
    switch (form) {
    case list_form::json: return "application/json";
    case list_form::ndjson: return "application/x-ndjson";
    case list_form::csv: return "text/csv";
    }
    return {};
}

void append_csv_cell(std::string& out, std::string_view text)
{
    bool const formula = looks_like_formula(text);
    bool const quoted = text.find_first_of(",\"\r\n") != std::string_view::npos;
    if (quoted) out += '"';
    if (formula) out += '\'';
    for (char const c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    if (quoted) out += '"';
}

std::string csv_header(std::span<std::string_view const> columns)
{
    std::string out;
    for (auto const name : columns) {
        if (!out.empty()) out += ',';
        append_csv_cell(out, name);
    }
    out += line_end;
    return out;
}

std::string list_lines(list_form form, std::string_view rows, std::span<std::string_view const> columns)
{
    std::string out;
    dom::parser parser;
    dom::array list;
    if (parser.parse(rows.data(), rows.size()).get(list) != simdjson::SUCCESS) return out;
    out.reserve(rows.size());
    for (auto const row : list) {
        if (form != list_form::csv) {
            out += simdjson::minify(row);
            out += '\n';
            continue;
        }
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (i > 0) out += ',';
            append_csv_cell(out, cell(row, columns[i]));
        }
        out += line_end;
    }
    return out;
}

} // namespace rendezvous::protocol
