//! A dry run answers what the calls themselves would answer, one after the other, and writes nothing.

use sync_log_core::{
    AckOutcome, Cursor, Hlc, LogError, ReadLimits, Registration, StoreFault, SyncLog, Uuid,
};

use crate::common::values::Log;
use crate::common::{DEVICE, PEER, change, run};

const RETIRED: Uuid = Uuid::from_u128(5);
const UNKNOWN: Uuid = Uuid::from_u128(6);

/// A log with one active peer, one that was retired, and `entries` that the active one has.
async fn log_of(entries: usize) -> Log {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    log.register_peer(RETIRED).await.unwrap();
    log.retire(RETIRED).await.unwrap();
    let stamps = log.record_apart(entries, 0).await;
    log.record_ack(PEER, stamps[entries - 1]).await.unwrap();
    log
}

/// What a call answers, as text, so that answers of all types can be compared.
async fn answer(log: &SyncLog, call: &str, peer: Uuid) -> String {
    match call {
        "register" => format!("{:?}", log.register_peer(peer).await),
        "retire" => format!("{:?}", log.retire(peer).await),
        "admit" => format!("{:?}", log.admit(peer).await),
        "declare" => format!("{:?}", log.declare_peers(&[UNKNOWN, peer]).await),
        "ack" => format!("{:?}", log.record_ack(peer, Hlc::ZERO).await),
        "solo" => format!("{:?}", log.declare_solo().await),
        "trust" => format!("{:?}", log.trust_adopted_acks().await),
        "dismiss" => format!("{:?}", log.dismiss_verdicts().await),
        "prune" => format!("{:?}", log.prune_acked().await),
        "record" => format!("{:?}", log.record(change()).await),
        "tick" => format!("{:?}", log.tick().await),
        "read" => {
            let limits = ReadLimits::default();
            format!("{:?}", log.read_for(peer, Cursor::ZERO, limits).await)
        }
        other => panic!("there is no call {other}"),
    }
}

const CALLS: [&str; 12] = [
    "register", "retire", "admit", "declare", "ack", "solo", "trust", "dismiss", "prune", "record",
    "tick", "read",
];

#[test]
fn every_call_answers_as_the_real_one_and_writes_nothing() {
    for call in CALLS {
        for peer in [PEER, RETIRED, UNKNOWN, DEVICE, Uuid::nil()] {
            run(async {
                let log = log_of(3).await;
                let before = log.contents();
                let dry = answer(&log.dry_run(), call, peer).await;
                assert_eq!(log.contents(), before, "{call} {peer}");
                assert_eq!(dry, answer(&log, call, peer).await, "{call} {peer}");
            });
        }
    }
}

#[test]
fn the_next_call_sees_what_was_decided() {
    for (first, next) in CALLS
        .iter()
        .flat_map(|first| CALLS.map(|next| (*first, next)))
    {
        run(async {
            let real = log_of(3).await;
            let unchanged = log_of(3).await;
            let dry = unchanged.dry_run();
            for call in [first, next] {
                let answered = answer(&dry, call, RETIRED).await;
                let expected = answer(&real, call, RETIRED).await;
                assert_eq!(answered, expected, "{call} of {first}, {next}");
            }
        });
    }
}

#[test]
fn a_whole_sequence_ends_where_the_real_one_does() {
    run(async {
        let planned = log_of(3).await;
        let real = log_of(3).await;
        let dry = planned.dry_run();
        for log in [&dry, &*real] {
            assert_eq!(log.register_peer(UNKNOWN).await.unwrap(), Registration::New);
            assert_eq!(
                log.register_peer(UNKNOWN).await.unwrap(),
                Registration::Known
            );
            assert_eq!(log.prune_acked().await.unwrap(), 0);
            let stamp = log.record(change()).await.unwrap();
            let acked = log.record_ack(UNKNOWN, stamp).await;
            assert_eq!(acked.unwrap(), AckOutcome::Advanced);
            assert_eq!(log.prune_acked().await.unwrap(), 3);
            let next = log.record(change()).await.unwrap();
            let page = log.get_since(Some(stamp), 10).await.unwrap();
            assert_eq!(page.len(), 1);
            assert_eq!(page[0].hlc, next);
        }
        assert_eq!(dry.status().await.unwrap(), real.status().await.unwrap());
        assert_eq!(dry.explain().await.unwrap(), real.explain().await.unwrap());
    });
}

#[test]
fn a_prune_of_many_chunks_is_counted_to_its_end() {
    run(async {
        let log = log_of(700).await;
        let dry = log.dry_run();
        assert_eq!(dry.prune_acked().await.unwrap(), 700);
        assert_eq!(dry.status().await.unwrap().pending_entries, 0);
        assert_eq!(dry.prune_acked().await.unwrap(), 0);
        assert_eq!(log.contents().entries.len(), 700);
    });
}

#[test]
fn damage_is_found_and_not_put_on_record() {
    run(async {
        let log = log_of(3).await;
        let hlc = log.head().await.unwrap();
        let mut contents = log.contents();
        contents.entries.get_mut(&hlc).unwrap().entry.model_type = "album".to_owned();
        log.values.set(contents);
        let dry = log.dry_run();
        let refused = dry.prune_acked().await;
        assert!(matches!(refused, Err(LogError::Altered(_))), "{refused:?}");
        let solo = dry.declare_solo().await;
        assert!(matches!(solo, Err(LogError::Altered(_))), "{solo:?}");
        assert_eq!(log.contents().state.altered, None);
    });
}

#[test]
fn what_another_handle_appends_meanwhile_is_not_seen() {
    run(async {
        let log = log_of(3).await;
        let dry = log.dry_run();
        dry.register_peer(PEER).await.unwrap();
        let later = log.record(change()).await.unwrap();
        log.record_ack(PEER, later).await.unwrap();
        assert_eq!(dry.get_since(None, 9).await.unwrap().len(), 3);
        assert_eq!(dry.explain().await.unwrap().pending_entries, 3);
        assert_eq!(dry.prune_acked().await.unwrap(), 3);
        assert_eq!(dry.prune_acked().await.unwrap(), 0);
        assert_eq!(log.dry_run().prune_acked().await.unwrap(), 4);
    });
}

#[test]
fn a_prune_by_another_handle_ends_a_dry_run() {
    run(async {
        let log = log_of(3).await;
        let dry = log.dry_run();
        dry.register_peer(PEER).await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 3);
        let Err(LogError::Store(error)) = dry.prune_acked().await else {
            panic!("it went on");
        };
        assert_eq!(error.fault(), StoreFault::Locked);
    });
}
