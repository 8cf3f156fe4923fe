//! The programs that the tests need besides our own.

use std::{
    env, fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

/// The Debian packages that hold them.
const PACKAGES: [&str; 2] = ["mosquitto", "victoria-metrics"];

/// Where programs are that are not in everybody's `PATH`.
const ALSO_IN: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// What keeps packages from starting their services while it is there.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Finds a program; installs the packages if it is missing and this is ours to do.
pub(crate) fn program(name: &str) -> PathBuf {
    program_of(&PACKAGES, name)
}

/// The same, for a program of other packages.
pub(crate) fn program_of(packages: &[&str], name: &str) -> PathBuf {
    /// One installs at a time; who waited finds it done.
    static INSTALLING: Mutex<()> = Mutex::new(());

    find(name)
        .or_else(|| {
            let _one = INSTALLING.lock();
            find(name).or_else(|| install(packages).then(|| find(name)).flatten())
        })
        .unwrap_or_else(|| {
            let packages = packages.join(" ");
            panic!("{name} is needed: install it first, on Debian by apt-get install {packages}")
        })
}

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain(env::split_paths(ALSO_IN));
    folders.find_map(|folder| {
        let program = folder.join(name);
        let mode = fs::metadata(&program).ok()?.permissions().mode();
        (mode & 0o111 != 0 && program.is_file()).then_some(program)
    })
}

/// Whether it worked.
fn install(packages: &[&str]) -> bool {
    if !rustix::process::geteuid().is_root() || find("apt-get").is_none() {
        return false;
    }
    let _quiet = NoServices::begin();
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // A fresh container knows no package at all.
    apt_get(&install) || (apt_get(&["update"]) && apt_get(&install))
}

fn apt_get(arguments: &[&str]) -> bool {
    Command::new("apt-get")
        .args(["-q", "-o", "DPkg::Lock::Timeout=600"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// While this lives, an installed package does not start its service: Mosquitto's would take port
/// 1883 of this machine. If somebody has decided on that already, so be it.
struct NoServices {
    is_ours: bool,
}

impl NoServices {
    fn begin() -> Self {
        let policy = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        let text =
            "#!/bin/sh\n# By the tests of xt211-bridge, while they install packages.\nexit 101\n";
        Self { is_ours: policy.is_ok_and(|mut file| file.write_all(text.as_bytes()).is_ok()) }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = fs::remove_file(Path::new(POLICY));
        }
    }
}
