#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The rows of a list in the forms a caller may ask for. Pure functions. Thread: any.
namespace rendezvous::protocol {

enum class list_form { json, ndjson, csv };

/// The form that an `Accept` header (RFC 9110 12.5.1) prefers; JSON for what names none of ours.
list_form accepted_form(std::optional<std::string_view> accept);
std::string_view media_type(list_form form);

/// One cell of CSV (RFC 4180). What a spreadsheet would take for a formula (it begins with `= + - @`,
/// TAB, CR or LF) gets an apostrophe in front.
void append_csv_cell(std::string& out, std::string_view text);

/// The line of column names, CRLF included.
std::string csv_header(std::span<std::string_view const> columns);

/// The objects of `rows`, a JSON array of this server's own making, one per line: as NDJSON, or as
/// CSV in those columns. A column is the name of a member, or `list.member` for the members of the
/// objects in a list: their values stand in one cell, one per line, empty ones as empty lines. Objects
/// and lists otherwise stand as JSON; what is missing or null is empty. Text that is no array: empty.
std::string list_lines(list_form form, std::string_view rows, std::span<std::string_view const> columns);

} // namespace rendezvous::protocol
