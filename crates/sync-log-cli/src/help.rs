//! What to do about an error, in one sentence that names the command for it.

use std::error::Error;

use sync_log_sqlite::legacy::ImportError;
use sync_log_sqlite::{LogError, OpenError, StoreError, StoreFault};

/// What to do about `error`, if this program knows.
pub(crate) fn help_of(error: &anyhow::Error) -> Option<String> {
    let help = error.chain().find_map(help_of_cause);
    help.map(str::to_owned)
}

fn help_of_cause(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = cause.downcast_ref() {
        return of_open(error);
    }
    if let Some(error) = cause.downcast_ref() {
        return of_import(error);
    }
    if let Some(error) = cause.downcast_ref::<Box<LogError>>() {
        return of_log(error);
    }
    if let Some(error) = cause.downcast_ref() {
        return of_log(error);
    }
    cause.downcast_ref().and_then(of_store)
}

/// What a command of this program does about it, or else what the library says.
fn of_open(error: &OpenError) -> Option<&'static str> {
    match error {
        OpenError::NeedsAdoption { .. } => {
            Some("adopt what the other program wrote: sync-log adopt")
        }
        OpenError::NotAFolder { .. }
        | OpenError::Unreachable { .. }
        | OpenError::NotSqlite { .. } => Some("pass a library's folder, or the log's file in it"),
        OpenError::Unfinished { .. } => Some("open the log once with the app that it belongs to"),
        // Its source, which follows in the chain, has an answer.
        OpenError::Log { .. } => None,
        other => Some(other.help()),
    }
}

fn of_import(error: &ImportError) -> Option<&'static str> {
    match error {
        ImportError::TooFarAhead { .. } => Some(
            "set this device's clock right; if it is right, leave such changes out: --skip-ahead",
        ),
        ImportError::Open(error) => of_open(error),
        ImportError::Log(error) => of_log(error),
        other => Some(other.help()),
    }
}

fn of_log(error: &LogError) -> Option<&'static str> {
    match error {
        LogError::UnknownPeer { .. } => {
            Some("list the peers with sync-log peers; register one with sync-log register")
        }
        LogError::PeerRetired { .. } => Some("admit the peer again: sync-log admit"),
        LogError::NotSolo { .. } => {
            Some("retire the peers that do not come back first: sync-log retire")
        }
        LogError::Altered(_) => Some(
            "look at the damage with sync-log verify; adopt what is stored with sync-log adopt",
        ),
        LogError::Store(error) => of_store(error),
        other => Some(other.help()),
    }
}

fn of_store(error: &StoreError) -> Option<&'static str> {
    match error.fault() {
        StoreFault::Corrupt => Some("look at the damage: sync-log verify"),
        other => Some(other.help()),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use sync_log_sqlite::Uuid;

    use super::*;

    #[test]
    fn help_is_found_wherever_the_error_is_in_the_chain() {
        let peer = Uuid::from_u128(1);
        let unknown = || LogError::UnknownPeer { peer: peer.into() };
        let path = "library".into();
        let source = Box::new(unknown());
        let expected = of_log(&unknown()).map(str::to_owned);
        assert!(expected.is_some());
        let wrapped: anyhow::Result<()> = Err(unknown()).context("failed to retire");
        assert_eq!(help_of(&wrapped.unwrap_err()), expected);
        assert_eq!(help_of(&OpenError::Log { path, source }.into()), expected);
        let full = StoreError::new(StoreFault::Full, "write");
        assert!(help_of(&LogError::Store(full).into()).is_some());
        assert_eq!(help_of(&anyhow!("something else")), None);
    }
}
