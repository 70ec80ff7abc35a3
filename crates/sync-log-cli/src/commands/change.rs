//! `sync-log prune`, `register`, `retire`, `admit` and `solo`: change a log.
//!
//! Core decides what may be done. A dry run makes the same calls on a log that decides and writes
//! nothing, so it ends as the command itself would.

use std::process::ExitCode;

use sync_log_sqlite::{LogError, Registration, SyncLog, Uuid};

use super::done::{Deed, Done, print, print_and};
use crate::args::{ChangeArgs, PeersArgs, RegisterArgs};
use crate::failure::Failure;
use crate::library::on_log_to_change;
use crate::paste::word;
use crate::peer_id::resolve;

/// Deletes the entries that every peer has acknowledged.
pub(crate) fn prune(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    let (entries, left) = on_log_to_change(args, async |log| {
        let pruned = log.prune_acked().await?;
        Ok((pruned, log.status().await?.pending_entries))
    })?;
    let done = Done::new(Deed::Pruned, args).of_entries(entries);
    if entries > 0 || left == 0 {
        return print(args, &[done]);
    }
    let why = format!("why: sync-log explain {}", word(&args.path));
    print_and(args, &[done], Some(why))
}

/// Registers peers.
pub(crate) fn register(args: &RegisterArgs) -> Result<ExitCode, Failure> {
    let change = &args.peers.change;
    let done = all_or_none(&args.peers, async |log, peers| {
        let mut done = Vec::new();
        for peer in peers {
            let did = match log.register_peer(*peer).await? {
                Registration::New => Deed::Registered,
                Registration::Known => Deed::Known,
            };
            done.push(Done::new(did, change).to(*peer));
        }
        if args.all {
            log.declare_peers(peers).await?;
        }
        Ok(done)
    })?;
    print(change, &done)
}

/// Retires peers.
pub(crate) fn retire(args: &PeersArgs) -> Result<ExitCode, Failure> {
    let done = all_or_none(args, async |log, peers| {
        let mut done = Vec::new();
        for peer in peers {
            let was_retired = is_retired(log, *peer).await;
            let did = if was_retired {
                Deed::Known
            } else {
                Deed::Retired
            };
            log.retire(*peer).await?;
            done.push(Done::new(did, &args.change).to(*peer));
        }
        Ok(done)
    })?;
    print(&args.change, &done)
}

/// Admits retired peers again.
pub(crate) fn admit(args: &PeersArgs) -> Result<ExitCode, Failure> {
    let done = all_or_none(args, async |log, peers| {
        let mut done = Vec::new();
        for peer in peers {
            let was_retired = is_retired(log, *peer).await;
            let did = if was_retired {
                Deed::Admitted
            } else {
                Deed::Known
            };
            let admission = log.admit(*peer).await?;
            done.push(Done::new(did, &args.change).to(*peer).under(admission));
        }
        Ok(done)
    })?;
    print(&args.change, &done)
}

/// Declares the library solo.
pub(crate) fn solo(args: &ChangeArgs) -> Result<ExitCode, Failure> {
    on_log_to_change(args, async |log| Ok(log.declare_solo().await?))?;
    print(args, &[Done::new(Deed::Solo, args)])
}

/// Runs `work` on a dry run first, so that no peer is changed if one of them is refused.
fn all_or_none<T>(
    args: &PeersArgs,
    work: impl AsyncFn(&SyncLog, &[Uuid]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    on_log_to_change(&args.change, async |log| {
        let peers = resolve(&args.peers, &log.peers().await?)?;
        work(&log.dry_run(), &peers).await?;
        work(log, &peers).await
    })
}

/// Whether a peer is retired, as core takes it to be, even if a row of the peer cannot be read.
async fn is_retired(log: &SyncLog, peer: Uuid) -> bool {
    let registered = log.dry_run().register_peer(peer).await;
    matches!(registered, Err(LogError::PeerRetired { .. }))
}
