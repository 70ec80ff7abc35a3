//! `sync-log tail`, `show` and `export`: entries as they are stored.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use sync_log_sqlite::Hlc;
use sync_log_sqlite::inspect::RawEntry;

use crate::answer::{Answer, facts_sheet};
use crate::args::{ExportArgs, ShowArgs, TailArgs};
use crate::failure::{Exit, Failure};
use crate::format::Format;
use crate::library::{inspect_log, runtime};
use crate::output::{self, Heard};
use crate::signals::{self, is_ending};
use crate::time::{of_stamp, short};
use crate::{reader, sheet};

/// Entries that are read at a time.
const PAGE: usize = 500;

/// How often a followed log is read again.
const POLL: Duration = Duration::from_millis(500);

/// How many columns a terminal has at least.
const WIDTH: usize = 80;

/// What an empty log says for itself.
const EMPTY: &str = "the log holds no entry";

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
    let mut inspector = inspect_log(&args.path)?;
    let mut stream = Stream::new(args.print.format(), args.print.is_wide());
    let wanted = usize::from(args.entries);
    // Without an entry to show, the end is still where to go on.
    let mut page = inspector.newest(wanted.max(1))?;
    let mut last = page.last().map(|entry| entry.position().clone());
    if page.is_empty() {
        output::say(EMPTY);
    }
    if args.follow && inspector.is_copy() {
        output::say(&copied(&args.path));
    }
    page.truncate(wanted);
    let mut heard = stream.begin(&COLUMNS)?;
    loop {
        for entry in page {
            heard = heard.and(stream.entry(&entry)?);
            last = Some(entry.position().clone());
        }
        if heard == Heard::NoLonger || !args.follow || is_ending() {
            stream.end()?;
            return Ok(Exit::Fine.into());
        }
        inspector.refresh()?;
        page = inspector.entries_after(last.as_ref(), PAGE)?;
        if page.is_empty() {
            heard = wait()?;
        }
    }
}

/// Waits until the log is to be read again, and returns whether a reader of stdout is left.
fn wait() -> Result<Heard, Failure> {
    runtime()?.block_on(async {
        let slept = signals::unless_ending(tokio::time::sleep(POLL));
        tokio::select! {
            () = reader::closed() => Ok(Heard::NoLonger),
            _ = slept => Ok(Heard::Yes),
        }
    })
}

fn copied(path: &Path) -> String {
    format!(
        "note: without the right to write beside {}, SQLite reads a copy, which is made again \
         whenever the file changes",
        path.display()
    )
}

/// Prints one entry.
pub(crate) fn show(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let hlc: Hlc = args
        .hlc
        .parse()
        .with_context(|| format!("failed to read the stamp {:?}", args.hlc))
        .map_err(Failure::usage)?;
    let Some(entry) = inspect_log(&args.path)?.entry(&args.hlc)? else {
        output::say(&format!("there is no entry {hlc}"));
        return Ok(Exit::Finding.into());
    };
    let mut lines: Vec<_> = COLUMNS.into_iter().zip(cells(&entry)).collect();
    lines.push((
        "stamped_at",
        of_stamp(hlc).unwrap_or_else(|| "-".to_owned()),
    ));
    let narrow = lines.iter().map(|(name, value)| match *name {
        "hlc" => (*name, short(hlc)),
        name => (name, value.clone()),
    });
    let narrow = facts_sheet(narrow.collect());
    Answer::facts(&entry, lines)
        .with_narrow(narrow)
        .print(args.print)?;
    Ok(Exit::Fine.into())
}

/// Prints all entries.
pub(crate) fn export(args: &ExportArgs) -> Result<ExitCode, Failure> {
    if args.aside {
        return export_aside(args);
    }
    let inspector = inspect_log(&args.path)?;
    let mut stream = Stream::new(args.format(), true);
    let mut heard = stream.begin(&COLUMNS);
    inspector.each_entry(|entry| {
        if !matches!(heard, Ok(Heard::Yes)) || is_ending() {
            return ControlFlow::Break(());
        }
        heard = stream.entry(entry);
        ControlFlow::Continue(())
    })?;
    if heard? == Heard::Yes && stream.printed == 0 {
        output::say(EMPTY);
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
    let inspector = inspect_log(&args.path)?;
    let mut stream = Stream::new(args.format(), true);
    let mut heard = stream.begin(&ASIDE_COLUMNS)?;
    let mut last = 0;
    while heard == Heard::Yes && !is_ending() {
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
    if heard == Heard::Yes && stream.printed == 0 {
        output::say("no entry was put aside");
    }
    stream.end()?;
    Ok(Exit::Fine.into())
}

fn cells(entry: &RawEntry) -> [String; COLUMNS.len()] {
    let RawEntry {
        hlc,
        model_type,
        record_uuid,
        change_type,
        data,
        created_at,
        ..
    } = entry.clone();
    [hlc, model_type, record_uuid, change_type, data, created_at].map(Option::unwrap_or_default)
}

/// One line of a terminal: a short stamp, and as much of the payload as there is room for.
fn narrow(entry: &RawEntry) -> String {
    let [hlc, model_type, record_uuid, change_type, data, _] = cells(entry);
    let stamp = hlc.parse().map_or(hlc, short);
    // The last digits differ in every version of UUIDs; the first may be a time.
    let digits = record_uuid.char_indices().rev().nth(7);
    let record = digits.map_or(&*record_uuid, |(start, _)| &record_uuid[start..]);
    let line = format!("{stamp}  {change_type}  {model_type}  …{record}  {data}");
    if line.chars().count() <= WIDTH {
        return line;
    }
    let shown = line.chars().take(WIDTH - 1);
    shown.chain(['…']).collect()
}

/// Prints entries one by one, however many there are.
struct Stream {
    format: Format,
    wide: bool,
    printed: u64,
}

impl Stream {
    fn new(format: Format, wide: bool) -> Self {
        Self {
            format,
            wide,
            printed: 0,
        }
    }

    fn begin(&self, columns: &[&str]) -> Result<Heard, Failure> {
        match self.format {
            Format::Json => print("["),
            Format::Csv => print(&sheet::line(columns.iter().copied())),
            Format::Table | Format::Ndjson => Ok(Heard::Yes),
        }
    }

    fn entry(&mut self, entry: &RawEntry) -> Result<Heard, Failure> {
        if self.format == Format::Table && !self.wide {
            self.printed += 1;
            return print(&(narrow(entry).replace('\n', " ") + "\n"));
        }
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
