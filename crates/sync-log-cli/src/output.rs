//! Data goes to stdout, byte for byte, and messages to stderr. A terminal gets control characters
//! by their numbers, so that no stored text moves its cursor or changes what is on the screen.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal as _, Write};

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
    let mut stdout = io::stdout().lock();
    let text = readable(text, stdout.is_terminal());
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Heard::NoLonger),
        result => result.map(|()| Heard::Yes),
    }
}

/// Writes a line to stderr. A failure to write is ignored, because it cannot be reported.
pub(crate) fn say(line: &str) {
    let mut stderr = io::stderr().lock();
    let line = readable(line, stderr.is_terminal());
    let _ = writeln!(stderr, "{line}");
}

fn readable(text: &str, terminal: bool) -> Cow<'_, str> {
    if !terminal || !text.contains(is_command) {
        return text.into();
    }
    let mut readable = String::with_capacity(text.len());
    for c in text.chars() {
        if is_command(c) {
            readable.extend(c.escape_unicode());
        } else {
            readable.push(c);
        }
    }
    readable.into()
}

/// Whether a terminal acts on it: C0 except the line feed, DEL, C1, and what changes the direction of
/// text.
fn is_command(c: char) -> bool {
    let is_direction = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || (c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_control_characters_by_their_numbers() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}b\nc ü";
        let escaped = "a\\u{1b}[2J\\u{7f}\\u{9b}\\u{202e}b\nc ü";
        assert_eq!(readable(text, true), escaped);
        assert_eq!(readable(text, false), text);
    }
}
