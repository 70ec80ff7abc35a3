//! `sync-log explain`: why a log does not shrink.

use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::Explanation;

use super::cause::{self, COLUMNS, Reason, entries};
use crate::answer::Answer;
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::on_log;
use crate::sheet::Sheet;

#[derive(Debug, Serialize)]
struct Facts {
    head: String,
    floor: String,
    pending: String,
    shrinks: bool,
}

/// Says who or what keeps entries, worst first, and what helps.
pub(crate) fn explain(args: &LookArgs) -> Result<ExitCode, Failure> {
    let explanation = on_log(&args.path, async |log| Ok(log.explain().await?))?;
    let held = &explanation.held;
    let reasons: Vec<_> = held
        .iter()
        .map(|held| Reason::of(held, &args.path))
        .collect();
    let is_fine = !held.iter().any(cause::needs_doing);
    let facts = Facts {
        head: explanation.head.to_string(),
        floor: explanation.floor.to_string(),
        pending: explanation.pending.to_string(),
        shrinks: !held.iter().any(cause::keeps_entries),
    };
    let sheet = Sheet::new(&COLUMNS, reasons.iter().map(Reason::cells));
    let answer = Answer::rows(&facts, "held", &reasons, sheet);
    answer
        .with_words(words(&explanation, &reasons))
        .print(args.format.get())?;
    Ok(if is_fine { Exit::Fine } else { Exit::Finding }.into())
}

fn words(explanation: &Explanation, reasons: &[Reason]) -> String {
    if reasons.is_empty() {
        return format!("\n{}; nothing keeps any.\n", entries(explanation.pending));
    }
    let reasons = reasons.iter().map(Reason::words);
    std::iter::once("\n".to_owned()).chain(reasons).collect()
}
