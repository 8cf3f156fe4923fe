//! The setup, from nothing to the last step.

use std::sync::atomic::Ordering::Relaxed;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::StreamExt as _;
use time::OffsetDateTime;
use xt211_web::{
    BrokerSign, Condition, Edit, Heard, Place, Refusal, Section, Setting, SettingValue, Settings,
    Trial,
};

use crate::{
    fixture::{Answer, Fixture},
    sample::{HOSTILE, fill},
};

/// What a broker has of one meter: a reading, and the states of its module and of its battery.
fn heard(parent: &str) -> Vec<Result<Heard, Refusal>> {
    let message = |topic: &str, parts| Heard {
        topic: format!("{parent}/{topic}"),
        parts,
        serial: Some("5100025085".into()),
        value: parts[0].then(|| "Total Import Energy: 7369.066 kWh".into()),
    };
    let messages = [
        ("data", [true, false, false]),
        ("status", [false, true, false]),
        ("cell", [false, false, true]),
    ];
    messages.map(|(topic, parts)| Ok(message(topic, parts))).into()
}

fn shown(value: &str) -> Setting {
    Setting { value: SettingValue::Shown(value.into()), variable: None }
}

/// Settings of which these are set.
fn settings(set: &[(&str, Setting)]) -> Settings {
    let mut settings = Settings::default();
    for (place, setting) in set {
        let Place { section, meter, key } = place.parse().unwrap();
        let list = match section {
            Section::Meter => {
                settings.meters.resize(settings.meters.len().max(meter + 1), [].into());
                &mut settings.meters[meter]
            }
            _ => settings.sections.entry(section).or_default(),
        };
        list.insert(key, setting.clone());
    }
    settings
}

fn refuse(fixture: &Fixture, refusals: &[(&str, &str)]) {
    let refusal = |(place, message): &(&str, &str)| Refusal {
        place: place.parse().ok(),
        message: (*message).into(),
    };
    *fixture.program.refusals.lock().unwrap() = refusals.iter().map(refusal).collect();
}

/// What was saved, by place.
fn saved(fixture: &Fixture) -> Vec<(String, Option<String>)> {
    let edits = std::mem::take(&mut *fixture.program.edits.lock().unwrap());
    let set = edits.into_iter().flat_map(|Edit { set, remove_meter }| {
        assert_eq!(remove_meter, None);
        set
    });
    set.map(|(place, value)| (place.to_string(), value)).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    list.iter().map(|(place, value)| ((*place).into(), Some((*value).into()))).collect()
}

fn tried(fixture: &Fixture) -> Vec<Trial> {
    let trials = std::mem::take(&mut *fixture.program.trials.lock().unwrap());
    trials.into_iter().map(|(trial, _)| trial).collect()
}

fn leads_to(answer: &Answer, address: &str) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(answer.headers["location"], address);
}

/// What is said beside a field.
fn error_of<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("id=\"{name}-error\">")).unwrap_or_default();
    rest.split("</p>").next().unwrap_or_default()
}

#[tokio::test]
async fn as_long_as_nothing_is_configured_it_comes_first() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("/").await.status, StatusCode::OK);
    assert!(!fixture.get("/log").await.body.contains("Nothing is configured yet."));
    fixture.program.is_new.store(true, Relaxed);
    leads_to(&fixture.get("/").await, "/setup/broker");
    // The other pages say so, and its own have no need to.
    assert!(fixture.get("/log").await.body.contains("Nothing is configured yet."));
    assert!(!fixture.get("/setup/broker").await.body.contains("Nothing is configured yet."));
    // Who wants to can go through it again.
    fixture.program.is_new.store(false, Relaxed);
    leads_to(&fixture.get("/setup").await, "/setup/broker");
}

#[tokio::test]
async fn each_step_leads_on_back_and_past_what_is_not_needed() {
    let fixture = Fixture::new();
    let links = [
        ("broker", "Where is your MQTT broker?", &["setup/meters"][..]),
        (
            "meters",
            "Which meters?",
            &["setup/influxdb\">Go on without waiting", "setup/broker\">Back"],
        ),
        (
            "influxdb",
            "Forward readings",
            &["setup/homeassistant\">Skip this", "setup/meters\">Back"],
        ),
        ("homeassistant", "Home Assistant?", &["setup/influxdb\">Back"]),
        ("done", "All set up", &[".\">To the overview", "setup/homeassistant\">Back"]),
    ];
    for (step, title, links) in links {
        let page = fixture.get(&format!("/setup/{step}")).await;
        assert_eq!(page.status, StatusCode::OK, "{step}");
        assert!(page.body.contains(title), "{step}: {}", page.body);
        assert!(page.body.contains(&format!("href=\"setup/{step}\" aria-current=\"step\"")));
        for link in links {
            assert!(page.body.contains(&format!("href=\"{link}")), "{step}: {link}");
        }
        assert!(!page.body.contains("Save anyway"), "{step}");
    }
    assert_eq!(fixture.get("/setup/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(fixture.post("/setup/nothing", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(fixture.post("/setup/done", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn what_works_is_saved() {
    let fixture = Fixture::new();
    // Even if it is what it would be anyway, so that it is seen that it was chosen.
    let entered = [("mqtt.url", " mqtt://localhost:1883 "), ("mqtt.username", ""), ("do", "go")];
    leads_to(&fixture.post("/setup/broker", &entered).await, "/setup/meters");
    assert_eq!(tried(&fixture), [Trial::Broker]);
    assert_eq!(saved(&fixture), pairs(&[("mqtt.url", "mqtt://localhost:1883")]));

    let entered =
        [("influxdb.url", "http://localhost:8086"), ("influxdb.token", " a b "), ("do", "go")];
    leads_to(&fixture.post("/setup/influxdb", &entered).await, "/setup/homeassistant");
    assert_eq!(tried(&fixture), [Trial::InfluxDb]);
    let expected = [("influxdb.token", " a b "), ("influxdb.url", "http://localhost:8086")];
    assert_eq!(saved(&fixture), pairs(&expected));

    // Without an address there is nothing to try.
    let entered = [("homeassistant.enabled", "false"), ("homeassistant.url", ""), ("do", "go")];
    leads_to(&fixture.post("/setup/homeassistant", &entered).await, "/setup/done");
    assert_eq!(tried(&fixture), []);
    assert_eq!(saved(&fixture), pairs(&[("homeassistant.enabled", "false")]));
    let entered = [("homeassistant.url", "http://localhost:8123"), ("do", "go")];
    leads_to(&fixture.post("/setup/homeassistant", &entered).await, "/setup/done");
    assert_eq!(tried(&fixture), [Trial::HomeAssistant]);
    let expected =
        [("homeassistant.enabled", "true"), ("homeassistant.url", "http://localhost:8123")];
    assert_eq!(saved(&fixture), pairs(&expected));
}

#[tokio::test]
async fn what_does_not_work_can_be_saved_anyway() {
    let fixture = Fixture::new();
    refuse(&fixture, &[("mqtt.username", "the broker does not let us in"), ("", "it is slow")]);
    let entered =
        [("mqtt.url", "mqtt://b"), ("mqtt.username", "me"), ("mqtt.password", "hush-hush")];
    let failed = fixture.post("/setup/broker", &[&entered[..], &[("do", "go")]].concat()).await;
    assert_eq!(failed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error_of(&failed.body, "mqtt.username"), "The broker does not let us in.");
    assert!(failed.body.contains("role=\"alert\">It is slow.</p>"), "{}", failed.body);
    assert!(failed.body.contains("value=\"mqtt://b\""), "{}", failed.body);
    assert!(failed.body.contains("name=\"do\" value=\"save\""), "{}", failed.body);
    // It is not sent back, which is said.
    assert!(!failed.body.contains("hush-hush"), "{}", failed.body);
    assert!(failed.body.contains("enter it again"), "{}", failed.body);
    assert_eq!((tried(&fixture), saved(&fixture)), (vec![Trial::Broker], vec![]));

    let entered = [&entered[..], &[("do", "save")]].concat();
    leads_to(&fixture.post("/setup/broker", &entered).await, "/setup/meters");
    assert_eq!(tried(&fixture), []);
    let expected =
        [("mqtt.password", "hush-hush"), ("mqtt.url", "mqtt://b"), ("mqtt.username", "me")];
    assert_eq!(saved(&fixture), pairs(&expected));

    // What cannot even be saved cannot be saved anyway.
    refuse(&fixture, &[("mqtt.url", "is no address"), ("web.listen", "is taken")]);
    let refused = fixture.post("/setup/broker", &entered).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error_of(&refused.body, "mqtt.url"), "Is no address.");
    assert!(refused.body.contains("This page, Address and port: Is taken."), "{}", refused.body);
    assert!(!refused.body.contains("Save anyway"), "{}", refused.body);
    assert_eq!(saved(&fixture), []);
}

#[tokio::test]
async fn without_an_address_there_is_nothing_to_try() {
    let fixture = Fixture::new();
    for step in ["broker", "influxdb"] {
        let name = if step == "broker" { "mqtt.url" } else { "influxdb.url" };
        let page = fixture.post(&format!("/setup/{step}"), &[(name, " "), ("do", "go")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(error_of(&page.body, name).contains("write an address"), "{}", page.body);
    }
    assert_eq!((tried(&fixture), saved(&fixture)), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_meter_is_found_and_chosen() {
    let fixture = Fixture::new();
    let page = fixture.get("/setup/meters").await.body;
    assert!(page.contains("No meter was heard yet."), "{page}");
    *fixture.program.heard.lock().unwrap() = heard("elektromer");
    let page = fixture.get("/setup/meters?listen=yes").await.body;
    for part in ["Total Import Energy: 7369.066 kWh", "Serial number 5100025085", "Use this meter"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (_, form) = page.split_once("id=\"use-elektromer/data\"").unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    let fields = [
        ("meter.0.id", "meter"),
        ("meter.0.name", "XT211 Meter"),
        ("meter.0.data_topic", "elektromer/data"),
        ("meter.0.status_topic", "elektromer/status"),
        ("meter.0.battery_topic", "elektromer/cell"),
    ];
    for (name, value) in fields {
        assert!(form.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}: {form}");
    }
    leads_to(&fixture.post("/setup/meters", &fields).await, "/setup/meters");
    let mut expected = pairs(&fields);
    expected.sort();
    assert_eq!(saved(&fixture), expected);

    // Once it is there, it is chosen; and so it is if a setting for several covers it.
    for topic in ["elektromer/data", "+/data"] {
        let topic = ("meter.0.data_topic", shown(topic));
        *fixture.program.settings.lock().unwrap() = settings(&[topic]);
        let page = fixture.get("/setup/meters?listen=yes").await.body;
        assert!(page.contains("<p class=\"sign good\">Chosen</p>"), "{page}");
        assert!(
            !page.contains("id=\"use-elektromer/data\"") && page.contains("Your meter</h2>"),
            "{page}"
        );
        assert!(page.contains("href=\"setup/influxdb\">Go on</a>"), "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_meters_are_told_apart_and_offered_as_one_setting() {
    let fixture = Fixture::new();
    *fixture.program.heard.lock().unwrap() = [heard("flats/a"), heard("flats/b")].concat();
    let page = fixture.get("/setup/meters?listen=yes").await.body;
    for part in ["All 2 as one setting", "flats/+/data", "XT211 Meter a", "XT211 Meter b"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // The next one comes behind the one that is there, wherever its form was made.
    *fixture.program.settings.lock().unwrap() =
        settings(&[("meter.0.id", shown("a")), ("meter.0.data_topic", shown("flats/a/data"))]);
    let fields = [
        ("meter.0.id", "b"),
        ("meter.0.data_topic", "flats/b/data"),
        ("meter.0.status_topic", "flats/b/status"),
        ("meter.0.name", "B"),
    ];
    leads_to(&fixture.post("/setup/meters", &fields).await, "/setup/meters");
    let places: Vec<_> = saved(&fixture).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        places,
        ["meter.1.data_topic", "meter.1.id", "meter.1.name", "meter.1.status_topic"]
    );
}

#[tokio::test]
async fn a_meter_that_is_refused_says_why() {
    let fixture = Fixture::new();
    refuse(&fixture, &[("meter.0.id", "is reserved"), ("meter.0.colour", "is unknown")]);
    let fields = [("meter.0.id", "bridge"), ("meter.0.data_topic", HOSTILE)];
    let page = fixture.post("/setup/meters", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error_of(&page.body, "meter.0.id"), "Is reserved.");
    assert!(page.body.contains("Meter 1, colour: Is unknown."), "{}", page.body);
    assert!(page.body.contains("id=\"by-hand\" open"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert_eq!(saved(&fixture), []);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_it_from_listening_is_said() {
    let fixture = Fixture::new();
    let refusal = Refusal { place: None, message: "nothing listens at <b>localhost".into() };
    fixture.program.heard.lock().unwrap().push(Err(refusal));
    let page = fixture.get("/setup/meters?listen=yes").await.body;
    assert!(page.contains("nothing listens at &#60;b&#62;localhost"), "{page}");
    assert!(page.contains("href=\"setup/broker\">Change the broker"), "{page}");
    assert!(!page.contains("No meter was heard yet."), "{page}");
    // Without scripts, a page that has heard nothing asks again by itself.
    assert!(!page.contains("http-equiv=\"refresh\""), "{page}");
    fixture.program.heard.lock().unwrap().clear();
    let page = fixture.get("/setup/meters?listen=yes").await.body;
    assert!(page.contains("No meter was heard yet."), "{page}");
    assert!(page.contains("content=\"1; url=setup/meters?listen=yes\""), "{page}");
}

#[tokio::test]
async fn what_is_heard_is_shown_at_once() {
    let fixture = Fixture::new();
    let mut messages = heard("elektromer");
    messages.extend(heard(HOSTILE));
    messages.push(Err(Refusal { place: None, message: "the broker is gone".into() }));
    *fixture.program.heard.lock().unwrap() = messages;
    let request = Request::get("/setup/meters/heard").header("host", "localhost:8099");
    let response = fixture.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let event = response.into_body().into_data_stream().next().await.unwrap().unwrap();
    let event = String::from_utf8(event.to_vec()).unwrap();
    assert!(event.lines().filter(|line| !line.is_empty()).all(|line| line.starts_with("data:")));
    assert!(event.contains("elektromer/data") && event.contains("the broker is gone"), "{event}");
    assert!(!event.contains("<script>"), "{event}");
}

#[tokio::test]
async fn what_cannot_be_changed_is_not() {
    let fixture = Fixture::new();
    let mut all =
        settings(&[("mqtt.url", shown("mqtt://core")), ("mqtt.password", shown("geheim"))]);
    all.sections.get_mut(&Section::Mqtt).unwrap().get_mut("url").unwrap().variable =
        Some("XT211_MQTT_URL".into());
    *fixture.program.settings.lock().unwrap() = all.clone();
    let page = fixture.get("/setup/broker").await.body;
    assert!(page.contains("<code>XT211_MQTT_URL</code>"), "{page}");
    // A secret is not told, even by a program that would.
    assert!(!page.contains("geheim"), "{page}");
    let forged = [("mqtt.url", "mqtt://elsewhere"), ("web.password", "x"), ("do", "save")];
    let refused = fixture.post("/setup/broker", &forged).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = error_of(&refused.body, "mqtt.url");
    assert_eq!(
        error,
        "It is set by the environment variable XT211_MQTT_URL, and can only be changed there."
    );

    let read_only = Some("the disk is read-only".into());
    *fixture.program.settings.lock().unwrap() = Settings { read_only, ..all };
    for step in ["broker", "meters", "influxdb", "homeassistant"] {
        let page = fixture.get(&format!("/setup/{step}")).await.body;
        assert!(page.contains("Nothing can be changed here: the disk is read-only"), "{page}");
        assert!(!page.contains("name=\"do\""), "{step}: {page}");
    }
    for (step, field) in [("broker", "mqtt.username"), ("influxdb", "influxdb.org")] {
        let sent = fixture.post(&format!("/setup/{step}"), &[(field, "x"), ("do", "save")]).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY, "{step}");
    }
    let sent = fixture.post("/setup/meters", &[("meter.0.id", "x")]).await;
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((tried(&fixture), saved(&fixture)), (vec![], vec![]));
}

#[tokio::test]
async fn an_outdated_page_changes_nothing() {
    let fixture = Fixture::new();
    let page = fixture.get("/setup/broker").await.body;
    let (_, about) = page.split_once("name=\"about\" value=\"").unwrap();
    let about = about.split('"').next().unwrap();
    let entered = [("mqtt.url", "mqtt://mine"), ("do", "go"), ("about", about)];
    // Somebody else is faster.
    *fixture.program.settings.lock().unwrap() = settings(&[("mqtt.url", shown("mqtt://theirs"))]);
    let refused = fixture.post("/setup/broker", &entered).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("This was changed meanwhile"), "{}", refused.body);
    assert_eq!(error_of(&refused.body, "mqtt.url"), "At the moment it is mqtt://theirs.");
    assert!(refused.body.contains("value=\"mqtt://mine\""), "{}", refused.body);
    assert_eq!((tried(&fixture), saved(&fixture)), (vec![], vec![]));
}

#[tokio::test]
async fn the_last_step_tells_how_it_does() {
    let fixture = Fixture::new();
    let page = fixture.get("/setup/done").await.body;
    for part in
        ["The broker is being connected.", "No reading has arrived yet.", "readings are kept here"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    fill(&fixture);
    fixture.program.signs.send_modify(|signs| {
        signs.broker = BrokerSign::Connected(OffsetDateTime::UNIX_EPOCH);
        (signs.influxdb, signs.statistics) = (Condition::Good, Condition::Good);
    });
    let page = fixture.get("/setup/done").await.body;
    for part in [
        "The broker is connected.",
        "Meter meter has a reading: 7369.066 kWh, ",
        "InfluxDB takes readings.",
        "Home Assistant takes hourly statistics.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    fixture.program.signs.send_modify(|signs| {
        signs.broker = BrokerSign::Trouble("<b>away".into());
        (signs.influxdb, signs.statistics) =
            (Condition::Trouble("no token".into()), Condition::Trouble("no entry".into()));
        signs.store = Condition::Trouble("the disk is full".into());
    });
    let page = fixture.get("/setup/done").await.body;
    for part in [
        "The broker is not connected: &#60;b&#62;away <a href=\"setup/broker\"",
        "InfluxDB takes nothing: no token <a href=\"setup/influxdb\"",
        "Home Assistant takes no statistics: no entry <a href=\"setup/homeassistant\"",
        "Nothing can be kept: the disk is full <a href=\"settings#store\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
