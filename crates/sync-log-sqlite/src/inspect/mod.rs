//! A file as it is: rows as text, whatever program wrote them, and whether they are consistent.
//!
//! For tools that explain a file. Every call blocks its thread and only reads. Files that
//! [`SyncDb`](crate::SyncDb) refuses to open can be inspected: a file of an earlier program, or a
//! damaged one.

mod adoption;
mod chain;
mod check;
mod inspector;
mod raw;
mod verify;

pub use adoption::{Adoption, Aside, AsideEntry, try_adoption};
pub use check::{Check, EXAMPLES_MAX};
pub use inspector::Inspector;
pub use raw::RawEntry;
