//! What to do about an error, in one sentence that names the command for it.

use std::error::Error;
use std::path::Path;

use sync_log_sqlite::legacy::ImportError;
use sync_log_sqlite::{LogError, OpenError, StoreError};

/// What to do about `error`, if this program knows. The commands in it are about the log at `path`.
pub(crate) fn help_of(error: &anyhow::Error, path: Option<&Path>) -> Option<String> {
    let path = path.map_or_else(|| "PATH".to_owned(), |path| path.display().to_string());
    error.chain().find_map(|cause| help_of_cause(cause, &path))
}

fn help_of_cause(cause: &(dyn Error + 'static), path: &str) -> Option<String> {
    if let Some(error) = cause.downcast_ref() {
        return of_open(error, path);
    }
    if let Some(error) = cause.downcast_ref() {
        return of_import(error, path);
    }
    if let Some(error) = cause.downcast_ref::<Box<LogError>>() {
        return Some(of_log(error, path));
    }
    if let Some(error) = cause.downcast_ref() {
        return Some(of_log(error, path));
    }
    let error = cause.downcast_ref::<StoreError>()?;
    Some(error.fault().help().to_owned())
}

/// What a command of this program does about it, or else what the library says.
fn of_open(error: &OpenError, path: &str) -> Option<String> {
    let help = match error {
        OpenError::NeedsAdoption { .. } => adopt_after_a_look(path),
        OpenError::NotAFolder { .. } | OpenError::Unreachable { .. } => {
            "pass a library's folder, or the log's file in it".to_owned()
        }
        OpenError::Unfinished { .. } => {
            "open the log once with the app that it belongs to".to_owned()
        }
        // Its source, which follows in the chain, has an answer.
        OpenError::Log { .. } => return None,
        other => other.help().to_owned(),
    };
    Some(help)
}

fn of_import(error: &ImportError, path: &str) -> Option<String> {
    match error {
        ImportError::TooFarAhead { .. } => Some(
            "set this device's clock right; if it is right, leave such changes out: --skip-ahead"
                .to_owned(),
        ),
        ImportError::Open(error) => of_open(error, path),
        ImportError::Log(error) => Some(of_log(error, path)),
        other => Some(other.help().to_owned()),
    }
}

fn of_log(error: &LogError, path: &str) -> String {
    match error {
        LogError::UnknownPeer { peer } => format!(
            "list the peers: sync-log peers {path}; register this one: \
             sync-log register {path} {peer}"
        ),
        LogError::PeerRetired { peer, .. } => {
            format!("admit the peer again: sync-log admit {path} {peer}")
        }
        LogError::NotSolo { .. } => {
            format!("retire the peers that do not come back first: sync-log retire {path} PEER…")
        }
        LogError::Altered(_) => adopt_after_a_look(path),
        other => other.help().to_owned(),
    }
}

fn adopt_after_a_look(path: &str) -> String {
    format!("look at the file: sync-log verify {path}; adopt what is stored: sync-log adopt {path}")
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use sync_log_sqlite::{StoreFault, Uuid};

    use super::*;

    #[test]
    fn help_is_found_wherever_the_error_is_in_the_chain() {
        let peer = Uuid::from_u128(1);
        let unknown = || LogError::UnknownPeer { peer: peer.into() };
        let path = "library".into();
        let source = Box::new(unknown());
        let of = |error| help_of(&error, Some(Path::new("library")));
        let expected = Some(of_log(&unknown(), "library"));
        let wrapped: anyhow::Result<()> = Err(unknown()).context("failed to retire");
        assert_eq!(of(wrapped.unwrap_err()), expected);
        assert_eq!(of(OpenError::Log { path, source }.into()), expected);
        let full = StoreError::new(StoreFault::Full, "write");
        assert!(of(LogError::Store(full).into()).is_some());
        assert_eq!(of(anyhow!("something else")), None);
    }

    #[test]
    fn help_about_damage_leads_to_no_command_that_fails_alike() {
        let damaged = StoreError::new(StoreFault::Corrupt, "read a page");
        let help = help_of(&damaged.into(), Some(Path::new("library"))).unwrap();
        assert!(!help.contains("sync-log"), "{help}");
    }
}
