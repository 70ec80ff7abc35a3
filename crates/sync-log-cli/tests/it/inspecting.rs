//! The commands that look into a log and that change one, as a user runs them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sync_log_sqlite::{FILE_NAME, Uuid};
use tempfile::TempDir;

use crate::common::{
    DEVICE, EARLIER_PROGRAM, LIBRARY, PHONE, TABLET, alter, block_on, change, fill, fill_alone,
    open, stamp,
};

fn run(args: &[&str], path: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-log"));
    let (name, rest) = args.split_first().unwrap();
    command.arg(name).arg(path).args(rest).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs a command that has to end in `code`, and reads the JSON it prints.
fn json(args: &[&str], path: &Path, code: i32) -> Value {
    let output = run(&[args, &["--json"]].concat(), path);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Five entries, of which the phone has three and the tablet none.
fn library() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    folder
}

#[test]
fn status_says_where_the_log_stands_and_that_it_does_not_shrink() {
    let library = library();
    for path in [library.path().to_owned(), library.path().join(FILE_NAME)] {
        let status = json(&["status"], &path, 1);
        assert_eq!(status["device_id"], DEVICE.to_string());
        assert_eq!(status["head"], stamp(4).to_string());
        assert_eq!(status["head_at"], "2018-02-10T03:27:15.000Z");
        assert_eq!(
            (&status["pending_entries"], &status["active_peers"]),
            (&"5".into(), &2.into())
        );
        assert_eq!(
            status["kept_by"],
            serde_json::json!(["never_acked", "behind"])
        );
        assert_eq!(status["shrinks"], false);
    }
    let output = run(&["status"], library.path());
    assert!(
        stdout(&output).contains("\n shrinks           no\n"),
        "{}",
        stdout(&output)
    );
    assert!(stdout(&output).contains("why: sync-log explain"));
}

#[test]
fn peers_is_a_row_per_peer_with_its_lag() {
    let library = library();
    let peers = json(&["peers"], library.path(), 1);
    let [phone, tablet] = [&peers["peers"][0], &peers["peers"][1]];
    assert_eq!(phone["peer"], PHONE.to_string());
    assert_eq!(phone["acked"], stamp(2).to_string());
    assert_eq!(
        (&phone["lag_entries"], &phone["holds"]),
        (&"2".into(), &"behind".into())
    );
    assert_eq!(
        (&tablet["lag_entries"], &tablet["holds"]),
        (&"5".into(), &"never_acked".into())
    );
    let csv = run(&["peers", "--format", "csv"], library.path());
    let header = "peer,state,acked,lag_entries,lag_ms,acked_at,admission,registered_by,holds";
    assert_eq!(stdout(&csv).lines().next(), Some(header));
    assert_eq!(stdout(&csv).lines().count(), 3);
    let lines = run(&["peers", "--format", "ndjson"], library.path());
    assert_eq!(stdout(&lines).lines().count(), 3);
}

#[test]
fn explain_names_the_worst_first_and_the_command_that_helps() {
    let library = library();
    let output = run(&["explain"], library.path());
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let says =
        format!("never_acked: peer {TABLET} is registered and never acknowledged: 5 entries");
    assert!(text.contains(&says), "{text}");
    let helps = format!("sync-log retire {} {TABLET}", library.path().display());
    assert!(text.contains(&helps), "{text}");
    let held = json(&["explain"], library.path(), 1)["reasons"].clone();
    assert_eq!(held[0]["peer"], TABLET.to_string());
    assert_eq!(
        (&held[0]["remedy"], &held[1]["cause"]),
        (&"retire".into(), &"behind".into())
    );
}

#[test]
fn a_peer_that_is_retired_keeps_nothing_and_prune_deletes_what_the_others_have() {
    let library = library();
    let tablet = TABLET.to_string();
    let dry = json(&["retire", &tablet, "--dry-run"], library.path(), 0);
    assert_eq!(dry["done"][0]["did"], "retired");
    assert_eq!(
        json(&["peers"], library.path(), 1)["peers"][1]["state"],
        "active"
    );
    json(&["retire", &tablet], library.path(), 0);
    assert_eq!(
        json(&["peers"], library.path(), 1)["peers"][1]["state"],
        "retired"
    );
    assert_eq!(
        json(&["retire", &tablet], library.path(), 0)["done"][0]["did"],
        "known"
    );
    for (args, pending) in [(&["prune", "--dry-run"][..], "5"), (&["prune"], "2")] {
        assert_eq!(json(args, library.path(), 0)["done"][0]["entries"], "3");
        assert_eq!(
            json(&["status"], library.path(), 1)["pending_entries"],
            pending
        );
    }
    let (phone, stranger) = (PHONE.to_string(), Uuid::from_u128(0xd0).to_string());
    let refused = run(&["retire", &phone, &stranger], library.path());
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    assert_eq!(
        json(&["peers"], library.path(), 1)["peers"][0]["state"],
        "active"
    );
    let retired = run(&["register", &tablet], library.path());
    assert_eq!(retired.status.code(), Some(2), "{}", stdout(&retired));
}

#[test]
fn register_takes_all_or_none_and_solo_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    fill_alone(folder.path());
    let path = folder.path();
    assert_eq!(
        json(&["explain"], path, 1)["reasons"][0]["remedy"],
        "register"
    );
    json(&["solo"], path, 0);
    assert_eq!(json(&["status"], path, 0)["shrinks"], true);
    let (phone, own) = (PHONE.to_string(), DEVICE.to_string());
    let refused = run(&["register", &phone, &own], path);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(json(&["peers"], path, 0)["peers"], serde_json::json!([]));
    assert_eq!(
        json(&["register", &phone], path, 0)["done"][0]["did"],
        "registered"
    );
    assert_eq!(json(&["status"], path, 1)["kept_by"][0], "never_acked");
    let solo = run(&["solo"], path);
    assert_eq!(solo.status.code(), Some(2), "{}", stdout(&solo));
}

#[test]
fn show_tail_and_export_print_entries_as_they_are_stored() {
    let library = library();
    let all = run(&["export"], library.path());
    let entries: Vec<Value> = stdout(&all)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[2]["hlc"], stamp(2).to_string());
    assert_eq!(entries[2]["data"], r#"{"name":"a, \"2\""}"#);
    assert_eq!(entries[2]["created_at"], "2018-02-10T03:27:15.000Z");
    let array = json(&["export"], library.path(), 0);
    assert_eq!(array.as_array(), Some(&entries));
    let csv = run(&["export", "--format", "csv"], library.path());
    let quoted = r#","{""name"":""a, \""2\""""}",2018"#;
    assert!(stdout(&csv).contains(quoted), "{}", stdout(&csv));
    let newest = json(&["tail", "-n", "2"], library.path(), 0);
    assert_eq!(newest.as_array().unwrap()[..], entries[3..]);
    let one = json(&["show", &stamp(2).to_string()], library.path(), 0);
    assert_eq!(one, entries[2]);
    let none = run(&["show", &stamp(9).to_string()], library.path());
    assert_eq!((none.status.code(), stdout(&none)), (Some(1), ""));
    assert_eq!(
        run(&["show", "newest"], library.path()).status.code(),
        Some(2)
    );
}

#[test]
fn tail_follows_a_log_that_another_process_writes_to() {
    let library = library();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-log"));
    command
        .args(["tail", "-f", "-n", "1", "--format", "ndjson"])
        .arg(library.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines
            .next()
            .unwrap()
            .unwrap()
            .contains(&stamp(4).to_string())
    );
    block_on(async {
        let log = open(library.path()).await;
        log.record(change(6)).await.unwrap();
        // The command looks while the log is open, and sees what is committed.
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&stamp(5).to_string()), "{line}");
        assert_eq!(json(&["verify"], library.path(), 0)["sound"], true);
        log.close().await.unwrap();
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn verify_names_what_does_not_hold() {
    let library = library();
    assert_eq!(json(&["verify"], library.path(), 0)["sound"], true);
    alter(library.path(), "UPDATE shared_changes SET data = '{'");
    let output = run(&["verify"], library.path());
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.contains(&format!(
            "\ndata:\n  {:?}: data is not JSON\n",
            stamp(0).to_string()
        )),
        "{text}"
    );
}

#[test]
fn a_file_that_cannot_be_opened_sets_the_exit_code_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let looks = ["status", "peers", "explain", "tail", "verify", "export"];
    let changes = ["prune", "solo"];
    for command in looks.iter().chain(&changes) {
        let output = run(&[command], folder.path());
        assert_eq!(
            output.status.code(),
            Some(3),
            "{command}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let library = library();
    let newer = "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_future', 0)";
    alter(library.path(), newer);
    let output = run(&["status"], library.path());
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
}

/// A legacy, leader-based log with these rows.
fn old_log(rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(folder.path().join("sync_log.db")).unwrap();
    let table = "CREATE TABLE sync_log (sequence, device_id, timestamp, model_type, record_id, \
                 change_type, data);";
    file.execute_batch(&format!("{table} {rows}")).unwrap();
    folder
}

#[test]
fn an_import_leaves_what_another_program_wrote_as_it_was() {
    let old = old_log("");
    let earlier = tempfile::tempdir().unwrap();
    alter(earlier.path(), EARLIER_PROGRAM);
    let altered = library();
    alter(altered.path(), "UPDATE shared_changes SET data = '[]'");
    let found = library();
    alter(
        found.path(),
        "UPDATE sync_log_state SET altered_at = head, altered = 'other_tag'",
    );
    let (library, device) = (LIBRARY.to_string(), DEVICE.to_string());
    for (folder, code) in [(earlier, 2), (altered, 2), (found, 4)] {
        let bytes = || std::fs::read(folder.path().join(FILE_NAME)).unwrap();
        let before = bytes();
        let into = folder.path().to_str().unwrap();
        let ids = ["--library", &library, "--device", &device];
        let import = [&["import", "--into", into][..], &ids].concat();
        for args in [import.clone(), [&import[..], &["--dry-run"]].concat()] {
            let output = run(&args, old.path());
            assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
            assert!(bytes() == before, "{args:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}

#[test]
fn a_dry_run_of_an_import_ends_as_the_import_does() {
    let old = old_log(
        "INSERT INTO sync_log VALUES (1, '00000000-0000-0000-0000-0000000000a0', \
         '2018-02-10T03:27:15Z', 'tag', '00000000-0000-0000-0000-000000000001', 'insert', '{}')",
    );
    let (target, full) = (tempfile::tempdir().unwrap(), library());
    let make = |name: &str, bytes: &[u8]| {
        let folder = target.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(FILE_NAME), bytes).unwrap();
        folder
    };
    let (library, device) = (LIBRARY.to_string(), DEVICE.to_string());
    let other = PHONE.to_string();
    let new = target.path().join("new");
    let file = full.path().join(FILE_NAME);
    let cases = [
        (new.clone(), &device, 0),
        (new.clone(), &device, 0),
        (new, &other, 2),
        (make("empty", b""), &device, 0),
        (make("short", b"x"), &device, 3),
        (make("text", &[b'x'; 5000]), &device, 3),
        (full.path().to_owned(), &device, 2),
        (file, &device, 3),
    ];
    for (into, of, code) in cases {
        let into = into.to_str().unwrap();
        let import = [
            "import",
            "--into",
            into,
            "--library",
            &library,
            "--device",
            of,
        ];
        let dry = run(&[&import[..], &["--dry-run"]].concat(), old.path());
        let done = run(&import, old.path());
        assert_eq!(dry.status.code(), Some(code), "{into}: {}", stderr(&dry));
        assert_eq!(done.status.code(), Some(code), "{into}: {}", stderr(&done));
        assert_eq!(stdout(&dry), stdout(&done), "{into}");
    }
}

#[test]
fn a_prune_that_deletes_nothing_names_the_command_that_explains_it() {
    let library = library();
    let path = library.path().display();
    let (why, next) = (
        format!("why: sync-log explain {path}"),
        format!("next: sync-log status {path}"),
    );
    let said = |args: &[&str]| stderr(&run(args, library.path())).to_owned();
    let dry = said(&["prune", "--dry-run"]);
    assert!(dry.contains(&why), "{dry}");
    assert_eq!(said(&["prune"]).trim_end(), why);
    json(&["retire", &TABLET.to_string()], library.path(), 0);
    assert_eq!(said(&["prune"]).trim_end(), next, "something was deleted");
    json(&["retire", &PHONE.to_string()], library.path(), 0);
    json(&["solo"], library.path(), 0);
    assert_eq!(said(&["prune"]).trim_end(), next);
    assert_eq!(said(&["prune"]).trim_end(), next, "nothing is left");
}

#[test]
fn a_command_that_only_looks_leaves_the_folder_as_it_was() {
    let library = library();
    let bytes = || std::fs::read(library.path().join(FILE_NAME)).unwrap();
    let before = bytes();
    for command in ["status", "peers", "explain", "tail", "verify", "export"] {
        run(&[command], library.path());
    }
    run(&["prune", "--dry-run"], library.path());
    assert_eq!(bytes(), before);
    assert_eq!(std::fs::read_dir(library.path()).unwrap().count(), 1);
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let print = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-log"));
        let output = command.args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    for text in [print(&["completions", "bash"]), print(&["man"])] {
        for command in [
            "status", "peers", "explain", "tail", "show", "verify", "export", "retire",
        ] {
            assert!(text.contains(command), "{command}");
        }
    }
}
