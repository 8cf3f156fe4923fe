//! `set-aside`: what was not believed, not understood or not taken.

use std::{
    collections::HashMap,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::{Context, Result};
use xt211_store::{Editor, MeterKey, Queries, Reader, SetAside, SetAsideContent, Transaction};

use super::{range::meter_key, registers::show_registers};
use crate::{cli::SetAsideAction, config::Config, timestamp::utc};

/// Shows what is set aside, or decides what becomes of it.
///
/// # Errors
///
/// There is no such entry, or the store cannot be used.
pub fn set_aside(config: &Config, action: SetAsideAction) -> Result<ExitCode> {
    let path = &config.store.path;
    match action {
        SetAsideAction::List { meter } => list(&*Reader::open(path)?, meter.as_deref())?,
        SetAsideAction::Show { id } => show(&*Reader::open(path)?, id)?,
        SetAsideAction::Release { ids } => {
            Editor::open(path)?
                .write(|store| each(store, &ids, |store, id| store.request_release(id)))?;
            let when = "the bridge does so within seconds, or when it is started next";
            writeln!(io::stdout(), "{} to be released: {when}", ids.len())?;
        }
        SetAsideAction::Discard { ids } => {
            Editor::open(path)?.write(|store| each(store, &ids, |store, id| store.discard(id)))?;
            writeln!(io::stdout(), "{} discarded", ids.len())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something to all of these, or to none if one of them is not there.
fn each(
    store: &mut Transaction<'_>,
    ids: &[i64],
    act: impl Fn(&mut Transaction<'_>, i64) -> Result<bool, xt211_store::StoreError>,
) -> Result<()> {
    for id in ids {
        let is_there = act(store, *id)?;
        is_there.then_some(()).with_context(|| not_there(*id))?;
    }
    Ok(())
}

fn not_there(id: i64) -> String {
    format!("nothing is set aside under {id}; see `set-aside list`")
}

fn list(store: &Queries, meter: Option<&str>) -> Result<()> {
    let meter = meter.map(|id| meter_key(id, store)).transpose()?;
    let ids = meter_ids(store)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut count, mut written) = (0_u64, Ok(()));
    store.set_aside_entries(meter, &mut |aside| {
        count += 1;
        written = list_one(&aside, &ids, &mut out);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    match count {
        0 => writeln!(out, "nothing is set aside")?,
        _ => writeln!(out, "{count} set aside")?,
    }
    Ok(out.flush()?)
}

fn list_one(
    aside: &SetAside,
    meters: &HashMap<MeterKey, String>,
    out: &mut impl Write,
) -> io::Result<()> {
    let SetAside { id, at, times, code, reason, release_requested, .. } = aside;
    let whose = aside.meter.and_then(|key| meters.get(&key)).unwrap_or(&aside.topic);
    let again = if *times > 1 { format!(" ({times} times)") } else { String::new() };
    let asked = if *release_requested { " (to be released)" } else { "" };
    writeln!(out, "{id:>5}  {}  {whose}  {code}  {reason}{again}{asked}", utc(*at))
}

fn meter_ids(store: &Queries) -> Result<HashMap<MeterKey, String>> {
    Ok(store.meters()?.into_iter().map(|meter| (meter.key, meter.id)).collect())
}

fn show(store: &Queries, id: i64) -> Result<()> {
    let aside = store.set_aside_entry(id)?.with_context(|| not_there(id))?;
    let ids = meter_ids(store)?;
    let mut out = io::stdout().lock();
    let SetAside { at, last_at, times, topic, code, reason, .. } = &aside;
    writeln!(out, "{id}: {reason} ({code})")?;
    writeln!(out, "  set aside {}", utc(*at))?;
    if *times > 1 {
        writeln!(out, "  came {times} times, last {}", utc(*last_at))?;
    }
    if let Some(meter) = aside.meter.and_then(|key| ids.get(&key)) {
        writeln!(out, "  meter {meter}")?;
    }
    if !topic.is_empty() {
        writeln!(out, "  topic {topic}")?;
    }
    match &aside.content {
        SetAsideContent::Message(payload) => {
            // Escaped, since it may hold anything.
            writeln!(out, "  message of {} bytes", payload.len())?;
            writeln!(out, "    {}", payload.escape_ascii())?;
        }
        SetAsideContent::Reading { time, registers, .. } => {
            writeln!(out, "  of the reading of {}", utc(*time))?;
            show_registers(registers, &mut out)?;
        }
        SetAsideContent::Line { line, .. } => writeln!(out, "  line\n    {line}")?,
    }
    Ok(())
}
