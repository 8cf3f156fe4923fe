//! A test with a network, processes and mounts of its own.

use std::{
    any, env,
    io::{self, Read},
    path::PathBuf,
    process::{self, Command, Stdio},
    thread,
};

use crate::support::packages::program;

/// Where Home Assistant is, for a test that is alone already.
const ROOT: &str = "XT211_TEST_ROOT";

/// What Home Assistant needs of a system: something that tells of processes, a folder that is gone in
/// the end, and a network, of which it expects that it can speak to many at once.
const PREPARE: &str = r#"
    mount -t proc proc "$0/proc"
    mount -t tmpfs tmpfs "$0/tmp"
    chroot "$0" ip link set lo up multicast on
    chroot "$0" ip route add 224.0.0.0/4 dev lo
    exec "$@"
"#;

/// Runs a test where Home Assistant reaches nothing but what the test started, and where nothing
/// that the test started, or that it started in turn, outlives it.
///
/// For that, the test is run once more by the program that it is in, as the first process of
/// namespaces of its own: when that ends, in whatever way, the kernel ends all others in them.
pub(crate) fn alone<T: AsyncFnOnce()>(test: T) {
    if env::var_os(ROOT).is_some() {
        thread::spawn(end_with_parent);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        return runtime.worker_threads(1).enable_all().build().unwrap().block_on(test());
    }

    // What is missing has to be installed from here: there, nothing can be.
    program("mosquitto");
    let root = build();
    let mut child = Command::new("unshare")
        .args(["--mount", "--mount-proc", "--net", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", PREPARE])
        .args([root.as_os_str(), env::current_exe().unwrap().as_os_str()])
        .args([name(&test), "--exact", "--ignored", "--nocapture"])
        .env(ROOT, &root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("unshare, which is a part of util-linux");
    let _alive = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && stdout.contains("1 passed");
    assert!(passed, "{stdout}{}", String::from_utf8_lossy(&output.stderr));
}

/// Where Home Assistant is, for a test that is alone.
pub(crate) fn root() -> PathBuf {
    env::var_os(ROOT).expect("a test that is alone").into()
}

/// Builds Home Assistant if it is not there, and says where it is.
fn build() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/home_assistant/build.sh");
    let output = Command::new(script).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.expect("bash");
    assert!(output.status.success(), "{script} failed");
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}

/// The name of the test that this is the closure of, as the harness knows it.
fn name<T>(_: &T) -> &'static str {
    let closure = any::type_name::<T>();
    let name = closure.strip_suffix("::{{closure}}").and_then(|name| name.split_once("::"));
    name.expect("a closure in the function that is the test").1
}

/// A signal to the parent does not reach us; but this is open for as long as it is there.
fn end_with_parent() {
    let _ = io::stdin().read(&mut [0]);
    process::exit(1);
}
