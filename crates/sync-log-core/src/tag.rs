//! A short hash of an entry's content: tells a rewritten log from the original.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::SharedChangeEntry;

/// 64 bits of SHA-256 over an entry's content.
///
/// Computed when read; stored for the floor alone. `created_at` is not covered.
/// The form is frozen: test vectors in this module must not change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Tag(u64);

impl Tag {
    /// The tag of the zero cursor and of a floor that never moved.
    pub const ZERO: Self = Self(0);

    /// A tag from its number, as a store or a peer holds it.
    #[must_use]
    pub const fn from_u64(value: u64) -> Self {
        Self(value)
    }

    /// The tag's number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The tag of `entry`.
    #[must_use]
    pub fn of(entry: &SharedChangeEntry) -> Self {
        let mut hash = Sha256::new();
        hash.update(entry.hlc.to_bytes());
        hash.update(entry.record_uuid.as_bytes());
        hash.update([entry.change_type.tag_byte()]);
        update_with_length(&mut hash, entry.model_type.as_bytes());
        update_with_length(&mut hash, entry.data.as_str().as_bytes());
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }
}

fn update_with_length(hash: &mut Sha256, bytes: &[u8]) {
    // Longer than 4 GiB cannot be: entries are bounded far below. Saturating
    // keeps this total without a panic.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash.update(length.to_be_bytes());
    hash.update(bytes);
}

/// 16 lower-case hexadecimal digits.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({:016x})", self.0)
    }
}

/// Reads a tag's text form: exactly 16 lower-case hexadecimal digits.
impl std::str::FromStr for Tag {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let strict =
            text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !strict {
            return Err(ParseTagError);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| ParseTagError)
    }
}

/// Text that is not the one spelling of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to read a tag: it is not 16 lower-case hexadecimal digits")]
pub struct ParseTagError;
