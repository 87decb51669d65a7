#include "connection.hpp"

#include <sqlite3.h>

namespace rendezvous::store::sqlite {

bool failure::is_constraint() const noexcept
{
    return (code_ & 0xff) == SQLITE_CONSTRAINT;
}

bool failure::is_foreign_key() const noexcept
{
    return code_ == SQLITE_CONSTRAINT_FOREIGNKEY;
}

base::errc failure::error() const noexcept
{
    switch (code_ & 0xff) {
    case SQLITE_CONSTRAINT: return base::errc::illegal_transition;
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return base::errc::internal;
    default: return base::errc::store_unavailable;
    }
}

statement::~statement()
{
    sqlite3_reset(raw_);
    sqlite3_clear_bindings(raw_);
}

int statement::place(std::size_t number) const
{
    return number <= places_->size() ? (*places_)[number - 1] : 0;
}

void statement::check(int code) const
{
    if (code != SQLITE_OK) throw failure(code, sqlite3_errmsg(db_));
}

void statement::bind(std::size_t number, std::nullptr_t)
{
    if (int const at = place(number)) check(sqlite3_bind_null(raw_, at));
}

void statement::bind(std::size_t number, std::int64_t value)
{
    if (int const at = place(number)) check(sqlite3_bind_int64(raw_, at, value));
}

void statement::bind(std::size_t number, double value)
{
    if (int const at = place(number)) check(sqlite3_bind_double(raw_, at, value));
}

void statement::bind(std::size_t number, std::string_view value)
{
    if (int const at = place(number))
        check(sqlite3_bind_text64(
            raw_, at, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

bool statement::step()
{
    int const code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw failure(sqlite3_extended_errcode(db_), sqlite3_errmsg(db_));
}

bool statement::is_null(int column) const
{
    return sqlite3_column_type(raw_, column) == SQLITE_NULL;
}

std::int64_t statement::integer(int column) const
{
    return sqlite3_column_int64(raw_, column);
}

std::string statement::text(int column) const
{
    auto const* const bytes = sqlite3_column_text(raw_, column);
    if (!bytes) return {};
    return {reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
}

std::optional<std::string> statement::maybe_text(int column) const
{
    if (is_null(column)) return std::nullopt;
    return text(column);
}

std::optional<base::utc_time> statement::maybe_time(int column) const
{
    if (is_null(column)) return std::nullopt;
    return time(column);
}

void connection::closer::operator()(sqlite3_stmt* raw) const noexcept
{
    sqlite3_finalize(raw);
}

connection::connection(std::filesystem::path const& file, bool create)
{
    int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int const code = sqlite3_open_v2(file.c_str(), &db_, flags, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db_, 1);
        return;
    }
    failure const problem(code, db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
    sqlite3_close(db_);
    throw problem; // NOLINT(misc-throw-by-value-catch-by-reference): a value, made before the handle was closed
}

connection::~connection()
{
    cache_.clear();
    sqlite3_close(db_);
}

statement connection::prepare(std::string const& sql)
{
    auto found = cache_.find(sql);
    if (found == cache_.end()) {
        sqlite3_stmt* raw = nullptr;
        int const code =
            sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
        if (code != SQLITE_OK) throw failure(code, sqlite3_errmsg(db_));
        compiled made{std::unique_ptr<sqlite3_stmt, closer>(raw), {}};
        for (int n = 1, count = sqlite3_bind_parameter_count(raw); n <= count; ++n) {
            auto const name = std::to_string(n).insert(0, 1, '$');
            made.places.push_back(sqlite3_bind_parameter_index(raw, name.c_str()));
        }
        found = cache_.emplace(sql, std::move(made)).first;
    }
    return {db_, found->second.raw.get(), found->second.places};
}

void connection::exec(std::string const& script)
{
    int const code = sqlite3_exec(db_, script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw failure(code, sqlite3_errmsg(db_));
}

std::size_t connection::changes() const
{
    return static_cast<std::size_t>(sqlite3_changes(db_));
}

bool connection::in_transaction() const
{
    return sqlite3_get_autocommit(db_) == 0;
}

} // namespace rendezvous::store::sqlite
