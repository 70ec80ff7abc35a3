//! How results are printed: what is absent, what is one fact, and how wide a table is.

use std::path::Path;

use serde_json::Value;

use crate::common::{PHONE, TABLET, alter, block_on, fill, fill_restored, open, run, stamp};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Every text in a JSON value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// A log without entries or peers.
fn fill_nothing(folder: &Path) {
    block_on(async { open(folder).await.close().await.unwrap() });
}

#[test]
fn json_has_null_for_what_is_absent() {
    let folders = [fill, fill_nothing, fill_restored, |folder: &Path| {
        fill(folder);
        alter(folder, "UPDATE sync_log_peers SET acked = 'x'");
    }];
    for fill in folders {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        for args in [
            &["status"][..],
            &["peers"],
            &["explain"],
            &["solo", "--dry-run"],
            &["prune", "--dry-run"],
            &["dismiss", "--dry-run"],
        ] {
            let output = run(&[args, &["--json"]].concat(), folder.path());
            if output.stdout.is_empty() {
                continue;
            }
            let data: Value = serde_json::from_slice(&output.stdout).unwrap();
            let texts = texts(&data);
            assert!(
                !texts.contains(&"-") && !texts.contains(&""),
                "{args:?}: {data}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fill_nothing(folder.path());
    let status = run(&["status", "--json"], folder.path());
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(
        (&status["head_at"], &status["floor_at"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn an_empty_log_says_that_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    fill_nothing(folder.path());
    for args in [
        &["status"][..],
        &["explain"],
        &["tail"],
        &["export"],
        &["export", "--json"],
    ] {
        let output = run(args, folder.path());
        let printed = [&output.stdout[..], &output.stderr].concat();
        let says = text(&printed).contains("the log holds no entry");
        assert!(says || args == ["explain"], "{args:?}: {output:?}");
    }
    assert_eq!(
        text(&run(&["peers"], folder.path()).stdout).lines().next(),
        Some("no peer is registered")
    );
    assert_eq!(
        text(&run(&["dismiss"], folder.path()).stdout),
        "there is no sign to dismiss\n"
    );
    let data = run(&["export", "--json"], folder.path()).stdout;
    assert_eq!(
        serde_json::from_slice::<Value>(&data).unwrap(),
        serde_json::json!([])
    );
}

#[test]
fn one_fact_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let (phone, tablet) = (PHONE.to_string(), TABLET.to_string());
    let cases = [
        (
            vec!["retire", &tablet, "--dry-run"],
            format!("dry run: peer {tablet} retired\n"),
        ),
        (vec!["retire", &tablet], format!("peer {tablet} retired\n")),
        (
            vec!["retire", &tablet],
            format!("nothing to do for peer {tablet}\n"),
        ),
        (
            vec!["admit", &tablet],
            format!("peer {tablet} admitted, under number 2\n"),
        ),
        (
            vec!["register", &phone],
            format!("nothing to do for peer {phone}\n"),
        ),
        (vec!["retire", &tablet, &phone], String::new()),
        (vec!["solo"], "library declared solo\n".to_owned()),
        (vec!["prune"], "5 entries pruned\n".to_owned()),
    ];
    for (args, sentence) in cases {
        let output = run(&args, folder.path());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        if !sentence.is_empty() {
            assert_eq!(text(&output.stdout), sentence, "{args:?}");
        }
    }
}

#[test]
fn tables_fit_eighty_columns_and_wide_ones_have_full_stamps() {
    let (full, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(full.path());
    fill_restored(restored.path());
    let (phone, tablet, last) = (PHONE.to_string(), TABLET.to_string(), stamp(4).to_string());
    let calls = [
        vec!["status"],
        vec!["peers"],
        vec!["tail"],
        vec!["show", &last],
        vec!["verify"],
        vec!["prune", "--dry-run"],
        vec!["retire", &phone, &tablet, "--dry-run"],
        vec!["dismiss", "--dry-run"],
        vec!["explain"],
    ];
    for args in &calls {
        for folder in [full.path(), restored.path()] {
            let output = run(args, folder);
            // The sentences below the table of `explain` are broken by the terminal, and paths are
            // as long as they are.
            let table = text(&output.stdout).split("\n\n").next().unwrap();
            let is_cell = |line: &&str| !line.starts_with(" path") && !line.starts_with("dry run:");
            let table = table.lines().filter(is_cell);
            for line in table {
                assert!(line.chars().count() <= 80, "{args:?}: {line}");
            }
        }
    }
    let sign = run(&["dismiss", "--dry-run", "--wide"], restored.path());
    assert!(
        text(&sign.stdout).contains(&stamp(5).to_string()),
        "{sign:?}"
    );
    for args in [&["status"][..], &["peers"], &["tail"], &["show", &last]] {
        let wide = run(&[args, &["--wide"]].concat(), full.path());
        assert!(text(&wide.stdout).contains(&last), "{args:?}: {wide:?}");
        let narrow = run(args, full.path());
        assert!(
            !text(&narrow.stdout).contains(&last),
            "{args:?}: {narrow:?}"
        );
    }
}

#[test]
fn retiring_a_peer_is_advised_only_after_days() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let log = sync_log_sqlite::SyncDb::open(
            crate::common::LIBRARY,
            crate::common::DEVICE,
            folder.path(),
        );
        let log = log.await.unwrap();
        log.register_peer(PHONE).await.unwrap();
        let first = log.record(crate::common::change(1)).await.unwrap();
        log.record(crate::common::change(2)).await.unwrap();
        log.record_ack(PHONE, first).await.unwrap();
        log.prune_acked().await.unwrap();
        // A new peer, which lacks what was pruned.
        log.register_peer(TABLET).await.unwrap();
        log.close().await.unwrap();
    });
    let output = run(&["explain"], folder.path());
    let words = text(&output.stdout);
    assert!(
        words.contains("below_floor") && words.contains("behind"),
        "{words}"
    );
    assert!(!words.contains("sync-log retire"), "{words}");
}
