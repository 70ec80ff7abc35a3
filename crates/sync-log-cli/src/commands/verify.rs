//! `sync-log verify`: checks whether a file is sound.

use std::fmt::Write as _;
use std::process::ExitCode;

use sync_log_sqlite::inspect::Check;

use crate::answer::Answer;
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::{inspect_log, name_backup};
use crate::sheet::Sheet;

/// Prints every check, and the first faults of each.
pub(crate) fn verify(args: &LookArgs) -> Result<ExitCode, Failure> {
    let checks = inspect_log(&args.path)?.verify()?;
    let is_sound = checks.iter().all(Check::is_ok);
    let rows = checks.iter().map(|check| {
        [
            check.name.to_owned(),
            if check.is_ok() { "ok" } else { "failed" }.to_owned(),
            check.faults.to_string(),
            check.claim.to_owned(),
        ]
    });
    let sheet = Sheet::new(&["check", "result", "faults", "claim"], rows);
    let facts = serde_json::json!({ "sound": is_sound });
    let answer = Answer::rows(&facts, "checks", &checks, sheet);
    answer
        .with_narrow(narrow(&checks))
        .with_words(words(&checks))
        .print(args.print)?;
    name_backup(&args.path)?;
    Ok(if is_sound {
        Exit::Fine.into()
    } else {
        Exit::Finding.into()
    })
}

fn narrow(checks: &[Check]) -> Sheet {
    let rows = checks.iter().map(|check| {
        let result = match check.faults {
            0 => "ok".to_owned(),
            1 => "1 fault".to_owned(),
            faults => format!("{faults} faults"),
        };
        [check.name.to_owned(), result, check.claim.to_owned()]
    });
    Sheet::new(&["check", "result", "claim"], rows)
}

fn words(checks: &[Check]) -> String {
    let mut words = String::new();
    for check in checks.iter().filter(|check| !check.is_ok()) {
        let _ = write!(words, "\n{}:\n", check.name);
        for example in &check.examples {
            let _ = writeln!(words, "  {example}");
        }
        let more = check.faults.saturating_sub(check.examples.len() as u64);
        if more > 0 {
            let _ = writeln!(words, "  and {more} more");
        }
    }
    words
}
