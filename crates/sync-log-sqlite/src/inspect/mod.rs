//! A file as it is: rows as text, whatever program wrote them, and whether they are consistent.
//!
//! The module is for tools that explain a file. Every call blocks its thread and only reads. Even
//! files that [`SyncDb`](crate::SyncDb) refuses to open can be inspected, such as a damaged file,
//! or one of another program.

mod adoption;
mod chain;
mod check;
mod inspector;
mod raw;
mod verify;

pub use adoption::{Adoption, Aside, AsideEntry, try_adoption};
pub use check::{Check, EXAMPLES_MAX};
pub use inspector::{Inspector, Interrupter};
pub use raw::{RawEntry, RawPosition};
