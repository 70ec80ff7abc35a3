//! Data on stdout, talk on stderr. Colour only where a terminal shows it.

use std::io::{self, ErrorKind, Write};

/// Writes `text` to stdout. A reader that went away early is none of our
/// business: `sync-log … | head` ends quietly.
///
/// # Errors
/// Stdout cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to stderr. If nobody can hear it, nothing can be done about it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
