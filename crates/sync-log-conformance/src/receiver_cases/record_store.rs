//! What is written of a record is what is looked up (`X4`).

use std::collections::BTreeMap;

use sync_log_core::receive::{
    Field, Record, RecordId, RecordStore as _, RecordWrite, Source, Standing, Tie, Version, Wanted,
    WhyNotShown,
};
use sync_log_core::{CEILING_MS, ChangeType, Digest, Hlc, JsonText, MAX_DATA_BYTES, Uuid};

use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::records_sample::{TAG, deletion, id, key, received, stamp, tied, written};
use crate::sample::change_of_bytes;

fn json(text: &str) -> JsonText {
    JsonText::new(text).unwrap()
}

/// The highest stamp that any device may give.
fn highest() -> Hlc {
    Hlc::new(CEILING_MS - 1, u64::MAX, Uuid::max())
}

/// A member that has white space and escapes, which no store may rewrite.
fn field(digest: u8, value: &str) -> Field {
    Field {
        source: Source {
            hlc: highest(),
            digest: Digest::from_bytes([digest; 16]),
        },
        model_version: u32::MAX,
        value: json(value),
    }
}

/// A version that uses every part, with members that no app knows.
fn member_by_member() -> Version {
    let mut version = written(&received(3, 0)).record.version;
    version.source.hlc = highest();
    version.source.digest = Digest::from_bytes([0xff; 16]);
    version.change_type = ChangeType::Update;
    version.model_version = u32::MAX;
    version.data = json("{ \"name\" : \"\\u0000 \\ud83c\\udfd6\", \"x\": 1.50 }");
    version.deleted = stamp(2, 1);
    version.updated = [(0, Hlc::new(0, 1, Uuid::nil())), (u32::MAX, highest())].into();
    version.fields = Some(BTreeMap::from([
        ("name".to_owned(), field(0, "\"\\u00e9\"")),
        ("\u{0}".to_owned(), field(1, "[ 1, {\"two\" : null} ]")),
        (String::new(), field(2, "1e300")),
    ]));
    version
}

fn of_standing(number: usize, version: Version, standing: Standing) -> RecordWrite {
    RecordWrite {
        id: id(number),
        record: Record { version, standing },
        ties: None,
    }
}

/// One record for each way in which a record may stand.
fn records() -> Vec<RecordWrite> {
    let mut tombstone = member_by_member();
    tombstone.change_type = ChangeType::Delete;
    tombstone.data = json("null");
    tombstone.fields = Some(BTreeMap::new());
    let emptied = ["album", "\"", ""].map(str::to_owned).to_vec();
    let hidden = [
        WhyNotShown::UnknownModel,
        WhyNotShown::NewerModel,
        WhyNotShown::DuplicateOf(Uuid::max()),
        WhyNotShown::MissingRecord(RecordId::new("a/b \u{0}", Uuid::nil())),
        WhyNotShown::Refused("it is \"?\",\nand\u{0} no name".to_owned()),
    ];
    let hidden = hidden.into_iter().zip(5..);
    let hidden = hidden
        .map(|(why, number)| of_standing(number, member_by_member(), Standing::NotShown(why)));
    let mut records = vec![
        written(&received(1, 1)),
        written(&deletion(2, 2)),
        of_standing(3, tombstone, Standing::Deleted),
        of_standing(4, member_by_member(), Standing::Shown { emptied }),
    ];
    records.extend(hidden);
    records
}

/// What a look-up of these records returns.
fn stored(records: &[RecordWrite]) -> Vec<(RecordId, Record)> {
    let records = records.iter();
    let mut stored: Vec<_> = records
        .map(|it| (it.id.clone(), it.record.clone()))
        .collect();
    stored.sort_by(|(one, _), (other, _)| one.cmp(other));
    stored
}

fn ids(records: &[RecordWrite]) -> impl Iterator<Item = RecordId> {
    records.iter().map(|it| it.id.clone())
}

/// Member by member and byte for byte, with deletions, unknown members and extreme stamps.
pub async fn a_version_comes_back_as_it_was_written<H: RecordsHarness>(receiver: Receiver<H>) {
    let records = records();
    receiver.write(&records).await;
    let receiver = receiver.reopened().await;
    assert_eq!(
        receiver.records(ids(&records)).await,
        stored(&records),
        "X4"
    );
}

/// Several of them in one call, and as a member, too.
pub async fn a_payload_of_the_largest_size_comes_back<H: RecordsHarness>(receiver: Receiver<H>) {
    let largest = change_of_bytes(MAX_DATA_BYTES).data;
    let large = |number: usize| {
        let mut write = written(&received(number as u64, number));
        write.record.version.data = largest.clone();
        if number == 0 {
            let member = Field {
                value: largest.clone(),
                ..field(0, "0")
            };
            write.record.version.fields = Some([("name".to_owned(), member)].into());
        }
        write
    };
    let records: Vec<_> = (0..5).map(large).collect();
    receiver.write(&records).await;
    let receiver = receiver.reopened().await;
    let found = receiver.records(ids(&records)).await;
    assert!(found == stored(&records), "X4: {} records", found.len());
}

/// The later version replaces the earlier one, and is looked up in the same transaction.
pub async fn a_record_is_looked_up_as_it_was_written_last<H: RecordsHarness>(
    receiver: Receiver<H>,
) {
    let first = [written(&received(1, 1)), written(&received(1, 2))];
    receiver.write(&first).await;
    let later = [written(&deletion(2, 1))];
    let wanted = Wanted {
        records: [id(1)].into(),
        ..Wanted::default()
    };
    let found = receiver.commit(async |store| {
        store.write(&later).await?;
        store.look_up(&wanted).await
    });
    assert_eq!(found.await.records, stored(&later), "in its transaction");
    let all = [later[0].clone(), first[1].clone()];
    assert_eq!(receiver.records(ids(&all)).await, stored(&all), "X4");
}

/// No other spelling of the model and no other id finds a record.
pub async fn a_record_is_found_by_its_own_model_and_id<H: RecordsHarness>(receiver: Receiver<H>) {
    let names = [
        TAG,
        "TAG",
        "tag ",
        "tag\u{0}",
        "tag\u{0}x",
        "t%g",
        "\"",
        "\u{1f3d6}",
    ];
    let named = names.iter().zip(1..).map(|(name, ms)| {
        let mut write = written(&received(ms, 1));
        write.id.model_type = (*name).to_owned();
        write
    });
    let mut records: Vec<_> = named.collect();
    let unwritten = records.remove(1);
    receiver.write(&records).await;
    let found = receiver.records([unwritten.id, id(2)]).await;
    assert_eq!(found, [], "X4: no change of them was applied");
    for record in records {
        let one = receiver.records([record.id.clone()]).await;
        assert_eq!(one, [(record.id, record.record)], "X4");
    }
}

/// A key and a reference find all records that have them, and a record without a key is found by none.
pub async fn a_tie_finds_the_records_that_have_it_and_no_other<H: RecordsHarness>(
    receiver: Receiver<H>,
) {
    let to = |model: &str, number| Tie::Reference(RecordId::new(model, id(number).record_uuid));
    let ties = [
        key("name", "red"),
        key("name", "RED"),
        key("name", "red\u{0}1"),
        key("name", "red\u{0}2"),
        key("name", ""),
        key("name/a", "b"),
        key("name", "a/b"),
        key("both", "[\"red\",1]"),
        key("both", "[\"red\",2]"),
        to(TAG, 1),
        to("album", 1),
        to(TAG, 2),
    ];
    let each = ties.iter().zip(1..).map(|(tie, number)| {
        let both = [tie.clone(), key("all", "")];
        tied(written(&received(1, number)), both)
    });
    let mut records: Vec<_> = each.collect();
    records.push(written(&received(1, 99)));
    receiver.write(&records).await;
    for (tie, number) in ties.iter().zip(1..) {
        let found = receiver.tied([tie.clone()]).await;
        assert_eq!(found, [(tie.clone(), id(number))], "X6");
    }
    let found = receiver.tied([key("all", "")]).await;
    assert_eq!(found.len(), ties.len(), "X6: {found:?}");
    let unknown = [key("name", "re"), to("tag/", 1), key("other", "red")];
    assert_eq!(receiver.tied(unknown).await, [], "X6");
}

/// `None` leaves the ties as they are; `Some` replaces all of them.
pub async fn ties_are_replaced_if_they_changed<H: RecordsHarness>(receiver: Receiver<H>) {
    let [blue, green, red] = ["blue", "green", "red"].map(|value| key("name", value));
    let all = || [blue.clone(), green.clone(), red.clone()];
    let other = tied(written(&received(1, 2)), [red.clone()]);
    let first = tied(written(&received(1, 1)), [red.clone(), blue.clone()]);
    receiver.write(&[first.clone(), other]).await;
    let unchanged = RecordWrite {
        ties: None,
        ..written(&received(2, 1))
    };
    receiver.write(&[unchanged]).await;
    let [blue_one, green_one, red_one] = all().map(|tie| (tie, id(1)));
    let red_two = (red.clone(), id(2));
    let kept = receiver.tied(all()).await;
    assert_eq!(kept, [blue_one, red_one, red_two.clone()], "X6: they stay");

    let retied = tied(first.clone(), [green.clone()]);
    receiver.write(&[retied]).await;
    let replaced = receiver.tied(all()).await;
    assert_eq!(
        replaced,
        [green_one, red_two.clone()],
        "X6: they are others"
    );
    receiver.write(&[tied(first, [])]).await;
    let left = receiver.tied(all()).await;
    assert_eq!(left, [red_two], "X6: there are none");
}
