//! Peers by the first digits of their ids, and commands that can be pasted.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sync_log_sqlite::Uuid;

use crate::common::{
    PHONE, PROGRAM, TABLET, block_on, change, fill, fill_alone, open, run, stderr,
};

/// The ids in a result, in its order.
fn peers(output: &Output, rows: &str) -> Vec<String> {
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = data[rows].as_array().unwrap();
    let ids = rows.iter().map(|row| row["peer"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[test]
fn the_first_digits_of_an_id_name_the_one_peer_that_has_them() {
    let folder = tempfile::tempdir().unwrap();
    fill_alone(folder.path());
    let ids = [0xab01, 0xab02, 0xcd00_u128].map(|start| Uuid::from_u128(start << 112).to_string());
    let whole: Vec<_> = ids.iter().map(String::as_str).collect();
    let registered = run(&[&["register"], &whole[..]].concat(), folder.path());
    assert_eq!(registered.status.code(), Some(0), "{}", stderr(&registered));

    let retired = run(&["retire", "--json", "CD", &ids[0]], folder.path());
    assert_eq!(retired.status.code(), Some(0), "{}", stderr(&retired));
    assert_eq!(peers(&retired, "done"), [ids[2].clone(), ids[0].clone()]);
    let admitted = run(&["admit", "--json", "cd00-", "cd"], folder.path());
    assert_eq!(peers(&admitted, "done"), [ids[2].clone()]);

    let several = run(&["retire", "cd", "ab"], folder.path());
    assert_eq!(several.status.code(), Some(2));
    let named = format!("2 ids begin with ab: {}, {}", ids[0], ids[1]);
    assert!(stderr(&several).contains(&named), "{}", stderr(&several));
    let none = run(&["register", "ab02", "ef"], folder.path());
    assert_eq!(none.status.code(), Some(2));
    assert!(stderr(&none).contains("a new peer needs its whole id"));
    // Neither call has changed the peer that it did find.
    let states = run(&["peers", "--format", "csv"], folder.path());
    let states = String::from_utf8(states.stdout).unwrap();
    for (id, state) in ids.iter().zip(["retired", "active", "active"]) {
        assert!(states.contains(&format!("{id},{state},")), "{states}");
    }
}

/// The commands that the output suggests, each as it is printed.
fn suggested(output: &Output) -> Vec<String> {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let commands = text.lines().flat_map(|line| line.split("; "));
    let commands = commands.filter_map(|part| Some(part.split_once("sync-log ")?.1.to_owned()));
    commands.collect()
}

#[cfg(unix)]
#[test]
fn suggested_commands_can_be_pasted_whatever_the_path() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let names: [&[u8]; 7] = [
        b"my library",
        b"it's",
        b"-x",
        b"$HOME `id` \"q\"",
        b"a\\b;c&d",
        b"~",
        b"not\xfftext",
    ];
    for name in names {
        let name = Path::new(std::ffi::OsStr::from_bytes(name));
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        fill(&path);
        let call = |args: &[&str]| {
            let mut command = Command::new(PROGRAM);
            command.args(args).arg("--").arg(name);
            command.current_dir(folder.path()).output().unwrap()
        };
        let printed = [
            call(&["status"]),
            call(&["peers"]),
            call(&["explain"]),
            call(&["prune"]),
        ];
        let commands: Vec<_> = printed.iter().flat_map(suggested).collect();
        assert!(commands.len() >= 5, "{printed:?}");
        for command in commands {
            let mut shell = Command::new("bash");
            // Each is tried, and changes nothing.
            let dry = if command.starts_with("retire") {
                "--dry-run"
            } else {
                ""
            };
            shell.arg("-c").arg(format!("'{PROGRAM}' {command} {dry}"));
            let ended = shell.current_dir(folder.path()).output().unwrap();
            let code = ended.status.code();
            assert!(matches!(code, Some(0 | 1)), "{command}: {}", stderr(&ended));
        }
    }
}

#[test]
fn several_peers_are_all_looked_at_before_the_first_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    block_on(async {
        let log = open(folder.path()).await;
        log.retire(TABLET).await.unwrap();
        log.record(change(7)).await.unwrap();
        log.close().await.unwrap();
    });
    let (phone, tablet) = (PHONE.to_string(), TABLET.to_string());
    let before = run(&["peers", "--format", "csv"], folder.path());
    let refused = run(&["register", &phone, &tablet], folder.path());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    let unknown = run(
        &["retire", &phone, &Uuid::from_u128(1).to_string()],
        folder.path(),
    );
    assert_eq!(unknown.status.code(), Some(2), "{}", stderr(&unknown));
    let after = run(&["peers", "--format", "csv"], folder.path());
    let states = |output: &Output| {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.matches(",active,").count()
    };
    assert_eq!((states(&before), states(&after)), (1, 1));
}
