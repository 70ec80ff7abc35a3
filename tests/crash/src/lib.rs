//! Real processes are killed and the power is cut; what is left in the file is
//! checked against what was acknowledged. It never looks at the file through
//! the program under test alone: every check reads it by plain SQL first.
//!
//! - [`child`] is the process that gets killed: it works on a log and announces
//!   each operation before it starts and each result after its `Ok`, in the
//!   lines of [`line`](mod@line), with the entries of [`entry`].
//! - [`parent`] starts it as a [`process`], takes [`aim`], kills, checks, opens
//!   the log again, and counts in a [`report`].
//! - [`model`] is what the acknowledgements allow; [`file`](mod@file) is what the file
//!   holds; [`check`] compares them, [`fresh`] for logs that were being made, [`away`] for
//!   files that were moved, [`refused`] for files that had to stay as they were.

// These are values of the tests; the names of their fields say what they are.
#![allow(missing_docs)]

pub mod aim;
pub mod away;
pub mod check;
pub mod child;
mod copied;
mod earlier;
pub mod entry;
pub mod file;
pub mod fresh;
pub mod line;
pub mod model;
pub mod parent;
pub mod process;
pub mod refused;
pub mod report;
