//! What a call asks of its store, in which order, and what it makes of the
//! answers.

use std::sync::{Arc, Mutex};

use mockall::Sequence;
use sync_log_core::{
    Ack, AckAt, AckOutcome, Cursor, ErrorKind, FoundEntry, Hlc, LogError, LogOptions,
    MAX_DECLARED_PEERS, ManualClock, Mark, OwnRow, ReadLimits, ReadView, SharedChangeEntry,
    StoreFault, SyncLog, Tag, Uuid, View, Writes,
};

use crate::common::{
    DEVICE, LIBRARY, LOG, MockStore, PEER, assert_came_through, change, decide, entry,
    expect_opening, failure, open, open_on, peer_at, run, state, view,
};

/// The mark of the first entry of a log, and its second one as it is found.
fn chain(first: &SharedChangeEntry, second: &SharedChangeEntry) -> (Mark, FoundEntry) {
    let mark = Mark::ZERO.then(first);
    let found = FoundEntry {
        entry: second.clone(),
        tag: Some(mark.then(second).tag),
    };
    (mark, found)
}

#[test]
fn a_stamp_of_a_commit_that_failed_is_not_issued_again() {
    let decided = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&decided);
    let mut store = MockStore::new();
    store.expect_write().times(2).returning(move |mut job| {
        let changes = decide(&mut job, &state(), &[]).unwrap();
        let mut seen = seen.lock().unwrap();
        seen.push(changes.append[0].entry.hlc);
        match seen.len() {
            1 => Err(failure(StoreFault::Full).into()),
            _ => Ok(()),
        }
    });
    let stamp = run(async {
        let log = open(store).await;
        log.record(change()).await.unwrap_err();
        log.record(change()).await.unwrap()
    });
    let decided = decided.lock().unwrap();
    assert!(decided[1] > decided[0]);
    assert_eq!(stamp, decided[1]);
}

#[test]
fn of_a_job_that_is_decided_twice_the_last_decision_counts() {
    let mut ahead = state();
    ahead.head.hlc = Hlc::new(1_800_000_000_000, 0, DEVICE);
    ahead.high_water = ahead.head.hlc;
    let mut store = MockStore::new();
    store.expect_write().times(1).returning(move |mut job| {
        // The first attempt is rolled back; meanwhile another process wrote.
        decide(&mut job, &state(), &[]).unwrap();
        decide(&mut job, &ahead, &[]).unwrap();
        Ok(())
    });
    let stamp = run(async { open(store).await.record(change()).await }).unwrap();
    assert!(stamp > ahead.head.hlc);
}

#[test]
fn a_refusal_after_a_first_decision_is_what_counts() {
    let mut ahead = state();
    ahead.head.hlc = Hlc::new(1_800_000_000_000, 0, DEVICE);
    let mut store = MockStore::new();
    store.expect_write().times(1).returning(move |mut job| {
        decide(&mut job, &state(), &[]).unwrap();
        decide(&mut job, &ahead, &[]).map(drop)
    });
    let error = run(async { open(store).await.append(entry(1)).await }).unwrap_err();
    assert!(matches!(error, LogError::Overtaken { .. }), "{error:?}");
}

#[test]
fn no_page_is_returned_if_the_hold_cannot_be_committed() {
    let (old, new) = (entry(1), entry(2));
    let (before, found) = chain(&old, &new);
    let cursor = Cursor::new(LOG, before.hlc, before.tag).unwrap();
    let mut now = state();
    now.head = before.then(&new);
    let rewound = ReadView {
        state: now,
        before: Some(before),
        entries: vec![found],
        reached_end: true,
        peer: Some(peer_at(new.hlc)),
    };
    let mut store = MockStore::new();
    let mut order = Sequence::new();
    expect_opening(&mut store, &mut order);
    store
        .expect_read()
        .times(1)
        .in_sequence(&mut order)
        .return_once(move |_| Ok(rewound));
    store
        .expect_write()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Err(failure(StoreFault::Full).into()));
    let error = run(async {
        let log = open_on(store).await;
        log.read_for(PEER, cursor, ReadLimits::default()).await
    });
    assert_came_through(&error.unwrap_err(), StoreFault::Full, ErrorKind::Retry);
}

#[test]
fn an_ack_that_was_taken_stays_taken_if_the_prune_fails() {
    let acked = entry(1).hlc;
    let mut now = state();
    now.head.hlc = acked;
    let taken = Arc::new(Mutex::new(None));
    let written = Arc::clone(&taken);
    let mut store = MockStore::new();
    let mut order = Sequence::new();
    store
        .expect_write()
        .times(1)
        .in_sequence(&mut order)
        .returning(move |mut job| {
            let _ = job.needs(&now);
            let changes = job.decide(&View {
                state: &now,
                entries: Vec::new(),
                marks: vec![Mark::ZERO.then(&entry(1))],
                peers: vec![peer_at(Hlc::ZERO)],
                oldest: Vec::new(),
            })?;
            *written.lock().unwrap() = changes.peer;
            Ok(())
        });
    store
        .expect_write()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Err(failure(StoreFault::Locked).into()));
    let error = run(async { open(store).await.on_ack(PEER, acked).await }).unwrap_err();
    assert_came_through(&error, StoreFault::Locked, ErrorKind::Retry);
    let taken = taken.lock().unwrap().expect("the ack was written");
    assert_eq!((taken.device_id, taken.acked), (PEER.into(), acked));
}

#[test]
fn an_ack_that_registers_asks_for_no_prune() {
    let mut store = MockStore::new();
    store
        .expect_write()
        .times(1)
        .returning(|mut job| decide(&mut job, &state(), &[]).map(drop));
    let done = run(async { open(store).await.on_ack(PEER, Hlc::ZERO).await }).unwrap();
    assert_eq!((done.ack, done.pruned), (AckOutcome::Registered, 0));
}

#[test]
fn an_ack_that_says_nothing_new_asks_for_no_write() {
    let acked = entry(1).hlc;
    let mut now = state();
    now.head.hlc = acked;
    let mut store = MockStore::new();
    store.expect_write().times(1).returning(move |mut job| {
        let writes = decide(&mut job, &now, &[peer_at(acked)])?;
        assert_eq!(writes, Writes::default());
        Ok(())
    });
    let again = Ack {
        peer: PEER.into(),
        admission: 1,
        at: AckAt::Stamp(acked),
    };
    let outcome = run(async { open(store).await.acknowledge(again).await });
    assert_eq!(outcome.unwrap(), AckOutcome::Unchanged);
}

#[test]
fn a_read_from_the_own_ack_asks_for_no_write() {
    let (old, new) = (entry(1), entry(2));
    let (before, found) = chain(&old, &new);
    let cursor = Cursor::new(LOG, before.hlc, before.tag).unwrap();
    let mut now = state();
    now.head = before.then(&new);
    let acked = ReadView {
        state: now,
        before: Some(before),
        entries: vec![found],
        reached_end: true,
        peer: Some(peer_at(old.hlc)),
    };
    // The first read is the one that opens the log.
    let mut answers = vec![acked, view(state())];
    let mut store = MockStore::new();
    store
        .expect_read()
        .times(2)
        .returning(move |_| Ok(answers.pop().unwrap()));
    let page = run(async {
        let log = open_on(store).await;
        log.read_for(PEER, cursor, ReadLimits::default()).await
    });
    assert_eq!(page.unwrap().entries, [new]);
}

#[test]
fn an_observation_asks_for_a_write_only_above_the_high_water() {
    let mut now = state();
    now.high_water = Hlc::new(1_700_000_000_000, 7, DEVICE);
    let remote = |counter| Hlc::new(1_700_000_000_000, counter, PEER);
    let mut store = MockStore::new();
    let mut order = Sequence::new();
    for (high_water, expected) in [
        (remote(8), None),
        (now.high_water, Some(remote(8))),
        (remote(9), None),
    ] {
        store
            .expect_write()
            .times(1)
            .in_sequence(&mut order)
            .returning(move |mut job| {
                now.high_water = high_water;
                let changes = decide(&mut job, &now, &[])?;
                assert_eq!(changes.high_water, expected);
                Ok(())
            });
    }
    run(async {
        let log = open(store).await;
        for _ in 0..3 {
            let observed = log.observe_all(&[remote(8)]).await.unwrap();
            assert_eq!(observed, Some(remote(8)));
        }
    });
}

/// Between the look at the acks and the word for each, another program moves one on.
#[test]
fn an_operators_word_for_an_adopted_ack_is_none_for_another() {
    let (seen, meanwhile) = (entry(1).hlc, entry(2).hlc);
    let mut adopted = state();
    adopted.head.hlc = meanwhile;
    adopted.peers_declared = false;
    let unverified = |acked| {
        let mut row = peer_at(acked);
        if let Some(OwnRow::Known { facts, .. }) = &mut row.own {
            facts.verified = false;
        }
        row
    };
    let mut store = MockStore::new();
    let survey = sync_log_core::Survey {
        state: adopted,
        peers: vec![unverified(seen)],
        extents: Vec::new(),
        verdicts: Vec::new(),
    };
    store
        .expect_survey()
        .times(1)
        .return_once(move |_| Ok(survey));
    store.expect_write().times(2).returning(move |mut job| {
        let changes = decide(&mut job, &adopted, &[unverified(meanwhile)]).unwrap();
        assert_eq!(changes.peer, None);
        Ok(())
    });
    let trusted = run(async { open(store).await.trust_adopted_acks().await });
    assert_eq!(trusted.unwrap(), 0);
}

#[test]
fn as_many_peers_as_the_limit_are_declared_at_once_and_no_more() {
    let peers = |count: usize| -> Vec<Uuid> {
        (1..=count)
            .map(|n| Uuid::from_u128(0xb0_0000 + n as u128))
            .collect()
    };
    let mut store = MockStore::new();
    let each_and_the_declaration = MAX_DECLARED_PEERS + 1;
    store
        .expect_write()
        .times(each_and_the_declaration)
        .returning(|mut job| decide(&mut job, &state(), &[]).map(drop));
    run(async {
        let log = open(store).await;
        let (count, limit) = (MAX_DECLARED_PEERS + 1, MAX_DECLARED_PEERS);
        let refused = log.declare_peers(&peers(count)).await.unwrap_err();
        let told =
            matches!(refused, LogError::TooMany { count: n, limit: m } if (n, m) == (count, limit));
        assert!(told, "{refused}");
        log.declare_peers(&peers(limit)).await.unwrap();
    });
}

/// A store bounds what it commits together by this (`A6`).
#[test]
fn a_job_says_how_much_it_may_append() {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sizes);
    let mut store = MockStore::new();
    store.expect_write().times(4).returning(move |job| {
        seen.lock().unwrap().push(job.content_bytes());
        Err(failure(StoreFault::Full).into())
    });
    run(async {
        let log = open(store).await;
        log.record(change()).await.unwrap_err();
        log.record_each(vec![change(); 3]).await.unwrap_err();
        log.append_many(vec![entry(1), entry(2)]).await.unwrap_err();
        log.tick().await.unwrap_err();
    });
    let each = change().model_type.len() + change().data.len_bytes();
    assert_eq!(*sizes.lock().unwrap(), [each, 3 * each, 2 * each, 0]);
}

#[test]
fn a_stored_log_without_an_id_is_refused() {
    let mut unnamed = state();
    unnamed.identity.log_id = Uuid::nil();
    let mut store = MockStore::new();
    store.expect_read().return_once(move |_| Ok(view(unnamed)));
    let options = LogOptions::new(ManualClock::new(1_700_000_000_000));
    let opened = run(SyncLog::open(store, LIBRARY, DEVICE, options));
    assert!(matches!(opened, Err(LogError::NilId { .. })), "{opened:?}");
}

#[test]
fn entries_are_proven_from_the_floor_whatever_is_stored_at_its_stamp() {
    let (floor, found) = chain(&entry(1), &entry(2));
    let mut now = state();
    now.floor = floor;
    now.head = floor.then(&entry(2));
    let left_behind = Mark {
        tag: Tag::from_bytes([7; 16]),
        ..floor
    };
    let read = ReadView {
        before: Some(left_behind),
        entries: vec![found],
        reached_end: true,
        ..view(now)
    };
    let mut store = MockStore::new();
    let mut answers = vec![read, view(state())];
    store
        .expect_read()
        .times(2)
        .returning(move |_| Ok(answers.pop().unwrap()));
    let entries = run(async { open_on(store).await.get_since(Some(floor.hlc), 10).await });
    assert_eq!(entries.unwrap(), [entry(2)]);
}

#[test]
fn only_a_log_that_is_proven_calls_a_history_different() {
    let (first, mut found) = chain(&entry(1), &entry(2));
    let mut now = state();
    now.head = first.then(&entry(2));
    let served = ReadView {
        before: Some(first),
        peer: Some(peer_at(Hlc::ZERO)),
        ..view(now)
    };
    found.tag = Some(Tag::from_bytes([7; 16]));
    let altered = ReadView {
        entries: vec![found],
        ..view(now)
    };
    let mut answers = vec![altered, served, view(state())];
    let mut store = MockStore::new();
    store
        .expect_read()
        .times(3)
        .returning(move |_| Ok(answers.pop().unwrap()));
    store.expect_write().times(1).returning(|_| Ok(()));
    let other = Cursor::new(LOG, first.hlc, Tag::from_bytes([9; 16])).unwrap();
    let page = run(async {
        let log = open_on(store).await;
        log.read_for(PEER, other, ReadLimits::default()).await
    });
    assert!(matches!(page, Err(LogError::Altered(_))), "{page:?}");
}
