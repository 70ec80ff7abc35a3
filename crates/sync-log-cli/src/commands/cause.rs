//! Why entries stay, in words, and what helps.

use std::path::Path;

use serde::Serialize;
use sync_log_sqlite::{Cause, RETIRE_AFTER_MS, Reason, Remedy, Verdict, VerdictKind};

use crate::duration::duration;
use crate::paste::word;
use crate::sheet::Sheet;

/// One reason why entries stay. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    cause: &'static str,
    peer: Option<String>,
    lag_entries: String,
    lag_bytes: String,
    lag_ms: String,
    remedy: Option<&'static str>,
    says: String,
    next: Option<String>,
}

/// The columns of a [`Row`]; its sentences are printed below the table.
pub(crate) const COLUMNS: [&str; 6] = [
    "cause",
    "peer",
    "lag_entries",
    "lag_bytes",
    "lag_ms",
    "remedy",
];

impl Row {
    /// The reason, for a log at `path`.
    pub(crate) fn of(reason: &Reason, path: &Path) -> Self {
        Self {
            cause: reason.cause.as_str(),
            peer: reason.peer.map(|peer| peer.to_string()),
            lag_entries: reason.lag_entries.to_string(),
            lag_bytes: reason.lag_bytes.to_string(),
            lag_ms: reason.lag_ms.to_string(),
            remedy: reason.remedy.map(Remedy::as_str),
            says: sentence(reason),
            next: reason.remedy.map(|remedy| advice(remedy, reason, path)),
        }
    }

    /// The cells of [`COLUMNS`].
    pub(crate) fn cells(&self) -> [String; COLUMNS.len()] {
        let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
        [
            self.cause.to_owned(),
            or_none(self.peer.as_deref()),
            self.lag_entries.clone(),
            self.lag_bytes.clone(),
            self.lag_ms.clone(),
            or_none(self.remedy),
        ]
    }

    /// The reasons, without what their sentences say.
    pub(crate) fn narrow(rows: &[Self]) -> Sheet {
        let rows = rows.iter().map(|row| {
            let [cause, peer, lag, _, _, remedy] = row.cells();
            [cause, peer, lag, remedy]
        });
        Sheet::new(&["cause", "peer", "lag", "remedy"], rows)
    }

    /// The sentences about the reason.
    pub(crate) fn words(&self) -> String {
        match &self.next {
            Some(next) => format!("{}: {}.\n  {next}\n", self.cause, self.says),
            None => format!("{}: {}.\n", self.cause, self.says),
        }
    }
}

/// Whether an action is needed.
pub(crate) fn needs_doing(reason: &Reason) -> bool {
    reason.remedy.is_some_and(|remedy| remedy != Remedy::Prune)
}

/// Whether the reason keeps entries until an action is taken.
pub(crate) fn keeps_entries(reason: &Reason) -> bool {
    needs_doing(reason) && !is_only_named(reason)
}

/// Whether the reason is listed so that an operator sees it, and keeps no entries.
pub(crate) fn is_only_named(reason: &Reason) -> bool {
    matches!(reason.cause, Cause::Restored(_) | Cause::ClockAhead { .. })
}

/// A number of entries, in words.
pub(crate) fn entries(count: u64) -> String {
    match count {
        1 => "1 entry".to_owned(),
        _ => format!("{count} entries"),
    }
}

fn sentence(reason: &Reason) -> String {
    let who = reason
        .peer
        .map_or_else(|| "a peer".to_owned(), |peer| format!("peer {peer}"));
    let lacks = format!(
        "{}, the oldest {} old",
        entries(reason.lag_entries),
        duration(reason.lag_ms)
    );
    match &reason.cause {
        Cause::NeverAcked => format!("{who} is registered and never acknowledged: {lacks}"),
        Cause::Behind => format!("{who} lacks {lacks}"),
        Cause::PeerRewound { hold, acked } => format!(
            "{who} had acknowledged {acked} and reads from {hold} again, so it was restored: {lacks}"
        ),
        Cause::BelowFloor => {
            format!(
                "{who} lacks entries that were pruned, and {} that are in the log",
                reason.lag_entries
            )
        }
        Cause::UnverifiedAck { acked } => format!(
            "{who} has an ack at {acked} that another program wrote, which is not believed: {lacks}"
        ),
        Cause::PeersNotDeclared => {
            "the log was adopted, and its peers are not declared yet".to_owned()
        }
        Cause::Altered(altered) => {
            format!(
                "the log is not as it was written at {}: {}",
                altered.hlc, altered.fault
            )
        }
        Cause::Restored(verdict) => restored(verdict, &who),
        Cause::ClockAhead {
            device_id,
            ahead_ms,
        } => format!(
            "the stamps of this device, {device_id}, are {} ahead of its clock, so its peers may \
             refuse them",
            duration(*ahead_ms)
        ),
        Cause::UntrustedRow(untrusted) => format!(
            "the row of peer {:?} cannot be trusted: {}",
            untrusted.peer_device_id, untrusted.fault
        ),
        Cause::NoPeers => "no peer counts, and the library is not declared solo".to_owned(),
        Cause::Retention => format!("every peer has {lacks}; the policy keeps them"),
        Cause::NotYetPruned => format!(
            "every peer has {lacks}; the next prune deletes them, unless the app's policy keeps them"
        ),
        _ => "this version of the tool does not know the cause".to_owned(),
    }
}

fn restored(verdict: &Verdict, who: &str) -> String {
    let hlc = verdict.hlc;
    match verdict.kind {
        VerdictKind::OwnStamp => format!(
            "{hlc} is a stamp of this device, and this log has no entry with it: this file was \
             restored from a copy, or two devices run under one id"
        ),
        VerdictKind::Diverged => format!(
            "{who} has another history up to {hlc} than this log: one of the two files was \
             restored or cloned"
        ),
        VerdictKind::AheadOfHead => format!(
            "{who} has entries up to {hlc}, which is above the head: this file was restored from \
             a copy"
        ),
        VerdictKind::Admission => format!(
            "{who} was admitted under a number that this log has not given yet: this file was \
             restored from a copy"
        ),
        _ => format!("{who} and this log do not agree at {hlc}"),
    }
}

fn advice(remedy: Remedy, reason: &Reason, path: &Path) -> String {
    let path = word(path);
    let peer = reason
        .peer
        .map_or_else(|| "PEER".to_owned(), |peer| peer.to_string());
    let retire = format!("sync-log retire {path} {peer}");
    match remedy {
        Remedy::NewIdentity if matches!(reason.cause, Cause::ClockAhead { .. }) => {
            "if the clock is right: wait until it has caught up, or continue under a new device id"
                .to_owned()
        }
        Remedy::Register if reason.cause == Cause::PeersNotDeclared => format!(
            "declare all peers: sync-log register --all {path} PEER…; \
             if the acks are known to be true and complete: sync-log trust {path}"
        ),
        Remedy::Reopen if matches!(reason.cause, Cause::Altered(_)) => {
            format!("adopt the rows that are there: sync-log adopt {path}")
        }
        Remedy::Pull if matches!(reason.cause, Cause::UntrustedRow(_)) => format!(
            "the peer's next ack writes the copy again; if the copy is known to be true: \
             sync-log trust {path}"
        ),
        Remedy::Register if matches!(reason.cause, Cause::UntrustedRow(_)) => format!(
            "write the row again: sync-log register {path} {peer}; \
             if that is no device of this library: {retire}"
        ),
        Remedy::Prune => format!("nothing needs to be done; to prune now: sync-log prune {path}"),
        Remedy::FixClock => {
            "set the clock of this device right; if it is right: wait until it has caught up, or \
             continue under a new device id"
                .to_owned()
        }
        Remedy::Pull => "let the peer pull and acknowledge".to_owned(),
        Remedy::Retire => {
            format!("let the peer pull and acknowledge; if it does not come back: {retire}")
        }
        Remedy::Register => format!(
            "register the other devices: sync-log register {path} PEER…; \
             if there are none: sync-log solo {path}"
        ),
        Remedy::Bootstrap if reason.lag_ms < RETIRE_AFTER_MS => {
            "give the peer a snapshot, because it cannot catch up by reading".to_owned()
        }
        Remedy::Bootstrap => {
            format!(
                "give the peer a snapshot, because it cannot catch up by reading; if it does not come back: {retire}"
            )
        }
        Remedy::Reopen => {
            format!("open the log again, which repairs the row: sync-log adopt {path}")
        }
        Remedy::NewIdentity => format!(
            "continue under a new device id, from a snapshot; after that, or if no file was \
             restored: sync-log dismiss {path}"
        ),
        Remedy::DeclareSolo => {
            format!("if no other device is left: sync-log solo {path}")
        }
    }
}
