//! A version is what is left of a record's changes, whatever the order in which they came (`X4`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use sync_log_core::receive::{Rule, Version};
use sync_log_core::{ChangeType, Digest, Hlc, SharedChangeEntry, Uuid};

/// From version 1 on, members are merged by themselves.
const PER_FIELD: Rule = Rule::PerField { since: 1 };

/// What a program knows that is older than version 1.
fn rule_before(entry: &SharedChangeEntry) -> Rule {
    if entry.model_version == 0 {
        Rule::WholeRecord
    } else {
        Rule::Unknown
    }
}

fn merged(
    entries: &[SharedChangeEntry],
    rule: impl Fn(&SharedChangeEntry) -> Rule,
) -> Option<Version> {
    let (first, others) = entries.split_first()?;
    let mut version = Version::first(first, rule(first));
    for entry in others {
        version = version.merged(entry, rule(entry));
    }
    Some(version)
}

/// In version 0 a payload is the whole record, from version 1 on it has the members that changed.
fn change() -> impl Strategy<Value = SharedChangeEntry> {
    let members = proptest::option::weighted(0.5, 0..3u8);
    let members = [members.clone(), members.clone(), members];
    (1..30u64, 0..5u8, 0..3u32, members).prop_map(|(ms, kind, model_version, values)| {
        let mut data = serde_json::Map::new();
        for (name, value) in ["a", "b", "c"].into_iter().zip(values) {
            let value = value.or((model_version == 0).then_some(9));
            data.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        let change_type = match kind {
            0 => ChangeType::Delete,
            1 | 2 => ChangeType::Insert,
            _ => ChangeType::Update,
        };
        let data = if change_type == ChangeType::Delete {
            Value::Null
        } else {
            Value::Object(data)
        };
        SharedChangeEntry {
            hlc: Hlc::new(ms, 0, Uuid::from_u128(2)),
            model_type: "album".to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type,
            data: data.into(),
            model_version,
            group_end: true,
        }
    })
}

/// Changes with different stamps, and the same in another order and some of them twice.
fn changes() -> impl Strategy<Value = (Vec<SharedChangeEntry>, Vec<SharedChangeEntry>)> {
    proptest::collection::btree_map(1..30u64, change(), 1..12).prop_flat_map(|changes| {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(ms, change)| SharedChangeEntry {
                hlc: Hlc::new(ms, 0, Uuid::from_u128(2)),
                ..change
            })
            .collect();
        let twice = [changes.as_slice(), &changes[..changes.len() / 2]].concat();
        (Just(changes), Just(twice).prop_shuffle())
    })
}

/// The per-field rule, from all changes at once: the highest value of each member above the highest
/// deletion, if there is an insertion above it. A change of version 0 inserts.
fn expected(changes: &[SharedChangeEntry]) -> Option<Value> {
    let highest = |is: &dyn Fn(&SharedChangeEntry) -> bool| {
        let those = changes.iter().filter(|change| is(change));
        those.map(|change| change.hlc).max().unwrap_or(Hlc::ZERO)
    };
    let deleted = highest(&|it| it.change_type == ChangeType::Delete);
    let inserted = highest(&|it| match it.change_type {
        ChangeType::Insert => true,
        ChangeType::Update => it.model_version == 0,
        ChangeType::Delete => false,
    });
    if inserted <= deleted {
        return None;
    }
    let mut members = serde_json::Map::new();
    for change in changes.iter().filter(|change| change.hlc > deleted) {
        let payload = change.data.parse_as::<serde_json::Map<_, _>>();
        members.extend(payload.unwrap_or_default());
    }
    Some(Value::Object(members))
}

/// What programs of different ages know.
fn rules() -> impl Strategy<Value = fn(&SharedChangeEntry) -> Rule> {
    let rules: [fn(&SharedChangeEntry) -> Rule; 3] =
        [rule_before, |_| PER_FIELD, |_| Rule::Unknown];
    proptest::sample::select(rules.to_vec())
}

/// Changes, of which two devices have some each, and maybe some of them both.
fn split() -> impl Strategy<Value = [Vec<SharedChangeEntry>; 2]> {
    (changes(), any::<[u32; 2]>()).prop_map(|((ordered, _), bits)| {
        let count = ordered.len();
        bits.map(|bits| {
            let has = |number: usize| bits >> number & 1 == 1 || number == bits as usize % count;
            let had = ordered
                .iter()
                .enumerate()
                .filter(|(number, _)| has(*number));
            had.map(|(_, change)| change.clone()).collect()
        })
    })
}

fn shown(version: &Version) -> Option<Value> {
    let payload = version.payload(PER_FIELD)?;
    Some(payload.parse_as().unwrap())
}

proptest! {
    #[test]
    fn the_order_of_changes_does_not_matter((ordered, shuffled) in changes()) {
        for rule in [Rule::WholeRecord, PER_FIELD] {
            prop_assert_eq!(merged(&ordered, |_| rule), merged(&shuffled, |_| rule));
        }
    }

    #[test]
    fn a_whole_record_is_its_highest_change((ordered, shuffled) in changes()) {
        let version = merged(&shuffled, |_| Rule::WholeRecord).unwrap();
        let last = ordered.last().unwrap();
        let live = (last.change_type != ChangeType::Delete).then(|| last.data.clone());
        prop_assert_eq!(version.payload(Rule::WholeRecord), live);
        prop_assert_eq!(version.source.digest, Digest::of(last));
    }

    #[test]
    fn a_member_is_its_highest_value_above_the_deletion((ordered, shuffled) in changes()) {
        let version = merged(&shuffled, |_| PER_FIELD).unwrap();
        prop_assert_eq!(shown(&version), expected(&ordered));
    }

    #[test]
    fn a_join_is_the_version_of_all_changes([one, other] in split()) {
        let all = [one.as_slice(), &other].concat();
        for rule in [Rule::WholeRecord, PER_FIELD, Rule::Unknown] {
            let version = |of: &[SharedChangeEntry]| merged(of, |_| rule).unwrap();
            prop_assert_eq!(version(&one).joined(&version(&other)), version(&all));
        }
    }

    /// The device that gives a version may run an older app than the one that takes it, or a newer one.
    #[test]
    fn a_join_is_what_the_changes_would_have_made_under_another_rule(
        [one, other] in split(),
        [rule, other_rule] in [rules(), rules()],
    ) {
        let known = merged(&one, rule).unwrap();
        let joined = known.joined(&merged(&other, other_rule).unwrap());
        let step = |version: Version, entry| version.merged(entry, other_rule(entry));
        let one_by_one = other.iter().fold(known, step);
        prop_assert_eq!(shown(&joined), shown(&one_by_one));
        prop_assert_eq!(&joined.fields, &one_by_one.fields);
        prop_assert_eq!(joined, one_by_one);
        let mut all: Vec<_> = one.into_iter().chain(other).collect();
        all.sort_by_key(|entry| entry.hlc);
        prop_assert_eq!(shown(&merged(&all, |_| PER_FIELD).unwrap()), expected(&all));
    }

    #[test]
    fn it_does_not_matter_which_versions_are_joined_first(
        changes in proptest::collection::vec((changes(), rules()), 3)
    ) {
        let versions: Vec<_> = changes
            .iter()
            .map(|((ordered, _), rule)| merged(ordered, rule).unwrap())
            .collect();
        let [one, two, three] = versions.as_slice() else {
            panic!("three were made");
        };
        prop_assert_eq!(one.joined(two), two.joined(one));
        prop_assert_eq!(one.joined(two).joined(three), one.joined(&two.joined(three)));
        prop_assert_eq!(&one.joined(one), one);
        prop_assert_eq!(one.joined(two).joined(two), one.joined(two));
    }

    /// What was merged before the app knew the newer version of the model is what it would be if
    /// the app had known it from the start.
    #[test]
    fn nothing_is_lost_by_an_app_that_does_not_know_the_version_yet(
        (ordered, shuffled) in changes()
    ) {
        let version = merged(&shuffled, rule_before).unwrap();
        prop_assert_eq!(shown(&version), expected(&ordered));
    }
}

/// Two changes have one stamp if a device was cloned.
#[test]
fn of_two_changes_with_one_stamp_the_same_one_wins_everywhere() {
    let with = |name: &str| SharedChangeEntry {
        hlc: Hlc::new(5, 0, Uuid::from_u128(2)),
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type: ChangeType::Insert,
        data: serde_json::json!({ "name": name }).into(),
        model_version: 0,
        group_end: true,
    };
    let [red, blue] = ["red", "blue"].map(with);
    for rule in [Rule::WholeRecord, PER_FIELD] {
        let one = merged(&[red.clone(), blue.clone()], |_| rule).unwrap();
        let other = merged(&[blue.clone(), red.clone()], |_| rule).unwrap();
        assert_eq!(one, other);
        let higher = Digest::of(&red).max(Digest::of(&blue));
        assert_eq!(one.source.digest, higher);
    }
}

/// An update of a deleted record is kept, and shows if an older insertion turns out to be newer than
/// the deletion.
#[test]
fn a_member_that_was_updated_on_a_deleted_record_is_kept() {
    let change = |ms, change_type, data: Value| SharedChangeEntry {
        hlc: Hlc::new(ms, 0, Uuid::from_u128(2)),
        model_type: "album".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type,
        data: data.into(),
        model_version: 1,
        group_end: true,
    };
    let deleted = change(3, ChangeType::Delete, Value::Null);
    let updated = change(9, ChangeType::Update, serde_json::json!({ "title": "new" }));
    let inserted = change(4, ChangeType::Insert, serde_json::json!({ "year": 2024 }));
    let dead = merged(&[deleted.clone(), updated.clone()], |_| PER_FIELD).unwrap();
    assert_eq!(shown(&dead), None);
    let live = dead.merged(&inserted, PER_FIELD);
    let members = BTreeMap::from([("title", Value::from("new")), ("year", 2024.into())]);
    assert_eq!(shown(&live), Some(serde_json::json!(members)));
}

/// An app that does not know version 1 yet must not take what is left for version 0.
#[test]
fn an_update_without_members_is_newer_than_what_it_updates() {
    let change = |ms, model_version, data: Value| SharedChangeEntry {
        hlc: Hlc::new(ms, 0, Uuid::from_u128(2)),
        model_type: "album".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type: ChangeType::Update,
        data: data.into(),
        model_version,
        group_end: true,
    };
    let whole = change(3, 0, serde_json::json!({ "a": 1 }));
    let nothing = change(5, 1, serde_json::json!({}));
    for entries in [[whole.clone(), nothing.clone()], [nothing, whole]] {
        let version = merged(&entries, rule_before).unwrap();
        assert_eq!(version.newest_model_version(Rule::Unknown), 1);
        assert_eq!(version.newest_model_version(PER_FIELD), 0);
    }
}
