//! `forward`: once more to InfluxDB.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Result, bail};
use xt211_store::Editor;

use super::range::range;
use crate::{cli::RangeArguments, config::Config};

/// Puts what was forwarded before into the outbox again.
///
/// # Errors
///
/// InfluxDB is not configured, or the store cannot be written.
pub fn forward(config: &Config, arguments: &RangeArguments) -> Result<ExitCode> {
    let Some(influxdb) = &config.influxdb else {
        bail!("there is nowhere to forward to: set influxdb.url, org, bucket and token");
    };
    let mut store = Editor::open(&config.store.path)?;
    let range = range(arguments, &store)?;
    let count = store.write(|store| store.forward_range(&range))?;
    let when = "the bridge does so within seconds, or when it is started next";
    let what = match count {
        0 => {
            writeln!(
                io::stdout(),
                "nothing in that range was forwarded before, or all of it waits already"
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        1 => "1 record is".to_owned(),
        _ => format!("{count} records are"),
    };
    writeln!(io::stdout(), "{what} to go to {} again: {when}", influxdb.url)?;
    Ok(ExitCode::SUCCESS)
}
