//! What core refuses whatever the store holds, before anything is written: a value that is out
//! of its limits, ids that cannot be meant, and stamps that no clock may take.

use sync_log_core::{CEILING_MS, DriftExceeded, DriftLimit, ObserveError};
use sync_log_core::{
    Change, Cursor, Hlc, JsonText, LogError, LogOptions, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES,
    MAX_DATA_BYTES, MAX_DATA_DEPTH, MAX_MODEL_TYPE_BYTES, MAX_OBSERVED, MAX_PAGE_BYTES,
    MAX_PAGE_ENTRIES, ReadLimits, SharedChangeEntry, SyncLog, Uuid,
};

use crate::common::values::{HOUR_MS, Log, START_MS};
use crate::common::{DEVICE, LIBRARY, PEER, change};

const DAY_MS: u64 = 24 * HOUR_MS.cast_unsigned();

/// A change with exactly that many bytes of data, at least 2.
fn change_of_bytes(data_bytes: usize) -> Change {
    let text = format!("\"{}\"", "x".repeat(data_bytes - 2));
    Change {
        data: JsonText::new(text).unwrap(),
        ..change()
    }
}

fn own(after_start_ms: u64) -> Hlc {
    Hlc::new(START_MS.cast_unsigned() + after_start_ms, 0, DEVICE)
}

fn remote(after_start_ms: u64) -> Hlc {
    Hlc {
        device_id: PEER,
        ..own(after_start_ms)
    }
}

fn stamped(changes: &[Change], is_group: bool) -> Vec<SharedChangeEntry> {
    let numbered = changes.iter().cloned().zip(1..);
    let mut batch: Vec<_> = numbered
        .map(|(change, at)| change.stamped(own(at)))
        .collect();
    let last = batch.len() - 1;
    batch[..last]
        .iter_mut()
        .for_each(|entry| entry.group_end = !is_group);
    batch
}

fn too_far(remote: Hlc) -> LogError {
    LogError::Clock(ObserveError::TooFarAhead(DriftExceeded {
        device: remote.device_id,
        remote,
        now_ms: START_MS,
        ahead_by_ms: DAY_MS + 1,
        limit_ms: DAY_MS,
    }))
}

/// Whether it is JSON is decided when the value is made, so that no call of the log can be given
/// anything else. What no reader can take for a value is none either.
#[test]
fn text_that_is_not_json_never_becomes_a_payload() {
    let too_deep = "[".repeat(MAX_DATA_DEPTH + 1) + &"]".repeat(MAX_DATA_DEPTH + 1);
    let unread = ["\"\\ud800\"", "1e999", &too_deep];
    let no_json = ["", "{", "{'a':1}", "{} {}", "\u{feff}{}", "NaN", "01"];
    for text in no_json.iter().chain(&unread) {
        assert!(JsonText::new(*text).is_err(), "{text:?}");
    }
}

#[tokio::test]
async fn content_out_of_its_limits_is_refused() {
    let log = Log::new().await;
    let model_type = |length_bytes: usize| Change {
        model_type: "m".repeat(length_bytes),
        ..change()
    };
    // A value that was made in memory is judged when it is logged.
    let nested = |levels: usize| Change {
        data: JsonText::from((0..levels).fold(serde_json::Value::Null, |inner, _| [inner].into())),
        ..change()
    };
    let long = MAX_MODEL_TYPE_BYTES + 1;
    let refused = [
        (model_type(0), LogError::ModelTypeLength { length_bytes: 0 }),
        (
            model_type(long),
            LogError::ModelTypeLength { length_bytes: long },
        ),
        (
            nested(MAX_DATA_DEPTH + 1),
            LogError::DataTooDeep {
                limit: MAX_DATA_DEPTH,
            },
        ),
        (
            change_of_bytes(MAX_DATA_BYTES + 1),
            LogError::DataTooLarge {
                length_bytes: MAX_DATA_BYTES + 1,
                limit_bytes: MAX_DATA_BYTES,
            },
        ),
    ];
    for (bad, error) in refused {
        log.refuses(error.clone(), log.record(bad.clone())).await;
        log.refuses(error, log.append(bad.stamped(own(1)))).await;
    }
    log.record(nested(MAX_DATA_DEPTH)).await.unwrap();
}

/// An app may lower the limit for its own appends, never raise it. The lower limit does not affect
/// entries that are already in the log: they are still served.
#[tokio::test]
async fn an_app_may_lower_the_data_limit_but_not_raise_it() {
    let log = Log::new().await;
    log.record(change_of_bytes(100)).await.unwrap();
    let reopened = |max_data_bytes: usize| {
        let mut options = LogOptions::new(log.wall.clone());
        options.max_data_bytes = max_data_bytes;
        SyncLog::open(log.values.clone(), LIBRARY, DEVICE, options)
    };
    let lowered = reopened(10).await.unwrap();
    let too_large = LogError::DataTooLarge {
        length_bytes: 11,
        limit_bytes: 10,
    };
    log.refuses(too_large, lowered.record(change_of_bytes(11)))
        .await;
    lowered.record(change_of_bytes(10)).await.unwrap();
    let kept = lowered.get_since(None, 9).await.unwrap();
    assert_eq!(kept[0].data.len_bytes(), 100);
    let raised = LogError::OptionOutOfRange {
        option: "max_data_bytes",
        value: MAX_DATA_BYTES as u64 + 1,
        limit: MAX_DATA_BYTES as u64,
    };
    log.refuses(raised, reopened(MAX_DATA_BYTES + 1)).await;
}

#[tokio::test]
async fn a_batch_above_its_limits_is_refused() {
    let log = Log::new().await;
    let (count, limit) = (MAX_BATCH_ENTRIES + 1, MAX_BATCH_ENTRIES);
    let too_many = LogError::TooMany { count, limit };
    let changes = vec![change(); count];
    log.refuses(too_many.clone(), log.append_many(stamped(&changes, false)))
        .await;
    log.refuses(too_many, log.record_each(changes)).await;

    let large = vec![change_of_bytes(MAX_DATA_BYTES); MAX_BATCH_BYTES / MAX_DATA_BYTES];
    let too_large = LogError::BatchTooLarge {
        length_bytes: large.len() * ("tag".len() + MAX_DATA_BYTES),
        limit_bytes: MAX_BATCH_BYTES,
    };
    log.refuses(too_large, log.record_each(large)).await;
}

/// A batch names its first step back, even if two stamps are equal.
#[tokio::test]
async fn a_batch_that_does_not_ascend_is_refused() {
    let log = Log::new().await;
    let mut swapped = stamped(&vec![change(); 4], false);
    swapped.swap(1, 2);
    let twice = vec![swapped[0].clone(); 2];
    for (batch, at) in [(swapped, 2), (twice, 1)] {
        let refused = LogError::BatchNotAscending {
            hlc: batch[at].hlc,
            previous: batch[at - 1].hlc,
        };
        log.refuses(refused, log.append_many(batch)).await;
    }
}

#[tokio::test]
async fn a_group_larger_than_a_page_is_refused_before_anything_is_written() {
    let log = Log::new().await;
    let a_page = MAX_PAGE_BYTES / 4 - "tag".len();
    let mut largest = vec![change_of_bytes(a_page); 4];
    log.record_many(largest.clone()).await.unwrap();
    largest[3] = change_of_bytes(a_page + 1);
    let too_many = vec![change(); MAX_PAGE_ENTRIES + 1];
    for changes in [largest, too_many] {
        let sizes = changes
            .iter()
            .map(|it| it.model_type.len() + it.data.len_bytes());
        let refused = LogError::GroupTooLarge {
            count: changes.len(),
            length_bytes: sizes.sum(),
        };
        log.refuses(refused.clone(), log.record_many(changes.clone()))
            .await;
        log.refuses(refused, log.append_many(stamped(&changes, true)))
            .await;
        log.record_each(changes).await.unwrap();
    }
}

/// Only this device's stamps enter, alone or in a batch.
#[tokio::test]
async fn a_stamp_of_another_device_is_refused() {
    let log = Log::new().await;
    let mut batch = stamped(&[change(), change()], false);
    batch[1].hlc = remote(2);
    let origin = LogError::ForeignOrigin {
        hlc: remote(2),
        device_id: DEVICE.into(),
    };
    log.refuses(origin.clone(), log.append(batch[1].clone()))
        .await;
    log.refuses(origin, log.append_many(batch)).await;
}

/// A stamp beyond the limit is refused, one at the limit is not; and no option lets a stamp at
/// the ceiling in.
#[tokio::test]
async fn a_stamp_too_far_ahead_is_refused_and_leaves_the_clock_alone() {
    let log = Log::new().await;
    let far = own(DAY_MS + 1);
    log.refuses(too_far(far), log.append(change().stamped(far)))
        .await;
    assert!(log.record(change()).await.unwrap() < far);
    log.append(change().stamped(own(DAY_MS))).await.unwrap();

    let unlimited = Log::with(|options| options.drift.refuse = DriftLimit::Unlimited).await;
    let ceiling = |device| Hlc::new(CEILING_MS, 0, device);
    let above = |remote| LogError::Clock(ObserveError::AboveCeiling { remote });
    let append = unlimited.append(change().stamped(ceiling(DEVICE)));
    unlimited.refuses(above(ceiling(DEVICE)), append).await;
    let observe = [ceiling(PEER)];
    let observed = unlimited.observe_all(&observe);
    unlimited.refuses(above(ceiling(PEER)), observed).await;
    let highest = Hlc::new(CEILING_MS - 1, 0, DEVICE);
    unlimited.append(change().stamped(highest)).await.unwrap();
}

/// One stamp is beyond the limit: none of them moves anything. No stamps move nothing either.
#[tokio::test]
async fn one_stamp_too_far_ahead_refuses_them_all() {
    let log = Log::new().await;
    let (hour, far) = (remote(HOUR_MS.cast_unsigned()), remote(DAY_MS + 1));
    log.refuses(too_far(far), log.observe_all(&[hour, far, remote(2)]))
        .await;
    let before = log.contents();
    assert_eq!(log.observe_all(&[]).await.unwrap(), None);
    assert_eq!(log.contents(), before);
    assert!(log.record(change()).await.unwrap() < hour);
    let at_limit = remote(DAY_MS);
    let observed = log.observe_all(&[at_limit]).await.unwrap();
    assert_eq!(observed, Some(at_limit));
}

#[tokio::test]
async fn too_many_stamps_are_refused() {
    let log = Log::new().await;
    let (count, limit) = (MAX_OBSERVED + 1, MAX_OBSERVED);
    let refused = LogError::TooMany { count, limit };
    let stamps = vec![remote(1); count];
    log.refuses(refused, log.observe_all(&stamps)).await;
    let most = log.observe_all(&stamps[..limit]).await.unwrap();
    assert_eq!(most, Some(remote(1)));
}

#[tokio::test]
async fn a_limit_of_zero_is_refused() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    for (max_entries, max_bytes) in [(0, 1), (1, 0), (0, 0)] {
        let limits = ReadLimits {
            max_entries,
            max_bytes,
        };
        let read = log.read_for(PEER, Cursor::ZERO, limits);
        log.refuses(LogError::ZeroLimit, read).await;
    }
    log.refuses(LogError::ZeroLimit, log.get_since(None, 0))
        .await;
}

/// The owner gets an error below the floor and above the head; zero on a pruned log is below the
/// floor, and `None` never is.
#[tokio::test]
async fn the_owner_is_refused_below_the_floor_and_above_the_head() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_apart(3, 10).await;
    let (floor, head) = (stamps[1], stamps[2]);
    log.on_ack(PEER, floor).await.unwrap();
    for requested in [stamps[0], Hlc::ZERO] {
        let refused = LogError::Compacted {
            requested,
            floor,
            head,
        };
        log.refuses(refused, log.get_since(Some(requested), 9))
            .await;
    }
    let requested = own(1000);
    let refused = LogError::AheadOfHead { requested, head };
    log.refuses(refused, log.get_since(Some(requested), 9))
        .await;
    log.on_ack(PEER, head).await.unwrap();
    assert_eq!(log.get_since(None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn this_device_and_nil_are_no_peers_and_no_log_is_of_nil() {
    let log = Log::new().await;
    let limits = ReadLimits::default();
    let nil = |what| LogError::NilId { what };
    let own = LogError::OwnPeer {
        peer: DEVICE.into(),
    };
    log.refuses(own, log.read_for(DEVICE, Cursor::ZERO, limits))
        .await;
    log.refuses(
        nil("peer id"),
        log.read_for(Uuid::nil(), Cursor::ZERO, limits),
    )
    .await;
    for (library, device, what) in [
        (Uuid::nil(), DEVICE, "library id"),
        (LIBRARY, Uuid::nil(), "device id"),
    ] {
        let options = LogOptions::new(log.wall.clone());
        let opened = SyncLog::open(log.values.clone(), library, device, options);
        log.refuses(nil(what), opened).await;
    }
}
