//! `sync-log import`: one device's part of a legacy log.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::anyhow;
use indicatif::ProgressBar;
use serde::Serialize;
use sync_log_sqlite::legacy::{
    ImportError, ImportOptions, ImportReport, LegacyLog, import as take, try_import,
};
use sync_log_sqlite::{DeviceId, SyncDb};

use crate::answer::Answer;
use crate::args::ImportArgs;
use crate::failure::{Exit, Failure};
use crate::library::{close, look_at_target, runtime};
use crate::output;
use crate::paste::word;
use crate::sheet::Sheet;
use crate::signals;

/// How many devices an error lists at most.
const LISTED_MAX: usize = 10;

/// A number of rows of the legacy log, and what became of them.
#[derive(Debug, Serialize)]
struct Became {
    rows: String,
    became: String,
    sequences: Vec<String>,
}

const COLUMNS: [&str; 3] = ["rows", "became", "sequences"];

impl Became {
    fn new(rows: u64, became: &str) -> Self {
        Self {
            rows: rows.to_string(),
            became: became.to_owned(),
            sequences: Vec::new(),
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let sequences = if self.sequences.is_empty() {
            "-".to_owned()
        } else {
            self.sequences.join(" ")
        };
        [self.rows.clone(), self.became.clone(), sequences]
    }
}

/// Imports one device's changes from a legacy log into a log of its own.
pub(crate) fn import(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let mut legacy = LegacyLog::open(&args.path)?;
    let options = ImportOptions::default().skip_ahead(args.skip_ahead);
    let report = runtime()?.block_on(async {
        let target = look_at_target(&args.into, args.library, args.device).await?;
        if let Err(refusal) = refuse_unmentioned(&legacy, args.device.into()) {
            if let Some(log) = target {
                close(&log).await?;
            }
            return Err(refusal);
        }
        if args.dry_run {
            planned(args, &mut legacy, &options, target).await
        } else {
            into(args, &mut legacy, &options, target).await
        }
    })?;
    let rows = rows(&report);
    let sheet = Sheet::new(&COLUMNS, rows.iter().map(Became::cells));
    let facts = serde_json::json!({
        "rows": report.rows.to_string(),
        "dry_run": args.dry_run,
    });
    Answer::rows(&facts, "became", &rows, sheet)
        .with_narrow(narrow(&rows))
        .with_words(words(&rows))
        .print(args.print)?;
    if args.dry_run {
        output::say("nothing was changed");
    } else {
        output::say(&format!("next: sync-log status {}", word(&args.into)));
    }
    let is_as_it_was = report.not_taken.is_empty() && report.redated == 0;
    Ok(if is_as_it_was {
        Exit::Fine
    } else {
        Exit::Finding
    }
    .into())
}

/// A log made for a device that has no row would be an empty one under a mistyped id.
fn refuse_unmentioned(legacy: &LegacyLog, device: DeviceId) -> Result<(), Failure> {
    let devices = legacy.devices()?;
    if devices.contains(&device) {
        return Ok(());
    }
    let listed = devices.iter().take(LISTED_MAX).map(ToString::to_string);
    let more = (devices.len() > LISTED_MAX).then(|| "…".to_owned());
    let listed = listed.chain(more).collect::<Vec<_>>().join(", ");
    let path = legacy.path();
    let path = path.display();
    let error = if listed.is_empty() {
        anyhow!("failed to find device {device} in {path}: no row names a device")
    } else {
        anyhow!("failed to find device {device} in {path}: its rows are of {listed}")
    };
    Err(Failure::usage(error).with_help("pass the id of a device whose changes are in the file"))
}

fn narrow(rows: &[Became]) -> Sheet {
    let rows = rows
        .iter()
        .map(|row| [row.rows.clone(), row.became.clone()]);
    Sheet::new(&["rows", "became"], rows)
}

/// Where the rows are that cannot be taken.
fn words(rows: &[Became]) -> String {
    let named = rows.iter().filter(|row| !row.sequences.is_empty());
    let words = named.map(|row| format!("\n{}: sequence {}", row.became, row.sequences.join(", ")));
    let words: String = words.collect();
    if words.is_empty() {
        words
    } else {
        words + "\n"
    }
}

async fn planned(
    args: &ImportArgs,
    legacy: &mut LegacyLog,
    options: &ImportOptions,
    target: Option<SyncDb>,
) -> Result<ImportReport, Failure> {
    let Some(log) = target else {
        return Ok(legacy.plan(args.device.into(), options)?);
    };
    let planned = try_import(&log, legacy, options).await;
    close(&log).await?;
    Ok(planned?)
}

async fn into(
    args: &ImportArgs,
    legacy: &mut LegacyLog,
    options: &ImportOptions,
    target: Option<SyncDb>,
) -> Result<ImportReport, Failure> {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    if let Some(target) = target {
        close(&target).await?;
    }
    let log = SyncDb::open(args.library, args.device, &args.into).await?;
    let taken = take(&log, legacy, options, |done, rows| {
        bar.set_length(rows);
        bar.set_position(done);
    });
    let taken = signals::unless_ending(taken).await;
    bar.finish_and_clear();
    close(&log).await?;
    Ok(taken.ok_or_else(Failure::ended)??)
}

/// A line for each outcome of rows.
fn rows(report: &ImportReport) -> Vec<Became> {
    let known = [
        (report.taken, "taken"),
        (report.there, "taken before"),
        (
            report.redated,
            "(of these) dated by their position in the order",
        ),
        (
            report.markers,
            "not taken: a marker of many changes, without them",
        ),
    ];
    let known = known.into_iter().filter(|(rows, _)| *rows > 0);
    let mut lines: Vec<_> = known
        .map(|(rows, became)| Became::new(rows, became))
        .collect();
    let others = report.others.iter();
    lines.extend(
        others.map(|(device, rows)| Became::new(*rows, &format!("not taken: of device {device}"))),
    );
    if report.more_others > 0 {
        lines.push(Became::new(
            report.more_others,
            "not taken: of more devices",
        ));
    }
    lines.extend(report.not_taken.iter().map(|it| Became {
        sequences: it.sequences.iter().map(ToString::to_string).collect(),
        ..Became::new(it.rows, &format!("not taken: {}", it.reason))
    }));
    lines
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let exit = match error {
            ImportError::Open(error) => return error.into(),
            ImportError::Log(error) => return error.into(),
            ImportError::Read { .. } | ImportError::NotALegacyLog { .. } => Exit::Damaged,
            _ => Exit::Usage,
        };
        Self {
            exit,
            error: error.into(),
            help: None,
        }
    }
}
