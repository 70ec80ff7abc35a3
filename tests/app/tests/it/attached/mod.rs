//! The log in the app's own database.

mod app;
mod conformance;
mod durable;
mod harness;
mod in_use;
mod opening;
mod pools;
mod tuned;
