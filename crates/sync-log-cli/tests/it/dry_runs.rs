//! A dry run ends as the command itself does, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sync_log_sqlite::Uuid;

use crate::common::{
    DEVICE, EARLIER_PROGRAM, LIBRARY, PHONE, PROGRAM, TABLET, alter, block_on, fill, fill_alone,
    fill_restored, open,
};

const STRANGER: Uuid = Uuid::from_u128(0xd0);

fn run(command: &str, path: &Path) -> Output {
    let mut words = command.split_whitespace();
    let mut program = Command::new(PROGRAM);
    program.arg(words.next().unwrap()).arg(path).args(words);
    program.args(["--format", "csv"]).output().unwrap()
}

/// The bytes of every file in a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read(file.path()).unwrap())
        })
        .collect()
}

/// What a command prints to stdout, but whether it was a dry run.
fn said(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.replace(",yes\n", ",no\n")
}

/// Runs `command` as a dry run and then for good, each on a folder that `fill` fills.
fn assert_ends_alike(command: &str, fill: impl Fn(&Path)) {
    let parent = tempfile::tempdir().unwrap();
    // One path for both, because messages have it.
    let folder = parent.path().join("library");
    fs::create_dir(&folder).unwrap();
    fill(&folder);
    let before = files(&folder);
    let dry = run(&format!("{command} --dry-run"), &folder);
    assert!(files(&folder) == before, "{command} changed something");
    let real = run(command, &folder);
    assert_eq!(dry.status.code(), real.status.code(), "{command}: {dry:?}");
    assert_eq!(said(&dry), said(&real), "{command}");
    if real.status.code() != Some(0) {
        assert_eq!(dry.stderr, real.stderr, "{command}");
        assert!(dry.stdout.is_empty(), "{command}");
    }
}

/// Every command that writes, on every kind of peer.
fn commands() -> Vec<String> {
    let fixed = ["prune", "solo", "trust", "dismiss", "adopt"].map(str::to_owned);
    let mut commands = fixed.to_vec();
    for peer in [PHONE, TABLET, STRANGER, DEVICE, Uuid::nil()] {
        commands.extend(
            ["register", "register --all", "retire", "admit"].map(|call| {
                let call = call.to_owned();
                format!("{call} {peer}")
            }),
        );
    }
    // One that is fine and one that may be refused, and one twice.
    commands.push(format!("register {STRANGER} {TABLET}"));
    commands.push(format!("register {STRANGER} {STRANGER}"));
    commands.push(format!("retire {PHONE} {STRANGER}"));
    commands.push(format!("admit {TABLET} {STRANGER}"));
    commands
}

fn assert_all_end_alike(fill: impl Fn(&Path)) {
    for command in commands() {
        assert_ends_alike(&command, &fill);
    }
}

#[test]
fn with_an_active_peer_and_a_retired_one() {
    assert_all_end_alike(|folder| {
        fill(folder);
        block_on(async {
            let log = open(folder).await;
            log.retire(TABLET).await.unwrap();
            log.close().await.unwrap();
        });
    });
}

#[test]
fn without_peers_and_in_a_solo_library() {
    assert_all_end_alike(fill_alone);
    for command in ["prune", "solo", &format!("register {PHONE}")] {
        assert_ends_alike(command, |folder| {
            fill_alone(folder);
            assert!(run("solo", folder).status.success());
        });
    }
}

#[test]
fn where_signs_of_a_restored_file_are_stored() {
    for command in ["dismiss", "prune", "solo"] {
        assert_ends_alike(command, fill_restored);
    }
}

#[test]
fn where_the_log_was_altered() {
    let found = "UPDATE sync_log_state SET altered_at = head, altered = 'other_tag'";
    for command in [
        "prune",
        "solo",
        "trust",
        "dismiss",
        &format!("retire {PHONE}"),
    ] {
        assert_ends_alike(command, |folder| {
            fill(folder);
            alter(folder, found);
        });
    }
}

#[test]
fn where_an_earlier_program_made_the_file() {
    let made = |folder: &Path| alter(folder, EARLIER_PROGRAM);
    let adopt = format!("adopt --library {LIBRARY} --device {DEVICE}");
    for command in ["prune", "adopt", &format!("register {PHONE}")] {
        assert_ends_alike(command, made);
    }
    for command in [
        "trust",
        "prune",
        &format!("register --all {STRANGER}"),
        &format!("retire {PHONE}"),
    ] {
        assert_ends_alike(command, |folder| {
            made(folder);
            assert!(run(&adopt, folder).status.success());
        });
    }
}

#[test]
fn where_a_peers_rows_are_spoiled() {
    for spoilt in [
        "UPDATE sync_log_peers SET acked = 'x'",
        "UPDATE peer_acks SET last_acked_hlc = 'x'",
        "DELETE FROM peer_acks",
    ] {
        for call in ["register", "retire", "admit"] {
            assert_ends_alike(&format!("{call} {PHONE}"), |folder| {
                fill(folder);
                alter(folder, spoilt);
            });
        }
        assert_ends_alike("prune", |folder| {
            fill(folder);
            alter(folder, spoilt);
        });
    }
}

/// A row that another program wrote becomes a peer when the log is opened to write, which a dry
/// run does not do. So only its word for the peer differs.
#[test]
fn where_another_program_wrote_a_row_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    alter(folder.path(), "DELETE FROM sync_log_peers");
    let before = files(folder.path());
    let register = format!("register {PHONE}");
    let dry = run(&format!("{register} --dry-run"), folder.path());
    assert!(files(folder.path()) == before);
    let real = run(&register, folder.path());
    assert_eq!((dry.status.code(), real.status.code()), (Some(0), Some(0)));
    assert!(said(&dry).contains("registered"), "{dry:?}");
    assert!(said(&real).contains("known"), "{real:?}");
}

#[test]
fn where_there_is_no_log_or_a_newer_one() {
    let newer = "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_future', 0)";
    for command in ["prune", "solo", &format!("register {PHONE}")] {
        assert_ends_alike(command, |_| {});
        assert_ends_alike(command, |folder| {
            fill_alone(folder);
            alter(folder, newer);
        });
    }
}
