//! The same for programs.

use axum::http::StatusCode;
use serde_json::{Value, json};

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
        "/api/set-aside",
        "/api/set-aside/2",
        "/api/log",
        "/api/settings",
    ];
    for address in asked {
        let path = match address {
            "/api/meters/meter" => "/api/meters/{id}",
            "/api/set-aside/2" => "/api/set-aside/{id}",
            other => other,
        };
        let answer = fixture.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.body);
        let operation = &description["paths"][path]["get"];
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
