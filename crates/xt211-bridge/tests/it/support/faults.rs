//! Disks and clocks that fail, under a bridge that does not know of it.

use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

use tempfile::TempDir;

/// What is to fail, as `faults.c` has it; in a folder of its own.
pub(crate) struct Faults {
    folder: TempDir,
}

impl Faults {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("shadow")).unwrap();
        Self { folder }
    }

    /// The environment for a bridge; a switch fails nothing until it is turned on.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let switches = ["FAULT_FULL", "FAULT_READ_ONLY", "FAULT_SYNC", "FAULT_CLOCK"];
        let switches = switches.map(|name| (name, self.path(name).display().to_string()));
        [("LD_PRELOAD", library().display().to_string())].into_iter().chain(switches).collect()
    }

    /// The same, for one that kills itself before, within or after the step of this number, out of
    /// those of a kind.
    pub(crate) fn killing(&self, how: &str, kind: &str, step: u32) -> Vec<(&'static str, String)> {
        let mut environment = self.environment();
        environment.extend([
            ("FAULT_KILL_STEP", kind.to_owned()),
            ("FAULT_KILL_AT", step.to_string()),
            ("FAULT_KILL_HOW", how.to_owned()),
        ]);
        environment
    }

    /// The same, for one of which a power cut would leave the [shadow](Self::shadow).
    pub(crate) fn shadowing(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.environment();
        environment.push(("FAULT_SHADOW", self.shadow().display().to_string()));
        environment
    }

    /// Each file as it was when it was synced last.
    pub(crate) fn shadow(&self) -> PathBuf {
        self.folder.path().join("shadow")
    }

    /// Turns a switch on.
    pub(crate) fn turn_on(&self, name: &str) {
        fs::write(self.path(name), "").unwrap();
    }

    /// Turns a switch off.
    pub(crate) fn turn_off(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Puts the clock ahead, by so many seconds.
    pub(crate) fn put_clock_ahead(&self, seconds: i64) {
        // At once or not at all: it may be read at any moment.
        let draft = self.path("draft");
        fs::write(&draft, seconds.to_string()).unwrap();
        fs::rename(draft, self.path("FAULT_CLOCK")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What is to be preloaded, built once.
pub(crate) fn library() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();

    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/faults.c");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"])
            .args([&folder.path().join("faults.so"), &PathBuf::from(source)])
            .output()
            .expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    });
    folder.path().join("faults.so")
}
