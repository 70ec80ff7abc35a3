//! Data on stdout, talk on stderr. Colour only where a terminal shows it.

use std::io::{self, ErrorKind, Write};

/// Whether anybody still reads stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// As far as is known.
    Yes,
    /// The reader went away.
    NoLonger,
}

impl Heard {
    /// Both were heard.
    pub(crate) fn and(self, other: Self) -> Self {
        match self {
            Self::Yes => other,
            Self::NoLonger => self,
        }
    }
}

/// Writes `text` to stdout. A reader that went away early is none of our
/// business: `sync-log … | head` ends quietly.
///
/// # Errors
/// Stdout cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_to_reader(text).map(drop)
}

/// The same, and says whether somebody reads.
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

/// Writes a line to stderr. If nobody can hear it, nothing can be done about it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
