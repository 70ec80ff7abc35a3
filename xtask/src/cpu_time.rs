//! The CPU time that a task takes, which unlike the time on the wall is much the same on a busy
//! machine.

use std::time::Duration;

/// The CPU time, of user and system, of this program and of all programs that were started here and
/// have ended.
///
/// It is zero on systems that are not Unix.
pub(crate) fn so_far() -> Duration {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike as _;
        let used = [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN].map(|of| {
            getrusage(of).map_or(0, |usage| {
                (usage.user_time() + usage.system_time()).num_milliseconds()
            })
        });
        let milliseconds: i64 = used.iter().sum();
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
    #[cfg(not(unix))]
    Duration::ZERO
}
