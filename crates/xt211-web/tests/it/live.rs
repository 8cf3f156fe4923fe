//! A page is told of changes as they happen.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::StreamExt as _;

use crate::fixture::Fixture;

#[tokio::test]
async fn a_page_is_told_of_changes_until_the_program_ends() {
    let fixture = Fixture::new();
    let request = Request::get("/events").header("host", "localhost:8099");
    let response = fixture.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let mut next = async || {
        let event = events.next().await.map(|chunk| chunk.unwrap().to_vec());
        event.map(|event| String::from_utf8(event).unwrap())
    };
    assert_eq!(next().await.as_deref(), Some("retry: 3000\n: hello\n\n"));
    // Several changes at once are one.
    for revision in [1, 2, 3] {
        fixture.program.signs.send_modify(|signs| signs.revision = revision);
    }
    assert_eq!(next().await.as_deref(), Some("event: look\ndata: 3\n\n"));
    fixture.program.end();
    assert_eq!(next().await, None);
}

/// So that there are always connections left for everybody else.
#[tokio::test]
async fn only_so_many_pages_are_told_at_once() {
    let fixture = Fixture::new();
    let open = async |path: &str| {
        let request = Request::get(path).header("host", "localhost:8099");
        fixture.open(request.body(Body::empty()).unwrap()).await
    };
    let paths = ["/events", "/setup/meters/heard"];
    let mut streams = Vec::new();
    for path in paths.into_iter().cycle().take(64) {
        let response = open(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        streams.push(response);
    }
    for path in paths {
        assert_eq!(open(path).await.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        drop(streams.pop());
        streams.push(open(path).await);
        assert_eq!(streams.last().unwrap().status(), StatusCode::OK, "{path}");
    }
}
