//! `run`: bridge until stopped.

use std::{future::Future, pin::pin, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{bridge::Bridge, config::Config, keeper::Keeper};

/// Bridges until stopped by a signal.
///
/// # Errors
///
/// A certificate file that cannot be read, a store that another bridge has, or a system that
/// refuses what every program needs.
pub fn run(config: Config) -> Result<ExitCode> {
    match &config.file {
        Some(file) => tracing::info!("configured by {}", file.display()),
        None => tracing::info!("no configuration file: defaults and environment"),
    }
    if config.influxdb.is_none() {
        tracing::info!("no influxdb.url: nothing is forwarded, all is kept");
    }
    runtime()?.block_on(async {
        let mut stop = pin!(stop_signal()?);
        let mut keeper = Keeper::open(&config.store.path)?;
        tokio::select! {
            () = &mut stop => return Ok(ExitCode::SUCCESS),
            () = keeper.opened_in_time() => {}
        }
        Bridge::start(Arc::new(config), keeper)?.run(stop).await?;
        Ok(ExitCode::SUCCESS)
    })
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
    let listen = |kind| signal(kind).context("signals cannot be listened to");
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
