//! Acknowledgements with 10, 100 and 1000 registered peers.

use paired_bench::{Bench, Growth};
use sync_log_sqlite::Ack;
use sync_log_sqlite::AckOutcome;
use tokio::runtime::Runtime;

use crate::fixture::{Log, ns_per, peer, time_tasks};

const ACK: Growth = Growth {
    id: "growth_ack",
    work: "acknowledgement that advances, committed",
    claim: "O(log peers)",
    of: "peers",
    // The claim would allow log 1000 / log 10 = 3 of what depends on the peers.
    // But most of the cost is the sync of the commit, which does not.
    target: 1.5,
};

const PEERS: [u64; 3] = [10, 100, 1000];
const ACKS: usize = 50;

/// Entries to acknowledge: the fewest peers come round the most.
const ENTRIES: usize = 500;

pub(crate) fn acks(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(ACK.id) {
        return;
    }
    let mut sizes = PEERS.map(|peers| {
        let log = Log::open(runtime, Log::closed(runtime, ENTRIES, peers));
        let sample: Box<dyn FnMut() -> f64> = Box::new(in_turn(runtime, log, peers));
        (peers, sample)
    });
    bench.growth(ACK, &mut sizes);
}

/// Peer after peer acknowledges one entry more than the last time.
fn in_turn(runtime: &Runtime, log: Log, peers: u64) -> impl FnMut() -> f64 {
    let cursors = log.cursors(runtime, ENTRIES);
    let all = cursors
        .into_iter()
        .flat_map(move |cursor| (0..peers).map(move |number| (peer(number), cursor)));
    let mut all = all.into_iter();
    move || {
        // All of it, with its folder, lives as long as what measures it.
        let log = &log;
        let (db, share) = (log.db.clone(), all.by_ref().take(ACKS).collect::<Vec<_>>());
        assert_eq!(share.len(), ACKS);
        let work = async move {
            for (peer, cursor) in share {
                let outcome = db.acknowledge(Ack::new(peer, cursor)).await.unwrap();
                assert_eq!(outcome, AckOutcome::Advanced);
            }
        };
        ns_per(ACKS, time_tasks(runtime, vec![work]))
    }
}
