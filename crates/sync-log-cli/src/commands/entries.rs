//! `sync-log tail`, `show` and `export`: entries as they are stored.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use sync_log_sqlite::Hlc;
use sync_log_sqlite::inspect::RawEntry;

use crate::answer::Answer;
use crate::args::{ExportArgs, ShowArgs, TailArgs};
use crate::failure::{Exit, Failure};
use crate::format::Format;
use crate::library::inspect;
use crate::output::{self, Heard};
use crate::sheet;
use crate::time::of_stamp;

/// Entries that are read at a time.
const PAGE: usize = 500;

/// How often a followed log is read again.
const POLL: Duration = Duration::from_millis(500);

const COLUMNS: [&str; 6] = [
    "hlc",
    "model_type",
    "record_uuid",
    "change_type",
    "data",
    "created_at",
];

/// Prints the newest entries, oldest first, and then new ones as they are committed.
pub(crate) fn tail(args: &TailArgs) -> Result<ExitCode, Failure> {
    let inspector = inspect(&args.path)?;
    let mut stream = Stream::new(args.format.get());
    let wanted = usize::from(args.entries);
    // Without an entry to show, the end is still where to go on.
    let mut page = inspector.newest(wanted.max(1))?;
    let mut last = page.last().map(|entry| entry.hlc.clone());
    page.truncate(wanted);
    let mut heard = stream.begin(&COLUMNS)?;
    loop {
        for entry in page {
            heard = heard.and(stream.entry(&entry)?);
            last = Some(entry.hlc);
        }
        if heard == Heard::NoLonger || !args.follow {
            stream.end()?;
            return Ok(Exit::Fine.into());
        }
        page = inspector.entries_after(last.as_deref(), PAGE)?;
        if page.is_empty() {
            std::thread::sleep(POLL);
        }
    }
}

/// Prints one entry.
pub(crate) fn show(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let hlc: Hlc = args
        .hlc
        .parse()
        .with_context(|| format!("failed to read the stamp {:?}", args.hlc))
        .map_err(Failure::usage)?;
    let Some(entry) = inspect(&args.path)?.entry(&args.hlc)? else {
        output::say(&format!("there is no entry {hlc}"));
        return Ok(Exit::Finding.into());
    };
    let mut lines: Vec<_> = COLUMNS.into_iter().zip(cells(&entry)).collect();
    lines.push(("stamped_at", of_stamp(hlc)));
    Answer::facts(&entry, lines).print(args.format.get())?;
    Ok(Exit::Fine.into())
}

/// Prints all entries.
pub(crate) fn export(args: &ExportArgs) -> Result<ExitCode, Failure> {
    if args.aside {
        return export_aside(args);
    }
    let inspector = inspect(&args.path)?;
    let mut stream = Stream::new(args.format());
    let mut heard = stream.begin(&COLUMNS)?;
    let mut last: Option<String> = None;
    while heard == Heard::Yes {
        let page = inspector.entries_after(last.as_deref(), PAGE)?;
        let Some(newest) = page.last() else { break };
        last = Some(newest.hlc.clone());
        for entry in &page {
            heard = heard.and(stream.entry(entry)?);
        }
    }
    stream.end()?;
    Ok(Exit::Fine.into())
}

const ASIDE_COLUMNS: [&str; COLUMNS.len() + 3] = [
    "number",
    "adoption",
    "reason",
    "hlc",
    "model_type",
    "record_uuid",
    "change_type",
    "data",
    "created_at",
];

/// Prints the entries that went aside.
fn export_aside(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let inspector = inspect(&args.path)?;
    let mut stream = Stream::new(args.format());
    let mut heard = stream.begin(&ASIDE_COLUMNS)?;
    let mut last = 0;
    while heard == Heard::Yes {
        let page = inspector.aside_changes(last, PAGE)?;
        let Some(newest) = page.last() else { break };
        last = newest.number;
        for aside in &page {
            let number = [aside.number.to_string(), aside.adoption.to_string()];
            let before = number.into_iter().chain([aside.reason.clone()]);
            let cells: Vec<_> = before.chain(cells(&aside.entry)).collect();
            heard = heard.and(stream.row(aside, &cells)?);
        }
    }
    stream.end()?;
    Ok(Exit::Fine.into())
}

fn cells(entry: &RawEntry) -> [String; COLUMNS.len()] {
    [
        entry.hlc.clone(),
        entry.model_type.clone(),
        entry.record_uuid.clone(),
        entry.change_type.clone(),
        entry.data.clone(),
        entry.created_at.clone(),
    ]
}

/// Prints entries one by one, however many there are.
struct Stream {
    format: Format,
    printed: u64,
}

impl Stream {
    fn new(format: Format) -> Self {
        Self { format, printed: 0 }
    }

    fn begin(&self, columns: &[&str]) -> Result<Heard, Failure> {
        match self.format {
            Format::Json => print("["),
            Format::Csv => print(&sheet::line(columns.iter().copied())),
            Format::Table | Format::Ndjson => Ok(Heard::Yes),
        }
    }

    fn entry(&mut self, entry: &RawEntry) -> Result<Heard, Failure> {
        self.row(entry, &cells(entry))
    }

    fn row(&mut self, row: &impl Serialize, cells: &[String]) -> Result<Heard, Failure> {
        let first = self.printed == 0;
        self.printed += 1;
        let json = || serde_json::to_string(row).expect("text has a JSON form");
        print(&match self.format {
            Format::Ndjson => json() + "\n",
            Format::Json if first => format!("\n{}", json()),
            Format::Json => format!(",\n{}", json()),
            Format::Csv => sheet::line(cells.iter().map(String::as_str)),
            // Widths of columns are not known before the last entry.
            Format::Table => cells.join("  ") + "\n",
        })
    }

    fn end(&self) -> Result<Heard, Failure> {
        match self.format {
            Format::Json => print("\n]\n"),
            _ => Ok(Heard::Yes),
        }
    }
}

fn print(text: &str) -> Result<Heard, Failure> {
    let printed = output::print_to_reader(text).context("failed to write to stdout");
    printed.map_err(Failure::cannot_open)
}
