//! A peer acknowledges, one entry further each time.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

mod fixture;
mod limit;

use fixture::{Log, copy, ns_per, peer, time_tasks};
use limit::{Acks, Thread};
use paired_bench::{Bench, Ratio, Target};
use sync_log_sqlite::{Ack, AckOutcome, Hlc};
use tokio::runtime::Runtime;

const RECORD_ACK: Ratio = Ratio {
    id: "record_ack",
    work: "acknowledgement that advances, committed",
    ours: "acknowledge",
    limit: "rusqlite, prepared UPDATE of the peer's row in autocommit behind a thread hop",
    target: Target::AtMost(1.5),
};

/// More than all samples acknowledge.
const ENTRIES: usize = 41_000;

fn main() {
    let mut bench = Bench::from_env();
    if !bench.wants(RECORD_ACK.id) {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let each = if bench.is_quick() { 50 } else { 200 };
    let closed = Log::closed(&runtime, ENTRIES, 1);
    let copied = copy(closed.path());
    let acks = Acks::open(copied.path());
    let thread = Thread::one_by_one(move |hlc: Hlc| acks.acknowledge(peer(0), hlc));
    let log = Log::open(&runtime, closed);
    let cursors = log.cursors(&runtime, ENTRIES);
    let (mut ours, mut theirs) = (cursors.chunks(each), cursors.chunks(each));
    bench.ratio(
        RECORD_ACK,
        || {
            let (db, share) = (log.db.clone(), ours.next().unwrap().to_vec());
            let work = async move {
                for cursor in share {
                    let outcome = db.acknowledge(Ack::new(peer(0), cursor)).await.unwrap();
                    assert_eq!(outcome, AckOutcome::Advanced);
                }
            };
            ns_per(each, time_tasks(&runtime, vec![work]))
        },
        || {
            let (thread, share) = (thread.clone(), theirs.next().unwrap().to_vec());
            let work = async move {
                for cursor in share {
                    thread.run(cursor.hlc()).await;
                }
            };
            ns_per(each, time_tasks(&runtime, vec![work]))
        },
    );
}
