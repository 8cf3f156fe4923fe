//! `set-aside`: what was not believed, not understood or not taken.

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result};
use xt211_store::{
    Editor, MeterKey, Queries, Reader, SetAside, SetAsideContent, StoreError, Transaction,
};

use super::{printable::printable, registers::show_registers};
use crate::{
    cli::{Selection, SetAsideAction},
    config::Config,
    export::meter_key,
    timestamp::utc,
};

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
        SetAsideAction::Release(selection) => {
            let count = change(path, &selection, |store, id| store.request_release(id))?;
            let when = "the bridge does so within seconds, or when it is started next";
            writeln!(io::stdout(), "{count} to be released: {when}")?;
        }
        SetAsideAction::Discard(selection) => {
            let count = change(path, &selection, |store, id| store.discard(id))?;
            writeln!(io::stdout(), "{count} discarded")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something to all that is selected, or to none if one of the ids is not there. Returns to
/// how many.
fn change(
    path: &Path,
    selection: &Selection,
    act: impl Fn(&mut Transaction<'_>, i64) -> Result<bool, StoreError>,
) -> Result<usize> {
    Editor::open(path)?.write(|store| {
        let ids = ids(store, selection)?;
        for id in &ids {
            let is_there = act(store, *id)?;
            is_there.then_some(()).with_context(|| not_there(*id))?;
        }
        Ok(ids.len())
    })
}

fn ids(store: &Queries, selection: &Selection) -> Result<BTreeSet<i64>> {
    let Selection { ids, all: _, code, meter } = selection;
    if !ids.is_empty() {
        return Ok(ids.iter().copied().collect());
    }
    let meter = meter.as_ref().map(|id| meter_key(id, store)).transpose()?;
    let mut ids = BTreeSet::new();
    store.set_aside_entries(meter, &mut |aside| {
        if code.as_ref().is_none_or(|code| *code == aside.code) {
            ids.insert(aside.id);
        }
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

fn not_there(id: i64) -> String {
    format!("nothing is set aside under {id}; see `set-aside list`")
}

fn list(store: &Queries, meter: Option<&str>) -> Result<()> {
    let meter = meter.map(|id| meter_key(id, store)).transpose()?;
    let meters = store.meters()?.into_iter().map(|meter| (meter.key, meter.id)).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut count, mut written) = (0_u64, Ok(()));
    store.set_aside_entries(meter, &mut |aside| {
        count += 1;
        written = list_one(&aside, &meters, &mut out);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    match count {
        0 => writeln!(out, "nothing is set aside")?,
        _ => writeln!(out, "{count} set aside")?,
    }
    Ok(out.flush()?)
}

/// Prints a line, in columns that are mostly wide enough: what follows is not known yet.
fn list_one(
    aside: &SetAside,
    meters: &HashMap<MeterKey, String>,
    out: &mut impl Write,
) -> io::Result<()> {
    let SetAside { id, at, times, topic, code, .. } = aside;
    let whose = printable(aside.meter.and_then(|key| meters.get(&key)).unwrap_or(topic));
    let (at, times, reason) = (utc(*at), format!("{times}×"), printable(&aside.reason));
    let asked = asked(aside);
    writeln!(out, "{id:>5}  {at}  {times:>4}  {whose:<15}  {code:<27}  {reason}{asked}")
}

/// What became of a user's wish.
fn asked(aside: &SetAside) -> String {
    match &aside.obstacle {
        _ if aside.release_requested => " (to be released)".into(),
        Some(obstacle) => format!(" (cannot be released: {})", printable(obstacle)),
        None => String::new(),
    }
}

fn show(store: &Queries, id: i64) -> Result<()> {
    let aside = store.set_aside_entry(id)?.with_context(|| not_there(id))?;
    let meter = aside.meter.map(|key| store.meter_of(key)).transpose()?.flatten();
    let mut out = io::stdout().lock();
    let SetAside { at, last_at, times, topic, code, reason, .. } = &aside;
    writeln!(out, "{id}: {} ({code}){}", printable(reason), asked(&aside))?;
    writeln!(out, "  set aside {}", utc(*at))?;
    if *times > 1 {
        writeln!(out, "  came {times} times, last {}", utc(*last_at))?;
    }
    if let Some(meter) = meter {
        writeln!(out, "  meter {}", meter.id)?;
    }
    if !topic.is_empty() {
        writeln!(out, "  topic {}", printable(topic))?;
    }
    match &aside.content {
        SetAsideContent::Message(payload) => {
            writeln!(out, "  message of {} bytes", payload.len())?;
            let text = String::from_utf8_lossy(payload);
            text.lines().try_for_each(|line| writeln!(out, "    {}", printable(line)))?;
        }
        SetAsideContent::Reading { time, registers, serial } => {
            writeln!(out, "  of the reading of {}", utc(*time))?;
            if let Some(serial) = serial {
                writeln!(out, "  of the meter with the serial number {}", printable(serial))?;
            }
            show_registers(registers, &mut out)?;
        }
        SetAsideContent::Line { line, .. } if line.is_empty() => {}
        SetAsideContent::Line { line, .. } => writeln!(out, "  line\n    {line}")?,
        SetAsideContent::Unreadable(bytes) => {
            writeln!(out, "  {} bytes that cannot be read any more", bytes.len())?;
        }
    }
    Ok(())
}
