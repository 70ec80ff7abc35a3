//! What a receiver keeps of the devices that it reads (`X2`, `X4`).

use sync_log_core::receive::{ReceiverStore as _, RecordId, Standing, WhyNotShown};
use sync_log_core::{Cursor, Hlc, JsonText, SharedChangeEntry, Uuid};

use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::records_sample::{cursor, deletion, id, key, received, stamp, tied, written};
use crate::sample::{change, peer};

/// From any record on, in the order of model and id, and at most as many as asked for.
pub async fn pages_of_every_size_hold_every_record_once<H: RecordsHarness>(receiver: Receiver<H>) {
    let models = ["a", "tag", "tag\u{0}", "TAG", "\u{1f3d6}"];
    let mut records = Vec::new();
    for (model, number) in models.iter().zip(0..) {
        for record in [u128::MAX, 0, 1, 1 << 64] {
            let mut write = written(&received(1, number));
            write.id = RecordId::new(*model, Uuid::from_u128(record));
            records.push(write);
        }
    }
    receiver.write(&records).await;
    let mut expected: Vec<_> = records.into_iter().map(|it| (it.id, it.record)).collect();
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    for limit in [1, 3, 19, 20, 21] {
        let mut found = Vec::new();
        loop {
            let after = found.last().map(|(id, _): &(RecordId, _)| id.clone());
            let page = receiver.commit(async |store| store.records(after.as_ref(), limit).await);
            let page = page.await;
            assert!(page.len() <= limit, "{} records of {limit}", page.len());
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, expected, "at most {limit}");
    }
}

/// Those of an unknown model or of a newer version of a model, until they are decided again.
pub async fn only_what_the_app_cannot_read_is_unreadable<H: RecordsHarness>(receiver: Receiver<H>) {
    let has_unreadable = async || {
        receiver
            .commit(async |store| store.has_unreadable().await)
            .await
    };
    let standing = |number: usize, standing| {
        let mut write = written(&received(1, number));
        write.record.standing = standing;
        write
    };
    let readable = [
        WhyNotShown::DuplicateOf(id(1).record_uuid),
        WhyNotShown::MissingRecord(id(1)),
        WhyNotShown::Refused("\"unknown_model\"".to_owned()),
    ];
    let readable = readable.into_iter().zip(1..);
    let readable = readable.map(|(why, number)| standing(number, Standing::NotShown(why)));
    let mut records: Vec<_> = readable.collect();
    records.extend([written(&received(1, 8)), written(&deletion(1, 9))]);
    receiver.write(&records).await;
    assert!(!has_unreadable().await, "X4: each of them can be read");
    for why in [WhyNotShown::UnknownModel, WhyNotShown::NewerModel] {
        receiver
            .write(&[standing(2, Standing::NotShown(why.clone()))])
            .await;
        assert!(has_unreadable().await, "X4: {why}");
        receiver.write(&[standing(2, Standing::Deleted)]).await;
        assert!(!has_unreadable().await, "X4: it was deleted");
    }
}

/// It is zero at first, moves where it is moved to, and is that of one origin.
pub async fn every_origin_has_its_own_watermark<H: RecordsHarness>(receiver: Receiver<H>) {
    assert_eq!(watermark(&receiver, 1).await, Cursor::ZERO, "X2");
    for (origin, ms) in [(1, 5), (2, 3), (1, 9)] {
        let to = cursor(origin, ms);
        receiver
            .commit(async |store| store.move_watermark(peer(origin).into(), to).await)
            .await;
        assert_eq!(watermark(&receiver, origin).await, to, "X2");
    }
    let receiver = receiver.reopened().await;
    assert_eq!(watermark(&receiver, 1).await, cursor(1, 9), "X2");
    assert_eq!(watermark(&receiver, 2).await, cursor(2, 3), "X2");
    assert_eq!(watermark(&receiver, 3).await, Cursor::ZERO, "X2");
}

async fn watermark<H: RecordsHarness>(receiver: &Receiver<H>, origin: u128) -> Cursor {
    receiver
        .commit(async |store| store.watermark(peer(origin).into()).await)
        .await
}

/// Entry by entry as they arrived, ascending, from several origins and calls.
pub async fn entries_wait_until_they_are_taken_back<H: RecordsHarness>(receiver: Receiver<H>) {
    let entry = |origin, ms, group_end| SharedChangeEntry {
        group_end,
        model_version: u32::MAX,
        data: JsonText::new("{ \"name\" : \"\\u0000\" }").unwrap(),
        ..change(1).stamped(stamp(origin, ms))
    };
    let deleted = SharedChangeEntry {
        hlc: stamp(3, 1),
        ..deletion(1, 2)
    };
    let of_one = [entry(1, 2, false), entry(1, 4, true)];
    let of_others = [deleted.clone(), entry(2, 3, true)];
    receiver
        .commit(async |store| {
            store.set_aside(&of_one).await?;
            store.set_aside(&of_others).await
        })
        .await;
    let receiver = receiver.reopened().await;
    let waiting = receiver.kept().await.waiting;
    let ascending = [&deleted, &of_one[0], &of_others[1], &of_one[1]].map(Clone::clone);
    assert_eq!(waiting, ascending, "X2");
    receiver
        .commit(async |store| store.take_back(&of_one).await)
        .await;
    assert_eq!(receiver.kept().await.waiting, of_others, "X2");
}

/// By stamp and then by record, from any of them on, up to a stamp that is among them.
pub async fn deleted_records_are_listed_by_stamp<H: RecordsHarness>(receiver: Receiver<H>) {
    let deleted = [(7, 1), (2, 2), (2, 3), (2, 4), (5, 5), (3, 6)];
    let mut records: Vec<_> = deleted
        .iter()
        .map(|(ms, number)| written(&deletion(*ms, *number)))
        .collect();
    records.push(written(&received(1, 9)));
    receiver.write(&records).await;
    let expected = [(2, 2), (2, 3), (2, 4), (3, 6), (5, 5)];
    let expected = expected.map(|(ms, number)| (id(number), stamp(1, ms)));
    let listed = async |after: Option<&(RecordId, Hlc)>, up_to, limit| {
        let listed = receiver.commit(async |store| store.deleted(after, up_to, limit).await);
        listed.await
    };
    let up_to = stamp(1, 5);
    assert_eq!(listed(None, up_to, 99).await, expected, "X4");
    assert_eq!(listed(None, up_to, 2).await, expected[..2], "X4");
    for (position, after) in expected.iter().enumerate() {
        let rest = &expected[position + 1..];
        assert_eq!(listed(Some(after), up_to, 99).await, rest, "X4");
    }
    let below = stamp(1, 4);
    assert_eq!(
        listed(Some(&expected[1]), below, 99).await,
        expected[2..4],
        "X4"
    );
}

/// The record and its ties are removed, those of others stay, and the highest stamp is stored.
pub async fn what_is_forgotten_leaves_its_stamp_alone<H: RecordsHarness>(receiver: Receiver<H>) {
    let red = key("name", "red");
    let records = [1, 2, 3].map(|number| {
        let deleted = deletion(number as u64, number);
        tied(written(&deleted), [red.clone()])
    });
    receiver.write(&records).await;
    let forget = async |numbers: &[usize]| {
        let these = numbers
            .iter()
            .map(|number| (id(*number), stamp(1, *number as u64)));
        let these: Vec<_> = these.collect();
        receiver
            .commit(async |store| store.forget(&these).await)
            .await;
    };
    forget(&[3, 1]).await;
    let kept = receiver.kept().await;
    assert_eq!(kept.forgotten, stamp(1, 3), "X4: the highest of them");
    let left: Vec<_> = kept.records.into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [id(2)], "X4");
    assert_eq!(receiver.tied([red.clone()]).await, [(red, id(2))], "X4");
    forget(&[2]).await;
    assert_eq!(receiver.kept().await.forgotten, stamp(1, 3), "X4: it stays");
}
