//! Paths in commands that are suggested, so that a shell takes them as they are.

use std::fmt::Write as _;
use std::path::Path;

/// The path as one word of a POSIX shell, which no command takes for an option. Bytes that are not
/// text, and control characters, need a shell that knows `$'…'`.
pub(crate) fn word(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_option = bytes.starts_with(b"-");
    let start = if is_option { "./" } else { "" };
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => format!("{start}{text}"),
        Some(text) if !text.contains(char::is_control) => {
            format!("'{start}{}'", text.replace('\'', r"'\''"))
        }
        _ => format!("$'{start}{}'", escaped(bytes)),
    }
}

/// Whether a shell takes the character as itself, wherever it is in a word.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "/._-+,:@%".contains(c)
}

fn escaped(bytes: &[u8]) -> String {
    let mut escaped = String::new();
    for byte in bytes {
        match byte {
            b'\'' | b'\\' => {
                escaped.push('\\');
                escaped.push(char::from(*byte));
            }
            b' '..=b'~' => escaped.push(char::from(*byte)),
            // Three digits, so that a digit that follows is not taken for one more.
            _ => {
                let _ = write!(escaped, "\\{byte:03o}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_and_no_option() {
        let cases = [
            ("library/sync.db", "library/sync.db"),
            ("my library", "'my library'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("-x", "./-x"),
            ("-x y", "'./-x y'"),
            ("~root", "'~root'"),
            ("", "''"),
            ("a\nb", r"$'a\012b'"),
        ];
        for (path, expected) in cases {
            assert_eq!(word(Path::new(path)), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_are_escaped() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"a\xff1'"));
        assert_eq!(word(path), r"$'a\3771\''");
    }
}
