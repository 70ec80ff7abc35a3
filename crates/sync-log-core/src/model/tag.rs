//! The chain of tags: with its tag, a position in a log names everything before it.

use std::fmt;
use std::str::FromStr;

use hlc::Hlc;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::entry::SharedChangeEntry;
use super::text::{self, Forms};

/// 128 bits of SHA-256 over the content of an entry.
///
/// The digest covers, in this order: `record_uuid` (16 bytes), `change_type` (1 byte: 1 insert, 2
/// update, 3 delete), `model_version` (u32, big-endian), `group_end` (1 byte), then `model_type`
/// and `data`, each after its length (u32, big-endian). It covers neither the stamp, which the
/// [`Tag`] adds, nor `created_at`. The form is frozen.
///
/// A digest is written as a [`Tag`] is: as 16 bytes, or as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// A digest from its bytes, as a store holds it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The digest of `entry`.
    #[must_use]
    pub fn of(entry: &SharedChangeEntry) -> Self {
        let mut hash = Sha256::new();
        hash.update(entry.record_uuid.as_bytes());
        hash.update([entry.change_type.digest_byte()]);
        hash.update(entry.model_version.to_be_bytes());
        hash.update([u8::from(entry.group_end)]);
        update_with_length(&mut hash, entry.model_type.as_bytes());
        update_with_length(&mut hash, entry.data.as_str().as_bytes());
        Self(first_half(hash))
    }
}

/// 128 bits of SHA-256 over the tag before an entry, its stamp and its [`Digest`].
///
/// So a tag stands for the whole history up to its entry: in a file that was restored, cloned, or
/// rebuilt with a row missing, every later tag differs (`R4`). The idea is that of hash-linked
/// logs; RFC 9162, section 2, describes a public log that is proven in the same way.
///
/// A tag has two forms: 16 bytes, and 32 lower-case hexadecimal digits. Both are strict and frozen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tag([u8; 16]);

impl Tag {
    /// The tag before the first entry of a log.
    pub const ZERO: Self = Self([0; 16]);
    /// Length of the binary form, in bytes.
    pub const BYTES_LEN: usize = 16;
    /// Length of the text form, in bytes.
    pub const TEXT_LEN: usize = 32;

    /// A tag from its bytes, as a store or a peer holds it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES_LEN]) -> Self {
        Self(bytes)
    }

    /// The tag's bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::BYTES_LEN] {
        self.0
    }
}

/// A position in the log, and what came before it: a stamp and a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The stamp of the entry.
    pub hlc: Hlc,
    /// The tag at that entry.
    pub tag: Tag,
}

impl Mark {
    /// Before every entry.
    pub const ZERO: Self = Self {
        hlc: Hlc::ZERO,
        tag: Tag::ZERO,
    };

    /// The mark of the entry after this one, which has this stamp and digest.
    #[must_use]
    pub fn next(self, hlc: Hlc, digest: Digest) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.tag.0);
        hash.update(hlc.to_bytes());
        hash.update(digest.0);
        Self {
            hlc,
            tag: Tag(first_half(hash)),
        }
    }

    /// The mark of `entry`, which comes after this one.
    #[must_use]
    pub fn then(self, entry: &SharedChangeEntry) -> Self {
        self.next(entry.hlc, Digest::of(entry))
    }
}

fn update_with_length(hash: &mut Sha256, bytes: &[u8]) {
    // Longer than 4 GiB cannot be: entries are bounded far below. Saturating
    // keeps this total without a panic.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash.update(length.to_be_bytes());
    hash.update(bytes);
}

fn first_half(hash: Sha256) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Tag(self.0).fmt(f)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

/// Reads a tag's text form: exactly 32 lower-case hexadecimal digits.
impl FromStr for Tag {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != Self::TEXT_LEN || !text.bytes().all(is_digit) {
            return Err(ParseTagError);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| ParseTagError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// Reads a digest's text form: exactly 32 lower-case hexadecimal digits.
impl FromStr for Digest {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|Tag(bytes)| Self(bytes))
    }
}

/// Text that is not the one spelling of a tag or a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to read a tag: it is not 32 lower-case hexadecimal digits")]
pub struct ParseTagError;

impl Forms for Tag {
    const WHAT: &'static str = "tag";
    const BYTES: usize = Self::BYTES_LEN;

    fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Result<Self, ParseTagError>> {
        Some(Ok(Self(bytes.try_into().ok()?)))
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

impl Forms for Digest {
    const WHAT: &'static str = "digest";
    const BYTES: usize = 16;

    fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Result<Self, ParseTagError>> {
        Some(Ok(Self(bytes.try_into().ok()?)))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
