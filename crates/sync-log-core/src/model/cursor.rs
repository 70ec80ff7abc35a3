//! The position of a reader in a log.

use std::fmt;
use std::str::FromStr;

use hlc::Hlc;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::tag::{Mark, Tag};
use super::text::{self, Forms, parse_uuid};

/// The position of a reader: it has *everything up to and including `hlc` of log `log_id`*.
///
/// The tag is a hash of everything up to that position. Because of the tag a restored, cloned or
/// rewritten file answers with an error and not with a silent hole (`R2`): the stamp alone may
/// exist again, with another past.
///
/// A cursor has two forms: 64 bytes, big-endian (log id 16, HLC 32, tag 16), and the text
/// `{log_id}/{hlc}/{tag:032x}`. Both are strict and frozen. Serde writes text in human-readable
/// formats and bytes in others, and reads either form in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    log_id: Uuid,
    hlc: Hlc,
    tag: Tag,
}

impl Cursor {
    /// The start of a log. It is valid in every log that was never pruned.
    pub const ZERO: Self = Self {
        log_id: Uuid::nil(),
        hlc: Hlc::ZERO,
        tag: Tag::ZERO,
    };
    /// Length of the binary form, in bytes.
    pub const BYTES_LEN: usize = 64;
    /// Length of the text form, in bytes.
    pub const TEXT_LEN: usize = 36 + 1 + Hlc::TEXT_LEN + 1 + Tag::TEXT_LEN;

    /// Makes a cursor from its parts.
    ///
    /// # Errors
    /// [`ParseCursorError`] if `hlc` is zero and the other parts are not: only
    /// the zero cursor holds the zero HLC.
    pub fn new(log_id: Uuid, hlc: Hlc, tag: Tag) -> Result<Self, ParseCursorError> {
        let cursor = Self { log_id, hlc, tag };
        if hlc.is_zero() && cursor != Self::ZERO {
            Err(ParseCursorError)
        } else {
            Ok(cursor)
        }
    }

    /// The cursor of a mark; the zero cursor of the zero mark.
    pub(crate) fn at(log_id: Uuid, mark: Mark) -> Self {
        let Mark { hlc, tag } = mark;
        if hlc.is_zero() {
            Self::ZERO
        } else {
            Self { log_id, hlc, tag }
        }
    }

    /// The stamp and the tag, whatever the log.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark {
            hlc: self.hlc,
            tag: self.tag,
        }
    }

    /// The log that the cursor is of.
    #[must_use]
    pub const fn log_id(&self) -> Uuid {
        self.log_id
    }

    /// The last entry that the reader has.
    #[must_use]
    pub const fn hlc(&self) -> Hlc {
        self.hlc
    }

    /// The tag at that entry.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// Whether it is the start of a log.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The binary form.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES_LEN] {
        let mut bytes = [0; Self::BYTES_LEN];
        bytes[..16].copy_from_slice(self.log_id.as_bytes());
        bytes[16..48].copy_from_slice(&self.hlc.to_bytes());
        bytes[48..].copy_from_slice(&self.tag.to_bytes());
        bytes
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`ParseCursorError`] as for [`Cursor::new`].
    pub fn from_bytes(bytes: [u8; Self::BYTES_LEN]) -> Result<Self, ParseCursorError> {
        let (mut log_id, mut hlc, mut tag) = ([0; 16], [0; 32], [0; 16]);
        log_id.copy_from_slice(&bytes[..16]);
        hlc.copy_from_slice(&bytes[16..48]);
        tag.copy_from_slice(&bytes[48..]);
        Self::new(
            Uuid::from_bytes(log_id),
            Hlc::from_bytes(hlc),
            Tag::from_bytes(tag),
        )
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.log_id.hyphenated(), self.hlc, self.tag)
    }
}

/// Text or bytes that are not the one form of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to read a cursor: it is not `log-id/hlc/tag` in strict form")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(ParseCursorError);
        let log_id = parse_uuid(next()?).ok_or(ParseCursorError)?;
        let hlc = next()?.parse().map_err(|_| ParseCursorError)?;
        let tag = next()?.parse().map_err(|_| ParseCursorError)?;
        if parts.next().is_some() {
            return Err(ParseCursorError);
        }
        Self::new(log_id, hlc, tag)
    }
}

impl Forms for Cursor {
    const WHAT: &'static str = "cursor";
    const BYTES: usize = Self::BYTES_LEN;

    fn bytes(&self) -> Vec<u8> {
        self.to_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Result<Self, ParseCursorError>> {
        Some(Self::from_bytes(bytes.try_into().ok()?))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
