//! Faults of how changes enter the log.

use sync_log_sqlite::{Cursor, Hlc, LogError, ReadLimits};

use crate::known_faults::device::{Device, LAPTOP, PHONE, change, pending, record, refused};

on_both_stores! {
    what_commits_later_has_the_higher_stamp
    an_append_that_fails_says_so_and_can_be_made_good
    a_batch_is_one_commit
    a_change_of_another_device_never_enters_this_log
}

/// Then: stamps were drawn before the write, so an entry could commit below one
/// that a peer had read already; the peer asked for what came after, and never
/// got it.
async fn what_commits_later_has_the_higher_stamp(phone: Device) {
    let log = phone.open_with_peers(&[LAPTOP]).await;
    let drawn_first = log.tick().await.unwrap();
    let first = record(&log, 1).await[0];
    let page = log
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await;
    let place = page.unwrap().next;

    let late = change(9).stamped(drawn_first);
    refused(
        log.append(late).await,
        |error| matches!(error, LogError::Overtaken { hlc, head } if *hlc == drawn_first && *head == first),
    );
    let second = log.record(change(9)).await.unwrap();
    let rest = log.read_for(LAPTOP, place, ReadLimits::default()).await;
    let read: Vec<Hlc> = rest.unwrap().entries.iter().map(|e| e.hlc).collect();
    assert_eq!(read, [second], "a reader misses nothing that commits later");
}

/// Then: the app committed its row first and appended to the log, another file,
/// afterwards; if that failed it was skipped, and the edit never left the device.
///
/// The log's half: no append fails silently, one whose answer was lost may be made
/// again without a second entry, and one that came too late is stamped again.
async fn an_append_that_fails_says_so_and_can_be_made_good(phone: Device) {
    let killed = phone.open().await;
    let entry = change(1).stamped(killed.tick().await.unwrap());
    killed.append(entry.clone()).await.unwrap();
    // The app was killed before it saw the answer, so it appends again.
    drop(killed);
    let log = phone.open().await;
    assert_eq!(log.append(entry.clone()).await.unwrap(), entry.hlc);
    assert_eq!(pending(&log).await, [entry.hlc], "it is there once");

    let late = change(2).stamped(log.tick().await.unwrap());
    record(&log, 1).await;
    refused(log.append(late.clone()).await, |error| {
        matches!(error, LogError::Overtaken { .. })
    });
    let stamp = log.record(change(2)).await.unwrap();
    assert_eq!(pending(&log).await.last(), Some(&stamp));

    log.close().await.unwrap();
    refused(log.record(change(3)).await, |error| {
        matches!(error, LogError::Store(_))
    });
}

/// Then: a batch was a loop of single commits; a crash in the middle of an import
/// left half of it in the log, and the retry logged that half a second time.
async fn a_batch_is_one_commit(phone: Device) {
    let log = phone.open().await;
    let head = record(&log, 1).await[0];
    let mut batch = Vec::new();
    for number in 0..5 {
        batch.push(change(number).stamped(log.tick().await.unwrap()));
    }
    let mut spoilt = batch.clone();
    spoilt[3].model_type.clear();
    refused(log.append_many(spoilt).await, |error| {
        matches!(error, LogError::ModelTypeLength { length_bytes: 0 })
    });
    assert_eq!(
        pending(&log).await,
        [head],
        "nothing of a batch that failed"
    );

    log.append_many(batch.clone()).await.unwrap();
    log.append_many(batch).await.unwrap();
    assert_eq!(pending(&log).await.len(), 6, "a retry adds nothing");

    // Half of it is there, half is new: no part of it is taken on its own.
    let there = log.get_since(None, 1).await.unwrap().remove(0);
    let new = change(9).stamped(log.tick().await.unwrap());
    let mixed = log.append_many(vec![there, new.clone()]).await;
    refused(
        mixed,
        |error| matches!(error, LogError::BatchMixed { hlc } if *hlc == new.hlc),
    );
    assert_eq!(pending(&log).await.len(), 6);
}

/// Then: what came from other devices was written to the own log as well, was
/// served on as if it were the own, and came back as an endless echo.
async fn a_change_of_another_device_never_enters_this_log(phone: Device) {
    let log = phone.open().await;
    let own = log.tick().await.unwrap();
    let received = change(1).stamped(Hlc::new(own.timestamp + 1, 0, LAPTOP));
    let alone = log.append(received.clone()).await;
    let in_a_batch = log
        .append_many(vec![change(2).stamped(own), received])
        .await;
    for answer in [alone.map(drop), in_a_batch] {
        refused(answer, |error| {
            matches!(error, LogError::ForeignOrigin { hlc, device_id }
                if hlc.device_id == LAPTOP && *device_id == PHONE)
        });
    }
    assert!(pending(&log).await.is_empty());
}
