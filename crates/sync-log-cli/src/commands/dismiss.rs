//! `sync-log dismiss`: deletes the signs that a file was restored or cloned.

use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::Verdict;

use super::done::end;
use crate::answer::Answer;
use crate::args::ChangeArgs;
use crate::failure::Failure;
use crate::library::on_log_to_change;
use crate::sheet::Sheet;
use crate::time::{rfc3339, short};

/// One sign. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
struct Dismissed {
    sign: &'static str,
    peer: Option<String>,
    hlc: String,
    found_at: Option<String>,
    dry_run: bool,
}

const COLUMNS: [&str; 5] = ["sign", "peer", "hlc", "found_at", "dry_run"];

impl Dismissed {
    fn of(verdict: &Verdict, dry_run: bool) -> Self {
        Self {
            sign: verdict.kind.as_str(),
            peer: verdict.peer.map(|peer| peer.to_string()),
            hlc: verdict.hlc.to_string(),
            found_at: rfc3339(verdict.found_at_ms),
            dry_run,
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.sign.to_owned(),
            self.peer.clone().unwrap_or_else(|| "-".to_owned()),
            self.hlc.clone(),
            self.found_at.clone().unwrap_or_else(|| "-".to_owned()),
            if self.dry_run { "yes" } else { "no" }.to_owned(),
        ]
    }
}

/// Dismisses all signs.
pub(crate) fn dismiss(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    let verdicts = on_log_to_change(args, async |log| Ok(log.dismiss_verdicts().await?))?;
    let dismissed = verdicts.iter().map(|it| Dismissed::of(it, args.dry_run));
    let dismissed: Vec<_> = dismissed.collect();
    let sheet = Sheet::new(&COLUMNS, dismissed.iter().map(Dismissed::cells));
    let narrow = verdicts.iter().map(|it| {
        let peer = it.peer.map_or_else(|| "-".to_owned(), |it| it.to_string());
        [it.kind.as_str().to_owned(), peer, short(it.hlc)]
    });
    Answer::rows(&serde_json::json!({}), "dismissed", &dismissed, sheet)
        .with_narrow(Sheet::new(&["sign", "peer", "at"], narrow))
        .with_sentence(sentence(&verdicts, args.dry_run))
        .print(args.print)?;
    Ok(end(args))
}

/// One sign is a sentence; several are a table.
fn sentence(verdicts: &[Verdict], dry_run: bool) -> Option<String> {
    let text = match verdicts {
        [] => "there is no sign to dismiss".to_owned(),
        [one] => {
            let of = one.peer.map(|peer| format!(" of peer {peer}"));
            let of = of.unwrap_or_default();
            let sign = one.kind.as_str();
            format!("sign {sign}{of} at {} dismissed", short(one.hlc))
        }
        _ => return None,
    };
    Some(if dry_run {
        format!("dry run: {text}")
    } else {
        text
    })
}
