//! `sync-log peers`: how far every peer is.

use std::collections::HashMap;
use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::{Explanation, Peer, PeerState, Reason, UntrustedRow};

use crate::answer::Answer;
use crate::args::LookArgs;
use crate::duration::duration;
use crate::failure::{Exit, Failure};
use crate::library::on_log;
use crate::paste::word;
use crate::sheet::Sheet;
use crate::time::{rfc3339, short};

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
    acked: Option<String>,
    lag_entries: String,
    lag_ms: String,
    acked_at: Option<String>,
    admission: Option<u32>,
    registered_by: Option<&'static str>,
    holds: Option<&'static str>,
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

const NARROW: [&str; 5] = ["peer", "state", "lag", "oldest", "holds"];

impl Row {
    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.peer.clone(),
            self.state.to_owned(),
            or_none(self.acked.clone()),
            self.lag_entries.clone(),
            self.lag_ms.clone(),
            or_none(self.acked_at.clone()),
            or_none(self.admission),
            or_none(self.registered_by),
            or_none(self.holds),
        ]
    }

    fn narrow(&self) -> [String; NARROW.len()] {
        let lag_ms = self.lag_ms.parse().ok().filter(|lag_ms| *lag_ms > 0);
        // The largest unit alone.
        let oldest = lag_ms.map(|lag_ms| {
            duration(lag_ms)
                .split(' ')
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        });
        [
            self.peer.clone(),
            self.state.to_owned(),
            self.lag_entries.clone(),
            or_none(oldest),
            or_none(self.holds),
        ]
    }
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Prints a row for each peer, including retired peers and rows that cannot be relied on.
pub(crate) fn peers(args: &LookArgs) -> Result<ExitCode, Failure> {
    let (peers, explanation) = on_log(&args.path, async |log| {
        Ok((log.peers().await?, log.explain().await?))
    })?;
    let rows = rows(&peers, &explanation);
    let holds = rows.iter().any(|row| row.holds.is_some());
    let words = if holds {
        format!("\nwhat to do: sync-log explain {}\n", word(&args.path))
    } else {
        String::new()
    };
    let facts = Facts {
        head: explanation.head.to_string(),
        floor: explanation.floor.to_string(),
    };
    let sheet = Sheet::new(&COLUMNS, rows.iter().map(Row::cells));
    let sentence = rows.is_empty().then(|| "no peer is registered".to_owned());
    Answer::rows(&facts, "peers", &rows, sheet)
        .with_narrow(Sheet::new(&NARROW, rows.iter().map(Row::narrow)))
        .with_sentence(sentence)
        .with_words(format!("\nhead {}\n", head(args, &explanation)) + words.trim_start())
        .print(args.print)?;
    Ok(if holds { Exit::Finding } else { Exit::Fine }.into())
}

fn head(args: &LookArgs, explanation: &Explanation) -> String {
    if args.print.is_wide() {
        explanation.head.to_string()
    } else {
        short(explanation.head)
    }
}

fn rows(peers: &[Result<Peer, UntrustedRow>], explanation: &Explanation) -> Vec<Row> {
    // Of a peer of which there are several, the one that keeps most is taken, or else the first.
    let mut reasons: Vec<_> = explanation.reasons.iter().rev().collect();
    reasons.sort_by_key(|reason| reason.lag_entries);
    let by_peer: HashMap<String, &Reason> = reasons
        .into_iter()
        .filter_map(|reason| Some((reason.peer?.to_string(), reason)))
        .collect();
    let rows = peers.iter().map(|peer| match peer {
        Ok(peer) => trusted(peer, by_peer.get(&peer.device_id.to_string()).copied()),
        Err(row) => untrusted(row, by_peer.get(&row.peer_device_id).copied()),
    });
    rows.collect()
}

fn trusted(peer: &Peer, reason: Option<&Reason>) -> Row {
    Row {
        state: match peer.facts.state {
            PeerState::Active => "active",
            PeerState::Retired { .. } => "retired",
        },
        acked: (!peer.acked.is_zero()).then(|| peer.acked.to_string()),
        acked_at: rfc3339(peer.acked_at_ms),
        admission: Some(peer.facts.admission),
        registered_by: Some(peer.facts.registered_by.as_str()),
        ..row(peer.device_id.to_string(), reason)
    }
}

fn untrusted(untrusted: &UntrustedRow, reason: Option<&Reason>) -> Row {
    Row {
        holds: Some("untrusted_row"),
        ..row(untrusted.peer_device_id.clone(), reason)
    }
}

fn row(peer: String, reason: Option<&Reason>) -> Row {
    Row {
        peer,
        state: "untrusted",
        acked: None,
        lag_entries: reason.map_or(0, |reason| reason.lag_entries).to_string(),
        lag_ms: reason.map_or(0, |reason| reason.lag_ms).to_string(),
        acked_at: None,
        admission: None,
        registered_by: None,
        holds: reason.map(|reason| reason.cause.as_str()),
    }
}
