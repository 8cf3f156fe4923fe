//! Other processes that write to the store, and how they are noticed without looking again and again.

use std::path::Path;

#[cfg(target_os = "linux")]
pub(super) use self::linux::Outsiders;
#[cfg(not(target_os = "linux"))]
pub(super) use self::nowhere::Outsiders;

/// The system says so.
#[cfg(target_os = "linux")]
mod linux {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    use tokio::net::unix::pipe::Receiver;

    use super::Path;

    /// Watches a file from when it was made on.
    pub(crate) struct Outsiders {
        /// No pipe, but as readable as one.
        watch: Receiver,
    }

    impl Outsiders {
        /// `None` if the system does not say it of this file, or of no more files.
        pub(crate) fn of(file: &Path) -> Option<Self> {
            let watch = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            add_watch(&watch, file, WatchFlags::MODIFY).ok()?;
            Some(Self { watch: Receiver::from_owned_fd_unchecked(watch).ok()? })
        }

        /// Waits until somebody has written.
        pub(crate) async fn written(&self) {
            // An error is a reason to look, too. What it has to say is not read: that there is
            // something is enough, and there is a new one for the next time.
            let _ = self.watch.readable().await;
        }
    }
}

/// Nobody says so.
#[cfg(not(target_os = "linux"))]
mod nowhere {
    use super::Path;

    pub(crate) struct Outsiders;

    impl Outsiders {
        pub(crate) fn of(_file: &Path) -> Option<Self> {
            None
        }

        pub(crate) async fn written(&self) {
            std::future::pending().await
        }
    }
}
