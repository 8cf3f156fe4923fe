//! `run`: bridge until stopped.

use std::{convert::Infallible, future::Future, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    config::Origin,
    operation::Operation,
    page::{Door, Program},
};

/// Bridges, and shows the page, until stopped by a signal.
///
/// # Errors
///
/// A configuration that is wrong, a certificate file that cannot be read, a store that another
/// bridge has, or a system that refuses what every program needs.
pub fn run(origin: Origin) -> Result<ExitCode> {
    let config = origin.load()?;
    match &config.file {
        Some(file) => tracing::info!("configured by {}", file.display()),
        None => tracing::info!("no configuration file: defaults and environment"),
    }
    if config.influxdb.is_none() {
        tracing::info!("no influxdb.url: nothing is forwarded, all is kept");
    }
    runtime()?.block_on(async {
        let (stop, hangup) = (stop_signal()?, listen(SignalKind::hangup())?);
        let web = config.web.clone();
        let operation = Operation::new(config)?;
        let (door, doorway) = Door::new();
        let program = Program::new(origin, operation.control(), door);
        tokio::select! {
            done = operation.run(stop) => done?,
            () = doorway.show(web, Arc::new(program.clone())) => {}
            never = apply_again(&program, hangup) => match never {},
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Reads the configuration again and applies it, whenever the system or its user says so.
async fn apply_again(program: &Program, mut hangup: Signal) -> Infallible {
    loop {
        // There always is a next one.
        let _ = hangup.recv().await;
        let problems = program.reload().await;
        for problem in &problems {
            tracing::error!("{problem}");
        }
        if !problems.is_empty() {
            tracing::error!(
                "the configuration is not applied; the bridge goes on with the one before"
            );
        }
    }
}

/// The runtime of every command that has to do with the network. The bridge's own task has the main
/// thread, and whoever is in the store for longer leaves the other one to the rest: more threads would
/// mostly wake one another.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
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
