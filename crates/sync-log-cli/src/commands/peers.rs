//! `sync-log peers`: how far every peer is.

use std::collections::HashMap;
use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::{Explanation, Peer, PeerState, Reason, UntrustedRow};

use crate::answer::Answer;
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::on_log;
use crate::sheet::Sheet;
use crate::time::rfc3339;

#[derive(Debug, Serialize)]
struct Facts {
    head: String,
    floor: String,
}

/// One peer. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
struct Row {
    peer: String,
    state: &'static str,
    acked: String,
    lag_entries: String,
    lag_ms: String,
    acked_at: String,
    admission: u32,
    registered_by: &'static str,
    holds: &'static str,
}

const COLUMNS: [&str; 9] = [
    "peer",
    "state",
    "acked",
    "lag_entries",
    "lag_ms",
    "acked_at",
    "admission",
    "registered_by",
    "holds",
];

impl Row {
    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.peer.clone(),
            self.state.to_owned(),
            self.acked.clone(),
            self.lag_entries.clone(),
            self.lag_ms.clone(),
            self.acked_at.clone(),
            self.admission.to_string(),
            self.registered_by.to_owned(),
            self.holds.to_owned(),
        ]
    }
}

/// Prints a row for each peer, including retired peers and rows that cannot be relied on.
pub(crate) fn peers(args: &LookArgs) -> Result<ExitCode, Failure> {
    let (peers, explanation) = on_log(&args.path, async |log| {
        Ok((log.peers().await?, log.explain().await?))
    })?;
    let rows = rows(&peers, &explanation);
    let facts = Facts {
        head: explanation.head.to_string(),
        floor: explanation.floor.to_string(),
    };
    let holds = rows.iter().any(|row| row.holds != "-");
    let words = match (rows.is_empty(), holds) {
        (true, _) => "\nno peer is registered\n".to_owned(),
        (_, true) => format!(
            "\nhead {}\nwhat to do: sync-log explain {}\n",
            facts.head,
            args.path.display()
        ),
        (_, false) => format!("\nhead {}\n", facts.head),
    };
    let sheet = Sheet::new(&COLUMNS, rows.iter().map(Row::cells));
    let answer = Answer::rows(&facts, "peers", &rows, sheet);
    answer.with_words(words).print(args.format.get())?;
    Ok(if holds {
        Exit::Finding.into()
    } else {
        Exit::Fine.into()
    })
}

fn rows(peers: &[Result<Peer, UntrustedRow>], explanation: &Explanation) -> Vec<Row> {
    // The worst is first, and of a peer of which there are two, the second lacks no entry.
    let reasons = explanation.reasons.iter().rev();
    let by_peer: HashMap<String, &Reason> = reasons
        .filter_map(|reason| Some((reason.peer?.to_string(), reason)))
        .collect();
    let rows = peers.iter().map(|peer| match peer {
        Ok(peer) => trusted(peer, by_peer.get(&peer.device_id.to_string()).copied()),
        Err(row) => untrusted(row, by_peer.get(&row.peer_device_id).copied()),
    });
    rows.collect()
}

fn trusted(peer: &Peer, reason: Option<&Reason>) -> Row {
    let acked = if peer.acked.is_zero() {
        "-".to_owned()
    } else {
        peer.acked.to_string()
    };
    Row {
        state: match peer.facts.state {
            PeerState::Active => "active",
            PeerState::Retired { .. } => "retired",
        },
        acked,
        acked_at: rfc3339(peer.acked_at_ms),
        admission: peer.facts.admission,
        registered_by: peer.facts.registered_by.as_str(),
        ..row(peer.device_id.to_string(), reason)
    }
}

fn untrusted(untrusted: &UntrustedRow, reason: Option<&Reason>) -> Row {
    Row {
        state: "untrusted",
        holds: "untrusted_row",
        ..row(untrusted.peer_device_id.clone(), reason)
    }
}

fn row(peer: String, reason: Option<&Reason>) -> Row {
    Row {
        peer,
        state: "-",
        acked: "-".to_owned(),
        lag_entries: reason.map_or(0, |reason| reason.lag_entries).to_string(),
        lag_ms: reason.map_or(0, |reason| reason.lag_ms).to_string(),
        acked_at: "-".to_owned(),
        admission: 0,
        registered_by: "-",
        holds: reason.map_or("-", |reason| reason.cause.as_str()),
    }
}
