//! A broker, a bridge and an endpoint, measured.

use std::{
    cell::Cell,
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use tempfile::TempDir;
use xt211_examples::Failure;

use crate::{
    endpoint::{self, Count},
    modules::{Messages, Modules},
    processes::Process,
    publisher::{Load, publish},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    load: Load,
    /// The bridge's program.
    #[arg(long, default_value = "target/release/xt211-bridge")]
    bridge: PathBuf,
    /// All messages wait in the broker before anybody takes them.
    #[arg(long)]
    backlog: bool,
    /// How many messages the broker sends before it wants an answer.
    #[arg(long, default_value_t = 20)]
    inflight: u16,
    /// Only the bridge, not the subscriber that acknowledges alone.
    #[arg(long)]
    alone: bool,
    /// The bridge knows all meters from before it was last started, and Home Assistant was told of
    /// them.
    #[arg(long)]
    known: bool,
    /// Home Assistant is told nothing.
    #[arg(long)]
    without_homeassistant: bool,
}

/// What a run has come to.
struct Figures {
    /// From its start until it was subscribed.
    start_seconds: f64,
    seconds: f64,
    processor_seconds: f64,
    peak_memory: f64,
    /// Its own, and that of files, in the end.
    memory: (f64, f64),
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Who has not used the processor for so long has nothing more to do.
const REST: Duration = Duration::from_secs(2);

/// The seconds of processor time by which that is meant.
const MOST_AT_REST: f64 = 0.02;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.bridge.exists() {
        let path = arguments.bridge.display();
        return Err(format!("{path} is not there: cargo build --release").into());
    }
    let messages = f64::from(arguments.load.modules.messages);
    println!("| | messages a second | CPU seconds per 10,000 | MiB at most |");
    println!("| --- | --- | --- | --- |");
    let report = |name, figures: &Figures| {
        let Figures { start_seconds, seconds, processor_seconds, peak_memory, memory } = figures;
        println!(
            "| {name} | {:.0} | {:.3} | {peak_memory:.1} |",
            messages / seconds,
            processor_seconds / messages * 10_000.0
        );
        let (own, files) = memory;
        eprintln!(
            "{name}: subscribed {start_seconds:.2} s after its start; in the end {own:.1} MiB of \
             its own, {files:.1} MiB of files"
        );
    };
    if !arguments.alone {
        report("a subscriber that only acknowledges", &subscriber(arguments)?);
    }
    report("xt211-bridge", &bridge(arguments)?);
    Ok(())
}

fn subscriber(arguments: &Arguments) -> Result<Figures, Failure> {
    let broker = Broker::start(arguments.inflight)?;
    let start = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["acknowledge", "--broker", &broker.address()]);
        command.args(["--topic", &arguments.load.modules.topic]);
        command.args(["--messages", &arguments.load.modules.messages.to_string()]);
        Subject::start(&mut command, &broker.folder.path().join("subscriber.log"))
    };
    let arguments = &Arguments { known: false, ..arguments.clone() };
    measure(arguments, &broker, start, "subscribed", |subject, _| subject.says("done"))
}

fn bridge(arguments: &Arguments) -> Result<Figures, Failure> {
    let broker = Broker::start(arguments.inflight)?;
    let folder = broker.folder.path();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let database = listener.local_addr()?;
    let count = Count::default();
    runtime.spawn(endpoint::serve(listener, Arc::clone(&count)));

    let configuration = folder.join("bridge.toml");
    let topic = &arguments.load.modules.topic;
    let text = format!(
        "[mqtt]\nurl = \"mqtt://{}\"\n[influxdb]\nurl = \"http://{database}\"\norg = \"o\"\n\
         bucket = \"b\"\n[store]\npath = \"{}/bridge.db\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [[meter]]\ndata_topic = \"{topic}\"\nstatus_topic = \"{topic}/status\"\n\
         [homeassistant]\nenabled = {}\n",
        broker.address(),
        folder.display(),
        !arguments.without_homeassistant,
    );
    fs::write(&configuration, text)?;
    let start = || {
        let mut command = Command::new(&arguments.bridge);
        command.arg("--config").arg(&configuration).env("XT211_LOG", "info");
        Subject::start(&mut command, &folder.join("bridge.log"))
    };
    let is_done = |_: &Subject, messages: u32| Ok(count.load(Relaxed) >= u64::from(messages));
    let figures = measure(arguments, &broker, start, "connected to", is_done)?;

    let mut command = Command::new(&arguments.bridge);
    command.arg("--config").arg(&configuration).arg("export");
    let kept = command.output()?.stdout.iter().filter(|byte| **byte == b'\n').count();
    let Modules { messages, meters, .. } = arguments.load.modules;
    let messages = messages + if arguments.known { meters } else { 0 };
    if kept as u64 != u64::from(messages) {
        return Err(format!("{kept} readings are in the store, not {messages}").into());
    }
    Ok(figures)
}

/// Starts a subscriber, publishes everything, and waits until it is done.
fn measure(
    arguments: &Arguments,
    broker: &Broker,
    start: impl Fn() -> Result<Subject, Failure>,
    subscribed: &str,
    is_done: impl Fn(&Subject, u32) -> Result<bool, Failure>,
) -> Result<Figures, Failure> {
    let Arguments { load, backlog, known, .. } = arguments;
    let mut messages = Messages::new(&load.modules, *known)?;
    let mut publish = |count| publish(&broker.address(), load, &mut messages, count);
    let start = || {
        let begun = Instant::now();
        let subject = start()?;
        until("it is subscribed", || subject.says(subscribed))?;
        Ok::<_, Failure>((subject, begun.elapsed().as_secs_f64()))
    };
    let (mut subject, mut start_seconds) = start()?;
    let (mut all, mut before) = (load.modules.messages, 0.0);
    if *known {
        all += publish(load.modules.meters)?;
        until("all meters are known", || is_done(&subject, load.modules.meters))?;
        subject.rests()?;
        subject.process.end()?;
        (subject, start_seconds) = start()?;
        subject.rests()?;
        before = subject.process.processor_seconds()?;
    }
    if *backlog {
        subject.process.end()?;
        before = 0.0;
        publish(load.modules.messages)?;
    }
    let begun = Instant::now();
    if *backlog {
        (subject, start_seconds) = start()?;
    } else {
        publish(load.modules.messages)?;
    }
    until("all is taken", || is_done(&subject, all))?;
    let figures = Figures {
        start_seconds,
        seconds: begun.elapsed().as_secs_f64(),
        processor_seconds: subject.process.processor_seconds()? - before,
        peak_memory: subject.process.peak_memory()?,
        memory: subject.process.memory_now()?,
    };
    subject.process.end()?;
    Ok(figures)
}

/// Whose cost is measured, and what it says.
struct Subject {
    process: Process,
    log: PathBuf,
}

impl Subject {
    fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let file = File::create(log)?;
        command.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file);
        Ok(Self { process: Process::start(command)?, log: log.to_owned() })
    }

    /// Waits until it has nothing more to do.
    fn rests(&self) -> Result<(), Failure> {
        let last = Cell::new((self.process.processor_seconds()?, Instant::now()));
        until("it rests", || {
            let (seconds, (before, since)) = (self.process.processor_seconds()?, last.get());
            if seconds - before > MOST_AT_REST {
                last.set((seconds, Instant::now()));
            }
            Ok(since.elapsed() > REST)
        })
    }

    fn says(&self, text: &str) -> Result<bool, Failure> {
        Ok(fs::read_to_string(&self.log)?.contains(text))
    }
}

/// A Mosquitto that keeps whatever comes.
struct Broker {
    _process: Process,
    folder: TempDir,
    port: u16,
}

impl Broker {
    fn start(inflight: u16) -> Result<Self, Failure> {
        // Another process may take it meanwhile; then we are told.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let configuration = folder.path().join("mosquitto.conf");
        fs::write(
            &configuration,
            format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n\
                 max_inflight_messages {inflight}\n"
            ),
        )?;
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(configuration).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command)
            .map_err(|error| format!("{error}; install the package mosquitto"))?;
        let broker = Self { _process: process, folder, port };
        until("the broker listens", || Ok(TcpStream::connect(broker.address()).is_ok()))?;
        Ok(broker)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited in vain until {what}").into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
