//! Settings.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    asked::{Asked, Sent},
    failure::{ErrorBody, Refused},
};
use crate::{
    app::App,
    backend::{Edit, Place, Section, Setting, SettingValue, Trial},
    failure::Failure,
};

/// All settings as they are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsView {
    /// The file that they are saved to.
    file: String,
    /// Whether nothing was ever configured.
    is_new: bool,
    /// Why nothing can be saved, if so.
    read_only: Option<String>,
    /// What is set, by its place: `mqtt.url`, of the second meter `meter.1.name`.
    settings: BTreeMap<String, SettingView>,
}

/// A setting as it is.
#[derive(Debug, Serialize, ToSchema)]
struct SettingView {
    /// As one would write it, without quotes; none if it is a secret, which is not told.
    value: Option<String>,
    /// The environment variable that it comes from, if it does; it cannot be changed here then.
    variable: Option<String>,
}

/// A change of settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// What is set, by its place; to nothing, so that it has its default.
    #[serde(default)]
    #[schema(example = json!({"mqtt.url": "mqtts://broker:8883", "influxdb.token": null}))]
    set: BTreeMap<String, Option<String>>,
    /// The number of a meter that is removed, after the others were set; from 0 on.
    remove_meter: Option<usize>,
}

/// Something that is tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Attempt {
    /// What.
    what: What,
    /// With these settings changed.
    #[serde(default)]
    set: BTreeMap<String, Option<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum What {
    Broker,
    InfluxDb,
    HomeAssistant,
}

/// What was done, for people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    /// What was done, for people.
    message: String,
}

/// All settings as they are, without secrets
#[utoipa::path(get, path = "/api/settings", responses((status = 200, body = SettingsView)))]
pub(super) async fn settings(
    State(app): State<App>,
    Asked(()): Asked<()>,
) -> Result<Json<SettingsView>, Refused> {
    let all = app.backend.settings();
    let mut settings = BTreeMap::new();
    let mut add = |section, meter, list: BTreeMap<String, Setting>| {
        for (key, setting) in list {
            let place = Place { section, meter, key };
            settings.insert(place.to_string(), setting.into());
        }
    };
    for (section, list) in all.sections {
        add(section, 0, list);
    }
    for (number, list) in all.meters.into_iter().enumerate() {
        add(Section::Meter, number, list);
    }
    let file = all.file.display().to_string();
    let (is_new, read_only) = (app.backend.needs_setup(), all.read_only);
    Ok(Json(SettingsView { file, is_new, read_only, settings }))
}

/// Change settings, and have them take effect; all of them or none
#[utoipa::path(patch, path = "/api/settings", request_body = Change, responses(
    (status = 200, body = Done),
    (status = 400, body = ErrorBody),
    (status = 422, description = "Something is wrong with them", body = ErrorBody),
))]
pub(super) async fn change(
    State(app): State<App>,
    Sent(Change { set, remove_meter }): Sent<Change>,
) -> Result<Json<Done>, Refused> {
    app.backend.save(Edit { set: places(set)?, remove_meter }).await?;
    Ok(Json(Done { message: "Saved.".into() }))
}

/// Try out whether something works, and change nothing
#[utoipa::path(post, path = "/api/settings/try", request_body = Attempt, responses(
    (status = 200, body = Done),
    (status = 400, body = ErrorBody),
    (status = 422, description = "It does not work", body = ErrorBody),
))]
pub(super) async fn attempt(
    State(app): State<App>,
    Sent(Attempt { what, set }): Sent<Attempt>,
) -> Result<Json<Done>, Refused> {
    let trial = match what {
        What::Broker => Trial::Broker,
        What::InfluxDb => Trial::InfluxDb,
        What::HomeAssistant => Trial::HomeAssistant,
    };
    let edit = Edit { set: places(set)?, remove_meter: None };
    Ok(Json(Done { message: app.backend.attempt(trial, edit).await? }))
}

fn places(
    set: BTreeMap<String, Option<String>>,
) -> Result<BTreeMap<Place, Option<String>>, Failure> {
    let place = |(text, value): (String, Option<String>)| match text.parse::<Place>() {
        Ok(place) => Ok((place, value)),
        Err(()) => {
            let message = format!("There is no setting `{text}`.");
            Err(Failure::Refused(StatusCode::BAD_REQUEST, message))
        }
    };
    set.into_iter().map(place).collect()
}

impl From<Setting> for SettingView {
    fn from(Setting { value, variable }: Setting) -> Self {
        let value = match value {
            SettingValue::Shown(value) => Some(value),
            SettingValue::Secret => None,
        };
        Self { value, variable }
    }
}
