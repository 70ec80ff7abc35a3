//! Whether a reader of stdout is left, for a command that has nothing to write.

use std::io::IsTerminal as _;

/// Returns once the reader of the pipe to which stdout leads has closed its end; never if stdout is
/// no pipe.
#[cfg(unix)]
pub(crate) async fn closed() {
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    let stdout = std::io::stdout();
    if stdout.is_terminal() {
        return std::future::pending().await;
    }
    #[allow(deprecated, reason = "stdout, which stays open, is a sound argument")]
    let pipe = AsyncFd::with_interest(stdout, Interest::WRITABLE);
    let Ok(pipe) = pipe else {
        // A file, which is always ready.
        return std::future::pending().await;
    };
    loop {
        let Ok(mut ready) = pipe.writable().await else {
            return std::future::pending().await;
        };
        if ready.ready().is_write_closed() {
            return;
        }
        ready.clear_ready();
    }
}

#[cfg(not(unix))]
pub(crate) async fn closed() {
    std::future::pending().await
}
