#include "sqlite_backend.hpp"

#include <algorithm>
#include <charconv>
#include <variant>

// The account of who did what: rows of audit_log in and out.

namespace rendezvous::store::sqlite {
namespace {

/// Places looked at in one slice: well under 2 ms.
constexpr std::size_t looks_max = 128;

/// What every look reads of a row, in the order of `row_of`.
constexpr char const* columns =
    "l.seq, l.at, l.actor_kind, l.actor_ref, a.user_id, l.action, l.object, l.subject_ref, s.user_id, l.outcome,"
    " l.ip_prefix, l.request_id, l.reason_hash, t.text, l.hash";
constexpr char const* tables =
    " FROM audit_log l LEFT JOIN subjects a ON l.actor_kind = 'user' AND a.ref = l.actor_ref"
    " LEFT JOIN subjects s ON s.ref = l.subject_ref LEFT JOIN audit_texts t ON t.seq = l.seq";

std::optional<base::user_id> maybe_user(statement const& row, int column)
{
    if (row.is_null(column)) return std::nullopt;
    return base::user_id{row.text(column)};
}

service::audit_row row_of(statement const& row)
{
    service::audit_row out;
    out.seq = static_cast<std::uint64_t>(row.integer(0));
    out.at = row.time(1);
    // A word that no entry has makes the row's hash wrong, which is what verifying is for.
    out.actor = service::actor_kind_of(row.text(2)).value_or(service::actor_kind::server);
    out.actor_ref = row.text(3);
    out.actor_user = maybe_user(row, 4);
    out.action = row.text(5);
    out.object = row.text(6);
    out.subject_ref = row.text(7);
    out.subject = maybe_user(row, 8);
    out.outcome = row.text(9);
    out.ip_prefix = row.text(10);
    out.request_id = row.text(11);
    out.reason_hash = row.text(12);
    out.reason = row.maybe_text(13);
    out.hash = row.text(14);
    return out;
}

/// A statement in the making.
struct query {
    using value = std::variant<std::int64_t, std::string>;
    std::string where = "1";
    std::string matches = "1";
    std::vector<value> values;

    std::string add(value v)
    {
        values.push_back(std::move(v));
        return std::to_string(values.size()).insert(0, 1, '$');
    }
    void run_along(std::string const& condition) { where += " AND " + condition; }
    void match(std::string const& condition) { matches += " AND " + condition; }
};

query query_of(service::audit_filter const& f, std::optional<std::string> const& actor_ref,
    std::optional<std::string> const& subject_ref, std::optional<list_key> const& before)
{
    query q;
    if (subject_ref) q.run_along("l.subject_ref = " + q.add(*subject_ref));
    if (actor_ref && subject_ref) q.match("COALESCE(l.actor_ref, '') = " + q.add(*actor_ref));
    if (actor_ref && !subject_ref) q.run_along("l.actor_ref = " + q.add(*actor_ref));
    if (f.action) q.match("l.action = " + q.add(*f.action));
    if (f.from) q.run_along("l.at >= " + q.add(base::to_ms(*f.from)));
    if (f.to) q.run_along("l.at < " + q.add(base::to_ms(*f.to)));
    if (before) {
        std::int64_t seq = 0;
        std::from_chars(before->id.data(), before->id.data() + before->id.size(), seq);
        auto const at = q.add(before->at_ms);
        q.run_along("(l.at, l.seq) < (" + at + ", " + q.add(seq) + ")");
    }
    return q;
}

} // namespace

result<void> sqlite_backend::add_audit(service::audit_entry const& what)
{
    try {
        audit_.add(what);
        return {};
    } catch (failure const& e) {
        return note(e);
    }
}

result<chunk<service::audit_row>> sqlite_backend::list_audit(
    service::audit_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    return attempt([&] {
        chunk<service::audit_row> out;
        std::optional<std::string> actor, subject;
        if (filter.actor) actor = audit_.known_ref(*filter.actor).value_or(*filter.actor);
        if (filter.subject) {
            subject = audit_.known_ref(filter.subject->str());
            if (!subject) return out;
        }
        auto q = query_of(filter, actor, subject, before);
        auto row = db_.prepare("SELECT " + std::string(columns) + ", (" + q.matches + ")" + tables + " WHERE " + q.where
                               + " ORDER BY l.at DESC, l.seq DESC LIMIT " + q.add(std::int64_t{looks_max}));
        for (std::size_t i = 0; i < q.values.size(); ++i)
            std::visit([&](auto const& value) { row.bind(i + 1, value); }, q.values[i]);
        std::size_t looked = 0;
        list_key last;
        while (out.rows.size() < rows_max && row.step()) {
            ++looked;
            last = {row.integer(1), std::to_string(row.integer(0))};
            if (row.integer(15) != 0) out.rows.push_back(row_of(row));
        }
        if (looked == looks_max || out.rows.size() == rows_max) out.resume = std::move(last);
        return out;
    });
}

result<std::vector<audit_chain_row>> sqlite_backend::audit_rows(std::uint64_t after, std::size_t rows_max)
{
    return attempt([&] {
        auto row = db_.prepare("SELECT " + std::string(columns) + ", l.prev_hash, t.salt" + tables
                               + " WHERE l.seq > $1 ORDER BY l.seq LIMIT $2");
        row.bind_all(after, rows_max);
        std::vector<audit_chain_row> out;
        while (row.step()) out.push_back({row_of(row), row.text(15), row.text(16)});
        return out;
    });
}

result<chain_anchor> sqlite_backend::anchor(chain_kind chain)
{
    return attempt([&]() -> chain_anchor {
        auto row =
            db_.prepare("SELECT last_id, hash FROM chain_anchors WHERE chain = $1 ORDER BY last_id DESC LIMIT 1");
        row.bind_all(chain == chain_kind::calls ? "calls" : "audit");
        if (!row.step()) return {0, chain_origin()};
        return {static_cast<std::uint64_t>(row.integer(0)), row.text(1)};
    });
}

} // namespace rendezvous::store::sqlite
