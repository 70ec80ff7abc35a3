//! `sync-log adopt` and `trust`: adopt what another program wrote.

use std::process::ExitCode;

use anyhow::anyhow;
use serde::Serialize;
use sync_log_sqlite::inspect::{Adoption, try_adoption};
use sync_log_sqlite::{DeviceId, LibraryId, RowFault, SyncDb, SyncLog, parse_uuid};

use super::done::{Deed, Done, print};
use crate::answer::Answer;
use crate::args::{AdoptArgs, ChangeArgs};
use crate::failure::{Exit, Failure};
use crate::library::{close, file_of, folder_of, inspect, on_log_to_change, runtime};
use crate::output;
use crate::paste::word;
use crate::sheet::Sheet;

#[derive(Debug, Serialize)]
struct Facts {
    adopted: bool,
    dry_run: bool,
}

const COLUMNS: [&str; 6] = ["adoption", "adopted_at", "cause", "table", "rows", "became"];

/// Adopts a Spacedrive-style `sync.db`, or a log to which another program wrote.
pub(crate) fn adopt(args: &AdoptArgs) -> Result<ExitCode, Failure> {
    let (path, dry_run) = (&args.change.path, args.change.dry_run);
    let inspector = inspect(path)?;
    let before = inspector.adoptions()?.len();
    let identity = inspector.identity()?;
    drop(inspector);
    let stored = identity.map(|stored| (stored.library_id, stored.device_id));
    let (library, device) = ids(args, stored)?;
    let folder = folder_of(path)?;
    let adoptions = runtime()?.block_on(async {
        if dry_run {
            return Ok(try_adoption(&file_of(path), library, device).await?);
        }
        let log = SyncDb::open(library, device, &folder).await?;
        close(&log).await?;
        Ok::<_, Failure>(inspect(path)?.adoptions()?)
    })?;
    let facts = Facts {
        adopted: adoptions.len() > before,
        dry_run,
    };
    let sheet = Sheet::new(&COLUMNS, adoptions.iter().flat_map(cells));
    let answer = Answer::rows(&facts, "adoptions", &adoptions, sheet);
    answer
        .with_narrow(narrow(&adoptions))
        .with_words(words(&adoptions))
        .print(args.change.print)?;
    let path = word(path);
    output::say(&match (facts.adopted, dry_run) {
        (false, _) => "there is nothing to adopt".to_owned(),
        (true, true) => "nothing was changed".to_owned(),
        (true, false) => format!("next: sync-log explain {path}"),
    });
    Ok(Exit::Fine.into())
}

/// The ids in the arguments, or otherwise those in the file.
fn ids(
    args: &AdoptArgs,
    stored: Option<(LibraryId, DeviceId)>,
) -> Result<(LibraryId, DeviceId), Failure> {
    let library = args.library.map(LibraryId::from);
    let given = library.zip(args.device.map(DeviceId::from));
    given.or(stored).ok_or_else(|| {
        Failure::usage(anyhow!(
            "failed to adopt {}: the file does not say whose log it is",
            args.change.path.display()
        ))
        .with_help("pass the ids: --library and --device")
    })
}

/// The table without what [`words()`] say.
fn narrow(adoptions: &[Adoption]) -> Sheet {
    let lines = adoptions.iter().flat_map(cells);
    let lines = lines.map(|[number, _, _, table, rows, became]| [number, table, rows, became]);
    Sheet::new(&["number", "table", "rows", "became"], lines)
}

fn words(adoptions: &[Adoption]) -> String {
    let words = adoptions.iter().map(|it| {
        let Adoption {
            number,
            adopted_at,
            cause,
            ..
        } = it;
        format!("\nadoption {number}, {adopted_at}: {cause}")
    });
    let words: String = words.collect();
    if words.is_empty() {
        words
    } else {
        words + "\n"
    }
}

/// A line for the rows of each table that stayed, and one for each reason why rows went aside.
fn cells(adoption: &Adoption) -> Vec<[String; COLUMNS.len()]> {
    let line = |table: &str, rows: i64, became: &str| {
        [
            adoption.number.to_string(),
            adoption.adopted_at.clone(),
            adoption.cause.clone(),
            table.to_owned(),
            rows.to_string(),
            became.to_owned(),
        ]
    };
    let mut lines = vec![
        line("shared_changes", adoption.kept_changes, "kept"),
        line("peer_acks", adoption.kept_acks, "kept, not verified"),
    ];
    let aside = adoption.aside.iter();
    lines.extend(aside.map(|aside| {
        let became = format!("aside: {}", aside.reason);
        line(&aside.table, aside.rows, &became)
    }));
    lines
}

/// Trusts the acks that an adopted file had, or that another program wrote since: an operator
/// vouches for them.
pub(crate) fn trust(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    let claimed = on_log_to_change(args, async |log| {
        let claimed = claimed(log).await?;
        log.trust_adopted_acks().await?;
        Ok(claimed)
    })?;
    let trusted = claimed.into_iter();
    let done: Vec<Done> = trusted
        .map(|peer| Done::new(Deed::Trusted, args).to(peer.into()))
        .collect();
    print(args, &done)
}

/// The peers with an ack that is not believed.
async fn claimed(log: &SyncLog) -> Result<Vec<DeviceId>, Failure> {
    let peers = log.peers().await?;
    let claimed = peers.iter().filter_map(|peer| match peer {
        Ok(peer) => (!peer.facts.verified).then_some(peer.device_id),
        Err(row) if row.fault == RowFault::OtherMirror => {
            parse_uuid(&row.peer_device_id).map(DeviceId::from)
        }
        Err(_) => None,
    });
    Ok(claimed.collect())
}
