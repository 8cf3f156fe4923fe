//! The same for programs.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use xt211_web::{Place, Refusal, Section, Setting, SettingValue, Settings};

use crate::{fixture::Fixture, sample::fill};

/// Answers are as they are described.
#[tokio::test]
async fn answers_are_as_described() {
    let fixture = Fixture::new();
    fill(&fixture);
    let description = fixture.get("/api/openapi.json").await;
    let description: Value = serde_json::from_str(&description.body).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let asked = [
        "/api/vital-signs",
        "/api/meters",
        "/api/meters/meter",
        "/api/meters/meter/consumption",
        "/api/meters/meter/power",
        "/api/set-aside",
        "/api/set-aside/2",
        "/api/log",
        "/api/settings",
    ];
    for address in asked {
        let path = match address {
            "/api/set-aside/2" => "/api/set-aside/{id}".to_owned(),
            other => other.replace("/meters/meter", "/meters/{id}"),
        };
        let answer = fixture.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.body);
        let operation = &description["paths"][&path]["get"];
        let content = &operation["responses"]["200"]["content"]["application/json"];
        let mut schema = content["schema"].clone();
        assert!(schema.is_object(), "{address} is not described");
        schema["components"] = description["components"].clone();
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        if let Err(error) = jsonschema::validate(&schema, &body) {
            panic!("{address}: {error}: {body}");
        }
    }
}

#[tokio::test]
async fn values_are_exact() {
    let fixture = Fixture::new();
    fill(&fixture);
    let body = fixture.get("/api/meters").await.body;
    let meters: Value = serde_json::from_str(&body).unwrap();
    let meter = &meters["meters"][0];
    assert_eq!(meter["serial"], "5100025085");
    assert_eq!(meter["module"]["battery_percent"], json!(35.78));
    let registers = meter["registers"].as_array().unwrap();
    let total = registers.iter().find(|register| register["code"] == "1.8.0").unwrap();
    assert_eq!((&total["value"], &total["unit"]), (&json!(7369.066), &json!("kWh")));
    assert_eq!(meters["next"], Value::Null);
}

#[tokio::test]
async fn what_is_set_aside_is_decided_on() {
    let fixture = Fixture::new();
    fill(&fixture);
    let one = fixture.post_json("/api/set-aside/2/discard", "{}").await;
    assert_eq!((one.status, one.body.as_str()), (StatusCode::OK, r#"{"count":1}"#));
    let all = fixture.post_json("/api/set-aside/release", r#"{"up_to":3}"#).await;
    assert_eq!(all.body, r#"{"count":2}"#);
    let entries = fixture.get("/api/set-aside?limit=1").await.body;
    let entries: Value = serde_json::from_str(&entries).unwrap();
    assert_eq!(entries["entries"][0]["id"], 3);
    assert_eq!(entries["entries"][0]["release_requested"], true);
    assert_eq!(entries["next"], 2);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let fixture = Fixture::new();
    fill(&fixture);
    let wrong = [
        ("/api/meters?serach=x", StatusCode::BAD_REQUEST),
        ("/api/meters?limit=0", StatusCode::BAD_REQUEST),
        ("/api/meters/meter/consumption?veiw=day", StatusCode::BAD_REQUEST),
        ("/api/meters/meter/power?meter=other", StatusCode::BAD_REQUEST),
        ("/api/meters/nobody/power", StatusCode::NOT_FOUND),
        ("/api/meters/nobody", StatusCode::NOT_FOUND),
        ("/api/set-aside/x", StatusCode::BAD_REQUEST),
        ("/api/set-aside?meter=nobody", StatusCode::NOT_FOUND),
        ("/api/export?form=csv&from=yesterday", StatusCode::BAD_REQUEST),
        ("/api/nothing", StatusCode::NOT_FOUND),
    ];
    for (address, status) in wrong {
        let answer = fixture.get(address).await;
        assert_eq!(answer.status, status, "{address}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["error"]["message"].is_string(), "{address}: {body}");
    }
}

/// What is described is there: nothing of it is unknown, whatever else is wrong with an empty one.
#[tokio::test]
async fn what_is_described_is_there() {
    let fixture = Fixture::new();
    fill(&fixture);
    let description = fixture.get("/api/openapi.json").await;
    let description: Value = serde_json::from_str(&description.body).unwrap();
    let page = fixture.get("/api").await.body;
    let mut count = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        assert!(page.contains(path), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            // What is discarded by one cannot be released by another.
            let id = match path.as_str() {
                path if path.starts_with("/api/meters/") => "meter",
                "/api/set-aside/{id}/release" => "2",
                _ => "1",
            };
            let address = path.replace("{id}", id);
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(address)
                .header("host", "localhost:8099")
                .header("content-type", "application/json");
            let answer = fixture.send(request.body("{}".into()).unwrap()).await;
            let status = answer.status.as_u16().to_string();
            let is_described = operation["responses"].get(&status).is_some();
            assert!(is_described, "{method} {path}: {status} {}", answer.body);
            let other = &operation["responses"]["default"]["content"]["application/json"];
            assert_eq!(other["schema"]["$ref"], "#/components/schemas/ErrorBody");
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            count += 1;
        }
    }
    assert!(count >= 17, "{count}");
}

#[tokio::test]
async fn settings_are_told_without_secrets_and_changed() {
    let fixture = Fixture::new();
    let setting = |value| Setting { value, variable: None };
    let sections = [(
        Section::InfluxDb,
        [
            ("url".to_owned(), setting(SettingValue::Shown("http://localhost:8086".into()))),
            ("token".to_owned(), setting(SettingValue::Secret)),
        ]
        .into(),
    )];
    *fixture.program.settings.lock().unwrap() =
        Settings { sections: sections.into(), ..Settings::default() };
    let body = fixture.get("/api/settings").await.body;
    let settings: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(settings["settings"]["influxdb.url"]["value"], "http://localhost:8086");
    assert_eq!(settings["settings"]["influxdb.token"], json!({"value": null, "variable": null}));

    let change = async |json: &'static str| {
        let request = Request::patch("/api/settings")
            .header("host", "localhost:8099")
            .header("content-type", "application/json");
        fixture.send(request.body(json.into()).unwrap()).await
    };
    assert_eq!(change(r#"{"set":{"mqtt.url":"mqtt://a"}}"#).await.status, StatusCode::OK);
    let place: Place = "mqtt.url".parse().unwrap();
    let edits = fixture.program.edits.lock().unwrap().clone();
    assert_eq!(edits[0].set.get(&place), Some(&Some("mqtt://a".into())));
    assert_eq!(change(r#"{"set":{"mqqt.url":"x"}}"#).await.status, StatusCode::BAD_REQUEST);
    let refusal = Refusal { place: Some(place), message: "no host".into() };
    fixture.program.refusals.lock().unwrap().push(refusal);
    let refused = change(r#"{"set":{"mqtt.url":"mqtt://"}}"#).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body, r#"{"error":{"message":"no host","place":"mqtt.url"}}"#);
}
