//! `export`: what is kept, printed.

use std::{
    io::{self, BufWriter},
    process::ExitCode,
};

use anyhow::{Result, bail};
use xt211_store::Reader;
use xt211_web::ExportForm;

use super::range::range;
use crate::{
    cli::{ExportFormat, RangeArguments},
    config::Config,
    export::export as export_to,
};

/// Prints what is kept, oldest first.
///
/// # Errors
///
/// The store cannot be read, or standard output not be written.
pub fn export(
    config: &Config,
    format: ExportFormat,
    arguments: &RangeArguments,
) -> Result<ExitCode> {
    let store = Reader::open(&config.store.path)?;
    let range = range(arguments, &store)?;
    let form = match format {
        ExportFormat::Lines => ExportForm::Lines,
        ExportFormat::Csv => ExportForm::Csv,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match export_to(config, &store, form, &range, &mut out)? {
        0 => Ok(ExitCode::SUCCESS),
        unreadable => bail!(
            "{unreadable} of the records cannot be read any more: the disk has changed them. All \
             others were printed"
        ),
    }
}
