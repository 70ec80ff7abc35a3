//! What a fuzzer tries: one function for each target, which takes any bytes and
//! panics where a promise is broken. It never looks at what a target *should* make
//! of a certain input, only at what holds for every input.
//!
//! `fuzz/` runs them with libFuzzer; `tests/corpus.rs` runs them on a fixed corpus,
//! and on inputs derived from it, with nothing but `cargo test`.

// A panic is how a target tells what it found.
#![allow(clippy::unwrap_used)]

mod contents;
mod cursor;
mod entry;
mod forms;
mod json;
#[path = "../../../crates/sync-log-memory/tests/it/harness.rs"]
mod memory;
#[path = "../../../crates/sync-log-sqlite/tests/it/harness.rs"]
mod sqlite;
mod stamp;
mod store;

pub use contents::contents;
pub use cursor::{cursor_bytes, cursor_text};
pub use entry::entry;
pub use json::json_text;
pub use stamp::{hlc_bytes, hlc_text};
pub use store::{store_in_a_file, store_in_memory};
