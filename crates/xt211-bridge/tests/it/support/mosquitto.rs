//! A real broker.

use std::{
    fs,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{Authority, DEADLINE, eventually, free_port, packages, process::Process, until};

/// A Mosquitto with a port and a folder of its own.
pub(crate) struct Mosquitto {
    process: Process,
    folder: TempDir,
    settings: String,
    scheme: &'static str,
    pub(crate) port: u16,
}

impl Mosquitto {
    /// One that lets everybody in, and forgets everything when it ends.
    pub(crate) async fn start() -> Self {
        Self::start_in(folder(), "allow_anonymous true", "mqtt").await
    }

    /// One that keeps sessions and retained messages on disk when it is asked to end.
    pub(crate) async fn persistent() -> Self {
        let folder = folder();
        let place = folder.path().display();
        let settings =
            format!("allow_anonymous true\npersistence true\npersistence_location {place}/");
        Self::start_in(folder, &settings, "mqtt").await
    }

    /// One that also logs every packet.
    pub(crate) async fn talkative() -> Self {
        Self::start_in(folder(), "allow_anonymous true\nlog_type all", "mqtt").await
    }

    /// One that lets in who knows the password.
    pub(crate) async fn with_password(user: &str, password: &str) -> Self {
        let folder = folder();
        set_password(folder.path(), user, password);
        let file = password_file(folder.path());
        let settings = format!("allow_anonymous false\npassword_file {}", file.display());
        Self::start_in(folder, &settings, "mqtt").await
    }

    /// One that speaks TLS, with a certificate of this authority.
    pub(crate) async fn with_tls(authority: &Authority) -> Self {
        let folder = folder();
        let (certificate, key) = authority.equip(folder.path());
        let settings = format!(
            "allow_anonymous true\ncertfile {}\nkeyfile {}",
            certificate.display(),
            key.display()
        );
        Self::start_in(folder, &settings, "mqtts").await
    }

    async fn start_in(folder: TempDir, settings: &str, scheme: &'static str) -> Self {
        loop {
            let (settings, port) = (settings.to_owned(), free_port());
            let mut process = launch(folder.path(), &settings, port);
            if runs(&mut process).await {
                return Self { process, folder, settings, scheme, port };
            }
            // Otherwise, another process was faster to take the port.
            process.end().await;
            assert!(process.stderr().contains("Address already in use"), "{}", process.stderr());
        }
    }

    /// The section of the configuration that leads here; further keys may follow it.
    pub(crate) fn section(&self) -> String {
        format!("[mqtt]\nurl = \"{}\"\n", self.url())
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Waits for a line in its log that holds this text.
    pub(crate) async fn logs(&self, text: &str) {
        until(&format!("{text:?} in Mosquitto's log"), || self.process.stderr().contains(text))
            .await;
    }

    /// How many messages the bridge has acknowledged to a talkative one.
    pub(crate) fn acknowledged(&self) -> usize {
        self.process.stderr().matches(": Received PUBACK from xt211-bridge ").count()
    }

    /// Ends it as the system does, so that it can save what it is to keep.
    pub(crate) async fn stop(&mut self) {
        self.process.send(Signal::TERM);
        self.process.end().await;
    }

    /// Ends it as a power failure does.
    pub(crate) async fn kill(&mut self) {
        self.process.send(Signal::KILL);
        self.process.end().await;
    }

    /// Starts it again, on its port.
    pub(crate) async fn start_again(&mut self) {
        let since = std::time::Instant::now();
        loop {
            self.process = launch(self.folder.path(), &self.settings, self.port);
            if runs(&mut self.process).await {
                return;
            }
            assert!(since.elapsed() < DEADLINE, "{}", self.process.stderr());
        }
    }

    /// Changes the password of one that asks for it.
    pub(crate) fn change_password(&self, user: &str, password: &str) {
        set_password(self.folder.path(), user, password);
        self.process.send(Signal::HUP);
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn launch(folder: &Path, settings: &str, port: u16) -> Process {
    let file = folder.join("mosquitto.conf");
    // As root, it would become a user who may not read this folder. And it would drop what comes
    // after a thousand messages for a bridge that is away.
    let text = format!(
        "listener {port} 127.0.0.1\nuser root\nset_tcp_nodelay true\nmax_queued_messages 0\n\
         {settings}\n"
    );
    fs::write(&file, text).unwrap();
    Process::start("Mosquitto", Command::new(packages::program("mosquitto")).arg("-c").arg(file))
}

/// Waits until it runs; `false` if it has ended instead.
async fn runs(process: &mut Process) -> bool {
    eventually("Mosquitto runs", async || {
        let runs = process.stderr().lines().any(|line| line.ends_with(" running"));
        if runs { Some(true) } else { process.has_ended().then_some(false) }
    })
    .await
}

fn password_file(folder: &Path) -> PathBuf {
    folder.join("passwords")
}

fn set_password(folder: &Path, user: &str, password: &str) {
    let file = password_file(folder);
    fs::File::options().create(true).append(true).mode(0o600).open(&file).unwrap();
    let status = Command::new(packages::program("mosquitto_passwd"))
        .arg("-b")
        .args([file.as_os_str(), user.as_ref(), password.as_ref()])
        .status();
    assert!(status.unwrap().success(), "mosquitto_passwd failed");
}
