//! What the page asks, answered.

use std::{io, path::PathBuf, sync::Arc};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::{Mutex, watch};
use xt211_store::{Range, Reader};
use xt211_web::{
    Backend, Edit, ExportRequest, Heard, LogEntry, Password, Refusal, Section, Settings, Trial,
    VitalSigns,
};

use super::{
    door::Door,
    listening::listen,
    parts::Parts,
    refusal::{general, refusal},
};
use crate::{
    config::{Config, Draft, Origin},
    control::Control,
    export::{export, meter_key},
    routes::follows,
    trial,
};

/// The program as the page sees it. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Program {
    origin: Arc<Origin>,
    control: Control,
    door: Door,
    /// One change after the other.
    saving: Arc<Mutex<()>>,
}

impl Program {
    pub(crate) fn new(origin: Origin, control: Control, door: Door) -> Self {
        Self { origin: Arc::new(origin), control, door, saving: Arc::default() }
    }

    /// Saves a change and has it take effect. If that fails, all is as before.
    async fn change(&self, edit: Edit) -> Result<(), Vec<Refusal>> {
        let _one_by_one = self.saving.lock().await;
        let gone = self.origin.gone(&self.control.config());
        if let Some(obstacle) = gone.or_else(|| self.origin.obstacle()) {
            return Err(vec![general(obstacle)]);
        }
        let draft = self.origin.draft(&with_hash(edit)?)?;
        let config = draft.config.as_ref().map_err(|error| error.refusals())?.clone();
        let file = self.origin.file().display();
        if let Err(error) = self.origin.save(&draft.text) {
            return Err(vec![general(format!("{file} cannot be written: {error}"))]);
        }
        if let Err(refusal) = self.take_effect(config).await {
            return Err(vec![self.take_back(&draft, refusal)]);
        }
        tracing::info!("{file} was changed in the page");
        Ok(())
    }

    /// Has what the file says now take effect. Returns all that keeps it from doing so.
    pub(crate) async fn reload(&self) -> Vec<String> {
        let _one_by_one = self.saving.lock().await;
        if let Some(gone) = self.origin.gone(&self.control.config()) {
            return vec![gone];
        }
        let config = match self.origin.load() {
            Ok(config) => config,
            Err(error) => return error.problems().iter().map(ToString::to_string).collect(),
        };
        match self.take_effect(config).await {
            Ok(()) => Vec::new(),
            Err(refusal) => vec![refusal.message],
        }
    }

    /// Has a configuration take effect, or leaves all as it is.
    async fn take_effect(&self, config: Config) -> Result<(), Refusal> {
        let opening = self.door.open(&config.web).map_err(|error| refusal(&error))?;
        self.control.apply(config).await.map_err(|error| refusal(&error))?;
        self.door.enter(opening);
        Ok(())
    }

    /// Something is wrong that only showed when the change was to take effect.
    fn take_back(&self, draft: &Draft, mut refusal: Refusal) -> Refusal {
        if let Err(error) = self.origin.restore(draft) {
            let file = self.origin.file().display();
            refusal.message += &format!("; and {file} could not be put back: {error}");
        }
        refusal
    }

    /// What can be tried out of the configuration as it would be.
    fn parts(&self, edit: &Edit) -> Result<Parts, Vec<Refusal>> {
        self.origin.draft(edit).map(|draft| Parts::of(draft.config))
    }
}

impl Backend for Program {
    fn vital_signs(&self) -> watch::Receiver<VitalSigns> {
        self.control.vital_signs()
    }

    fn log(&self) -> Vec<LogEntry> {
        self.control.log()
    }

    fn store(&self) -> PathBuf {
        self.control.config().store.path.clone()
    }

    fn meter_name(&self, id: &str) -> String {
        let config = self.control.config();
        let mut named = config.meters.iter().filter(|meter| !meter.is_wild());
        let named = named.find(|meter| meter.id.as_str() == id);
        named.map_or_else(|| id.to_owned(), |meter| meter.name.clone())
    }

    fn follows(&self, id: &str, topic: Option<&str>) -> bool {
        follows(&self.control.config().meters, id, topic)
    }

    fn look(&self) {
        self.control.look();
    }

    fn export(&self, request: &ExportRequest, out: &mut dyn io::Write) -> io::Result<()> {
        let config = self.control.config();
        let ExportRequest { form, meter, from, to } = request;
        let written = (|| {
            let store = Reader::open(&config.store.path)?;
            let meter = meter.as_deref().map(|id| meter_key(id, &store)).transpose()?;
            let range = Range { meter, from: *from, to: *to };
            export(&config, &store, *form, &range, out)
        })();
        match written {
            Ok(0) => Ok(()),
            Ok(count) => Err(io::Error::other(format!(
                "{count} of the records cannot be read any more: the disk has changed them"
            ))),
            Err(error) => Err(io::Error::other(format!("{error:#}"))),
        }
    }

    fn needs_setup(&self) -> bool {
        // Whoever has readings does not have to set anything up, whatever they have configured.
        self.control.config().is_new && !self.control.vital_signs().borrow().has_meters
    }

    fn settings(&self) -> Settings {
        self.origin.settings()
    }

    fn save(&self, edit: Edit) -> BoxFuture<'_, Result<(), Vec<Refusal>>> {
        // It goes on even if nobody waits for it any more.
        let program = self.clone();
        let changed = tokio::spawn(async move { program.change(edit).await });
        async move { changed.await.unwrap_or_else(|error| Err(vec![general(error.to_string())])) }
            .boxed()
    }

    fn attempt(&self, trial: Trial, edit: Edit) -> BoxFuture<'_, Result<String, Vec<Refusal>>> {
        async move {
            let parts = self.parts(&edit)?;
            let outcome = match trial {
                Trial::Broker => match &parts.mqtt {
                    Some(mqtt) => trial::broker(mqtt, &parts.meters).await,
                    None => return Err(parts.wrong_in(Section::Mqtt)),
                },
                Trial::InfluxDb => match &parts.influxdb {
                    Some(influxdb) => trial::influxdb(influxdb).await,
                    None => return Err(parts.wrong_in(Section::InfluxDb)),
                },
                Trial::HomeAssistant => match &parts.statistics {
                    Some(statistics) => trial::home_assistant(statistics).await,
                    None => return Err(parts.wrong_in(Section::HomeAssistant)),
                },
            };
            outcome.map_err(|message| vec![refusal(&message)])
        }
        .boxed()
    }

    fn listen(&self, edit: Edit) -> BoxStream<'static, Result<Heard, Refusal>> {
        let parts = match self.parts(&edit) {
            Ok(parts) => parts,
            Err(refusals) => return stream::iter(refusals).map(Err).boxed(),
        };
        match &parts.mqtt {
            Some(mqtt) => listen(mqtt, &parts.meters),
            None => stream::iter(parts.wrong_in(Section::Mqtt)).map(Err).boxed(),
        }
    }
}

/// A password is not kept as it is.
fn with_hash(mut edit: Edit) -> Result<Edit, Vec<Refusal>> {
    for (place, text) in &mut edit.set {
        if place.section == Section::Web
            && place.key == "password"
            && let Some(password) = text
        {
            *password = Password::hash(password).map_err(|error| {
                vec![Refusal { place: Some(place.clone()), message: error.to_string() }]
            })?;
        }
    }
    Ok(edit)
}
