//! A broker, a bridge and an endpoint, measured.

use std::{
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
}

/// What a run has come to.
struct Figures {
    seconds: f64,
    processor_seconds: f64,
    peak_memory: f64,
}

/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.bridge.exists() {
        let path = arguments.bridge.display();
        return Err(format!("{path} is not there: cargo build --release").into());
    }
    let messages = f64::from(arguments.load.modules.messages);
    println!("| | messages a second | CPU seconds per 10,000 | MiB at most |");
    println!("| --- | --- | --- | --- |");
    let report = |name, figures: &Figures| {
        let Figures { seconds, processor_seconds, peak_memory } = figures;
        println!(
            "| {name} | {:.0} | {:.3} | {peak_memory:.1} |",
            messages / seconds,
            processor_seconds / messages * 10_000.0
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
    measure(arguments, &broker, start, "subscribed", |subject| subject.says("done"))
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
         [[meter]]\ndata_topic = \"{topic}\"\nstatus_topic = \"{topic}/status\"\n",
        broker.address(),
        folder.display(),
    );
    fs::write(&configuration, text)?;
    let start = || {
        let mut command = Command::new(&arguments.bridge);
        command.arg("--config").arg(&configuration).env("XT211_LOG", "info");
        Subject::start(&mut command, &folder.join("bridge.log"))
    };
    let messages = u64::from(arguments.load.modules.messages);
    let figures =
        measure(
            arguments,
            &broker,
            start,
            "connected to",
            |_| Ok(count.load(Relaxed) >= messages),
        )?;

    let mut command = Command::new(&arguments.bridge);
    command.arg("--config").arg(&configuration).arg("export");
    let kept = command.output()?.stdout.iter().filter(|byte| **byte == b'\n').count();
    if kept as u64 != messages {
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
    is_done: impl Fn(&Subject) -> Result<bool, Failure>,
) -> Result<Figures, Failure> {
    let publish = || publish(&broker.address(), &arguments.load);
    let mut subject = start()?;
    until("it is subscribed", || subject.says(subscribed))?;
    let begun = if arguments.backlog {
        subject.process.end()?;
        publish()?;
        let begun = Instant::now();
        subject = start()?;
        begun
    } else {
        let begun = Instant::now();
        publish()?;
        begun
    };
    until("all is taken", || is_done(&subject))?;
    let figures = Figures {
        seconds: begun.elapsed().as_secs_f64(),
        processor_seconds: subject.process.processor_seconds()?,
        peak_memory: subject.process.peak_memory()?,
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
