//! Writing the text form: 70 bytes on the stack, through a table of two digits per byte.

use core::fmt;
use core::ops::Deref;

use crate::Hlc;

/// The text of one [`Hlc`], held on the stack: `{timestamp:016x}-{counter:016x}-{device_id}`.
///
/// [`Hlc::to_text`] makes it. Use it as a `&str`. Texts compare as their stamps do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HlcText([u8; Hlc::TEXT_LEN]);

impl HlcText {
    /// The text as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("hexadecimal digits and hyphens are ASCII")
    }

    /// The text as its 70 ASCII bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Hlc::TEXT_LEN] {
        &self.0
    }
}

impl Hlc {
    /// The text form, without allocating: fixed width, lower-case, sorted as the stamps are.
    ///
    /// [`FromStr`](core::str::FromStr) reads exactly this form and no other. So a stamp has one
    /// text, and a text has one stamp.
    ///
    /// ```
    /// # use hlc::{Hlc, Uuid};
    /// let stamp = Hlc::new(0x18b_cfe5_6800, 7, Uuid::from_u128(0xd0));
    /// let text = stamp.to_text();
    /// assert_eq!(
    ///     text.as_str(),
    ///     "0000018bcfe56800-0000000000000007-00000000-0000-0000-0000-0000000000d0",
    /// );
    /// assert_eq!(text.parse(), Ok(stamp));
    /// ```
    #[must_use]
    #[inline]
    pub fn to_text(&self) -> HlcText {
        let mut text = [b'-'; Self::TEXT_LEN];
        write_hex(&mut text[0..16], &self.timestamp.to_be_bytes());
        write_hex(&mut text[17..33], &self.counter.to_be_bytes());
        let device = self.device_id.as_bytes();
        write_hex(&mut text[34..42], &device[0..4]);
        write_hex(&mut text[43..47], &device[4..6]);
        write_hex(&mut text[48..52], &device[6..8]);
        write_hex(&mut text[53..57], &device[8..10]);
        write_hex(&mut text[58..70], &device[10..16]);
        HlcText(text)
    }
}

/// The text form. Width and alignment are honoured; a precision cuts the text, as for any string.
impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Display for HlcText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for HlcText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Deref for HlcText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for HlcText {
    fn as_ref(&self) -> &str {
        self
    }
}

/// Writes two digits for each byte; `text` is twice as long as `bytes`.
#[inline(always)]
fn write_hex(text: &mut [u8], bytes: &[u8]) {
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&PAIRS[usize::from(*byte)]);
    }
}

/// The two digits of every byte.
static PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::ToString;

    use super::*;
    use uuid::Uuid;

    fn stamp() -> Hlc {
        let device = Uuid::from_u128(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        Hlc::new(0xfedc_ba98_7654_3210, 0x0123_4567_89ab_cdef, device)
    }

    #[test]
    fn the_text_is_the_one_that_format_would_write() {
        let Hlc {
            timestamp,
            counter,
            device_id,
        } = stamp();
        let expected = format!("{timestamp:016x}-{counter:016x}-{device_id}");
        assert_eq!(stamp().to_text().as_str(), expected);
        assert_eq!(stamp().to_string(), expected);
        assert_eq!(stamp().to_text().as_bytes(), expected.as_bytes());
    }

    #[test]
    fn display_honours_width_alignment_and_fill() {
        let text = stamp().to_string();
        assert_eq!(format!("{:.>72}", stamp()), format!("..{text}"));
        assert_eq!(format!("{:<72}", stamp().to_text()), format!("{text}  "));
        assert_eq!(format!("{:?}", stamp().to_text()), format!("\"{text}\""));
    }
}
