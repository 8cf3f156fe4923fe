//! A test with a network, processes and mounts of its own.

use std::{
    any, env,
    ffi::OsString,
    io::{self, Read},
    process::{self, Command, Stdio},
    thread,
};

/// What was prepared for a test that is alone already.
const PREPARED: &str = "XT211_TEST_ALONE";

/// Runs a test where it reaches nothing but what it started, and where nothing that it started, or
/// that was started in turn, outlives it.
///
/// For that, the test is run once more by the program that it is in, as the first process of
/// namespaces of its own: when that ends, in whatever way, the kernel ends all others in them.
/// `install` sees to what is needed outside, since there nothing can be installed. What it returns
/// is `$0` of `prepare`, a script for `sh` that makes ready what is inside.
pub(crate) fn alone<T: AsyncFnOnce()>(prepare: &str, install: impl FnOnce() -> OsString, test: T) {
    if env::var_os(PREPARED).is_some() {
        thread::spawn(end_with_parent);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        return runtime.worker_threads(1).enable_all().build().unwrap().block_on(test());
    }

    let prepared = install();
    let mut child = Command::new("unshare")
        .args(["--mount", "--mount-proc", "--net", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", &format!("{prepare}\nexec \"$@\"")])
        .args([&prepared, env::current_exe().unwrap().as_os_str()])
        .args([name(&test), "--exact", "--ignored", "--nocapture"])
        .env(PREPARED, &prepared)
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

/// What was prepared for a test that is alone.
pub(crate) fn prepared() -> OsString {
    env::var_os(PREPARED).expect("a test that is alone")
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
