//! Stories that cross crates.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod two_stores;
