#include "chain_writer.hpp"

namespace rendezvous::store::sqlite {

void chain_writer::load()
{
    if (end_) return;
    auto ready = db_.prepare("SELECT event_id, hash FROM call_events ORDER BY event_id DESC LIMIT 1");
    if (ready.step())
        end_ = end{static_cast<std::uint64_t>(ready.integer(0)), ready.text(1)};
    else
        end_ = end{0, chain_origin()};
}

void chain_writer::add(event_draft const& event)
{
    chain_row next;
    next.event_id = end_->event_id + 1;
    next.call = event.call;
    next.prev_hash = end_->hash;
    {
        auto last = db_.prepare("SELECT COALESCE(MAX(seq), 0) FROM call_events WHERE call_id = $1");
        last.bind_all(event.call);
        last.step();
        next.row.seq = static_cast<std::uint64_t>(last.integer(0)) + 1;
    }
    next.row.at = event.at;
    next.row.type = event.type;
    next.row.participant = event.participant;
    next.row.data = event.data;
    next.row.hash = chain_hash(next);
    db_.run("INSERT INTO call_events (event_id, call_id, seq, at, type, participant_id, data, prev_hash, hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        next.event_id, next.call, next.row.seq, next.row.at, next.row.type, next.row.participant, next.row.data,
        next.prev_hash, next.row.hash);
    end_ = end{next.event_id, next.row.hash};
}

} // namespace rendezvous::store::sqlite
