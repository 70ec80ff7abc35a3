//! `sync-log prune`, `register`, `retire` and `solo`: what changes a log.

use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::{Cause, LogError, Peer, PeerState, Registration, SyncDb, Uuid};

use crate::answer::Answer;
use crate::args::{ChangeArgs, PeersArgs, RegisterArgs};
use crate::failure::{Exit, Failure};
use crate::library::{on_log, on_log_to_change};
use crate::output;
use crate::sheet::Sheet;

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    did: &'static str,
    peer: Option<String>,
    admission: Option<u32>,
    entries: Option<String>,
    dry_run: bool,
}

const COLUMNS: [&str; 5] = ["did", "peer", "admission", "entries", "dry_run"];

impl Done {
    fn new(did: &'static str, dry_run: bool) -> Self {
        Self {
            did,
            peer: None,
            admission: None,
            entries: None,
            dry_run,
        }
    }

    pub(super) fn of(did: &'static str, peer: Uuid, dry_run: bool) -> Self {
        Self {
            peer: Some(peer.to_string()),
            ..Self::new(did, dry_run)
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        [
            self.did.to_owned(),
            or_none(&self.peer),
            or_none(&self.admission.map(|number| number.to_string())),
            or_none(&self.entries),
            if self.dry_run { "yes" } else { "no" }.to_owned(),
        ]
    }
}

/// Deletes what every peer has acknowledged.
pub(crate) fn prune(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    let (entries, left) = match args.dry_run {
        true => on_log(&args.path, async |log| {
            let explanation = log.explain().await?;
            let held = explanation.held.iter();
            let due = held.filter(|held| held.cause == Cause::NotYetPruned);
            let due: u64 = due.map(|held| held.lag_entries).sum();
            Ok((due, explanation.pending))
        })?,
        false => on_log_to_change(&args.path, async |log| {
            let pruned = log.prune_acked().await? as u64;
            Ok((pruned, log.status().await?.pending_entries))
        })?,
    };
    let done = Done {
        entries: Some(entries.to_string()),
        ..Done::new("pruned", args.dry_run)
    };
    if entries > 0 || left == 0 {
        return tell(args, &[done]);
    }
    let why = format!("why: sync-log explain {}", args.path.display());
    tell_and(args, &[done], Some(why))
}

/// Registers peers.
pub(crate) fn register(args: &RegisterArgs) -> Result<ExitCode, Failure> {
    let (all, args) = (args.all, &args.peers);
    let (change, dry_run) = (&args.change, args.change.dry_run);
    let mut done = Vec::new();
    let known = |known| if known { "known" } else { "registered" };
    let each = async |log: &SyncDb, done: &mut Vec<Done>| {
        // One that cannot be a peer, and none of them is registered.
        args.peers
            .iter()
            .try_for_each(|peer| refuse_impossible(log, *peer))?;
        for peer in &args.peers {
            let outcome = match dry_run {
                true => known(state_of(log, *peer).await?.is_some()),
                false => known(log.register_peer(*peer).await? == Registration::Known),
            };
            done.push(Done::of(outcome, *peer, dry_run));
        }
        if all && !dry_run {
            log.declare_peers(&args.peers).await?;
        }
        Ok(())
    };
    match dry_run {
        true => on_log(&change.path, async |log| each(log, &mut done).await)?,
        false => on_log_to_change(&change.path, async |log| each(log, &mut done).await)?,
    }
    tell(change, &done)
}

/// Retires peers.
pub(crate) fn retire(args: &PeersArgs) -> Result<ExitCode, Failure> {
    let (change, dry_run) = (&args.change, args.change.dry_run);
    let mut done = Vec::new();
    let each = async |log: &SyncDb, done: &mut Vec<Done>| {
        let mut states = Vec::new();
        // One that is not known, and none of them is retired.
        for peer in &args.peers {
            let unknown = LogError::UnknownPeer { peer: *peer };
            states.push(state_of(log, *peer).await?.ok_or(unknown)?);
        }
        for (peer, state) in args.peers.iter().zip(states) {
            if state == PeerState::Active && !dry_run {
                log.retire(*peer).await?;
            }
            let outcome = match state {
                PeerState::Active => "retired",
                PeerState::Retired { .. } => "known",
            };
            done.push(Done::of(outcome, *peer, dry_run));
        }
        Ok(())
    };
    match dry_run {
        true => on_log(&change.path, async |log| each(log, &mut done).await)?,
        false => on_log_to_change(&change.path, async |log| each(log, &mut done).await)?,
    }
    tell(change, &done)
}

/// Admits retired peers again.
pub(crate) fn admit(args: &PeersArgs) -> Result<ExitCode, Failure> {
    let (change, dry_run) = (&args.change, args.change.dry_run);
    let mut done = Vec::new();
    let each = async |log: &SyncDb, done: &mut Vec<Done>| {
        let mut known = Vec::new();
        // One that is not known, and none of them is admitted.
        for peer in &args.peers {
            let unknown = LogError::UnknownPeer { peer: *peer };
            known.push(known_as(log, *peer).await?.ok_or(unknown)?);
        }
        for row in known {
            let (outcome, next) = match row.is_active() {
                true => ("known", row.facts.admission),
                false => ("admitted", row.facts.admission.saturating_add(1)),
            };
            let admission = match dry_run {
                true => next,
                false => log.admit(row.peer).await?,
            };
            done.push(Done {
                admission: Some(admission),
                ..Done::of(outcome, row.peer, dry_run)
            });
        }
        Ok(())
    };
    match dry_run {
        true => on_log(&change.path, async |log| each(log, &mut done).await)?,
        false => on_log_to_change(&change.path, async |log| each(log, &mut done).await)?,
    }
    tell(change, &done)
}

/// Declares the library solo.
pub(crate) fn solo(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    match args.dry_run {
        true => on_log(&args.path, async |log| {
            let peers = log.peers().await?;
            let active = peers.iter().flatten().filter(|peer| peer.is_active());
            match active.count() {
                0 => Ok(()),
                active => Err(LogError::NotSolo { active }.into()),
            }
        })?,
        false => on_log_to_change(&args.path, async |log| Ok(log.declare_solo().await?))?,
    }
    tell(args, &[Done::new("solo", args.dry_run)])
}

fn refuse_impossible(log: &SyncDb, peer: Uuid) -> Result<(), LogError> {
    if peer.is_nil() {
        return Err(LogError::NilId { what: "peer id" });
    }
    match peer == log.identity().device_id {
        true => Err(LogError::OwnPeer { peer }),
        false => Ok(()),
    }
}

/// How a peer stands; `None` if it is not known.
async fn state_of(log: &SyncDb, peer: Uuid) -> Result<Option<PeerState>, Failure> {
    Ok(known_as(log, peer).await?.map(|row| row.facts.state))
}

async fn known_as(log: &SyncDb, peer: Uuid) -> Result<Option<Peer>, Failure> {
    let peers = log.peers().await?;
    Ok(peers.into_iter().flatten().find(|row| row.peer == peer))
}

pub(super) fn tell(args: &ChangeArgs, done: &[Done]) -> Result<ExitCode, Failure> {
    tell_and(args, done, next(args))
}

fn tell_and(args: &ChangeArgs, done: &[Done], next: Option<String>) -> Result<ExitCode, Failure> {
    let sheet = Sheet::new(&COLUMNS, done.iter().map(Done::cells));
    Answer::rows(&serde_json::json!({}), "done", done, sheet).print(args.format.get())?;
    Ok(end_with(args, next))
}

/// The last words of a command that changes a log.
pub(super) fn end(args: &ChangeArgs) -> ExitCode {
    end_with(args, next(args))
}

fn next(args: &ChangeArgs) -> Option<String> {
    (!args.dry_run).then(|| format!("next: sync-log status {}", args.path.display()))
}

fn end_with(args: &ChangeArgs, next: Option<String>) -> ExitCode {
    if args.dry_run {
        output::say("nothing was changed");
    }
    next.iter().for_each(|next| output::say(next));
    Exit::Fine.into()
}
