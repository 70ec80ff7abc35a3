//! The recorded sessions in `tests/sessions/`: each command in them has to print what is
//! written there, and to end with the exit code after `?`, which is left out if it is 0.
//!
//! Each file has a folder of its own to run in, with the libraries that [`furnish`] makes, and
//! its commands may change them. To add a session, write a file with its commands alone; to
//! fill in or renew what they print, and then read the difference:
//! `UPDATE_SNAPSHOTS=1 cargo test -p sync-log-cli --test it sessions`. In what is printed, `[..]`
//! stands for any characters and `...` for any lines.
//!
//! The `console` blocks of the repository's README and of everything in `docs` and `crates` are
//! sessions too, if they call `sync-log`.
//!
//! `snapbox`, not `trycmd`, which would turn each `\` that is printed into a `/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use snapbox::Data;
use snapbox::assert::{Action, Assert};
use snapbox::data::DataFormat;

use crate::common::{EARLIER_PROGRAM, PROGRAM, alter, fill, fill_alone, fill_restored};

const SESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions");
/// The one id that is drawn at random, made the same each time.
const FIX_LOG_ID: &str =
    "UPDATE sync_log_identity SET log_id = '00000000-0000-0000-0000-000000000077'";

/// A legacy, leader-based log: changes of this device and one of another, a marker, and a
/// row that cannot be read.
const OLD_DESIGN: &str = "
    CREATE TABLE sync_log (
        id INTEGER PRIMARY KEY AUTOINCREMENT, sequence BIGINT NOT NULL UNIQUE,
        device_id UUID_TEXT NOT NULL, timestamp TIMESTAMP_WITH_TIMEZONE_TEXT NOT NULL,
        model_type VARCHAR NOT NULL, record_id UUID_TEXT NOT NULL,
        change_type VARCHAR NOT NULL, version BIGINT NOT NULL DEFAULT 1, data TEXT NOT NULL);
    INSERT INTO sync_log VALUES
        (1, 1, x'000000000000000000000000000000a0', '2018-02-10T03:27:15+00:00', 'tag',
         x'00000000000000000000000000000001', 'insert', 1, '{}'),
        (2, 2, x'000000000000000000000000000000b0', '2018-02-10T03:27:16+00:00', 'tag',
         x'00000000000000000000000000000001', 'update', 1, '{}'),
        (3, 3, x'000000000000000000000000000000a0', '2018-02-10T03:27:14+00:00', 'tag',
         x'00000000000000000000000000000001', 'delete', 1, '{}'),
        (4, 4, x'000000000000000000000000000000a0', '2018-02-10T03:27:17+00:00', 'bulk_operation',
         x'00000000000000000000000000000002', 'bulk_insert', 1, '{}'),
        (5, 5, x'000000000000000000000000000000a0', '2018-02-10T03:27:18+00:00', 'tag',
         x'00000000000000000000000000000003', 'update', 1, '{');";

#[test]
fn every_session_prints_what_is_written_there() {
    let action = match std::env::var_os("UPDATE_SNAPSHOTS") {
        Some(_) => Action::Overwrite,
        None => Action::Verify,
    };
    let assert = Assert::new().action(action).normalize_paths(false);
    let differing = sessions().chain(documents()).filter_map(|session| {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path());
        let printed = replay(&fs::read_to_string(&session).unwrap(), folder.path());
        let written = Data::read_from(&session, Some(DataFormat::Text));
        let compared = assert.try_eq(Some(&"printed"), Data::text(printed), written);
        compared.err().map(|difference| difference.to_string())
    });
    let differing: Vec<_> = differing.collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The session as it would be if what its commands print now were written there.
fn replay(session: &str, folder: &Path) -> String {
    let mut printed = String::new();
    let mut in_block = false;
    for line in session.lines() {
        if line.starts_with("```") {
            in_block = line == "```console";
        }
        let command = line.strip_prefix("$ ").filter(|_| in_block);
        if command.is_some() || !in_block || line.starts_with("```") {
            printed.push_str(line);
            printed.push('\n');
        }
        if let Some(command) = command {
            printed.push_str(&run(command, folder));
        }
    }
    printed
}

/// The exit code of a command, unless it is 0, and what it prints, the data first.
fn run(command: &str, folder: &Path) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("sync-log"), "{command}");
    let mut program = Command::new(PROGRAM);
    let output = program.args(words).current_dir(folder).output().unwrap();
    let code = match output.status.code() {
        Some(0) => String::new(),
        Some(code) => format!("? {code}\n"),
        None => format!("? {}\n", output.status),
    };
    let (data, talk) = (output.stdout, output.stderr);
    code + &String::from_utf8([data, talk].concat()).unwrap()
}

#[test]
fn every_command_has_a_session() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let listed = list.lines().take_while(|line| !line.is_empty());
    let listed = listed.filter_map(|line| line.split_whitespace().next());
    let commands: BTreeSet<_> = listed.filter(|name| *name != "help").collect();
    assert!(commands.contains("status"), "{help}");
    for command in commands {
        let text = fs::read_to_string(format!("{SESSIONS}/{command}.md"));
        let text = text.unwrap_or_else(|error| panic!("{command} has no session: {error}"));
        assert!(text.contains(&format!("\n$ sync-log {command} ")) || takes_nothing(command));
    }
}

#[test]
fn help_begins_with_examples() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.starts_with("Examples:\n  sync-log status "), "{help}");
}

fn takes_nothing(command: &str) -> bool {
    command == "man"
}

#[test]
fn every_exit_code_is_in_a_session() {
    let texts: String = sessions()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for code in 1..=4 {
        assert!(texts.contains(&format!("\n? {code}\n")), "{code}");
    }
}

fn sessions() -> impl Iterator<Item = PathBuf> {
    let mut files: Vec<_> = fs::read_dir(SESSIONS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter()
}

/// The documents of the repository with a session in them; none where the package is alone.
fn documents() -> impl Iterator<Item = PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut found = Vec::new();
    let mut left: Vec<_> = ["README.md", "docs", "crates"]
        .map(|name| root.join(name))
        .into();
    while let Some(path) = left.pop() {
        if let Ok(folder) = fs::read_dir(&path) {
            left.extend(folder.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    let is_session =
        |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("\n$ sync-log "));
    let recorded = |path: &PathBuf| {
        path.parent()
            .is_some_and(|it| it.ends_with("tests/sessions"))
    };
    found
        .into_iter()
        .filter(move |path| is_session(path) && !recorded(path))
}

/// What a session finds in its folder.
fn furnish(folder: &Path) {
    let make = |name: &str, fill: fn(&Path)| {
        let path = folder.join(name);
        fs::create_dir(&path).unwrap();
        fill(&path);
    };
    make("library", |path| {
        fill(path);
        alter(path, FIX_LOG_ID);
    });
    make("alone", |path| {
        fill_alone(path);
        alter(path, FIX_LOG_ID);
    });
    make("altered", |path| {
        fill(path);
        alter(path, "UPDATE shared_changes SET data = '{'");
        // As it is once the log has come across that.
        let found = "UPDATE sync_log_state SET altered_at = head, altered = 'other_tag'";
        alter(path, found);
    });
    make("restored", |path| {
        fill_restored(path);
        alter(path, FIX_LOG_ID);
    });
    make("newer", |path| {
        fill_alone(path);
        alter(
            path,
            "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_future', 0)",
        );
    });
    make("earlier", |path| {
        let made = rusqlite::Connection::open(path.join("sync.db"));
        made.unwrap().execute_batch(EARLIER_PROGRAM).unwrap();
    });
    make("old", |path| {
        let made = rusqlite::Connection::open(path.join("sync_log.db"));
        made.unwrap().execute_batch(OLD_DESIGN).unwrap();
    });
    make("ahead", |path| {
        let made = rusqlite::Connection::open(path.join("sync_log.db")).unwrap();
        made.execute_batch(OLD_DESIGN).unwrap();
        let future = "UPDATE sync_log SET timestamp = '2099-01-01T00:00:00Z' WHERE id = 1";
        made.execute_batch(future).unwrap();
    });
    make("empty", |_| {});
}
