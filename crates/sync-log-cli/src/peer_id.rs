//! The id of a peer, or as much of it as no other peer's id begins with.

use std::str::FromStr;

use anyhow::anyhow;
use sync_log_sqlite::{Peer, UntrustedRow, Uuid, parse_uuid};

use crate::failure::Failure;

/// How many digits an id has.
const DIGITS: usize = 32;

/// How many ids an error lists at most.
const LISTED_MAX: usize = 10;

/// The id of a peer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PeerId {
    /// All of it.
    Whole(Uuid),
    /// Its first digits, without hyphens.
    Start(String),
}

impl FromStr for PeerId {
    type Err = <Uuid as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.replace('-', "").to_ascii_lowercase();
        let is_start = (1..DIGITS).contains(&digits.len());
        if is_start && digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Ok(Self::Start(digits));
        }
        text.parse().map(Self::Whole)
    }
}

/// The ids that are meant, each once, in a log that has these peers. A peer that it does not have
/// can only be meant by its whole id.
pub(crate) fn resolve(
    given: &[PeerId],
    peers: &[Result<Peer, UntrustedRow>],
) -> Result<Vec<Uuid>, Failure> {
    let known = peers.iter().filter_map(|peer| match peer {
        Ok(peer) => Some(peer.device_id.as_uuid()),
        Err(row) => parse_uuid(&row.peer_device_id),
    });
    let known: Vec<_> = known.collect();
    let mut meant = Vec::new();
    for one in given {
        let id = match one {
            PeerId::Whole(id) => *id,
            PeerId::Start(digits) => only(digits, &known)?,
        };
        if !meant.contains(&id) {
            meant.push(id);
        }
    }
    Ok(meant)
}

/// The only id that begins with these digits.
fn only(digits: &str, known: &[Uuid]) -> Result<Uuid, Failure> {
    let begins = |id: &&Uuid| id.simple().to_string().starts_with(digits);
    let found: Vec<_> = known.iter().filter(begins).collect();
    match found[..] {
        [only] => Ok(*only),
        [] => Err(Failure::usage(anyhow!(
            "failed to find a peer whose id begins with {digits}"
        ))
        .with_help("list the peers: sync-log peers {path}; a new peer needs its whole id")),
        _ => Err(Failure::usage(anyhow!(
            "failed to choose a peer: {} ids begin with {digits}: {}",
            found.len(),
            listed(&found)
        ))
        .with_help("pass more digits of the id")),
    }
}

fn listed(ids: &[&Uuid]) -> String {
    let shown = ids.iter().take(LISTED_MAX).map(ToString::to_string);
    let more = (ids.len() > LISTED_MAX).then(|| "…".to_owned());
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_whole_or_by_its_first_digits() {
        let whole = Uuid::from_u128(0xb0);
        assert_eq!(whole.to_string().parse(), Ok(PeerId::Whole(whole)));
        let start = Ok(PeerId::Start("00000000ab".to_owned()));
        assert_eq!("00000000-AB".parse(), start);
        for no_id in ["", "-", "phone", "0x", &format!("{whole}0")] {
            assert!(no_id.parse::<PeerId>().is_err(), "{no_id}");
        }
    }

    #[test]
    fn digits_stand_for_one_known_id_only() {
        let known = [0xb0, 0xb1, 0xc0].map(|last| Uuid::from_u128(last << 120));
        assert_eq!(only("c", &known).unwrap(), known[2]);
        assert_eq!(only("b1", &known).unwrap(), known[1]);
        let none = only("d", &known).unwrap_err();
        assert!(none.error.to_string().ends_with("begins with d"));
        let several = only("b", &known).unwrap_err().error.to_string();
        assert!(several.ends_with(&format!("{}, {}", known[0], known[1])));
    }
}
