//! Data goes to stdout and messages to stderr. Colour is used only on a terminal.

use std::io::{self, ErrorKind, Write};

/// Whether a reader of stdout is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A reader is left, as far as is known.
    Yes,
    /// The reader closed its end.
    NoLonger,
}

impl Heard {
    /// Whether both texts had a reader.
    pub(crate) fn and(self, other: Self) -> Self {
        match self {
            Self::Yes => other,
            Self::NoLonger => self,
        }
    }
}

/// Writes `text` to stdout. A reader may close its end early: `sync-log … | head` ends quietly.
///
/// # Errors
/// Stdout cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_to_reader(text).map(drop)
}

/// Writes `text` to stdout, and returns whether a reader is left.
///
/// # Errors
/// As for [`print()`].
pub(crate) fn print_to_reader(text: &str) -> io::Result<Heard> {
    let mut stdout = anstream::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Heard::NoLonger),
        result => result.map(|()| Heard::Yes),
    }
}

/// Writes a line to stderr. A failure to write is ignored, because it cannot be reported.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
