//! The CPU time that the programs of a task take, which unlike the time on the wall is much the same
//! on a busy machine.

use std::time::Duration;

/// The CPU time, of user and system, of all programs that were started here and have ended.
///
/// It is zero on systems that are not Unix.
pub(crate) fn of_children() -> Duration {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike as _;
        let milliseconds = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| {
            (usage.user_time() + usage.system_time()).num_milliseconds()
        });
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
    #[cfg(not(unix))]
    Duration::ZERO
}
