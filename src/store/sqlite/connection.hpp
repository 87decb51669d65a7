#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/error.hpp"
#include "rendezvous/base/ids.hpp"

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface in three small types. Failures of SQLite are exceptions inside this folder,
/// because almost every line can fail in the same way; `sqlite_backend` turns them into values.
/// Thread: the one that opened the connection.
namespace rendezvous::store::sqlite {

/// SQLite said no. `what()` is SQLite's own text, without any value of a row.
class failure : public std::runtime_error {
public:
    failure(int code, std::string const& text) : std::runtime_error(text), code_(code) {}
    int code() const noexcept { return code_; } ///< extended result code
    bool is_constraint() const noexcept;
    bool is_foreign_key() const noexcept;
    /// illegal_transition for a constraint, internal for a statement that can never work,
    /// store_unavailable for all that may pass (locked, full, broken disk).
    base::errc error() const noexcept;

private:
    int code_;
};

/// A prepared statement of a connection's cache, borrowed for one run and reset at its end.
class statement {
public:
    statement(sqlite3* db, sqlite3_stmt* raw, std::vector<int> const& places) : db_(db), raw_(raw), places_(&places) {}
    statement(statement const&) = delete;
    statement& operator=(statement const&) = delete;
    ~statement();

    /// Binds `$number`, counted from 1; a parameter that the text does not have is ignored.
    void bind(std::size_t number, std::nullptr_t);
    void bind(std::size_t number, std::int64_t value);
    void bind(std::size_t number, double value);
    void bind(std::size_t number, std::string_view value);
    void bind(std::size_t number, char const* value) { bind(number, std::string_view(value)); }
    void bind(std::size_t number, std::string const& value) { bind(number, std::string_view(value)); }
    void bind(std::size_t number, base::utc_time value) { bind(number, base::to_ms(value)); }
    void bind(std::size_t number, base::milliseconds value) { bind(number, std::int64_t{value.count()}); }
    template <std::integral Number>
    void bind(std::size_t number, Number value)
    {
        bind(number, static_cast<std::int64_t>(value));
    }
    template <class Tag>
    void bind(std::size_t number, base::strong_id<Tag> const& value)
    {
        bind(number, std::string_view(value.str()));
    }
    template <class T>
    void bind(std::size_t number, std::optional<T> const& value)
    {
        if (value)
            bind(number, *value);
        else
            bind(number, nullptr);
    }
    template <class... Values>
    void bind_all(Values const&... values)
    {
        std::size_t number = 0;
        (bind(++number, values), ...);
    }

    /// To the next row; false behind the last.
    bool step();

    // Columns of the present row, from 0.
    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    base::utc_time time(int column) const { return base::from_ms(integer(column)); }
    std::optional<std::string> maybe_text(int column) const;
    std::optional<base::utc_time> maybe_time(int column) const;

private:
    int place(std::size_t number) const;
    void check(int code) const;

    sqlite3* db_;
    sqlite3_stmt* raw_;
    std::vector<int> const* places_;
};

class connection {
public:
    /// Opens or, with `create`, makes the file. Errors: throws failure.
    connection(std::filesystem::path const& file, bool create);
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection();

    /// `sql` has parameters `$1`, `$2`...; the same text is compiled once. Not to be borrowed
    /// twice at a time.
    statement prepare(std::string const& sql);
    /// Runs a script without parameters.
    void exec(std::string const& script);
    /// Runs one statement to its end; the number of rows it changed.
    template <class... Values>
    std::size_t run(std::string const& sql, Values const&... values)
    {
        auto ready = prepare(sql);
        ready.bind_all(values...);
        while (ready.step()) {
        }
        return changes();
    }
    std::size_t changes() const;
    bool in_transaction() const;
    sqlite3* handle() const noexcept { return db_; }

private:
    struct closer {
        void operator()(sqlite3_stmt* raw) const noexcept;
    };
    struct compiled {
        std::unique_ptr<sqlite3_stmt, closer> raw;
        std::vector<int> places;
    };

    sqlite3* db_ = nullptr;
    std::unordered_map<std::string, compiled> cache_;
};

} // namespace rendezvous::store::sqlite
