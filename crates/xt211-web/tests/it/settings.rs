//! The settings, as people see and change them.

use axum::http::StatusCode;
use xt211_web::{Place, Refusal, catalogue};

use crate::fixture::Fixture;

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('\'', "&#39;")
}

#[tokio::test]
async fn every_setting_is_shown_with_its_help() {
    let page = Fixture::new().get("/settings").await.body;
    for known in catalogue() {
        assert!(page.contains(&format!(">{}</label>", escaped(known.label))), "{}", known.key);
        assert!(page.contains(&escaped(known.help)), "{}: {page}", known.key);
    }
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
