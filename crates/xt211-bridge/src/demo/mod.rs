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
    net::TcpListener,
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
    bridge::Bridge,
    command::{runtime, stop_signal},
    config::Config,
    keeper::Keeper,
};

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
        let mut config = Config::parse(&format!(
            "[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
             [influxdb]\nurl = \"http://{database}\"\norg = \"demo\"\nbucket = \"energy\"\n"
        ))?;
        let folder = tempfile::tempdir().context("there is no room for the demo's store")?;
        config.store.path = folder.path().join("demo.db");
        let module = with_history(&config)?;
        let keeper = Keeper::open(&config.store.path)?;
        let is_seen = window::show_line(format_args!(
            "A simulated XT211 sends to an embedded broker; the bridge tells Home Assistant and \
             InfluxDB.\nIts store has {DAYS} days of history already. Nothing is kept. Ctrl-C ends it.\n\n  \
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
        Bridge::start(Arc::new(config), keeper)?
            .run(async {
                tokio::select! {
                    () = stop => {}
                    () = enough(seconds) => {}
                    () = window::closed() => {}
                }
            })
            .await?;
        Ok(ExitCode::SUCCESS)
    })
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
