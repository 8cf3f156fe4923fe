//! The settings, as people see and change them.

use std::sync::atomic::Ordering::Relaxed;

use axum::http::StatusCode;
use xt211_web::{Edit, Place, Refusal, Section, Setting, SettingValue, Settings, Trial, catalogue};

use crate::fixture::Fixture;

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('\'', "&#39;")
}

fn shown(value: &str) -> Setting {
    Setting { value: SettingValue::Shown(value.into()), variable: None }
}

fn secret() -> Setting {
    Setting { value: SettingValue::Secret, variable: None }
}

/// A program with a broker and two meters.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let mqtt = [("url", shown("mqtt://here")), ("username", shown("me")), ("password", secret())];
    let meter =
        |id: &str| [("id".to_owned(), shown(id)), ("name".to_owned(), shown("Flat"))].into();
    *fixture.program.settings.lock().unwrap() = Settings {
        sections: [(Section::Mqtt, mqtt.map(|(key, it)| (key.to_owned(), it)).into())].into(),
        meters: vec![meter("a"), meter("b")],
        ..Settings::default()
    };
    fixture
}

/// What was saved, by place: all at once, in one edit.
fn saved(fixture: &Fixture) -> Vec<(String, Option<String>)> {
    let edits = std::mem::take(&mut *fixture.program.edits.lock().unwrap());
    assert!(edits.len() < 2, "{edits:?}");
    let set = edits.into_iter().flat_map(|Edit { set, remove_meter }| {
        assert_eq!(remove_meter, None);
        set
    });
    set.map(|(place, value)| (place.to_string(), value)).collect()
}

fn set(place: &str, value: &str) -> (String, Option<String>) {
    (place.into(), Some(value.into()))
}

fn unset(place: &str) -> (String, Option<String>) {
    (place.into(), None)
}

/// What a form tells of what it was made from: the form of the settings with this id.
async fn about(fixture: &Fixture, form: &str) -> String {
    let page = fixture.get("/settings").await.body;
    let (_, form) = page.split_once(&format!("id=\"{form}-form\"")).unwrap();
    let (_, value) = form.split_once("name=\"about\" value=\"").unwrap();
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_setting_is_shown_with_its_help() {
    let page = Fixture::new().get("/settings").await.body;
    for known in catalogue() {
        assert!(page.contains(&format!(">{}</label>", escaped(known.label))), "{}", known.key);
        assert!(page.contains(&escaped(known.help)), "{}: {page}", known.key);
    }
}

/// Behind them is a file that is read and checked each time.
#[tokio::test]
async fn pages_about_something_else_do_not_look_at_them() {
    let fixture = Fixture::new();
    for address in ["/", "/charts", "/set-aside", "/log", "/export", "/setup/done", "/api"] {
        assert_eq!(fixture.get(address).await.status, StatusCode::OK, "{address}");
    }
    assert_eq!(fixture.program.looks.load(Relaxed), 0);
    fixture.get("/settings").await;
    fixture.get("/setup/broker").await;
    assert_eq!(fixture.program.looks.load(Relaxed), 2);
}

#[tokio::test]
async fn a_refusal_stands_beside_its_field_and_what_was_entered_stays() {
    let fixture = Fixture::new();
    *fixture.program.refusals.lock().unwrap() = vec![
        Refusal { place: Some(place("mqtt.url")), message: "is no address".into() },
        Refusal { place: None, message: "the disk is full".into() },
    ];
    let entered = [("mqtt.url", r#""><script>alert(1)</script>"#), ("mqtt.password", "hush-hush")];
    let page = fixture.post("/settings/mqtt", &entered).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let body = page.body;
    assert!(!body.contains("<script>alert") && !body.contains("hush-hush"), "{body}");
    let (_, field) = body.split_once("id=\"mqtt.url\"").unwrap();
    let (input, _) = field.split_once('>').unwrap();
    assert!(input.contains("alert(1)") && input.contains("aria-invalid=\"true\""), "{input}");
    assert!(input.contains("aria-describedby=\"mqtt.url-error mqtt.url-help\""), "{input}");
    assert!(body.contains("id=\"mqtt.url-error\">Is no address.</p>"), "{body}");
    assert!(body.contains("role=\"alert\">The disk is full.</p>"), "{body}");
}

#[tokio::test]
async fn only_what_was_changed_is_saved() {
    let fixture = Fixture::new();
    let entered =
        [("mqtt.url", "mqtt://localhost:1883"), ("mqtt.username", "me"), ("mqtt.password", "")];
    let done = fixture.post("/settings/mqtt", &entered).await;
    assert_eq!(done.headers["location"], "/settings?saved=mqtt#mqtt");
    let edits = fixture.program.edits.lock().unwrap();
    let set: Vec<_> = edits.iter().flat_map(|edit| &edit.set).collect();
    assert_eq!(set, [(&place("mqtt.username"), &Some("me".to_owned()))]);
}

#[tokio::test]
async fn what_is_emptied_is_set_no_more() {
    let fixture = fixture();
    let done = fixture.post("/settings/mqtt", &[("mqtt.url", ""), ("mqtt.username", " ")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(saved(&fixture), [unset("mqtt.url"), unset("mqtt.username")]);
    // Nothing was set there.
    let nothing = [("influxdb.org", ""), ("influxdb.measurement", ""), ("influxdb.token", "")];
    fixture.post("/settings/influxdb", &nothing).await;
    assert_eq!(saved(&fixture), []);
}

#[tokio::test]
async fn a_secret_stays_is_removed_or_another() {
    let fixture = fixture();
    let page = fixture.get("/settings").await.body;
    assert!(page.contains("name=\"remove:mqtt.password\""), "{page}");
    assert!(!page.contains("name=\"remove:influxdb.token\""), "{page}");
    let removal = ("remove:mqtt.password", "yes");
    for (entered, expected) in [
        (&[("mqtt.password", "")][..], vec![]),
        (&[("mqtt.password", " ")], vec![set("mqtt.password", " ")]),
        (&[("mqtt.password", ""), removal], vec![unset("mqtt.password")]),
        // Who enters another one does not want to have none.
        (&[("mqtt.password", "new"), removal], vec![set("mqtt.password", "new")]),
    ] {
        fixture.post("/settings/mqtt", entered).await;
        assert_eq!(saved(&fixture), expected, "{entered:?}");
    }
    // There is none that could be removed.
    fixture.post("/settings/influxdb", &[("remove:influxdb.token", "yes")]).await;
    fixture.post("/settings/mqtt", &[("remove:mqtt.username", "yes")]).await;
    assert_eq!(saved(&fixture), []);
    // What was refused is still to be removed.
    let refusal = Refusal { place: Some(place("mqtt.url")), message: "no".into() };
    fixture.program.refusals.lock().unwrap().push(refusal);
    let page = fixture.post("/settings/mqtt", &[removal]).await.body;
    assert!(page.contains("name=\"remove:mqtt.password\" value=\"yes\" checked"), "{page}");
}

#[tokio::test]
async fn a_form_changes_nothing_but_its_own() {
    let fixture = fixture();
    let forged = [
        ("web.password", "x"),
        ("meter.0.id", "x"),
        ("mqtt.colour", "x"),
        ("mqtt.client_id", "ours"),
    ];
    fixture.post("/settings/mqtt", &forged).await;
    assert_eq!(saved(&fixture), [set("mqtt.client_id", "ours")]);
    let forged = [("meter.0.name", "x"), ("meter.1.name", "Attic"), ("meter.2.name", "x")];
    fixture.post("/settings/meter/1", &forged).await;
    assert_eq!(saved(&fixture), [set("meter.1.name", "Attic")]);
    for address in
        ["/settings/meter", "/settings/nothing", "/settings/meter/3", "/settings/meter/9"]
    {
        assert_eq!(fixture.post(address, &forged).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    // Who loads the answer to a form again sees the settings.
    assert_eq!(fixture.get("/settings/mqtt").await.headers["location"], "/settings");
}

#[tokio::test]
async fn what_the_environment_sets_can_only_be_changed_there() {
    let fixture = fixture();
    {
        let mut settings = fixture.program.settings.lock().unwrap();
        let mqtt = settings.sections.get_mut(&Section::Mqtt).unwrap();
        mqtt.get_mut("url").unwrap().variable = Some("XT211_MQTT_URL".into());
        mqtt.get_mut("password").unwrap().variable = Some("XT211_MQTT_PASSWORD_FILE".into());
    }
    let page = fixture.get("/settings").await.body;
    assert!(page.contains("<code>XT211_MQTT_PASSWORD_FILE</code>"), "{page}");
    assert!(!page.contains("name=\"remove:mqtt.password\""), "{page}");
    let forged = [("mqtt.url", "mqtt://there"), ("mqtt.password", "x"), ("mqtt.username", "you")];
    let refused = fixture.post("/settings/mqtt", &forged).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["XT211_MQTT_URL, and can only be changed there.", "value=\"mqtt://here\""] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    // All of them or none.
    assert_eq!(saved(&fixture), []);
    // A browser does not send what cannot be changed.
    fixture.post("/settings/mqtt", &[("mqtt.username", "you")]).await;
    assert_eq!(saved(&fixture), [set("mqtt.username", "you")]);
}

#[tokio::test]
async fn if_nothing_can_be_saved_it_says_why() {
    let fixture = fixture();
    fixture.program.settings.lock().unwrap().read_only = Some("the disk is full".into());
    let page = fixture.get("/settings").await.body;
    assert!(page.contains("Nothing can be changed here: the disk is full"), "{page}");
    assert!(!page.contains("name=\"do\"") && !page.contains("Remove this meter"), "{page}");
    // As by a page that was loaded before.
    let entered = [("mqtt.username", "you"), ("mqtt.password", "x")];
    let added = [("meter.2.id", "c")];
    for (address, entered) in [
        ("/settings/mqtt", &entered[..]),
        ("/settings/meter/2", &added),
        ("/settings/meter/1/remove", &[]),
    ] {
        let refused = fixture.post(address, entered).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        assert!(!refused.body.contains("Saved."), "{address}: {}", refused.body);
    }
    assert_eq!(saved(&fixture), []);
}

#[tokio::test]
async fn meters_are_added_and_removed() {
    let fixture = fixture();
    let entered = [
        ("meter.2.id", "c"),
        ("meter.2.name", "XT211 Meter"),
        ("meter.2.data_topic", "c/data"),
        ("meter.2.status_topic", "c/data"),
        ("meter.2.timezone", "UTC"),
        ("meter.2.max_power_kw", "100"),
        ("do", "save"),
    ];
    let done = fixture.post("/settings/meter/2", &entered).await;
    assert_eq!(done.headers["location"], "/settings?saved=meter-2#meter-2");
    // Nothing is written that is so anyway.
    let expected =
        [("meter.2.data_topic", "c/data"), ("meter.2.id", "c"), ("meter.2.status_topic", "c/data")];
    assert_eq!(saved(&fixture), expected.map(|(place, value)| set(place, value)));

    let about = about(&fixture, "meter-1").await;
    let done = fixture.post("/settings/meter/1/remove", &[("about", &about)]).await;
    assert_eq!(done.headers["location"], "/settings?removed=meter");
    let removed = Edit { remove_meter: Some(1), ..Edit::default() };
    assert_eq!(std::mem::take(&mut *fixture.program.edits.lock().unwrap()), [removed]);
    let said = fixture.get("/settings?removed=meter").await.body;
    assert!(said.contains("The meter was removed."), "{said}");

    let refusal = Refusal { place: None, message: "the file has no meter 2".into() };
    fixture.program.refusals.lock().unwrap().push(refusal);
    let refused = fixture.post("/settings/meter/1/remove", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("The file has no meter 2."), "{}", refused.body);
    let gone = fixture.post("/settings/meter/2/remove", &[]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);

    // The only one cannot be removed, and its number is 0 even if nothing is said of it.
    fixture.program.settings.lock().unwrap().meters.clear();
    let page = fixture.get("/settings").await.body;
    assert!(!page.contains("Remove this meter") && page.contains("settings/meter/1#"), "{page}");
    assert_eq!(fixture.post("/settings/meter/0/remove", &[]).await.status, StatusCode::NOT_FOUND);
    fixture.post("/settings/meter/0", &[("meter.0.id", "a")]).await;
    assert_eq!(saved(&fixture), [set("meter.0.id", "a")]);
}

#[tokio::test]
async fn an_outdated_page_changes_nothing() {
    let fixture = fixture();
    let (mqtt, meter) = (about(&fixture, "mqtt").await, about(&fixture, "meter-1").await);
    let new = about(&fixture, "meter-2").await;
    // Somebody else is faster.
    {
        let mut settings = fixture.program.settings.lock().unwrap();
        let broker = settings.sections.get_mut(&Section::Mqtt).unwrap();
        broker.insert("url".into(), shown("mqtt://there"));
        broker.remove("username");
        settings.meters.remove(0);
        let meter = |id: &str| [("id".to_owned(), shown(id))].into();
        settings.meters.extend(["c", "d"].map(meter));
    }
    let entered = [
        ("mqtt.url", "mqtt://here"),
        ("mqtt.username", "me"),
        ("mqtt.client_id", "xt211-bridge"),
        ("mqtt.password", "hush-hush"),
        ("about", &mqtt),
    ];
    for button in ["save", "try"] {
        let refused =
            fixture.post("/settings/mqtt", &[&entered[..], &[("do", button)]].concat()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let body = refused.body;
        assert!(
            body.contains("This was changed meanwhile, and nothing of yours is saved yet."),
            "{body}"
        );
        assert!(
            body.contains("id=\"mqtt.url-error\">At the moment it is mqtt://there.</p>"),
            "{body}"
        );
        assert!(
            body.contains("id=\"mqtt.username-error\">At the moment it is not set.</p>"),
            "{body}"
        );
        assert!(!body.contains("mqtt.client_id-error") && !body.contains("hush-hush"), "{body}");
        assert!(body.contains("value=\"mqtt://here\""), "{body}");
    }
    for (address, about) in [
        ("/settings/meter/1", &meter),
        ("/settings/meter/1/remove", &meter),
        ("/settings/meter/2", &new),
    ] {
        let refused = fixture.post(address, &[("about", about)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
    }
    assert_eq!(saved(&fixture), []);
    assert_eq!(fixture.program.trials.lock().unwrap().len(), 0);

    // The page that says so is up to date.
    let about = about(&fixture, "mqtt").await;
    let entered = [&entered[..4], &[("about", &*about)]].concat();
    fixture.post("/settings/mqtt", &entered).await;
    let expected =
        [("mqtt.password", "hush-hush"), ("mqtt.url", "mqtt://here"), ("mqtt.username", "me")];
    assert_eq!(saved(&fixture), expected.map(|(place, value)| set(place, value)));
}

#[tokio::test]
async fn a_trial_says_what_works_and_what_does_not() {
    let fixture = fixture();
    for (section, trial, places) in [
        ("mqtt", Trial::Broker, ["mqtt.username", "mqtt.ca_file"]),
        ("influxdb", Trial::InfluxDb, ["influxdb.token", "influxdb.ca_file"]),
        ("homeassistant", Trial::HomeAssistant, ["homeassistant.token", "homeassistant.ca_file"]),
    ] {
        let (address, url) = (format!("/settings/{section}"), format!("{section}.url"));
        let entered = [(&*url, "x://other"), ("do", "try")];
        let works = fixture.post(&address, &entered).await;
        assert_eq!(works.status, StatusCode::OK, "{section}");
        let said = format!("role=\"status\">{trial:?} works Nothing was saved yet.</p>");
        assert!(works.body.contains(&said), "{section}: {}", works.body);
        assert!(works.body.contains("value=\"x://other\""), "{section}: {}", works.body);
        let tried = fixture.program.trials.lock().unwrap().pop().unwrap();
        let set = [(place(&url), Some("x://other".to_owned()))].into();
        assert_eq!(tried, (trial, Edit { set, remove_meter: None }));

        *fixture.program.refusals.lock().unwrap() = places
            .iter()
            .map(|name| Refusal { place: Some(place(name)), message: format!("{name} is wrong") })
            .collect();
        let fails = fixture.post(&address, &entered).await;
        assert_eq!(fails.status, StatusCode::UNPROCESSABLE_ENTITY, "{section}");
        for name in places {
            let (_, field) = fails.body.split_once(&format!("id=\"{name}-error\">")).unwrap();
            let said = field.split("</p>").next().unwrap().to_lowercase();
            assert_eq!(said, format!("{name} is wrong."));
        }
        // What is seldom needed is open where something is wrong with it.
        let (_, form) = fails.body.split_once(&format!("id=\"{section}-form\"")).unwrap();
        assert!(form.contains("<details class=\"more\" open>"), "{section}: {form}");

        let empty = fixture.post(&address, &[(&*url, ""), ("do", "try")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "{section}");
        let said = format!("id=\"{url}-error\">There is nothing to try: write an address.</p>");
        assert!(empty.body.contains(&said), "{section}: {}", empty.body);
    }
    assert_eq!(fixture.program.trials.lock().unwrap().len(), 3);
    assert_eq!(saved(&fixture), []);
}
