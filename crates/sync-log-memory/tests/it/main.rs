//! The tests of the store in memory.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod conformance;
mod database;
mod harness;
mod receiver_conformance;
