//! `sync-log status`: where a log stands.

use std::process::ExitCode;

use serde::Serialize;
use sync_log_sqlite::{Peer, PeerState, UntrustedRow};

use super::cause;
use crate::answer::Answer;
use crate::args::LookArgs;
use crate::failure::{Exit, Failure};
use crate::library::on_log;
use crate::time::of_stamp;

#[derive(Debug, Serialize)]
struct Facts {
    path: String,
    library_id: String,
    device_id: String,
    log_id: String,
    head: String,
    head_at: String,
    floor: String,
    floor_at: String,
    pending: String,
    active_peers: usize,
    retired_peers: usize,
    untrusted_peers: usize,
    kept_by: Vec<&'static str>,
    shrinks: bool,
}

/// Says where the log stands, and whether it shrinks.
pub(crate) fn status(args: &LookArgs) -> Result<ExitCode, Failure> {
    let facts = on_log(&args.path, async |log| {
        let identity = log.identity();
        let (explanation, peers) = (log.explain().await?, log.peers().await?);
        let count = |wanted: Kind| peers.iter().filter(|peer| kind(peer) == wanted).count();
        let held = &explanation.held;
        let path = log.path().unwrap_or(&args.path);
        Ok(Facts {
            path: path.display().to_string(),
            library_id: identity.library_id.to_string(),
            device_id: identity.device_id.to_string(),
            log_id: identity.log_id.to_string(),
            head: explanation.head.to_string(),
            head_at: of_stamp(explanation.head),
            floor: explanation.floor.to_string(),
            floor_at: of_stamp(explanation.floor),
            pending: explanation.pending.to_string(),
            active_peers: count(Kind::Active),
            retired_peers: count(Kind::Retired),
            untrusted_peers: count(Kind::Untrusted),
            kept_by: held.iter().map(|held| cause::name(&held.cause)).collect(),
            shrinks: !held.iter().any(cause::needs_doing),
        })
    })?;
    let shrinks = facts.shrinks;
    let words = match shrinks {
        true => String::new(),
        false => format!("\nwhy: sync-log explain {}\n", args.path.display()),
    };
    let answer = Answer::facts(&facts, lines(&facts)).with_words(words);
    answer.print(args.format.get())?;
    Ok(match shrinks {
        true => Exit::Fine.into(),
        false => Exit::Finding.into(),
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Active,
    Retired,
    Untrusted,
}

fn kind(peer: &Result<Peer, UntrustedRow>) -> Kind {
    match peer.as_ref().map(|peer| peer.facts.state) {
        Ok(PeerState::Active) => Kind::Active,
        Ok(PeerState::Retired { .. }) => Kind::Retired,
        Err(_) => Kind::Untrusted,
    }
}

fn lines(facts: &Facts) -> Vec<(&'static str, String)> {
    let kept_by = match facts.kept_by.is_empty() {
        true => "-".to_owned(),
        false => facts.kept_by.join(" "),
    };
    vec![
        ("path", facts.path.clone()),
        ("library_id", facts.library_id.clone()),
        ("device_id", facts.device_id.clone()),
        ("log_id", facts.log_id.clone()),
        ("head", facts.head.clone()),
        ("head_at", facts.head_at.clone()),
        ("floor", facts.floor.clone()),
        ("floor_at", facts.floor_at.clone()),
        ("pending", facts.pending.clone()),
        ("active_peers", facts.active_peers.to_string()),
        ("retired_peers", facts.retired_peers.to_string()),
        ("untrusted_peers", facts.untrusted_peers.to_string()),
        ("kept_by", kept_by),
        (
            "shrinks",
            if facts.shrinks { "yes" } else { "no" }.to_owned(),
        ),
    ]
}
