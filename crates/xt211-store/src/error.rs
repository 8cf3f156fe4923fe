//! Why something is not kept, or cannot be found.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What went wrong, with which file, and what to do about it, in one line.
///
/// ```
/// use xt211_store::{Store, StoreErrorKind};
///
/// let error = Store::open("/there/is/no/folder.db".as_ref()).unwrap_err();
/// assert_eq!(error.kind(), StoreErrorKind::Missing);
/// assert_eq!(error.code(), "store.missing");
/// assert_eq!(
///     error.to_string(),
///     "/there/is/no/folder.db cannot be opened: its folder is not there; create /there/is/no"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Line(self))]
pub struct StoreError {
    kind: StoreErrorKind,
    path: PathBuf,
    detail: String,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, path: &Path, detail: impl Into<String>) -> Self {
        Self { kind, path: path.to_owned(), detail: detail.into() }
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What went wrong as a text that never changes, for logs and archives; short for
    /// [`StoreErrorKind::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal,)*) => {
        /// What went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreErrorKind {
            $($(#[$doc])* #[doc = concat!("\n\nIts code is `", $code, "`.")] $kind,)*
        }

        impl StoreErrorKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The kind as a text that never changes, for logs and archives.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }
        }
    };
}

error_kinds! {
    /// The disk is full. What was to be written is not there; trying again later may work.
    Full = "store.full",
    /// The file or its folder must not be written to.
    ReadOnly = "store.read_only",
    /// Another program is writing at this moment; trying again may work.
    Locked = "store.locked",
    /// Another bridge has the file.
    InUse = "store.in_use",
    /// The file is damaged. What can be done: [`Store::begin_anew`](crate::Store::begin_anew).
    Damaged = "store.damaged",
    /// A newer version of this program has written the file.
    Newer = "store.newer",
    /// An older version of this program has written the file, and no bridge has opened it since.
    Older = "store.older",
    /// The file is another program's database.
    Foreign = "store.foreign",
    /// There is no such file, or no such folder.
    Missing = "store.missing",
    /// A time is before 1677-09-21 or after 2262-04-11. Nothing was written.
    TimeRange = "store.time_range",
    /// Reading or writing failed in another way.
    Io = "store.io",
    /// SQLite refused for another reason, such as a meter that is not in this file.
    Other = "store.other",
}

/// An error on one line.
struct Line<'e>(&'e StoreError);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreError { kind, path, detail } = self.0;
        let path = path.display();
        match kind {
            StoreErrorKind::Full => {
                write!(f, "the disk is full: nothing can be kept in {path}; free some space")
            }
            StoreErrorKind::ReadOnly => write!(
                f,
                "{path} cannot be written to: {detail}; give this program's user the right to \
                 write to it and to its folder"
            ),
            StoreErrorKind::Locked => write!(
                f,
                "{path} is being written to by another program; try again, or stop that program"
            ),
            StoreErrorKind::InUse => write!(
                f,
                "{path} is in use by another bridge; stop that one, or choose another file here"
            ),
            StoreErrorKind::Damaged => write!(
                f,
                "{path} is damaged: {detail}; move it away, and the bridge begins a new one when \
                 it starts"
            ),
            StoreErrorKind::Newer => {
                write!(f, "{path} was written by a newer version: {detail}; use that version")
            }
            StoreErrorKind::Older => write!(
                f,
                "{path} was written by an older version: {detail}; start this version's bridge \
                 once, which brings it up to date"
            ),
            StoreErrorKind::Foreign => {
                write!(f, "{path} is the database of another program; choose another file")
            }
            StoreErrorKind::Missing => write!(f, "{path} cannot be opened: {detail}"),
            StoreErrorKind::TimeRange => write!(
                f,
                "{path} cannot keep a time of the year {detail}; it has those from 1678 to 2261"
            ),
            StoreErrorKind::Io | StoreErrorKind::Other => write!(f, "{path}: {detail}"),
        }
    }
}

impl fmt::Display for StoreErrorKind {
    /// Writes the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_readme_once() {
        let readme = include_str!("../README.md");
        for kind in StoreErrorKind::ALL {
            assert_eq!(readme.matches(&format!("| `{kind}` |")).count(), 1, "{kind}");
        }
    }

    #[test]
    fn every_kind_names_the_file_on_one_line() {
        for kind in StoreErrorKind::ALL {
            let line = StoreError::new(*kind, Path::new("/x/y.db"), "why").to_string();
            assert!(line.contains("/x/y.db") && !line.contains('\n'), "{line}");
        }
    }
}
