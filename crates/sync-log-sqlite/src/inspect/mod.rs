//! A look at a file as it is: rows as text, whoever wrote them, and whether they
//! hold together.
//!
//! For tools that explain a file. It blocks the thread that calls, reads only, and
//! takes also what [`SyncDb`](crate::SyncDb) would refuse to open: a file of an
//! earlier program, or a damaged one.

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
