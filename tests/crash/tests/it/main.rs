//! Processes that are killed, and power that is cut; and the check of what is left.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod checker;
mod checker_of_files;
mod index;
mod kills;
mod power_cut;
