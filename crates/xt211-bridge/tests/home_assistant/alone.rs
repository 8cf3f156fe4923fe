//! A test that is alone with a Home Assistant.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::support::{self, packages::program, prepared};

/// What Home Assistant needs of a system: something that tells of processes, a folder that is gone in
/// the end, and a network, of which it expects that it can speak to many at once.
const PREPARE: &str = r#"
    mount -t proc proc "$0/proc"
    mount -t tmpfs tmpfs "$0/tmp"
    chroot "$0" ip link set lo up multicast on
    chroot "$0" ip route add 224.0.0.0/4 dev lo
"#;

/// Runs a test where Home Assistant reaches nothing but what the test started.
pub(crate) fn alone<T: AsyncFnOnce()>(test: T) {
    let install = || {
        program("mosquitto");
        build().into()
    };
    support::alone(PREPARE, install, test);
}

/// Where Home Assistant is, for a test that is alone.
pub(crate) fn root() -> PathBuf {
    prepared().into()
}

/// Builds Home Assistant if it is not there, and says where it is.
fn build() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/home_assistant/build.sh");
    let output = Command::new(script).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.expect("bash");
    assert!(output.status.success(), "{script} failed");
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}
