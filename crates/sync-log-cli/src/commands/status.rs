//! `sync-log status`: where a log stands.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::cause;
use crate::answer::{Answer, facts_sheet};
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::{file_of, name_backup, on_log};
use crate::paste::word;
use crate::time::{of_stamp, short};

#[derive(Debug, Serialize)]
struct Facts {
    path: String,
    library_id: String,
    device_id: String,
    log_id: String,
    head: String,
    head_at: Option<String>,
    floor: String,
    floor_at: Option<String>,
    high_water: String,
    clock_ahead_ms: String,
    pending_entries: String,
    pending_bytes: String,
    oldest_age_ms: String,
    wal_bytes: Option<String>,
    active_peers: usize,
    retired_peers: usize,
    unverified_peers: usize,
    untrusted_rows: usize,
    solo: bool,
    altered: Option<String>,
    verdicts: Vec<&'static str>,
    kept_by: Vec<&'static str>,
    shrinks: bool,
}

/// Prints where the log stands, and whether it shrinks.
pub(crate) fn status(args: &LookArgs) -> Result<ExitCode, Failure> {
    let facts = on_log(&args.path, async |log| {
        let status = log.status().await?;
        let reasons = log.explain().await?.reasons;
        let identity = status.identity;
        Ok(Facts {
            path: file_of(&args.path).display().to_string(),
            library_id: identity.library_id.to_string(),
            device_id: identity.device_id.to_string(),
            log_id: identity.log_id.to_string(),
            head: status.head.to_string(),
            head_at: of_stamp(status.head),
            floor: status.floor.to_string(),
            floor_at: of_stamp(status.floor),
            high_water: status.high_water.to_string(),
            clock_ahead_ms: status.clock_ahead_ms.to_string(),
            pending_entries: status.pending_entries.to_string(),
            pending_bytes: status.pending_bytes.to_string(),
            oldest_age_ms: status.oldest_age_ms.to_string(),
            wal_bytes: log.wal_bytes().map(|bytes| bytes.to_string()),
            active_peers: status.active_peers,
            retired_peers: status.retired_peers,
            unverified_peers: status.unverified_peers,
            untrusted_rows: status.untrusted_rows,
            solo: status.solo,
            altered: status.altered.map(|altered| altered.to_string()),
            verdicts: status.verdicts.iter().map(|it| it.kind.as_str()).collect(),
            kept_by: reasons
                .iter()
                .filter(|reason| !cause::is_only_named(reason))
                .map(|reason| reason.cause.as_str())
                .collect(),
            shrinks: !reasons.iter().any(cause::keeps_entries),
        })
    })?;
    let is_fine = facts.shrinks && facts.verdicts.is_empty();
    let mut words = String::new();
    if facts.pending_entries == "0" {
        words.push_str("\nthe log holds no entry\n");
    }
    if !is_fine {
        let _ = write!(words, "\nwhy: sync-log explain {}\n", word(&args.path));
    }
    Answer::facts(&facts, lines(&facts))
        .with_narrow(facts_sheet(narrow(&facts)))
        .with_words(words)
        .print(args.print)?;
    name_backup(&args.path)?;
    Ok(if is_fine { Exit::Fine } else { Exit::Finding }.into())
}

/// The lines, with short stamps, which contain their times.
fn narrow(facts: &Facts) -> Vec<(&'static str, String)> {
    let lines = lines(facts).into_iter();
    let lines = lines.filter(|(name, _)| !name.ends_with("_at"));
    let lines = lines.map(|(name, value)| match value.parse() {
        Ok(hlc) => (name, short(hlc)),
        Err(_) => (name, value),
    });
    lines.collect()
}

fn lines(facts: &Facts) -> Vec<(&'static str, String)> {
    let joined = |names: &[&str]| {
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.join(" ")
        }
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        ("path", facts.path.clone()),
        ("library_id", facts.library_id.clone()),
        ("device_id", facts.device_id.clone()),
        ("log_id", facts.log_id.clone()),
        ("head", facts.head.clone()),
        ("head_at", or_none(&facts.head_at)),
        ("floor", facts.floor.clone()),
        ("floor_at", or_none(&facts.floor_at)),
        ("high_water", facts.high_water.clone()),
        ("clock_ahead_ms", facts.clock_ahead_ms.clone()),
        ("pending_entries", facts.pending_entries.clone()),
        ("pending_bytes", facts.pending_bytes.clone()),
        ("oldest_age_ms", facts.oldest_age_ms.clone()),
        ("wal_bytes", or_none(&facts.wal_bytes)),
        ("active_peers", facts.active_peers.to_string()),
        ("retired_peers", facts.retired_peers.to_string()),
        ("unverified_peers", facts.unverified_peers.to_string()),
        ("untrusted_rows", facts.untrusted_rows.to_string()),
        ("solo", yes_or_no(facts.solo)),
        ("altered", or_none(&facts.altered)),
        ("verdicts", joined(&facts.verdicts)),
        ("kept_by", joined(&facts.kept_by)),
        ("shrinks", yes_or_no(facts.shrinks)),
    ]
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
