//! Reading the text form, strictly: one stamp has one text.

use core::error::Error;
use core::fmt;
use core::str::FromStr;

use uuid::Uuid;

use crate::Hlc;

/// Reads exactly the form that [`Hlc::to_text`] writes.
///
/// # Errors
/// [`ParseHlcError`] for any other text: other widths, upper-case digits, a sign, spaces, other
/// spellings of the device id. Never panics. Two different texts never give the same stamp.
impl FromStr for Hlc {
    type Err = ParseHlcError;

    #[inline]
    fn from_str(text: &str) -> Result<Self, ParseHlcError> {
        let Ok(bytes) = <&[u8; Self::TEXT_LEN]>::try_from(text.as_bytes()) else {
            return Err(ParseHlcError::length(text.len()));
        };
        decode(bytes).ok_or_else(|| first_fault(bytes))
    }
}

/// The same as [`FromStr`].
impl TryFrom<&str> for Hlc {
    type Error = ParseHlcError;

    fn try_from(text: &str) -> Result<Self, ParseHlcError> {
        text.parse()
    }
}

/// Why, and where, a text is not the text of an [`Hlc`].
///
/// The text was damaged, or a program with another format wrote it. Do not guess the stamp: a stamp
/// that is read wrongly sorts wrongly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ParseHlcError {
    kind: ParseHlcErrorKind,
    position: usize,
}

/// What is wrong with a text that is not the text of an [`Hlc`].
///
/// Exhaustive: the format is fixed, so there is no fourth kind of mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParseHlcErrorKind {
    /// The text is not 70 bytes long.
    Length {
        /// Its length in bytes.
        found: usize,
    },
    /// A byte that has to be one of `0123456789abcdef` is not.
    Digit {
        /// That byte.
        found: u8,
    },
    /// A byte that has to be a hyphen is not.
    Hyphen {
        /// That byte.
        found: u8,
    },
}

impl ParseHlcError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseHlcErrorKind {
        self.kind
    }

    /// The first byte that is wrong, counted from 0; for a wrong length, the first one that is
    /// missing or too many.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    fn length(found: usize) -> Self {
        Self {
            kind: ParseHlcErrorKind::Length { found },
            position: found.min(Hlc::TEXT_LEN),
        }
    }
}

impl fmt::Display for ParseHlcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, expected) = match self.kind {
            ParseHlcErrorKind::Length { found } => {
                return write!(
                    f,
                    "a stamp is {} bytes of text, found {found}",
                    Hlc::TEXT_LEN
                );
            }
            ParseHlcErrorKind::Digit { found } => (found, "a lower-case hexadecimal digit"),
            ParseHlcErrorKind::Hyphen { found } => (found, "a hyphen"),
        };
        let position = self.position;
        write!(
            f,
            "expected {expected} at byte {position} of a stamp, found `{}`",
            found.escape_ascii()
        )
    }
}

impl Error for ParseHlcError {}

const HYPHENS: [usize; 6] = [16, 33, 42, 47, 52, 57];

/// `None` if any byte is wrong. [`first_fault`] finds that byte, off the fast path.
#[inline]
fn decode(text: &[u8; Hlc::TEXT_LEN]) -> Option<Hlc> {
    let mut faults = 0;
    let mut number = |high, low| read_hex(high, &mut faults) << 32 | read_hex(low, &mut faults);
    let timestamp = number(eight(text, 0), eight(text, 8));
    let counter = number(eight(text, 17), eight(text, 25));
    let device_high = number(eight(text, 34), four(text, 43) << 32 | four(text, 48));
    let device_low = number(four(text, 53) << 32 | four(text, 58), eight(text, 62));
    let hyphens = HYPHENS.iter().all(|at| text[*at] == b'-');
    let device_id = Uuid::from_u64_pair(device_high, device_low);
    (faults == 0 && hyphens).then(|| Hlc::new(timestamp, counter, device_id))
}

/// The value of eight digits, computed on all of them at once: looking up each digit in a table
/// takes twice as long. `faults` becomes other than 0 if one of them is no digit.
#[inline(always)]
fn read_hex(digits: u64, faults: &mut u64) -> u64 {
    // This turns `0` to `9` into their values. Bit 6 marks the letters: `a` to `f` become 0x51 to
    // 0x56, which is 0x47 above their values.
    let flipped = digits ^ in_each_byte(b'0');
    let letters = flipped >> 6 & in_each_byte(1);
    let values = flipped.wrapping_sub(letters * 0x47);
    // A digit has a value below 16, and from 10 on, where adding 6 reaches 16, it is a letter.
    // Digits borrow and carry nothing across bytes. So the lowest byte that is no digit is seen
    // unchanged, and its effect on the bytes above no longer matters.
    let reaches_16 = values.wrapping_add(in_each_byte(6));
    *faults |= (values | (reaches_16 ^ letters << 4)) & in_each_byte(0xf0);

    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (fours | fours >> 16) & 0xffff_ffff
}

const fn in_each_byte(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[inline(always)]
fn eight(text: &[u8; Hlc::TEXT_LEN], at: usize) -> u64 {
    four(text, at) << 32 | four(text, at + 4)
}

#[inline(always)]
fn four(text: &[u8; Hlc::TEXT_LEN], at: usize) -> u64 {
    u32::from_be_bytes([text[at], text[at + 1], text[at + 2], text[at + 3]]).into()
}

#[cold]
fn first_fault(text: &[u8; Hlc::TEXT_LEN]) -> ParseHlcError {
    let fault = text.iter().enumerate().find_map(|(position, &found)| {
        let kind = match HYPHENS.contains(&position) {
            true if found != b'-' => ParseHlcErrorKind::Hyphen { found },
            false if !matches!(found, b'0'..=b'9' | b'a'..=b'f') => {
                ParseHlcErrorKind::Digit { found }
            }
            _ => return None,
        };
        Some(ParseHlcError { kind, position })
    });
    fault.expect("a text of the right length that does not decode has a wrong byte")
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};

    use super::*;

    const TEXT: &str = "0000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd";

    fn with(position: usize, byte: char) -> String {
        let mut text = String::from(TEXT);
        text.replace_range(position..=position, &byte.to_string());
        text
    }

    #[test]
    fn a_text_of_any_other_length_is_refused_where_it_ends_or_should_have() {
        for (text, position) in [("", 0), (&TEXT[..69], 69), (&(TEXT.to_string() + "0"), 70)] {
            let error = Hlc::try_from(text).unwrap_err();
            assert_eq!(
                error.kind(),
                ParseHlcErrorKind::Length { found: text.len() }
            );
            assert_eq!(error.position(), position);
        }
    }

    #[test]
    fn upper_case_signs_and_spaces_are_refused_by_position() {
        for (position, byte) in [
            (0, '+'),
            (8, 'C'),
            (17, ' '),
            (34, '{'),
            (69, 'g'),
            (69, '-'),
        ] {
            let error = with(position, byte).parse::<Hlc>().unwrap_err();
            let found = u8::try_from(byte).unwrap();
            assert_eq!(error.kind(), ParseHlcErrorKind::Digit { found });
            assert_eq!(error.position(), position);
        }
    }

    #[test]
    fn every_hyphen_has_to_be_there() {
        for position in HYPHENS {
            let error = with(position, '0').parse::<Hlc>().unwrap_err();
            assert_eq!(error.kind(), ParseHlcErrorKind::Hyphen { found: b'0' });
            assert_eq!(error.position(), position);
        }
    }

    #[test]
    fn a_text_of_70_bytes_that_are_not_ascii_is_refused() {
        let text = "é".repeat(35);
        assert_eq!(text.parse::<Hlc>().unwrap_err().position(), 0);
    }

    #[test]
    fn the_message_names_the_byte_and_what_was_expected() {
        let of_a_capital = with(8, 'C').parse::<Hlc>().unwrap_err().to_string();
        assert_eq!(
            of_a_capital,
            "expected a lower-case hexadecimal digit at byte 8 of a stamp, found `C`"
        );
        let of_nothing = "".parse::<Hlc>().unwrap_err().to_string();
        assert_eq!(of_nothing, "a stamp is 70 bytes of text, found 0");
    }
}
