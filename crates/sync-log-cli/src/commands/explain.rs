//! `sync-log explain`: why a log does not shrink.

use std::process::ExitCode;

use serde::Serialize;

use super::cause::{self, COLUMNS, Row, entries};
use crate::answer::Answer;
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::{name_backup, on_log};
use crate::sheet::Sheet;

#[derive(Debug, Serialize)]
struct Facts {
    head: String,
    floor: String,
    pending_entries: String,
    shrinks: bool,
}

/// Prints what keeps entries, worst first, and what to do about it.
pub(crate) fn explain(args: &LookArgs) -> Result<ExitCode, Failure> {
    let explanation = on_log(&args.path, async |log| Ok(log.explain().await?))?;
    let reasons = &explanation.reasons;
    let rows: Vec<_> = reasons
        .iter()
        .map(|reason| Row::of(reason, &args.path))
        .collect();
    let is_fine = !reasons.iter().any(cause::needs_doing);
    let facts = Facts {
        head: explanation.head.to_string(),
        floor: explanation.floor.to_string(),
        pending_entries: explanation.pending_entries.to_string(),
        shrinks: !reasons.iter().any(cause::keeps_entries),
    };
    let sheet = Sheet::new(&COLUMNS, rows.iter().map(Row::cells));
    let (sentence, words) = match &rows[..] {
        [] => (Some(nothing(explanation.pending_entries)), String::new()),
        [one] if !args.print.is_wide() => (Some(one.words().trim_end().to_owned()), String::new()),
        several => (None, words(several)),
    };
    let answer = Answer::rows(&facts, "reasons", &rows, sheet);
    answer
        .with_narrow(Row::narrow(&rows))
        .with_sentence(sentence)
        .with_words(words)
        .print(args.print)?;
    name_backup(&args.path)?;
    Ok(if is_fine { Exit::Fine } else { Exit::Finding }.into())
}

fn nothing(pending_entries: u64) -> String {
    match pending_entries {
        0 => "the log holds no entry".to_owned(),
        pending => format!("{}; no reason keeps any", entries(pending)),
    }
}

fn words(rows: &[Row]) -> String {
    let words = rows.iter().map(Row::words);
    std::iter::once("\n".to_owned()).chain(words).collect()
}
