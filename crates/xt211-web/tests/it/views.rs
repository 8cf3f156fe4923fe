//! What is known, as people are shown it.

use std::{io::ErrorKind, sync::atomic::Ordering::Relaxed};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::StreamExt as _;
use time::{Duration, OffsetDateTime};
use xt211_store::{MeterNews, NewContent, NewSetAside, Reader, StoreError};
use xt211_web::{Backend as _, Condition, LogEntry, Outcome};

use crate::{
    fixture::Fixture,
    sample::{HOSTILE, fill, now, registers},
};

fn assert_harmless(page: &str) {
    assert!(!page.contains("<script>"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
}

#[tokio::test]
async fn the_overview_has_every_current_value() {
    let fixture = Fixture::new();
    let empty = fixture.get("/").await.body;
    assert!(empty.contains("No meter yet"), "{empty}");
    fill(&fixture);
    let page = fixture.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    let parts = [
        "Meter meter",
        "No. 5100025085",
        "7369.066 <span",
        "12.5 <span",
        "430 <span",
        "3 minutes ago",
        "Import Energy</h3>",
        "1338.005 <span",
        "Tariff 2",
        "231.4 <span",
        "50.01 <span",
        "Disconnector",
        ">on<",
        "35.78 <span",
        "3.783 <span",
        "-67 <span",
        ">42<",
        "no push",
        "1 set aside",
        "not set up",
    ];
    for part in parts {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_harmless(&page.body);
    assert_eq!(fixture.get("/?search=5100").await.body.matches("id=\"meter-1\"").count(), 1);
    assert_eq!(fixture.get("/?search=nobody").await.body.matches("id=\"meter-1\"").count(), 0);
    assert_eq!(fixture.get("/?serach=5100").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_power_of_a_meter_that_sends_none_is_an_average() {
    let fixture = Fixture::new();
    let write = fixture.program.open().write(|store| {
        let meter = store.add_meter("meter", Some("elektromer/data"))?;
        for (minutes, total) in [(15, "10"), (0, "10.5")] {
            let time = now() - Duration::minutes(minutes);
            store.append_reading(meter, time, &registers(&[("1.8.0", total)]), None)?;
        }
        Ok::<_, StoreError>(())
    });
    write.unwrap();
    let page = fixture.get("/").await.body;
    let (_, average) = page.split_once(">Average power</dt><dd>").unwrap();
    let (average, _) = average.split_once("</dd>").unwrap();
    assert!(average.starts_with("2000 <span class=\"unit\">W, "), "{average}");
    assert!(average.contains('–'), "{average}");
    assert!(!page.contains(">Power</dt>"), "{page}");
    let meter = fixture.get("/api/meters/meter").await.body;
    assert!(meter.contains("\"average_power\":{\"watts\":2000"), "{meter}");
}

#[tokio::test]
async fn what_is_set_aside_is_released_and_discarded() {
    let fixture = Fixture::new();
    fill(&fixture);
    let page = fixture.get("/set-aside").await.body;
    for part in
        ["<strong>3</strong>", "message.syntax (2)", "1.8.0 fell to 0", "1.8.0 = 0 kWh", r"\xff\0"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_harmless(&page);
    let of_meter = fixture.get("/set-aside?meter=meter").await.body;
    assert!(of_meter.contains("<strong>1</strong>"), "{of_meter}");
    assert_eq!(fixture.get("/set-aside?meter=nobody").await.status, StatusCode::NOT_FOUND);
    for id in [1, 2, 3] {
        let one = fixture.get(&format!("/set-aside/{id}")).await;
        assert_eq!(one.status, StatusCode::OK);
        assert_harmless(&one.body);
    }

    let releases = || Reader::open(&fixture.program.store()).unwrap().releases(9).unwrap();
    let done = fixture.post("/set-aside/decide/release", &[("id", "2")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(releases(), [2]);
    assert!(fixture.get("/set-aside").await.body.contains("will be released"));
    let gone = fixture.post("/set-aside/decide/release", &[("id", "9")]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);

    let asked = fixture.get("/set-aside/all/discard?code=message.syntax").await.body;
    assert!(asked.contains("Discard 2?"), "{asked}");
    let chosen = [("meter", ""), ("code", "message.syntax"), ("up_to", "1")];
    fixture.post("/set-aside/decide/discard", &chosen).await;
    let left = fixture.get("/set-aside").await.body;
    assert!(left.contains("<strong>2</strong>"), "{left}");
    let chosen = [("meter", ""), ("code", ""), ("up_to", "3")];
    fixture.post("/set-aside/decide/release", &chosen).await;
    assert_eq!(releases(), [2, 3]);
}

/// Anybody may send a message of any size.
#[tokio::test]
async fn of_a_huge_message_the_beginning_is_shown() {
    let fixture = Fixture::new();
    let huge = vec![b'x'; (1 << 20) + 1];
    let entry = NewSetAside {
        at: OffsetDateTime::UNIX_EPOCH,
        meter: None,
        topic: "elektromer/data",
        code: "message.syntax",
        reason: "expected an object",
        content: NewContent::Message(&huge),
    };
    let mut store = fixture.program.open();
    store.write(|store| store.set_aside(&entry)).unwrap();
    for (address, shown) in
        [("/set-aside/1", 1 << 20), ("/api/set-aside/1", 1 << 20), ("/api/set-aside", 16 << 10)]
    {
        let answer = fixture.get(address).await.body;
        assert!(answer.contains("1048577"), "{address}");
        let longest = answer.split(|it| it != 'x').map(str::len).max();
        assert_eq!(longest, Some(shown), "{address}");
    }
}

#[tokio::test]
async fn the_log_says_what_became_of_each_message() {
    let fixture = Fixture::new();
    let entry = LogEntry {
        number: 7,
        at: OffsetDateTime::UNIX_EPOCH,
        topic: HOSTILE.into(),
        size: 1000,
        excerpt: b"<script>\xff".to_vec(),
        meter: None,
        outcomes: vec![
            Outcome::Kept(2),
            Outcome::SetAside { code: "message.syntax".into(), reason: "no object".into() },
        ],
    };
    fixture.program.log.lock().unwrap().push(entry);
    let page = fixture.get("/log").await.body;
    let parts = ["message-7", "kept: 2 records", "set aside: no object", r"\xff…", "1000 bytes"];
    for part in parts {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_harmless(&page);
}

#[tokio::test]
async fn an_export_is_what_the_program_writes() {
    let fixture = Fixture::new();
    fill(&fixture);
    assert!(fixture.get("/export").await.body.contains("Meter meter"));
    let file = fixture.get("/export/file?form=csv&meter=meter&from=2026-02-21&to=2026-02-21").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(
        file.headers["content-disposition"],
        "attachment; filename=\"xt211-meter-2026-02-21-2026-02-21.csv\""
    );
    assert_eq!(
        file.body,
        "ExportRequest { form: Csv, meter: Some(\"meter\"), from: Some(2026-02-21 0:00:00.0 \
         +00:00:00), to: Some(2026-02-22 0:00:00.0 +00:00:00) }"
    );
    for wrong in ["form=xml", "form=csv&from=today", "form=csv&form=csv&x=1"] {
        let answer = fixture.get(&format!("/export/file?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let nobody = fixture.get("/export/file?form=csv&meter=nobody").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_export_waits_for_its_reader_and_ends_with_it() {
    let fixture = Fixture::new();
    fixture.program.is_endless.store(true, Relaxed);
    let request = Request::get("/export/file?form=lines").header("host", "localhost:8099");
    let response = fixture.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"xt211.lp\"");
    let mut chunks = response.into_body().into_data_stream();
    for _ in 0..3 {
        assert!(chunks.next().await.unwrap().unwrap().len() <= 64 * 1024);
    }
    drop(chunks);
    let mut exported = fixture.program.exported.subscribe();
    let ended = *exported.wait_for(Option::is_some).await.unwrap();
    assert_eq!(ended, Some(ErrorKind::BrokenPipe));
}

#[tokio::test]
async fn what_was_forwarded_goes_again() {
    let fixture = Fixture::new();
    fill(&fixture);
    assert_eq!(fixture.get("/export/forward").await.status, StatusCode::CONFLICT);
    fixture.program.signs.send_modify(|signs| signs.influxdb = Condition::Good);
    let mut store = fixture.program.open();
    let waiting = store.waiting(9).unwrap();
    let tickets: Vec<_> = waiting.iter().map(|record| record.ticket).collect();
    store.write(|store| store.forwarded(&tickets, None)).unwrap();
    let asked = fixture.get("/export/forward?meter=&from=&to=&form=csv").await.body;
    assert!(asked.contains("Forward 4 records again?"), "{asked}");
    let done = fixture.post("/export/forward", &[("meter", "meter")]).await.body;
    assert!(done.contains("4 records are on their way"), "{done}");
    assert_eq!(store.waiting(9).unwrap().len(), 4);
}

#[tokio::test]
async fn health_is_about_the_store_alone() {
    let fixture = Fixture::new();
    let trouble = || Condition::Trouble("away".into());
    fixture.program.signs.send_modify(|signs| signs.influxdb = trouble());
    let well = fixture.get("/healthz").await;
    assert_eq!((well.status, well.body.as_str()), (StatusCode::OK, "ok\n"));
    let full = Condition::Trouble("the disk is full".into());
    fixture.program.signs.send_modify(|signs| signs.store = full);
    let ill = fixture.get("/healthz").await;
    assert_eq!(ill.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ill.body, "the store cannot be written: the disk is full\n");
}

#[tokio::test]
async fn metrics_are_as_prometheus_wants_them() {
    let fixture = Fixture::new();
    fill(&fixture);
    let metrics = fixture.get("/metrics").await;
    assert!(
        metrics.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics")
    );
    let lines = [
        "xt211_energy_joules_total{meter=\"meter\",code=\"1.8.0\"} 26528637600.0",
        "xt211_power_watts{meter=\"meter\",code=\"16.7.0\"} 430.0",
        "xt211_voltage_volts{meter=\"meter\",code=\"32.7.0\"} 231.4",
        "xt211_set_aside_entries 3.0",
        "xt211_battery_voltage_volts{meter=\"meter\"} 3.783",
    ];
    for line in lines {
        assert!(metrics.body.lines().any(|it| it == line), "{line}: {}", metrics.body);
    }
    assert!(metrics.body.ends_with("# EOF\n"));
    if let Ok(file) = std::env::var("XT211_TEST_METRICS") {
        std::fs::write(file, metrics.body).unwrap();
    }
}

/// Nothing is expected of a meter that is not followed any more.
#[tokio::test]
async fn only_what_is_followed_is_overdue() {
    let fixture = Fixture::new();
    let heard_at = OffsetDateTime::now_utc() - time::Duration::days(2);
    let work = fixture.program.open().write(|store| {
        let meter = store.add_meter("meter", None)?;
        store.update_meter(meter, &MeterNews { heard_at: Some(heard_at), ..MeterNews::default() })
    });
    work.unwrap();
    let is_overdue = async || {
        let body = fixture.get("/api/meters/meter").await.body;
        let is_told = fixture.get("/").await.body.contains("is overdue");
        assert_eq!(body.contains(r#""is_overdue":true"#), is_told, "{body}");
        is_told
    };
    assert!(is_overdue().await);
    fixture.program.forgotten.lock().unwrap().insert("meter".into());
    assert!(!is_overdue().await);
}
