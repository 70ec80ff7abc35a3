//! Why a command stopped, and its exit code for scripts.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing to report.
    Fine,
    /// The command ran to its end and found something wrong.
    Finding,
    /// The call or its input is wrong.
    Usage,
    /// A file could not be opened, read or written.
    CannotOpen,
    /// A file is damaged, or its schema is not known.
    Damaged,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Finding => 1,
            Exit::Usage => 2,
            Exit::CannotOpen => 3,
            Exit::Damaged => 4,
        })
    }
}

/// An error with the exit code that it ends in.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What went wrong, with its causes.
    pub(crate) error: anyhow::Error,
    /// What to do about it, where the error does not say.
    pub(crate) help: Option<&'static str>,
}

impl Failure {
    /// The call or its input is wrong.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit: Exit::Usage,
            error: error.into(),
            help: None,
        }
    }

    /// The same failure, with what to do about it.
    pub(crate) fn with_help(self, help: &'static str) -> Self {
        let help = Some(help);
        Self { help, ..self }
    }

    /// A signal ended the program, which reports no failure then.
    pub(crate) fn ended() -> Self {
        Self::cannot_open(anyhow::anyhow!("ended by a signal"))
    }

    /// A file could not be opened, read or written.
    pub(crate) fn cannot_open(error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit: Exit::CannotOpen,
            error: error.into(),
            help: None,
        }
    }
}
