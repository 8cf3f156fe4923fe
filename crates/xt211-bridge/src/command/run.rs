//! `run`: bridge until stopped.

use std::{convert::Infallible, future::Future, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    config::{Config, ConfigError},
    control::Control,
    operation::Operation,
};

/// Bridges until stopped by a signal. `load` reads the configuration: from a file, if it is told
/// one, else from where it is at the start.
///
/// # Errors
///
/// A configuration that is wrong, a certificate file that cannot be read, a store that another
/// bridge has, or a system that refuses what every program needs.
pub fn run(load: impl Fn(Option<&Path>) -> Result<Config, ConfigError>) -> Result<ExitCode> {
    let config = load(None)?;
    match &config.file {
        Some(file) => tracing::info!("configured by {}", file.display()),
        None => tracing::info!("no configuration file: defaults and environment"),
    }
    if config.influxdb.is_none() {
        tracing::info!("no influxdb.url: nothing is forwarded, all is kept");
    }
    runtime()?.block_on(async {
        let (stop, hangup) = (stop_signal()?, listen(SignalKind::hangup())?);
        let operation = Operation::new(config)?;
        let control = operation.control();
        tokio::select! {
            done = operation.run(stop) => done?,
            never = apply_again(&control, hangup, load) => match never {},
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Reads the configuration again and applies it, whenever the system or its user says so.
async fn apply_again(
    control: &Control,
    mut hangup: Signal,
    load: impl Fn(Option<&Path>) -> Result<Config, ConfigError>,
) -> Infallible {
    loop {
        // There always is a next one.
        let _ = hangup.recv().await;
        let now = control.config();
        let refusal = match load(now.file.as_deref()) {
            Ok(config) => control.apply(config).await.err().into_iter().collect(),
            Err(error) => error.problems().iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        for problem in &refusal {
            tracing::error!("{problem}");
        }
        if !refusal.is_empty() {
            tracing::error!(
                "the configuration is not applied; the bridge goes on with the one before"
            );
        }
    }
}

/// The runtime of every command that has to do with the network.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Completes at Ctrl-C or SIGTERM.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).context("signals cannot be listened to")
}
