//! Whatever another program wrote into a peer's rows, there is a way out without SQL, nothing
//! is pruned early, and after it the rows are sound (`P5`).

use sync_log_sqlite::{Ack, Cursor, Hlc, LogError, RowFault, SyncDb, Uuid};

use crate::common::{DEVICE, PEER, change, folder, open, raw};

/// A peer that has everything.
const OTHER: Uuid = Uuid::from_u128(0xb1);
/// A device that was never registered.
const STRANGER: Uuid = Uuid::from_u128(0xc0);

const ENTRIES: usize = 3;

/// What another program did, and what follows.
struct Case {
    sql: String,
    /// The peer of the row, if its id is one that a peer can have.
    peer: Option<Uuid>,
    /// What is wrong; nothing if nothing shows.
    fault: RowFault,
    /// Entries that may be pruned before anything is done about it.
    prunable: usize,
    /// Whether the mirror says what may be true, and is kept for an operator to decide.
    claims: bool,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Register,
    Retire,
    Admit,
    Ack,
    Reopen,
}

const WAYS: [Way; 5] = [
    Way::Register,
    Way::Retire,
    Way::Admit,
    Way::Ack,
    Way::Reopen,
];

/// A log with three entries, of which [`PEER`] has the first.
async fn log(folder: &std::path::Path) -> (SyncDb, Vec<Hlc>) {
    let log = open(folder).await;
    for peer in [PEER, OTHER] {
        log.register_peer(peer).await.unwrap();
    }
    let mut stamps = Vec::new();
    for record in 0..ENTRIES as u128 {
        stamps.push(log.record(change(record)).await.unwrap());
    }
    log.record_ack(PEER, stamps[0]).await.unwrap();
    log.record_ack(OTHER, stamps[2]).await.unwrap();
    (log, stamps)
}

/// Everything that can be wrong with the mirror of a peer that is known.
fn mirrors(stamps: &[Hlc]) -> Vec<Case> {
    let above = Hlc::new(stamps[2].timestamp + 1, 0, DEVICE);
    let foreign = Hlc::new(1, 0, STRANGER);
    let set = |value: String| {
        format!("UPDATE peer_acks SET last_acked_hlc = {value} WHERE peer_device_id = '{PEER}'")
    };
    let case = |sql: String, claims| Case {
        sql,
        peer: Some(PEER),
        fault: RowFault::OtherMirror,
        prunable: 1,
        claims,
    };
    vec![
        case(set("'garbage'".to_owned()), false),
        case(set("x'00ff'".to_owned()), false),
        case(set("7".to_owned()), false),
        case(set(format!("'{foreign}'")), false),
        case(set(format!("'{above}'")), false),
        case(set(format!("'{}'", Hlc::ZERO)), false),
        case(set(format!("'{}'", stamps[2])), true),
        case(
            format!("DELETE FROM peer_acks WHERE peer_device_id = '{PEER}'"),
            false,
        ),
        case(
            format!("UPDATE peer_acks SET peer_device_id = 'x' WHERE peer_device_id = '{PEER}'"),
            false,
        ),
    ]
}

/// Everything that can be wrong with this program's own row.
fn own_rows(stamps: &[Hlc]) -> Vec<Case> {
    let case = |assignments: &str, fault| Case {
        sql: format!("UPDATE sync_log_peers SET {assignments} WHERE peer_device_id = '{PEER}'"),
        peer: Some(PEER),
        fault,
        prunable: 0,
        claims: true,
    };
    let spoiled = [
        "state = 'x'",
        "state = x'00'",
        "state = 'retired'",
        "state = 'retired', retired_at = 'x', retired_reason = 'operator'",
        "state = 'retired', retired_at = '2024-01-01T00:00:00Z', retired_reason = x'00'",
        "admission = 'x'",
        "admission = x'00'",
        "admission = 0",
        "admission = -1",
        "admission = 1.5",
        "admission = 4294967296",
        "registered_by = 'x'",
        "registered_by = x'00'",
        "registered_at = 'x'",
        "registered_at = x'00'",
        "hold = 'x'",
        "hold = x'00'",
        "verified = 2",
        "verified = 'x'",
        "verified = x'00'",
        "acked = 'x'",
        "acked = x'00'",
        "acked = CAST(x'ff' AS TEXT)",
        "acked_at = 'x'",
        "acked_at = x'00'",
        "state = 0, admission = 0, registered_by = 0, registered_at = 0, verified = 7, acked = 0",
    ];
    let mut cases: Vec<Case> = spoiled.map(|it| case(it, RowFault::Unreadable)).into();
    let above = Hlc::new(stamps[2].timestamp + 1, 0, DEVICE);
    for impossible in [above, Hlc::new(1, 0, STRANGER)] {
        let acked = format!("acked = '{impossible}'");
        cases.push(case(&acked, RowFault::ImpossibleAck));
        let unverified = format!("{acked}, verified = 0");
        cases.push(case(&unverified, RowFault::ImpossibleAck));
    }
    let gone = format!("DELETE FROM sync_log_peers WHERE peer_device_id = '{PEER}'");
    cases.push(Case {
        sql: gone,
        ..case("", RowFault::NotRegistered)
    });
    cases
}

/// Rows of a device that was never registered.
fn strangers(stamps: &[Hlc]) -> Vec<Case> {
    let case = |acked: String, claims| Case {
        sql: format!("INSERT INTO peer_acks VALUES ('{STRANGER}', {acked}, '')"),
        peer: Some(STRANGER),
        fault: RowFault::NotRegistered,
        prunable: 0,
        claims,
    };
    vec![
        case(format!("'{}'", Hlc::ZERO), false),
        case(format!("'{}'", stamps[1]), true),
        case("'garbage'".to_owned(), false),
        case("x'00ff'".to_owned(), false),
        case(format!("'{}'", Hlc::new(1, 0, STRANGER)), false),
    ]
}

/// Rows in either table whose ids no peer can have.
fn nobodies(stamps: &[Hlc]) -> Vec<Case> {
    let ids = [
        ("'x'".to_owned(), RowFault::PeerIdText),
        ("''".to_owned(), RowFault::PeerIdText),
        ("7".to_owned(), RowFault::PeerIdText),
        ("x'00ff'".to_owned(), RowFault::PeerIdText),
        (
            format!("'{}'", PEER.to_string().to_uppercase()),
            RowFault::PeerIdText,
        ),
        (format!("'{}'", Uuid::nil()), RowFault::NilPeer),
        (format!("'{DEVICE}'"), RowFault::OwnPeer),
    ];
    let mut cases = Vec::new();
    for (id, fault) in ids {
        let acks = format!(
            "INSERT INTO peer_acks VALUES ({id}, '{}', x'00')",
            stamps[2]
        );
        let peers = format!(
            "INSERT INTO sync_log_peers (peer_device_id, state, registered_by, registered_at) \
             VALUES ({id}, 'active', 'app', '2024-01-01T00:00:00Z')"
        );
        let both = format!("{acks}; {peers}");
        cases.extend([acks, peers, both].map(|sql| Case {
            sql,
            peer: None,
            fault,
            prunable: 1,
            claims: false,
        }));
    }
    cases
}

/// What there is to do about it for `peer`, which never fails.
async fn go(way: Way, log: &SyncDb, peer: Uuid, head: Cursor) {
    match way {
        Way::Register => drop(log.register_peer(peer).await.unwrap()),
        Way::Retire => log.retire(peer).await.unwrap(),
        Way::Admit => {
            log.retire(peer).await.unwrap();
            log.admit(peer).await.unwrap();
        }
        Way::Ack => match log.acknowledge(Ack::new(peer, head)).await {
            // Under which number it was admitted cannot be read, so it is told a new one.
            Err(LogError::OtherAdmission { .. }) => {
                let admission = log.admit(peer).await.unwrap();
                log.acknowledge(Ack::new(peer, head).under(admission))
                    .await
                    .unwrap();
            }
            acked => drop(acked.unwrap()),
        },
        Way::Reopen => unreachable!("it is opened by the caller"),
    }
}

async fn faults(log: &SyncDb) -> Vec<RowFault> {
    let rows = log.peers().await.unwrap();
    rows.into_iter()
        .filter_map(|row| Some(row.err()?.fault))
        .collect()
}

async fn check(way: Way, what: impl Fn(&[Hlc]) -> Vec<Case>, index: usize) -> bool {
    let folder = folder();
    let (mut log, stamps) = log(folder.path()).await;
    let mut cases = what(&stamps);
    if index >= cases.len() {
        return false;
    }
    let case = cases.remove(index);
    let told = format!("{way:?}: {}", case.sql);
    raw(folder.path()).execute_batch(&case.sql).unwrap();
    assert!(faults(&log).await.contains(&case.fault), "{told}");
    let mut pruned = log.prune_acked().await.unwrap();
    assert_eq!(pruned, case.prunable, "{told}");

    let head = log.head_cursor().await.unwrap();
    let peer = case.peer.unwrap_or(PEER);
    if way == Way::Reopen {
        log.close().await.unwrap();
        log = open(folder.path()).await;
    } else {
        go(way, &log, peer, head).await;
    }
    let mut left = faults(&log).await;
    if way == Way::Reopen && case.claims {
        assert_eq!(left, [RowFault::OtherMirror], "{told}");
        left.clear();
    }
    if case.peer.is_none() && way != Way::Reopen {
        log.close().await.unwrap();
        log = open(folder.path()).await;
        left = faults(&log).await;
    }
    // A row whose id was changed is a row of nobody, too.
    left.retain(|fault| *fault != RowFault::PeerIdText);
    assert_eq!(left, [], "{told}");

    pruned += log.prune_acked().await.unwrap();
    // Whoever is retired or has everything holds nothing; of the others, one has the first.
    let is_freed = matches!(way, Way::Retire | Way::Ack);
    let expected = match (is_freed, peer == PEER) {
        (true, true) => ENTRIES,
        (true, false) => 1,
        (false, _) => case.prunable,
    };
    assert_eq!(pruned, expected, "{told}");
    log.record(change(9)).await.unwrap();
    log.close().await.unwrap();
    true
}

async fn check_all(what: impl Fn(&[Hlc]) -> Vec<Case>) {
    for way in WAYS {
        let mut index = 0;
        while check(way, &what, index).await {
            index += 1;
        }
        assert!(index > 0);
    }
}

#[tokio::test]
async fn a_mirror_that_another_program_wrote_counts_for_nothing() {
    check_all(mirrors).await;
}

#[tokio::test]
async fn an_own_row_that_cannot_be_true_counts_as_an_ack_of_nothing() {
    check_all(own_rows).await;
}

#[tokio::test]
async fn a_device_that_was_never_registered_counts_as_a_peer_that_has_nothing() {
    check_all(strangers).await;
}

#[tokio::test]
async fn a_row_of_no_device_counts_for_nothing_and_goes_aside_at_the_next_opening() {
    check_all(nobodies).await;
}
