#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod atomic;
mod clock;
mod display_ms;
mod drift;
mod error;
#[cfg(feature = "std")]
mod millisecond;
mod packed;
mod parse;
#[cfg(feature = "serde")]
mod serde_impl;
mod stamp;
mod text;
mod wall;

pub use clock::Clock;
pub use display_ms::DisplayMs;
pub use drift::{Drift, DriftLimit, DriftLimits};
pub use error::{DriftExceeded, ObserveError, ResumeError};
pub use packed::CEILING_MS;
pub use parse::{ParseHlcError, ParseHlcErrorKind};
pub use stamp::{HLC, Hlc};
pub use text::HlcText;
pub use uuid::Uuid;
#[cfg(feature = "std")]
pub use wall::SystemClock;
pub use wall::{ManualClock, WallClock};
