//! Charts of a small store.

use axum::http::StatusCode;
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_message::{Register, Registers, Value as Held};
use xt211_store::{EraOf, MeterKey, Store, StoreError, StoredEra};

use crate::fixture::{Answer, Fixture};

const MIDNIGHT: OffsetDateTime = datetime!(2026-11-26 0:00 UTC);

/// A reading, so many minutes after midnight.
type Reading<'r> = (i64, &'r [(&'r str, &'r str)]);

fn registers(values: &[(&str, &str)]) -> Registers<'static> {
    let register = |(code, value): &(&str, &str)| Register {
        code: code.parse().unwrap(),
        value: Held::Number(value.parse().unwrap()),
    };
    Registers::from_vec(values.iter().map(register).collect()).unwrap()
}

fn add(store: &mut Store, id: &str, readings: &[Reading<'_>]) -> MeterKey {
    let work = store.write(|transaction| {
        let meter = transaction.add_meter(id, None)?;
        for (minutes, values) in readings {
            let time = MIDNIGHT + Duration::minutes(*minutes);
            transaction.append_reading(meter, time, &registers(values), None)?;
        }
        Ok::<_, StoreError>(meter)
    });
    work.unwrap()
}

fn fixture(readings: &[Reading<'_>]) -> Fixture {
    let fixture = Fixture::new();
    add(&mut fixture.program.open(), "one", readings);
    fixture
}

/// The drawing in a page, which has to be well-formed.
fn drawing(page: &Answer) -> &str {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let start = page.body.find("<svg").unwrap();
    let end = page.body.find("</figure>").unwrap();
    page.body[start..end].trim()
}

/// What is said of each mark, its lines in one.
fn marks(page: &Answer) -> Vec<String> {
    let document = roxmltree::Document::parse(drawing(page)).unwrap();
    let is_mark = |node: &roxmltree::Node<'_, '_>| {
        node.attribute("class").is_some_and(|class| class.split(' ').any(|it| it == "mark"))
    };
    let title = |node: roxmltree::Node<'_, '_>| {
        let title =
            node.children().find(|it| it.has_tag_name(("http://www.w3.org/2000/svg", "title")));
        title.unwrap().text().unwrap().trim().replace('\n', "; ")
    };
    document.descendants().filter(is_mark).map(title).collect()
}

/// The imports of an answer of the API; of those that are known, their places too.
fn imports(answer: &Answer) -> Vec<(usize, f64)> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let buckets = answer["buckets"].as_array().unwrap().iter().enumerate();
    buckets.filter_map(|(place, bucket)| Some((place, bucket["import"].as_f64()?))).collect()
}

#[tokio::test]
async fn a_day_has_a_mark_for_each_hour() {
    let fixture = fixture(&[
        (
            -5,
            &[("1.8.0", "7369.066"), ("1.8.1", "1338.005"), ("1.8.2", "6031.061"), ("2.8.0", "5")],
        ),
        (
            30,
            &[("1.8.0", "7369.566"), ("1.8.1", "1338.005"), ("1.8.2", "6031.561"), ("2.8.0", "5")],
        ),
        (
            290,
            &[
                ("1.8.0", "7371.066"),
                ("1.8.1", "1339.005"),
                ("1.8.2", "6032.061"),
                ("2.8.0", "5.25"),
            ],
        ),
    ]);
    let page = fixture.get("/charts?date=2026-11-26").await;
    let marks = marks(&page);
    assert_eq!(marks.len(), 24);
    assert_eq!(
        marks[0],
        "00:00–01:00; Tariff 1: 0.000 kWh; Tariff 2: 0.500 kWh; Import: 0.500 kWh; Export: 0.000 kWh"
    );
    assert_eq!(marks[1], "01:00–02:00; No reading");
    assert_eq!(
        marks[4],
        "04:00–05:00; Tariff 1: 1.000 kWh; Tariff 2: 0.500 kWh; Import: 1.500 kWh; Export: 0.250 \
         kWh; since 26 Nov 00:30"
    );
    assert!(page.body.contains("2.00 <span class=\"unit\">kWh</span>"), "{}", page.body);
    assert!(!page.body.contains("style="), "the policy forbids it");
    // The same numbers for programs.
    let address = "/api/meters/one/consumption?what=energy&view=day&date=2026-11-26";
    assert!(page.body.contains(&address[1..].replace('&', "&#38;")), "{}", page.body);
    assert_eq!(imports(&fixture.get(address).await), [(0, 0.5), (4, 1.5)]);
    let csv = fixture.get(&format!("{address}&format=csv")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(
        csv.body.lines().nth(5),
        Some(
            "2026-11-26T04:00:00Z,2026-11-26T05:00:00Z,1.5,1.0,0.5,,,0.25,2026-11-26T00:30:00Z,\
             2026-11-26T04:50:00Z"
        )
    );
}

#[tokio::test]
async fn what_lacks_is_told_from_what_never_was() {
    let fixture = fixture(&[
        (5 * 60, &[("1.8.0", "1")]),
        (5 * 60 + 9, &[("1.8.0", "2")]),
        (8 * 60, &[("1.8.0", "3")]),
    ]);
    let page = fixture.get("/charts?date=2026-11-26").await;
    // Two hours without a reading, between some with; and the legend says what that looks like.
    assert_eq!(drawing(&page).matches("\"mark gap\"").count(), 2);
    assert_eq!(page.body.matches("<li class=\"gap\">").count(), 1);
    let page = fixture.get("/charts?view=year&date=2026-11-26").await;
    assert_eq!((marks(&page).len(), page.body.matches("gap\"").count()), (12, 0));
}

#[tokio::test]
async fn days_are_those_of_the_zone() {
    let fixture =
        fixture(&[(-90, &[("1.8.0", "1")]), (-30, &[("1.8.0", "2")]), (30, &[("1.8.0", "4")])]);
    let month =
        |zone| format!("/api/meters/one/consumption?view=month&date=2026-11-01&zone={zone}");
    assert_eq!(imports(&fixture.get(&month("UTC")).await), [(24, 1.0), (25, 2.0)]);
    assert_eq!(imports(&fixture.get(&month("Europe/Prague")).await), [(25, 3.0)]);
    let hours = async |day, zone| {
        let address = format!("/api/meters/one/consumption?date={day}&zone={zone}");
        let answer: Value = serde_json::from_str(&fixture.get(&address).await.body).unwrap();
        answer["buckets"].as_array().unwrap().len()
    };
    assert_eq!(hours("2026-03-29", "Europe/Prague").await, 23);
    assert_eq!(hours("2026-10-25", "Europe/Prague").await, 25);
    assert_eq!(hours("2026-04-05", "Australia/Lord_Howe").await, 25);
}

#[tokio::test]
async fn totals_that_start_anew_go_on() {
    let fixture = fixture(&[
        (0, &[("1.8.0", "900")]),
        (70, &[("1.8.0", "901")]),
        // Another meter, which tells its tariffs.
        (80, &[("1.8.0", "12345"), ("1.8.1", "12345")]),
        (110, &[("1.8.0", "12345.5"), ("1.8.1", "12345.5")]),
        // Set back.
        (190, &[("1.8.0", "0"), ("1.8.1", "12346")]),
        (230, &[("1.8.0", "0.25"), ("1.8.1", "12346.25")]),
    ]);
    let at = |minutes| MIDNIGHT + Duration::minutes(minutes);
    let eras = [
        StoredEra { what: EraOf::Meter("1".into()), since: at(0) },
        StoredEra { what: EraOf::Meter("2".into()), since: at(80) },
        StoredEra { what: EraOf::Register("1.8.0".parse().unwrap()), since: at(190) },
    ];
    let mut store = fixture.program.open();
    let meter = store.meter("one").unwrap().unwrap().key;
    store.write(|transaction| transaction.set_eras(meter, &eras)).unwrap();
    drop(store);
    let address = "/api/meters/one/consumption?date=2026-11-26";
    assert_eq!(imports(&fixture.get(address).await), [(1, 1.5), (3, 0.25)]);
    let all = "/api/meters/one/consumption?view=all";
    assert_eq!(imports(&fixture.get(all).await), [(0, 1.75)]);
}

#[tokio::test]
async fn a_total_is_found_behind_readings_that_lack_it() {
    let mut readings: Vec<Reading<'_>> = vec![(-60, &[("1.8.0", "1")])];
    readings.extend((-59..60).map(|minutes| -> Reading<'_> { (minutes, &[("16.7.0", "-300")]) }));
    readings.push((59, &[("1.8.0", "2")]));
    let fixture = fixture(&readings);
    let address = "/api/meters/one/consumption?date=2026-11-26";
    assert_eq!(imports(&fixture.get(address).await), [(0, 1.0)]);
    let page = fixture.get("/charts?what=power&date=2026-11-26").await;
    let marks = marks(&page);
    assert_eq!((marks.len(), marks[0].as_str()), (20, "00:00–00:02; Total: −300 W"));
}

#[tokio::test]
async fn power_is_what_was_measured_or_the_average() {
    let fixture = fixture(&[
        (0, &[("1.8.0", "10"), ("2.8.0", "1")]),
        (15, &[("1.8.0", "10.5"), ("2.8.0", "1")]),
        (30, &[("1.8.0", "10.5"), ("2.8.0", "1.25")]),
        // Too long ago for a line.
        (300, &[("1.8.0", "20"), ("2.8.0", "1.25")]),
    ]);
    let page = fixture.get("/charts?what=power&date=2026-11-26").await;
    let expected = [
        "00:00–00:15; Average between readings: 2000 W",
        "00:15–00:30; Average between readings: −1000 W",
    ];
    assert_eq!(marks(&page), expected);
    assert!(page.body.contains("sends no power"));
    // It sends no voltage either.
    assert!(!page.body.contains("what=voltage"));

    let mut store = fixture.program.open();
    let phases = [
        ("21.7.0", "500"),
        ("22.7.0", "700"),
        ("36.7.0", "1"),
        ("41.7.0", "7"),
        ("32.7.0", "230.5"),
    ];
    add(&mut store, "two", &[(0, &phases), (1, &phases)]);
    drop(store);
    let page = fixture.get("/charts?meter=two&what=power&view=week&date=2026-11-26").await;
    assert_eq!(marks(&page), ["Thu 26 Nov 00:00–00:01; L1: 1 W; L2: 7 W"]);
    let answer = fixture.get("/api/meters/two/power?what=voltage&date=2026-11-26").await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&answer["unit"], &answer["curves"][0]["name"]), (&"V".into(), &"L1".into()));
    assert_eq!(answer["curves"][0]["runs"][0][0]["mean"], 230.5);
}

#[tokio::test]
async fn the_period_before_is_compared() {
    let total = |minutes, value| (minutes, vec![("1.8.0", value)]);
    let readings = [total(-1_445, "10"), total(-920, "14"), total(-5, "20"), total(535, "23")];
    let readings: Vec<Reading<'_>> =
        readings.iter().map(|(minutes, values)| (*minutes, values.as_slice())).collect();
    let fixture = fixture(&readings);
    // 4 kWh until nine o'clock of the day before, and 3 of this one.
    let page = fixture.get("/charts?date=2026-11-26").await;
    assert!(
        page.body.contains("25 % less than the day before, up to the same time"),
        "{}",
        page.body
    );
    // Of the day before that, nothing is known.
    assert!(!fixture.get("/charts?date=2026-11-25").await.body.contains("than the day before"));
}

#[tokio::test]
async fn nothing_to_show() {
    let fixture = Fixture::new();
    assert!(fixture.get("/charts").await.body.contains("There is no meter yet"));
    add(&mut fixture.program.open(), "one", &[]);
    let page = fixture.get("/charts").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("the first bar comes with the"), "{}", page.body);
    add(&mut fixture.program.open(), "one", &[(0, &[("1.8.0", "1")])]);
    let page = fixture.get("/charts?date=2026-11-01").await;
    assert!(
        page.body.contains("There are readings from 26 Nov 00:00 to 26 Nov 00:00."),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn questions_that_make_no_sense() {
    let fixture = fixture(&[(0, &[("1.8.0", "1")])]);
    let bad = [
        "/charts?view=fortnight",
        "/charts?what=heat",
        "/charts?what=power&view=year",
        "/charts?date=yesterday",
        "/charts?date=9999-12-31",
        "/charts?date=-009999-01-01",
        "/charts?zone=Nowhere",
        "/charts?view=day&view=week",
        "/api/meters/one/consumption?format=xml",
        "/api/meters/one/power?what=energy",
    ];
    for address in bad {
        assert_eq!(fixture.get(address).await.status, StatusCode::BAD_REQUEST, "{address}");
    }
    for address in ["/charts?meter=other", "/api/meters/other/power"] {
        assert_eq!(fixture.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn names_are_nothing_but_names() {
    let fixture = fixture(&[(0, &[("1.8.0", "1")]), (1, &[("1.8.0", "2")])]);
    add(&mut fixture.program.open(), "\"><script>alert('&')</script>", &[(0, &[("1.8.0", "1")])]);
    let page = fixture.get("/charts?date=2026-11-26").await;
    assert_eq!(marks(&page).len(), 24);
    assert!(!page.body.contains("<script>alert"));
    let address = "/charts?meter=%22%3E%3Cscript%3Ealert(%27%26%27)%3C%2Fscript%3E&date=2026-11-26";
    let page = fixture.get(address).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<script>alert"));
    let page = fixture.get("/charts?view=%3Cscript%3Ealert(1)").await;
    assert!(!page.body.contains("<script>alert"));
}
