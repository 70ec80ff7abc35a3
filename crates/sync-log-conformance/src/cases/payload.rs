//! Payloads are valid JSON within limits, kept byte for byte (`A6`).

use sync_log_core::{
    Change, ChangeType, Cursor, Hlc, JsonText, LogError, MAX_DATA_BYTES, MAX_DATA_DEPTH,
    MAX_MODEL_TYPE_BYTES, SyncLog, Uuid,
};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{DEVICE, LIBRARY, change, change_of_bytes, own_after, peer};

/// JSON texts that a careless store would change.
const TEXTS: [&str; 11] = [
    "{}",
    "null",
    " { \"a\" : 1e2 ,\n\t\"a\": 1.0 } ",
    "\"\\u0000\\ud83c\\udfd6\"",
    "\"\u{0}\u{1}\"",
    "12345678901234567890123456789",
    "-0.0",
    "\"it's ; -- \\\" %s ? ?1 $1\"",
    "\"\u{feff}\u{1f3d6}\u{301}\u{10ffff}\"",
    "[[[]]]",
    "\"\\/\"",
];

/// Whether it is JSON is decided when the value is made, so that no call of
/// the log can be given anything else.
pub async fn text_that_is_not_json_never_becomes_a_payload<H: Harness>() {
    for text in ["", "{", "{'a':1}", "{} {}", "\u{feff}{}", "NaN", "01"] {
        assert!(JsonText::new(text).is_err(), "A6: {text:?}");
    }
}

/// JSON that no reader can take for a value is none either, and a value that was made in
/// memory is refused when it is logged.
pub async fn what_no_reader_can_take_for_a_value_is_refused<H: Harness>() {
    let too_deep = "[".repeat(MAX_DATA_DEPTH + 1) + &"]".repeat(MAX_DATA_DEPTH + 1);
    for text in ["\"\\ud800\"", "1e999", too_deep.as_str()] {
        assert!(JsonText::new(text).is_err(), "A6: {text:?}");
    }
    let rig = Rig::<H>::new().await;
    let log = rig.open().await;
    let nested = |levels: usize| {
        let value = (0..levels).fold(serde_json::Value::Null, |inner, _| [inner].into());
        Change {
            data: JsonText::from(value),
            ..change(0)
        }
    };
    log.record(nested(MAX_DATA_DEPTH)).await.unwrap();
    let refused = || LogError::DataTooDeep {
        limit: MAX_DATA_DEPTH,
    };
    let too_deep = nested(MAX_DATA_DEPTH + 1);
    log.refuses("A6", refused(), log.record(too_deep.clone()))
        .await;
    let stamped = too_deep.stamped(log.tick().await.unwrap());
    log.refuses("A6", refused(), log.append(stamped)).await;
}

/// Model type and data come back as they went in: in pages, to the owner, and
/// after a restart.
pub async fn text_is_kept_byte_for_byte<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    // One of them is not: control characters must be escaped.
    let texts: Vec<JsonText> = TEXTS
        .iter()
        .filter_map(|text| JsonText::new(*text).ok())
        .collect();
    assert_eq!(texts.len(), TEXTS.len() - 1, "A6: one text is no JSON");
    let models = ["a", "tag\0\u{1}", "it's", "\u{1f3d6}\u{301} ", "Tag"];
    let kinds = [ChangeType::Insert, ChangeType::Update, ChangeType::Delete];
    let changes: Vec<Change> = (0..texts.len())
        .map(|n| Change {
            model_type: models[n % models.len()].to_owned(),
            record_uuid: Uuid::from_u128(u128::MAX - n as u128),
            change_type: kinds[n % kinds.len()],
            data: texts[n].clone(),
            model_version: 0,
        })
        .collect();
    let stamps = log.record_each(changes.clone()).await.unwrap();
    let expected: Vec<_> = changes
        .into_iter()
        .zip(stamps)
        .map(|(change, hlc)| change.stamped(hlc))
        .collect();
    let page = log.page(peer(1), Cursor::ZERO).await;
    assert_eq!(page.entries, expected, "A6: in a page");
    let log = rig.reopen(log).await;
    let owners = log.get_since(None, 100).await.unwrap();
    assert_eq!(owners, expected, "A6: after a restart");
    // Against the texts themselves: what is compared above was a payload before.
    let given = TEXTS.iter().filter(|text| JsonText::new(**text).is_ok());
    let kept = owners.iter().map(|entry| entry.data.as_str());
    assert!(kept.eq(given.copied()), "A6: byte for byte as given");
}

/// The version of the model comes back as it went in, however large.
pub async fn the_model_version_is_kept<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let versions = [0, 1, i32::MAX.cast_unsigned() + 1, u32::MAX];
    for model_version in versions {
        let versioned = Change {
            model_version,
            ..change(0)
        };
        log.record(versioned).await.unwrap();
    }
    let log = rig.reopen(log).await;
    let page = log.page(peer(1), Cursor::ZERO).await;
    let kept = page.entries.iter().map(|entry| entry.model_version);
    assert!(kept.eq(versions), "A6: {:?}", page.entries);
}

/// The largest entry is taken, and fits a page.
pub async fn the_largest_entry_is_taken<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let largest = Change {
        // Two bytes each.
        model_type: "\u{e4}".repeat(MAX_MODEL_TYPE_BYTES / 2),
        ..change_of_bytes(MAX_DATA_BYTES)
    };
    let stamp = log.record(largest.clone()).await.unwrap();
    let page = log.page(peer(1), Cursor::ZERO).await;
    assert_eq!(page.entries, [largest.stamped(stamp)], "A6");
    let smallest = Change {
        model_type: "t".to_owned(),
        data: JsonText::new("1").unwrap(),
        ..change(0)
    };
    log.record(smallest).await.unwrap();
}

/// A model type has 1 to 128 bytes.
pub async fn a_model_type_out_of_range_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let start = log.record(change(0)).await.unwrap();
    for length_bytes in [0, MAX_MODEL_TYPE_BYTES + 1] {
        let bad = Change {
            model_type: "m".repeat(length_bytes),
            ..change(1)
        };
        let refused = || LogError::ModelTypeLength { length_bytes };
        log.refuses("A6", refused(), log.record(bad.clone())).await;
        let stamped = bad.stamped(own_after(start, 1));
        log.refuses("A6", refused(), log.append(stamped)).await;
    }
}

/// Data has a limit.
pub async fn data_above_the_limit_is_refused<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let start = log.record(change(0)).await.unwrap();
    let bad = change_of_bytes(MAX_DATA_BYTES + 1);
    let refused = || LogError::DataTooLarge {
        length_bytes: MAX_DATA_BYTES + 1,
        limit_bytes: MAX_DATA_BYTES,
    };
    log.refuses("A6", refused(), log.record(bad.clone())).await;
    let stamped = bad.stamped(own_after(start, 1));
    log.refuses("A6", refused(), log.append(stamped)).await;
}

/// An app may lower the limit for its own appends, never raise it; what is in
/// the log already is served all the same.
pub async fn an_app_may_lower_the_data_limit_but_not_raise_it<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let before = log.record(change_of_bytes(100)).await.unwrap();
    log.close().await.unwrap();
    let mut options = rig.options();
    options.max_data_bytes = 10;
    let log = rig.open_with(options.clone()).await;
    let refused = LogError::DataTooLarge {
        length_bytes: 11,
        limit_bytes: 10,
    };
    log.refuses("A6", refused, log.record(change_of_bytes(11)))
        .await;
    log.record(change_of_bytes(10)).await.unwrap();
    assert_eq!(
        log.entry_at(before).await.data.len_bytes(),
        100,
        "A6: still there"
    );
    options.max_data_bytes = MAX_DATA_BYTES + 1;
    let error = SyncLog::open(log.store(), LIBRARY, DEVICE, options)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            LogError::OptionOutOfRange {
                option: "max_data_bytes",
                ..
            }
        ),
        "A6: {error:?}"
    );
    let _: Hlc = log.record(change_of_bytes(2)).await.unwrap();
}
