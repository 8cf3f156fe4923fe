//! The program itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use rustix::process::Signal;
use tempfile::TempDir;
use xt211_store::{MeterNews, Opened, Reader, Store, StoredMeter};

use super::{eventually, process::Process, until};

/// A bridge that runs, with a folder of its own.
pub(crate) struct Bridge {
    process: Process,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Bridge {
    /// Starts one with this configuration, and waits until it listens to the broker.
    pub(crate) async fn start(configuration: &str) -> Self {
        let bridge = Self::launch(configuration, "info");
        bridge.connected(1).await;
        bridge
    }

    /// Starts one that logs so much, and does not wait for anything.
    pub(crate) fn launch(configuration: &str, log: &str) -> Self {
        Self::launch_with(configuration, log, &[])
    }

    /// Starts one in this environment.
    pub(crate) fn launch_with(
        configuration: &str,
        log: &str,
        environment: &[(&str, String)],
    ) -> Self {
        let folder = folder_with(configuration);
        let log = ("XT211_LOG", log.to_owned());
        let environment: Vec<_> = environment
            .iter()
            .chain([&log])
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        Self { process: launch(folder.path(), &environment), folder, environment }
    }

    /// Gives it another environment, for when it is started again.
    pub(crate) fn set_environment(&mut self, environment: &[(&str, String)]) {
        let log = self.environment.iter().filter(|(name, _)| name == "XT211_LOG").cloned();
        let new = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.environment = log.chain(new).collect();
    }

    /// Waits until it has been connected so often since its start.
    pub(crate) async fn connected(&self, times: usize) {
        until("the bridge's connection", || self.logged("connected to").len() >= times).await;
    }

    /// What it has logged since its start.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
    }

    /// The lines of its log that hold this text, from their level on.
    pub(crate) fn logged(&self, text: &str) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains(text));
        lines.map(|line| without_time(line).to_owned()).collect()
    }

    /// Waits for a line in its log that holds this text.
    pub(crate) async fn logs(&self, text: &str) -> String {
        eventually(&format!("{text:?} in the log"), async || self.logged(text).pop()).await
    }

    /// Waits for so many lines in its log that hold this text, and makes sure of no more.
    pub(crate) async fn logs_times(&self, text: &str, count: usize) -> Vec<String> {
        let all = || self.logged(text).len() >= count;
        until(&format!("{count} times {text:?} in the log"), all).await;
        let lines = self.logged(text);
        assert_eq!(lines.len(), count, "{lines:#?}");
        lines
    }

    /// Where its page is, without a slash at the end.
    pub(crate) async fn page(&self) -> String {
        let line = self.logs("the page is at http://").await;
        let (_, address) = line.split_once("http://").unwrap();
        format!("http://{}", address.trim_end_matches('/'))
    }

    /// Its folder, with the configuration and the store.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self) -> PathBuf {
        self.folder().join("xt211-bridge.db")
    }

    /// Waits until something is so in its store.
    pub(crate) async fn has_stored(&self, what: &str, is_so: impl Fn(&Reader) -> bool) {
        let store = Reader::open(&self.store()).unwrap();
        eventually(what, async || is_so(&store).then_some(())).await;
    }

    /// Runs another command in its folder, with its configuration.
    pub(crate) async fn command(&self, arguments: &str) -> Finished {
        let arguments: Vec<_> = arguments.split_whitespace().chain(["--config", FILE]).collect();
        run_in(self.folder(), &arguments).await
    }

    /// What a command prints that succeeds.
    pub(crate) async fn printed(&self, arguments: &str) -> String {
        let Finished { code, stdout, stderr } = self.command(arguments).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments}");
        stdout
    }

    /// What a command says that fails.
    pub(crate) async fn complaint(&self, arguments: &str) -> String {
        let Finished { code, stdout, stderr } = self.command(arguments).await;
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments}");
        stderr.replace(&self.folder().display().to_string(), "FOLDER")
    }

    /// Gives it another configuration, for when it is started again.
    pub(crate) fn configure(&self, configuration: &str) {
        fs::write(self.folder.path().join(FILE), configuration).unwrap();
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.process.send(Signal::HUP);
    }

    /// Has it go on with another configuration, and waits until it has applied that.
    pub(crate) async fn apply(&self, configuration: &str) {
        let applied = || self.logged("the new configuration is applied").len();
        let before = applied();
        self.configure(configuration);
        self.hang_up();
        until("the new configuration", || applied() > before).await;
    }

    /// Has its store know that Home Assistant was told of something else as well.
    pub(crate) fn add_seen(&self, name: &str) {
        let Opened { mut store, .. } = Store::open(&self.store()).unwrap();
        let key = store.meters().unwrap()[0].key;
        let mut seen = store.seen(key).unwrap();
        seen.push(name.to_owned());
        store.write(|transaction| transaction.set_seen(key, &seen)).unwrap();
    }

    /// Changes what its store knows of its only meter, while it does not run.
    pub(crate) fn edit_meter(&self, edit: impl FnOnce(&mut StoredMeter)) {
        let Opened { mut store, .. } = Store::open(&self.store()).unwrap();
        let mut meter = store.meters().unwrap().remove(0);
        edit(&mut meter);
        let news = MeterNews {
            serial: meter.serial.as_deref(),
            status: meter.status.as_deref(),
            battery: meter.battery.as_deref(),
            heard_at: meter.heard_at,
            patience: meter.patience,
        };
        store.write(|transaction| transaction.update_meter(meter.key, &news)).unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        !self.process.has_ended()
    }

    /// Asks it to stop, as the system does, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.process.send(Signal::TERM);
        self.process.end().await
    }

    /// Asks it to stop, as the keyboard does.
    pub(crate) async fn interrupt(&mut self) -> ExitStatus {
        self.process.send(Signal::INT);
        self.process.end().await
    }

    /// Stops it for a moment.
    pub(crate) async fn freeze(&self) {
        self.process.freeze().await;
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.process.send(Signal::CONT);
    }

    /// Lets no file of it become longer than so many bytes, or lets them again.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        self.process.limit_files(bytes);
    }

    /// Waits until it has ended, and for the last of its log.
    pub(crate) async fn end(&mut self) {
        self.process.end().await;
    }

    /// Ends it without a warning.
    pub(crate) async fn kill(&mut self) {
        self.process.send(Signal::KILL);
        self.process.end().await;
    }

    /// Starts it again, and waits until it listens to the broker.
    pub(crate) async fn start_again(&mut self) {
        self.launch_again();
        self.connected(1).await;
    }

    /// Starts it again, and waits for nothing.
    pub(crate) fn launch_again(&mut self) {
        self.process = launch(self.folder.path(), &self.environment);
    }
}

fn launch(folder: &Path, environment: &[(String, String)]) -> Process {
    let mut command = program(folder);
    let is_placed = fs::read_to_string(folder.join(FILE)).is_ok_and(|text| text.contains("[web]"));
    if !is_placed {
        // Its page is where nobody else's is.
        command.env("XT211_WEB_LISTEN", "127.0.0.1:0");
    }
    command.args(["run", "--config", FILE]).envs(environment.iter().cloned());
    Process::start("the bridge", &mut command)
}

/// What a program that has ended has left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) async fn run(arguments: &[&str]) -> Finished {
    let folder = folder_with("");
    run_in(folder.path(), arguments).await
}

/// Runs the program to its end, in this folder.
pub(crate) async fn run_in(folder: &Path, arguments: &[&str]) -> Finished {
    finish(program(folder).args(arguments)).await
}

/// Runs the program to its end, with this on its standard input.
pub(crate) async fn run_on(input: impl AsRef<[u8]>, arguments: &[&str]) -> Finished {
    let folder = folder_with("");
    let file = folder.path().join("input");
    fs::write(&file, input).unwrap();
    finish(program(folder.path()).args(arguments).stdin(fs::File::open(file).unwrap())).await
}

/// Runs the program to its end, with this configuration in `bridge.toml`.
pub(crate) async fn run_with(configuration: &str, arguments: &[&str]) -> Finished {
    let folder = folder_with(configuration);
    finish(program(folder.path()).args(arguments).args(["--config", FILE])).await
}

/// Runs the program to its end, while nobody reads its standard output.
pub(crate) fn run_unread(arguments: &[&str]) -> Finished {
    run_unread_in(folder_with("").path(), arguments)
}

/// The same, in this folder.
pub(crate) fn run_unread_in(folder: &Path, arguments: &[&str]) -> Finished {
    let (_, unread) = io::pipe().unwrap();
    let output = program(folder).args(arguments).stdout(unread).output().unwrap();
    Finished {
        code: output.status.code().expect("ended by a signal"),
        stdout: String::new(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn finish(command: &mut Command) -> Finished {
    let mut process = Process::start("xt211-bridge", command);
    let code = process.end().await.code().expect("ended by a signal");
    Finished { code, stdout: process.stdout(), stderr: process.stderr() }
}

/// The program, in a folder, and without any setting from our own environment.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xt211-bridge"));
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.as_encoded_bytes().starts_with(b"XT211_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

const FILE: &str = "bridge.toml";

fn folder_with(configuration: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), configuration).unwrap();
    folder
}

/// A line of the log, without the time in front.
fn without_time(line: &str) -> &str {
    line.split_once("Z ").map_or(line, |(_, rest)| rest.trim_start())
}
