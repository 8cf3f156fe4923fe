//! `demo`: all of it on one machine that has nothing: an embedded broker, a simulated meter, the
//! bridge, and a window on what passes between them.

mod broker;
mod database;
mod module;
mod window;

use std::{net::TcpListener, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use rumqttc::MqttOptions;
use tokio::sync::oneshot;

use crate::{
    command::{runtime, stop_signal},
    config::Config,
    operation::Operation,
};

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
        window::show_line(format_args!(
            "A simulated XT211 sends to an embedded broker; the bridge tells Home Assistant and \
             InfluxDB.\nNothing is kept. Ctrl-C ends it.\n\n  \
             broker   mqtt://127.0.0.1:{port}   (listen in: mosquitto_sub -p {port} -t '#' -v)\n  \
             InfluxDB http://{database}  (a stand-in, which prints what it is sent)\n\n\
             elektromer/… is from the module, which sends its whole queue each time it connects, old \
             readings\nfirst; homeassistant/… and xt211/… are for Home Assistant; InfluxDB is what is \
             stored.\n"
        ));

        let client = |name: &str| MqttOptions::new(name, "127.0.0.1", port);
        let (ready, start) = oneshot::channel();
        tokio::spawn(window::show(client("window"), ready));
        tokio::spawn(module::run(client("module"), start));
        let stop = stop_signal()?;
        Operation::new(config)?
            .run(async {
                tokio::select! {
                    () = stop => {}
                    () = enough(seconds) => {}
                }
            })
            .await?;
        Ok(ExitCode::SUCCESS)
    })
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
