//! What can go wrong, and what the caller can do about it.

mod ahead;
mod help;
mod kind;
mod log_error;
mod store_error;

pub use kind::ErrorKind;
pub use log_error::LogError;
pub use store_error::{StoreError, StoreFault};
