//! The program as a user runs it, on an excerpt of the history.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// 300 changes in seven weeks by devices 0, 1, 2 and 4.
const EXCERPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/excerpt.ndjson");
const AWAY: [&str; 2] = ["--away", "1:2"];

fn demo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(args).output().unwrap()
}

/// Runs it on the excerpt, with device 1 away for two weeks at a time.
fn excerpt(args: &[&str]) -> Output {
    demo(&[&["--input", EXCERPT], &AWAY[..], args].concat())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file in a folder of its own.
struct Input {
    folder: tempfile::TempDir,
}

impl Input {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("input"), text).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("input")
    }

    fn run(&self) -> Output {
        demo(&["--input", self.path().to_str().unwrap()])
    }
}

#[test]
fn the_verdict_is_yes_in_both_layouts_with_both_kinds_of_clocks() {
    let kinds = [
        ("outbox", "skewed", false),
        ("outbox", "wild", true),
        ("attached", "skewed", false),
        ("attached", "wild", true),
    ];
    for (layout, clocks, are_refused) in kinds {
        let args = ["--json", "--layout", layout, "--clocks", clocks];
        let report = json(&excerpt(&args));
        let refused = &report["drift"]["refused_by_default"];
        assert_eq!(refused.as_u64() > Some(0), are_refused, "{refused}");
        assert_eq!(report["verdict"], "yes");
        assert_eq!(report["clocks"], clocks);
        assert_eq!(report["layout"], layout);
        assert_eq!(report["findings"], Value::Array(Vec::new()));
        let devices = report["devices"].as_array().unwrap();
        let sum = |column: &str| -> u64 {
            let values = devices.iter().map(|row| row[column].as_u64().unwrap());
            values.sum()
        };
        assert_eq!(devices.len(), 4);
        assert_eq!(sum("appended"), 300);
        assert_eq!(sum("served"), 900);
        assert_eq!(sum("pruned"), 300);
        assert_eq!(sum("final_length"), 0);
        // Seven weeks have begun.
        let weekly = report["weekly_lengths"].as_array().unwrap();
        assert_eq!(weekly.len(), 4);
        for (lengths, row) in weekly.iter().zip(devices) {
            let lengths = lengths.as_array().unwrap();
            assert_eq!((lengths.len(), lengths[0].as_u64()), (7, Some(0)));
            let peak = row["peak_length"].as_u64();
            assert!(lengths.iter().all(|length| length.as_u64() <= peak));
        }
        assert!(
            devices
                .iter()
                .all(|row| row["restarts"].as_u64() >= Some(1))
        );
    }
}

#[test]
fn the_same_seed_prints_the_same_and_another_one_does_not() {
    let run = |seed, clocks| excerpt(&["--seed", seed, "--clocks", clocks]).stdout;
    let most = "18446744073709551615";
    let first = run(most, "skewed");
    assert_eq!(run(most, "skewed"), first);
    assert_ne!(run("2", "skewed"), first);
    assert_eq!(run(most, "wild"), run(most, "wild"));
}

#[test]
fn data_is_on_stdout_and_talk_on_stderr() {
    let output = excerpt(&[]);
    let (data, talk) = (stdout(&output), stderr(&output));
    assert!(data.contains("verdict: yes"), "{data}");
    assert!(data.contains(" median_length "), "{data}");
    // Plain, as nobody looks at it.
    assert!(data.is_ascii(), "{data}");
    assert!(!data.contains('\x1b'), "{data}");
    assert!(talk.contains("100 %  300 of 300 changes"), "{talk}");
    assert!(talk.lines().count() <= 12, "{talk}");
}

#[test]
fn every_device_keeps_a_library_in_the_folder() {
    for (layout, files) in [
        ("outbox", &["database.db", "sync.db"][..]),
        ("attached", &["database.db"]),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new");
        let args = ["--layout", layout, "--dir", folder.to_str().unwrap()];
        let output = excerpt(&args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        for number in [0, 1, 2, 4] {
            let library = folder.join(format!("device-{number}.sdlibrary"));
            for file in files {
                let bytes = fs::read(library.join(file)).unwrap();
                assert!(bytes.starts_with(b"SQLite format 3\0"), "{file}");
            }
            assert_eq!(library.join("sync.db").exists(), layout == "outbox");
        }
        let again = excerpt(&args);
        assert_eq!(again.status.code(), Some(2));
        assert!(stderr(&again).contains("it is not empty"));
    }
}

#[test]
fn without_a_folder_nothing_is_left_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    let args = ["--away", "none", "--input", EXCERPT];
    let output = command.env("TMPDIR", temporary.path()).args(args).output();
    assert!(output.unwrap().status.success());
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_bad_line_is_named_and_nothing_is_printed() {
    let text = fs::read_to_string(EXCERPT).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let replaced = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        Input::new(lines.join("\n"))
    };
    let cases = [
        (1, "", "it is not a JSON object"),
        (7, "[]", "it is not a JSON object"),
        (120, lines[0], "t falls from"),
        (300, &lines[299][..40], "EOF while parsing"),
    ];
    for (number, line, reason) in cases {
        let output = replaced(number, line).run();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let expected = format!("line {number}: {reason}");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn wrong_calls_and_missing_files_have_their_exit_codes() {
    let cases: [(&[&str], i32); 7] = [
        (&["--away", "3:4", "--input", EXCERPT], 2),
        (&["--away", "1"], 2),
        (&["--clocks", "right"], 2),
        (&["--layout", "outbox", "--layout", "attached"], 2),
        (&["--seed", "-1"], 2),
        (&["--json", "--format", "csv"], 2),
        (&["--input", "/nowhere/history.ndjson"], 3),
    ];
    for (args, code) in cases {
        let output = demo(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(stderr(&output).starts_with("error: "), "{args:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(["--json", "--away", "none", "--input", EXCERPT]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
}

#[test]
fn help_begins_with_examples() {
    let output = demo(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("Examples:\n  demo"));
}

/// The seed fixes everything, so a figure that changes says that a log or the demo changed.
#[test]
fn the_excerpt_prints_the_recorded_figures() {
    for (format, recorded) in [
        ("csv", include_str!("data/excerpt.csv")),
        ("json", include_str!("data/excerpt.json")),
    ] {
        assert_eq!(stdout(&excerpt(&["--format", format])), recorded);
    }
}

/// 16 devices are 240 pairs.
#[test]
fn sixteen_devices_are_replayed() {
    let line = |device: usize| {
        format!(
            r#"{{"t":{device},"wall":0,"device":{device},"op":"insert","model":"m","record":"r","data":1}}"#
        )
    };
    let input = Input::new((0..16).map(line).collect::<Vec<_>>().join("\n"));
    let report = json(&demo(&[
        "--json",
        "--input",
        input.path().to_str().unwrap(),
    ]));
    assert_eq!(report["verdict"], "yes");
    assert_eq!(report["devices"].as_array().unwrap().len(), 16);
}

/// Keeps the excerpt honest: it is a part of the history that is built in.
#[test]
fn the_excerpt_is_part_of_the_history() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/history.ndjson");
    let excerpt = fs::read_to_string(EXCERPT).unwrap();
    assert!(fs::read_to_string(data).unwrap().contains(&excerpt));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_replay_and_its_temporary_folder() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command.env("TMPDIR", temporary.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // It has begun once a device has its library.
        let begun = || {
            let folders = fs::read_dir(temporary.path()).unwrap();
            folders
                .flatten()
                .any(|it| fs::read_dir(it.path()).is_ok_and(|it| it.count() > 0))
        };
        while !begun() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(child.id().to_string());
        assert!(kill.status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}", stderr(&ended));
        assert_eq!(stdout(&ended), "");
        assert!(!stderr(&ended).contains("error"), "{}", stderr(&ended));
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }
}
