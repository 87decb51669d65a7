#pragma once

#include "rendezvous/app/config.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rendezvous::app {

enum class key_type { boolean, integer, text, texts, integers };

/// A value as it stood in the file or in the environment, already of the key's type.
using key_value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>, std::vector<std::int64_t>>;

/// Why a value is refused, or nothing.
using reason = std::optional<std::string>;

/// One configuration key: its name, its type, its range, and the member it fills. The file, the
/// environment, the range check and the hint for misspelt keys all follow these rows.
struct config_key {
    std::string_view section;
    std::string_view name;
    key_type type;
    std::int64_t least = 0; ///< integers: range of the value; texts: unused
    std::int64_t most = 0;
    reason (*store)(config& to, key_value&& value);
};

/// The same for one `[[auth.issuer]]`.
struct issuer_key {
    std::string_view name;
    key_type type;
    reason (*store)(issuer_config& to, key_value&& value);
};

inline constexpr std::string_view issuer_section = "auth.issuer";

std::span<config_key const> config_keys();
std::span<issuer_key const> issuer_keys();

config_key const* find_key(std::string_view section, std::string_view name);
issuer_key const* find_issuer_key(std::string_view name);
bool is_section(std::string_view name);

/// Checks the range and stores the value.
reason apply(config_key const& key, config& to, key_value&& value);

/// What an issuer lacks once all its keys are read.
reason issuer_reason(config const& settings, std::size_t index);

/// `section.key` of the known key that looks most like it, or a section for a section.
std::string nearest_key(std::string_view section, std::string_view name);
std::string nearest_section(std::string_view name);
std::string nearest_issuer_key(std::string_view name);

} // namespace rendezvous::app
