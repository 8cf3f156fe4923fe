//! What of all that is kept, as the command line says it.

use anyhow::{Result, bail};
use xt211_store::{MeterKey, Queries, Range};

use crate::cli::RangeArguments;

/// The range that is meant.
pub(super) fn range(arguments: &RangeArguments, store: &Queries) -> Result<Range> {
    let RangeArguments { meter, from, to } = arguments;
    let meter = meter.as_deref().map(|id| meter_key(id, store)).transpose()?;
    Ok(Range { meter, from: *from, to: *to })
}

/// The meter that is meant.
pub(super) fn meter_key(id: &str, store: &Queries) -> Result<MeterKey> {
    if let Some(meter) = store.meter(id)? {
        return Ok(meter.key);
    }
    let ids: Vec<_> = store.meters()?.into_iter().map(|meter| meter.id).collect();
    if ids.is_empty() {
        bail!("nothing is kept of {id:?}, nor of any other meter");
    }
    bail!("nothing is kept of {id:?}, only of {}", ids.join(", "));
}
