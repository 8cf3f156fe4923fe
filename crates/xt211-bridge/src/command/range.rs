//! What of all that is kept, as the command line says it.

use anyhow::Result;
use xt211_store::{Queries, Range};

use crate::{cli::RangeArguments, export::meter_key};

/// The range that is meant.
pub(super) fn range(arguments: &RangeArguments, store: &Queries) -> Result<Range> {
    let RangeArguments { meter, from, to } = arguments;
    let meter = meter.as_deref().map(|id| meter_key(id, store)).transpose()?;
    Ok(Range { meter, from: *from, to: *to })
}
