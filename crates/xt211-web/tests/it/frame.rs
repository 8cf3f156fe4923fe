//! What is around every page.

use axum::http::StatusCode;

use crate::fixture::Fixture;

#[tokio::test]
async fn the_page_is_there_and_its_parts_are() {
    let fixture = Fixture::new();
    let page = fixture.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    for (_, address) in page.body.match_indices("assets/").map(|(at, _)| page.body.split_at(at)) {
        let address = address.split('"').next().unwrap();
        let part = fixture.get(&format!("/{address}")).await;
        assert_eq!(part.status, StatusCode::OK, "{address}");
        assert!(!part.body.is_empty(), "{address}");
        assert!(part.headers["content-type"].to_str().unwrap().contains('/'), "{address}");
    }
    assert_eq!(fixture.get("/nothing").await.status, StatusCode::NOT_FOUND);
}

/// Addresses are below the base, so `#main` alone would be another page.
#[tokio::test]
async fn the_way_to_the_content_stays_on_the_page() {
    let fixture = Fixture::new();
    for (address, link) in [
        ("/", "./#main"),
        ("/log", "./log#main"),
        ("/charts?view=week&date=2026-11-26", "./charts?view=week&#38;date=2026-11-26#main"),
    ] {
        let page = fixture.get(address).await;
        let is_there = page.body.contains(&format!("<a class=\"skip\" href=\"{link}\""));
        assert!(is_there, "{address}: {}", page.body);
    }
}
