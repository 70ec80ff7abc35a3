//! What a command did to a log, or would do.

use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::Uuid;

use crate::answer::Answer;
use crate::args::ChangeArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::paste::word;
use crate::sheet::Sheet;

/// What was done.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Pruned,
    Registered,
    Retired,
    Admitted,
    Solo,
    Trusted,
    /// Nothing, because it was done before.
    Known,
}

impl Deed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pruned => "pruned",
            Self::Registered => "registered",
            Self::Retired => "retired",
            Self::Admitted => "admitted",
            Self::Solo => "solo",
            Self::Trusted => "trusted",
            Self::Known => "known",
        }
    }
}

/// One change that was made, or would be made. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    did: Deed,
    peer: Option<String>,
    admission: Option<u32>,
    entries: Option<String>,
    dry_run: bool,
}

const COLUMNS: [&str; 5] = ["did", "peer", "admission", "entries", "dry_run"];

impl Done {
    pub(super) fn new(did: Deed, args: &ChangeArgs) -> Self {
        Self {
            did,
            peer: None,
            admission: None,
            entries: None,
            dry_run: args.dry_run,
        }
    }

    pub(super) fn to(self, peer: Uuid) -> Self {
        let peer = Some(peer.to_string());
        Self { peer, ..self }
    }

    pub(super) fn under(self, admission: u32) -> Self {
        let admission = Some(admission);
        Self { admission, ..self }
    }

    pub(super) fn of_entries(self, entries: usize) -> Self {
        let entries = Some(entries.to_string());
        Self { entries, ..self }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        [
            self.did.as_str().to_owned(),
            or_none(&self.peer),
            or_none(&self.admission.map(|number| number.to_string())),
            or_none(&self.entries),
            if self.dry_run { "yes" } else { "no" }.to_owned(),
        ]
    }

    fn sentence(&self) -> String {
        let peer = self.peer.as_deref().unwrap_or("-");
        let text = match self.did {
            Deed::Pruned => match self.entries.as_deref() {
                Some("1") => "1 entry pruned".to_owned(),
                entries => format!("{} entries pruned", entries.unwrap_or("0")),
            },
            Deed::Solo => "library declared solo".to_owned(),
            Deed::Admitted => format!(
                "peer {peer} admitted, under number {}",
                self.admission.unwrap_or_default()
            ),
            Deed::Trusted => format!("ack of peer {peer} trusted"),
            Deed::Known => format!("nothing to do for peer {peer}"),
            Deed::Registered | Deed::Retired => format!("peer {peer} {}", self.did.as_str()),
        };
        if self.dry_run {
            format!("dry run: {text}")
        } else {
            text
        }
    }
}

/// One change is a sentence; several are a table.
fn sentence(done: &[Done]) -> Option<String> {
    match done {
        [] => Some("nothing to do".to_owned()),
        [one] => Some(one.sentence()),
        _ => None,
    }
}

/// Prints what was done, and where to look next.
pub(super) fn print(args: &ChangeArgs, done: &[Done]) -> Result<ExitCode, Failure> {
    print_and(args, done, next(args))
}

/// Prints what was done, and then `advice`.
pub(super) fn print_and(
    args: &ChangeArgs,
    done: &[Done],
    advice: Option<String>,
) -> Result<ExitCode, Failure> {
    let sheet = Sheet::new(&COLUMNS, done.iter().map(Done::cells));
    Answer::rows(&serde_json::json!({}), "done", done, sheet)
        .with_sentence(sentence(done))
        .print(args.print)?;
    Ok(end_with(args, advice))
}

/// Ends a command that changes a log, with its last lines.
pub(super) fn end(args: &ChangeArgs) -> ExitCode {
    end_with(args, next(args))
}

fn next(args: &ChangeArgs) -> Option<String> {
    (!args.dry_run).then(|| format!("next: sync-log status {}", word(&args.path)))
}

fn end_with(args: &ChangeArgs, advice: Option<String>) -> ExitCode {
    if args.dry_run {
        output::say("nothing was changed");
    }
    if let Some(advice) = advice {
        output::say(&advice);
    }
    Exit::Fine.into()
}
