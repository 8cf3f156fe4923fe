//! `demo`: all of it on one machine that has nothing: an embedded broker, a simulated meter with a
//! year of history, the bridge, and a window on what passes between them.

mod biography;
mod broker;
mod database;
mod day;
mod history;
mod household;
mod message;
mod meter;
mod module;
mod noise;
mod weather;
mod window;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rumqttc::MqttOptions;
use time::OffsetDateTime;
use tokio::sync::oneshot;
use xt211_store::Store;

use self::{biography::Biography, module::Module};
use crate::{
    command::{runtime, stop_signal},
    config::{Config, Origin},
    operation::Operation,
    page::{Door, Program},
};

/// Where the page is, unless something else is there.
const USUAL_PAGE: &str = "127.0.0.1:8099";

/// How many days of history there are: more than a year, and as many as are kept. Without
/// optimisation, that takes too long to wait for in a test.
const DAYS: u16 = if cfg!(debug_assertions) { 20 } else { 400 };

/// Runs the demo until stopped, or for so many seconds.
///
/// # Errors
///
/// This machine has no free port, or refuses what every program needs.
pub fn demo(seconds: Option<u64>) -> Result<ExitCode> {
    let port = free_port()?;
    broker::start(port)?;
    runtime()?.block_on(async {
        let database = database::start().await?;
        let folder = tempfile::tempdir().context("there is no room for the demo's store")?;
        let origin = configure(folder.path(), port, database)?;
        let config = origin.load()?;
        let module = with_history(&config)?;
        let (web, page) = (config.web.clone(), config.web.listen);
        let is_seen = window::show_line(format_args!(
            "A simulated XT211 sends to an embedded broker; the bridge tells Home Assistant and \
             InfluxDB.\nIts store has {DAYS} days of history already. Nothing is kept. Ctrl-C ends it.\n\n  \
             page     http://{page}/  (open it in a browser: values, charts, settings)\n  \
             broker   mqtt://127.0.0.1:{port}   (listen in: mosquitto_sub -p {port} -t '#' -v)\n  \
             InfluxDB http://{database}  (a stand-in, which prints what it is sent)\n\n\
             elektromer/… is from the module, which sends its whole queue each time it connects, old \
             readings\nfirst; homeassistant/… and xt211/… are for Home Assistant; InfluxDB is what is \
             stored.\n"
        ));
        if !is_seen {
            return Ok(ExitCode::SUCCESS);
        }

        let client = |name: &str| MqttOptions::new(name, "127.0.0.1", port);
        let (ready, start) = oneshot::channel();
        tokio::spawn(window::show(client("window"), ready));
        tokio::spawn(module.run(client("module"), start));
        let stop = stop_signal()?;
        let operation = Operation::new(config)?;
        let (door, doorway) = Door::new();
        let program = Program::new(origin, operation.control(), door);
        let until_done = async {
            tokio::select! {
                () = stop => {}
                () = enough(seconds) => {}
                () = window::closed() => {}
            }
        };
        tokio::select! {
            done = operation.run(until_done) => done?,
            () = doorway.show(web, Arc::new(program)) => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes a configuration into a folder, beside which the store will be.
fn configure(folder: &Path, broker: u16, database: SocketAddr) -> Result<Origin> {
    let page = match TcpListener::bind(USUAL_PAGE) {
        Ok(listener) => listener.local_addr()?.port(),
        Err(_) => free_port()?,
    };
    let store = folder.join("demo.db");
    let text = format!(
        "[mqtt]\nurl = \"mqtt://127.0.0.1:{broker}\"\n\n\
         [influxdb]\nurl = \"http://{database}\"\norg = \"demo\"\nbucket = \"energy\"\n\n\
         [store]\npath = \"{}\"\n\n\
         [web]\nlisten = \"127.0.0.1:{page}\"\n",
        store.display()
    );
    let file = folder.join("demo.toml");
    fs::write(&file, text).context("there is no room for the demo's configuration")?;
    Ok(Origin::new(Some(&file), std::iter::empty()))
}

/// Makes a store with the history of a module, which is to go on with it.
fn with_history(config: &Config) -> Result<Module> {
    let start = Instant::now();
    let biography = Biography::new(DAYS, OffsetDateTime::now_utc());
    let (meter, readings) = history::live(&biography);
    history::write(&mut Store::open(&config.store.path)?.store, config, &biography, &readings)?;
    tracing::debug!("{} readings are in the store after {:?}", readings.len(), start.elapsed());
    Ok(Module::new(biography, meter, &readings))
}

async fn enough(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// A port that is free now; the embedded broker cannot choose one by itself.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}
