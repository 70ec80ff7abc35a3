//! Payloads are valid JSON within limits, kept byte for byte (`A6`).

use sync_log_core::{
    Change, ChangeType, Cursor, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, Uuid,
};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{change, change_of_bytes, peer};

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

/// Model type and data are returned as they were written: in pages, to the owner,
/// and after a restart.
pub async fn text_is_kept_byte_for_byte<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
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

/// The version of the model is returned as it was written, however large.
pub async fn the_model_version_is_kept<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
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
    let log = rig.open_with_peers(1).await;
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
