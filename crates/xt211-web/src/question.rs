//! What pages and programs both ask for.

use axum::http::StatusCode;
use jiff::tz::TimeZone;
use time::OffsetDateTime;
use xt211_store::{Editor, MeterKey, Queries, Selection, StoreError, StoredMeter, Transaction};

use crate::{
    app::App,
    backend::Condition,
    failure::Failure,
    view::{MeterView, SetAsideView, Standing, show_meters},
};

/// How many entries are changed at once, so that the bridge does not have to wait for long.
const STEP: usize = 1000;

/// A few of many, and after which of them the next ones come.
#[derive(Debug)]
pub(crate) struct Part<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<i64>,
}

impl App {
    /// Meters whose id, serial number or topic contains a text.
    pub(crate) async fn meters(
        &self,
        text: String,
        after: Option<i64>,
        limit: usize,
        zone: TimeZone,
    ) -> Result<Part<MeterView>, Failure> {
        let (is_forwarding, now) = (self.is_forwarding(), OffsetDateTime::now_utc());
        let (meters, has_more) = self
            .read(move |store| {
                let after = after.map(MeterKey::from);
                let mut meters = store.find_meters(&text, after, limit.saturating_add(1))?;
                let has_more = meters.len() > limit;
                meters.truncate(limit);
                Ok((show_meters(store, meters, is_forwarding, now, &zone)?, has_more))
            })
            .await?;
        let meters = self.named(meters);
        let last = meters.last().map(|meter| meter.key.into());
        Ok(Part { items: meters, next: last.filter(|_| has_more) })
    }

    /// One meter.
    pub(crate) async fn meter(&self, id: String, zone: TimeZone) -> Result<MeterView, Failure> {
        let (is_forwarding, now) = (self.is_forwarding(), OffsetDateTime::now_utc());
        let meter = self
            .read(move |store| {
                let meter: Vec<StoredMeter> = store.meter(&id)?.into_iter().collect();
                show_meters(store, meter, is_forwarding, now, &zone)
            })
            .await?;
        self.named(meter).pop().ok_or(Failure::NotFound)
    }

    fn named(&self, mut meters: Vec<MeterView>) -> Vec<MeterView> {
        for meter in &mut meters {
            meter.name = self.backend.meter_name(&meter.id);
            // Of one that is not followed any more, nothing is expected.
            meter.is_overdue &= self.backend.follows(&meter.id, meter.topic.as_deref());
        }
        meters
    }

    fn is_forwarding(&self) -> bool {
        self.backend.vital_signs().borrow().influxdb != Condition::Off
    }

    /// How things stand.
    pub(crate) async fn standing(&self) -> Result<Standing, Failure> {
        let signs = self.backend.vital_signs().borrow().clone();
        self.read(move |store| Standing::new(store, &signs)).await
    }

    /// What is set aside, the newest first.
    pub(crate) async fn set_aside(
        &self,
        wish: Wish,
        limit: usize,
    ) -> Result<Part<SetAsideView>, Failure> {
        self.ask_about(wish, move |store, selection| {
            let mut entries = store.newest_set_aside(selection, limit.saturating_add(1))?;
            let has_more = entries.len() > limit;
            entries.truncate(limit);
            let next = entries.last().map(|entry| entry.id - 1).filter(|_| has_more);
            Ok(Part { items: SetAsideView::all(store, entries)?, next })
        })
        .await
    }

    /// Asks something about what is selected.
    pub(crate) async fn ask_about<T: Send + 'static>(
        &self,
        wish: Wish,
        question: impl FnOnce(&Queries, &Selection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let answer = self.read(move |store| match wish.selection(store)? {
            Some(selection) => question(store, &selection).map(Some),
            None => Ok(None),
        });
        answer.await?.ok_or_else(no_such_meter)
    }

    /// Changes something in the store, and has the bridge look at it.
    pub(crate) async fn edit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Editor) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.backend.store();
        let done = tokio::task::spawn_blocking(move || change(&mut Editor::open(&path)?));
        let done = done.await.map_err(|error| Failure::Fault(error.to_string()))??;
        self.backend.look();
        Ok(done)
    }

    /// Does something to one entry that was set aside.
    pub(crate) async fn decide(&self, decision: Decision, id: i64) -> Result<(), Failure> {
        let is_there = self
            .edit(move |editor| {
                editor.write(|store| match decision {
                    Decision::Release => store.request_release(id),
                    Decision::Discard => store.discard(id),
                })
            })
            .await?;
        if is_there { Ok(()) } else { Err(Failure::NotFound) }
    }

    /// Does something to all that is selected, and returns to how many.
    pub(crate) async fn decide_all(&self, decision: Decision, wish: Wish) -> Result<u64, Failure> {
        let change = move |store: &mut Transaction<'_>, selection: &Selection| match decision {
            Decision::Release => store.request_releases(selection, STEP),
            Decision::Discard => store.discard_all(selection, STEP),
        };
        let count = self
            .edit(move |editor| {
                let Some(mut selection) = wish.selection(editor)? else { return Ok(None) };
                let mut count = 0;
                loop {
                    let ids = editor.write(|store| change(store, &selection))?;
                    // No platform's sizes are wider than 64 bits.
                    count += ids.len() as u64;
                    // What comes before the last: one that cannot be released is not asked for twice.
                    let Some(last) = ids.last() else { return Ok(Some(count)) };
                    selection.up_to = Some(last - 1);
                }
            })
            .await?;
        count.ok_or_else(no_such_meter)
    }
}

/// What the store knows a meter by; nothing if none is named. None if there is no such meter.
pub(crate) fn key_of(
    id: Option<&str>,
    store: &Queries,
) -> Result<Option<Option<MeterKey>>, StoreError> {
    match id {
        None => Ok(Some(None)),
        Some(id) => Ok(store.meter(id)?.map(|meter| Some(meter.key))),
    }
}

pub(crate) fn no_such_meter() -> Failure {
    Failure::Refused(StatusCode::NOT_FOUND, "There is no meter with this id.".into())
}

/// What is to become of something that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Release,
    Discard,
}

/// Which of what is set aside somebody means.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// The id of a meter.
    pub(crate) meter: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) up_to: Option<i64>,
}

impl Wish {
    /// None if there is no such meter.
    fn selection(self, store: &Queries) -> Result<Option<Selection>, StoreError> {
        let Self { meter, code, up_to } = self;
        let meter = key_of(meter.as_deref(), store)?;
        Ok(meter.map(|meter| Selection { meter, code, up_to }))
    }
}
