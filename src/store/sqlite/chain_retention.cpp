#include "chain_retention.hpp"

#include "rendezvous/store/retention.hpp"

#include <chrono>

namespace rendezvous::store::sqlite {
namespace {

base::utc_time begin_of_month(base::utc_time at)
{
    std::chrono::year_month_day const day{std::chrono::floor<std::chrono::days>(at)};
    return std::chrono::sys_days{day.year() / day.month() / 1};
}

std::int64_t newest_anchor(connection& db)
{
    auto row = db.prepare("SELECT COALESCE(MAX(last_id), 0) FROM chain_anchors WHERE chain = 'audit'");
    row.step();
    return row.integer(0);
}

} // namespace

std::size_t drop_old_audit(connection& db, base::utc_time now, std::size_t rows_max)
{
    auto const cut = begin_of_month(now - retention::audit);
    auto const anchor = newest_anchor(db);
    db.run("INSERT INTO chain_anchors (chain, last_id, hash, at) SELECT 'audit', seq, hash, $1 FROM"
           " (SELECT seq, hash FROM audit_log WHERE at < $2 ORDER BY at DESC, seq DESC LIMIT 1) WHERE seq > $3",
        now, cut, anchor);
    auto const behind = newest_anchor(db);
    if (behind == 0) return 0;
    auto const dropped = db.run("DELETE FROM audit_log WHERE seq IN"
                                " (SELECT seq FROM audit_log WHERE seq <= $1 ORDER BY seq LIMIT $2)",
        behind, rows_max);
    db.run("DELETE FROM audit_texts WHERE seq <= $1", behind);
    return dropped;
}

} // namespace rendezvous::store::sqlite
