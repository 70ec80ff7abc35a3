//! The plan of a prune against a slow reference, on random logs and peers.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sync_log_core::{
    Altered, ChainFault, EntrySummary, Hlc, LogIdentity, LogState, OwnRow, PRUNE_CHUNK_ENTRIES,
    Peer, PeerFacts, PeerRow, PeerState, Plan, PruneLimit, PrunePolicy, RegisteredBy, RetireReason,
    Uuid, plan, prune_limit,
};

const DEVICE: Uuid = Uuid::from_u128(0xd0);
const NOW_MS: i64 = 10_000;

/// Entry `number` of a log; 0 is before the first.
fn stamp(number: u64) -> Hlc {
    match number {
        0 => Hlc::ZERO,
        _ => Hlc::new(number * 10, 0, DEVICE),
    }
}

/// One peer's row: how far it acked, where pruning holds for it, whether it is
/// retired, and what is wrong with the row.
#[derive(Debug, Clone, Copy)]
struct Row {
    acked: u64,
    hold: Option<u64>,
    retired: bool,
    fault: Option<&'static str>,
}

/// A log from entry `first` on, with when each was written.
#[derive(Debug, Clone)]
struct Log {
    first: u64,
    created_at_ms: Vec<i64>,
    rows: Vec<Row>,
    solo: bool,
    policy: PrunePolicy,
}

impl Log {
    fn state(&self) -> LogState {
        let mut state = LogState::new(LogIdentity {
            library_id: Uuid::from_u128(1).into(),
            device_id: DEVICE.into(),
            log_id: Uuid::from_u128(2),
        });
        state.head.hlc = stamp(self.first + self.created_at_ms.len() as u64 - 1);
        state.floor.hlc = stamp(self.first - 1);
        state.high_water = state.head.hlc;
        state.solo = self.solo;
        state
    }

    fn entries(&self) -> Vec<EntrySummary> {
        let numbered = self.created_at_ms.iter().zip(self.first..);
        numbered
            .map(|(created_at_ms, number)| EntrySummary {
                hlc: stamp(number),
                created_at_ms: *created_at_ms,
            })
            .collect()
    }

    fn rows(&self) -> Vec<PeerRow> {
        let numbered = self.rows.iter().zip(0x10..);
        numbered.map(|(row, id)| peer_row(row, id)).collect()
    }

    /// The window that a store would show for one chunk.
    fn plan(&self) -> Plan {
        let mut oldest = self.entries();
        oldest.truncate(self.policy.window(PRUNE_CHUNK_ENTRIES));
        plan(self.policy, &self.state(), &self.rows(), &oldest, NOW_MS)
    }
}

fn peer_row(row: &Row, id: u128) -> PeerRow {
    let state = if row.retired {
        PeerState::Retired {
            since_ms: 5,
            reason: RetireReason::Operator,
        }
    } else {
        PeerState::Active
    };
    let mut stored = PeerRow::from(Peer {
        device_id: Uuid::from_u128(id).into(),
        acked: stamp(row.acked),
        acked_at_ms: 0,
        facts: PeerFacts {
            state,
            registered_by: RegisteredBy::App,
            registered_at_ms: 0,
            admission: 1,
            hold: row.hold.map(stamp),
            verified: true,
        },
    });
    match row.fault {
        Some("peer id") => stored.peer_device_id = "laptop".to_owned(),
        Some("nil peer") => stored.peer_device_id = Uuid::nil().to_string(),
        Some("own peer") => stored.peer_device_id = DEVICE.to_string(),
        Some("spoiled") => stored.own = Some(OwnRow::Unreadable { admission: None }),
        Some("foreign") => set_ack(&mut stored, Hlc::new(1, 0, Uuid::from_u128(id))),
        Some("above head") => set_ack(&mut stored, stamp(1_000_000)),
        Some("stranger") => stored.own = None,
        Some("no mirror") => stored.mirror = None,
        Some("other mirror") => stored.mirror = Some(stamp(1_000_000).to_string()),
        _ => {}
    }
    stored
}

fn set_ack(row: &mut PeerRow, ack: Hlc) {
    if let Some(OwnRow::Known { acked, .. }) = &mut row.own {
        *acked = ack;
    }
}

/// What a row counts as: nothing at all, a peer that acknowledged nothing, or what it says.
fn counted(row: &Row) -> Option<Row> {
    match row.fault {
        Some("peer id" | "nil peer" | "own peer") => None,
        Some("spoiled" | "stranger") => Some(Row {
            acked: 0,
            retired: false,
            ..*row
        }),
        Some("foreign" | "above head") => Some(Row { acked: 0, ..*row }),
        _ => Some(*row),
    }
}

/// How many entries may go, told one entry at a time.
fn slow_reference(log: &Log) -> usize {
    let entries = log.entries();
    let counted = log.rows.iter().filter_map(counted);
    let active: Vec<Row> = counted.filter(|row| !row.retired).collect();
    if active.is_empty() && !log.solo {
        return 0;
    }
    let lacks = |row: &Row, hlc: Hlc| {
        hlc > stamp(row.acked) || row.hold.is_some_and(|hold| hlc > stamp(hold))
    };
    let everybody_has = |entry: &EntrySummary| !active.iter().any(|row| lacks(row, entry.hlc));
    let shared = entries.iter().filter(|entry| everybody_has(entry)).count();
    let mut gone = 0;
    while gone < shared && gone < PRUNE_CHUNK_ENTRIES {
        let keeps = match log.policy {
            PrunePolicy::KeepEntries { count } => shared - gone <= count,
            PrunePolicy::KeepFor { age_ms } => {
                let seen = &entries[gone..entries.len().min(PRUNE_CHUNK_ENTRIES)];
                i128::from(age_now_ms(seen)) < i128::from(age_ms)
            }
            _ => false,
        };
        if keeps {
            break;
        }
        gone += 1;
    }
    gone
}

/// The age of the first of these entries. One that is dated after now is as old as the oldest of
/// those behind it that are not.
fn age_now_ms(entries: &[EntrySummary]) -> i64 {
    let ages = entries.iter().map(|entry| NOW_MS - entry.created_at_ms);
    let ages: Vec<i64> = ages.collect();
    let is_after_now = ages[0] < 0;
    let oldest = ages.iter().copied().max().filter(|_| is_after_now);
    oldest.unwrap_or(ages[0]).max(0)
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let fault = prop_oneof![
        30 => Just(None),
        1 => proptest::sample::select(vec![
            "peer id", "nil peer", "own peer", "spoiled", "foreign", "above head", "stranger",
            "no mirror", "other mirror",
        ])
        .prop_map(Some),
    ];
    let row = (
        0..1_u64 << 20,
        proptest::option::weighted(0.2, 0..1_u64 << 20),
        0..5,
        fault,
    )
        .prop_map(|(acked, hold, dice, fault)| Row {
            acked,
            hold,
            retired: dice == 0,
            fault,
        });
    proptest::collection::vec(row, 0..5)
}

fn policy() -> impl Strategy<Value = PrunePolicy> {
    prop_oneof![
        Just(PrunePolicy::AckedByAll),
        (0..12_000_u64).prop_map(|age_ms| PrunePolicy::KeepFor { age_ms }),
        (0..30_usize).prop_map(|count| PrunePolicy::KeepEntries { count }),
    ]
}

fn logs() -> impl Strategy<Value = Log> {
    let lengths = prop_oneof![
        20 => 1..12_usize,
        1 => PRUNE_CHUNK_ENTRIES - 2..PRUNE_CHUNK_ENTRIES + 40,
    ];
    let created = lengths.prop_flat_map(|length| {
        // Mostly in the order of time, as clocks mostly go.
        proptest::collection::vec(0..11_000_i64, length).prop_map(|mut at| {
            let sorted = at.len() / 2;
            at[..sorted].sort_unstable();
            at
        })
    });
    (1..20_u64, created, rows(), any::<bool>(), policy()).prop_map(
        |(first, created_at_ms, rows, solo, policy)| {
            let head = first + created_at_ms.len() as u64 - 1;
            // Every place from before the floor up to the head.
            let position = |raw: u64| raw % (head + 1);
            let rows = rows.into_iter().map(|row| Row {
                acked: position(row.acked),
                hold: row.hold.map(position),
                ..row
            });
            Log {
                first,
                created_at_ms,
                rows: rows.collect(),
                solo,
                policy,
            }
        },
    )
}

#[test]
fn a_plan_is_what_the_slow_reference_says() {
    let config = Config {
        cases: 4000,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let checked = TestRunner::new_with_rng(config, rng).run(&logs(), |log| {
        let planned = log.plan();
        let expected = slow_reference(&log);
        prop_assert_eq!(planned.entries, expected);
        // A prefix: as many as it says, and up to the last of them.
        let last = expected
            .checked_sub(1)
            .map(|index| log.entries()[index].hlc);
        prop_assert_eq!(planned.through, last);
        for (row, stored) in log.rows.iter().zip(log.rows()) {
            if let Some(peer) = stored.peer(&log.state()).filter(Peer::is_active) {
                let is_kept = planned.through.is_none_or(|gone| gone <= peer.position());
                prop_assert!(is_kept, "pruned past {:?}", row);
            }
        }
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

fn log(rows: &[Row], solo: bool) -> Log {
    Log {
        first: 1,
        created_at_ms: vec![0; 5],
        rows: rows.to_vec(),
        solo,
        policy: PrunePolicy::AckedByAll,
    }
}

const AT_THREE: Row = Row {
    acked: 3,
    hold: None,
    retired: false,
    fault: None,
};

#[test]
fn the_prune_limit_is_the_slowest_active_peer() {
    let retired = Row {
        acked: 1,
        retired: true,
        ..AT_THREE
    };
    let rewound = Row {
        hold: Some(2),
        acked: 5,
        ..AT_THREE
    };
    let held_above = Row {
        hold: Some(4),
        ..AT_THREE
    };
    let tables: [(&[Row], bool, PruneLimit); 7] = [
        (&[], false, PruneLimit::Unknown),
        (&[], true, PruneLimit::Through(stamp(5))),
        (&[retired], false, PruneLimit::Unknown),
        (&[retired], true, PruneLimit::Through(stamp(5))),
        (&[AT_THREE, retired], false, PruneLimit::Through(stamp(3))),
        (&[AT_THREE, rewound], true, PruneLimit::Through(stamp(2))),
        (&[held_above], false, PruneLimit::Through(stamp(3))),
    ];
    for (rows, solo, expected) in tables {
        let log = log(rows, solo);
        let found = prune_limit(&log.state(), &log.rows());
        assert_eq!(found, expected, "{rows:?}, solo {solo}");
    }
}

#[test]
fn nothing_may_go_while_peers_may_be_missing_or_the_log_is_altered() {
    let solo = log(&[], true).state();
    let without_tag = Some(Altered {
        hlc: stamp(2),
        fault: ChainFault::NoTag,
    });
    for (peers_declared, altered) in [(false, None), (true, without_tag), (false, without_tag)] {
        let state = LogState {
            peers_declared,
            altered,
            ..solo
        };
        assert_eq!(prune_limit(&state, &[]), PruneLimit::Unknown, "{state:?}");
    }
}

#[test]
fn a_row_with_a_fault_counts_for_no_more_than_this_program_knows_of_it() {
    for (fault, counts) in [
        ("peer id", 3),
        ("nil peer", 3),
        ("own peer", 3),
        ("spoiled", 0),
        ("foreign", 0),
        ("above head", 0),
        ("stranger", 0),
        ("no mirror", 3),
        ("other mirror", 3),
    ] {
        let row = Row {
            fault: Some(fault),
            acked: 4,
            ..AT_THREE
        };
        let log = log(&[AT_THREE, row], true);
        let expected = if counts == 0 {
            Hlc::ZERO
        } else {
            stamp(counts)
        };
        let found = prune_limit(&log.state(), &log.rows());
        assert_eq!(found, PruneLimit::Through(expected), "{fault}");
    }
}
