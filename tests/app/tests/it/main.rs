//! The product in an app that has a SeaORM driver of its own.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

mod attached;
mod entities;
mod fleet;
mod in_a_transaction;
mod kills;
mod migrations;
mod photo_tags;
mod records;
mod shared;
