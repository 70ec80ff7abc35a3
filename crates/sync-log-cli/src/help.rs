//! What to do about an error, in one sentence that names the command for it.

use std::borrow::Cow;
use std::error::Error;
use std::path::Path;

use sync_log_sqlite::legacy::ImportError;
use sync_log_sqlite::{LogError, OpenError, StoreError, StoreFault};

use crate::paste::word;

/// Where a help names the log that the command was about.
const PATH: &str = "{path}";

/// The sentence with the path of the log in its commands, so that they can be pasted.
pub(crate) fn with_path(help: &str, path: Option<&Path>) -> String {
    let word = path.map_or_else(|| "PATH".to_owned(), word);
    help.replace(PATH, &word)
}

/// What to do about `error`, if this program knows; for [`with_path`].
pub(crate) fn help_of(error: &anyhow::Error) -> Option<Cow<'static, str>> {
    error.chain().find_map(help_of_cause)
}

fn help_of_cause(cause: &(dyn Error + 'static)) -> Option<Cow<'static, str>> {
    if let Some(error) = cause.downcast_ref() {
        return of_open(error).map(Cow::from);
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
    cause.downcast_ref().map(|error| of_store(error).into())
}

/// What a command of this program does about it, or else what the library says.
fn of_open(error: &OpenError) -> Option<&'static str> {
    match error {
        OpenError::NeedsAdoption { .. } => Some(
            "look at the file: sync-log verify {path}; adopt what is stored: sync-log adopt {path}",
        ),
        OpenError::NotAFolder { .. } | OpenError::Unreachable { .. } => {
            Some("pass a library's folder, or the log's file in it")
        }
        OpenError::Unfinished { .. } => Some("open the log once with the app that it belongs to"),
        // Its source, which follows in the chain, has an answer.
        OpenError::Log { .. } => None,
        other => Some(other.help()),
    }
}

fn of_import(error: &ImportError) -> Option<Cow<'static, str>> {
    match error {
        ImportError::TooFarAhead { .. } => Some(
            "set this device's clock right; if it is right, leave such changes out: --skip-ahead"
                .into(),
        ),
        ImportError::Open(error) => of_open(error).map(Cow::from),
        ImportError::Log(error) => of_log(error),
        other => Some(other.help().into()),
    }
}

fn of_log(error: &LogError) -> Option<Cow<'static, str>> {
    let help = match error {
        LogError::UnknownPeer { .. } => format!(
            "list the peers: sync-log peers {PATH}; register one: sync-log register {PATH} PEER"
        ),
        LogError::PeerRetired { peer, .. } => {
            format!("admit the peer again: sync-log admit {PATH} {peer}")
        }
        LogError::NotSolo { .. } => {
            format!("retire the peers that do not come back first: sync-log retire {PATH} PEER…")
        }
        LogError::Altered(_) => format!(
            "look at the file: sync-log verify {PATH}; adopt what is stored: sync-log adopt {PATH}"
        ),
        LogError::Store(error) => return Some(of_store(error).into()),
        other => return Some(other.help().into()),
    };
    Some(help.into())
}

/// A command has no log open once it has ended.
fn of_store(error: &StoreError) -> &'static str {
    match error.fault() {
        StoreFault::Moved => "run the command again on the log where its file is now",
        other => other.help(),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use sync_log_sqlite::Uuid;

    use super::*;

    #[test]
    fn the_commands_of_a_help_can_be_pasted() {
        let help = help_of(
            &LogError::UnknownPeer {
                peer: Uuid::nil().into(),
            }
            .into(),
        );
        let help = help.unwrap();
        let spelled = with_path(&help, Some(Path::new("my log")));
        assert!(
            spelled.starts_with("list the peers: sync-log peers 'my log'; "),
            "{spelled}"
        );
        assert!(!with_path(&help, None).contains('{'));
    }

    #[test]
    fn help_is_found_wherever_the_error_is_in_the_chain() {
        let peer = Uuid::from_u128(1);
        let unknown = || LogError::UnknownPeer { peer: peer.into() };
        let path = "library".into();
        let source = Box::new(unknown());
        let expected = of_log(&unknown());
        assert!(expected.is_some());
        let wrapped: anyhow::Result<()> = Err(unknown()).context("failed to retire");
        assert_eq!(help_of(&wrapped.unwrap_err()), expected);
        assert_eq!(help_of(&OpenError::Log { path, source }.into()), expected);
        let full = StoreError::new(StoreFault::Full, "write");
        assert!(help_of(&LogError::Store(full).into()).is_some());
        assert_eq!(help_of(&anyhow!("something else")), None);
    }

    #[test]
    fn help_about_damage_leads_to_no_command_that_fails_alike() {
        let damaged = StoreError::new(StoreFault::Corrupt, "read a page");
        let help = help_of(&damaged.into()).unwrap();
        assert!(!help.contains("sync-log"), "{help}");
    }
}
