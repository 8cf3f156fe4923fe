//! Changes in a configuration file's text, which leave everything else in it as it is.

use std::ops::Range;

use toml_edit::{
    ArrayOfTables, Document, DocumentMut, InlineTable, Item, Table, TableLike, TomlError, Value,
    value,
};
use xt211_web::{Edit, Place, Refusal, Section};

use super::source::typed;

/// Makes a change in the text of a file. What comes of it still has to be checked.
///
/// # Errors
///
/// The text is no TOML, something in it is not of the kind that it has to be, or a new value is not
/// of the type that its setting takes.
pub fn edit(text: &str, edit: &Edit) -> Result<String, Vec<Refusal>> {
    let mut text = text.to_owned();
    for (place, new) in &edit.set {
        if new.is_none() {
            text = without(&text, place).map_err(|error| unreadable(&error))?;
        }
    }
    let mut document: DocumentMut = text.parse().map_err(|error| unreadable(&error))?;
    let mut refusals = Vec::new();
    for (place, new) in &edit.set {
        if let Some(new) = new
            && let Err(message) = set(&mut document, place, new)
        {
            refusals.push(Refusal { place: Some(place.clone()), message });
        }
    }
    if let Some(number) = edit.remove_meter
        && let Err(message) = remove_meter(&mut document, number)
    {
        refusals.push(Refusal { place: None, message });
    }
    if refusals.is_empty() { Ok(document.to_string()) } else { Err(refusals) }
}

/// The whole error would quote the line, which may hold a secret.
fn unreadable(error: &TomlError) -> Vec<Refusal> {
    let message = format!("the file cannot be read: {}; mend it by hand", error.message());
    vec![Refusal { place: None, message }]
}

/// A text without one setting. The comments above it and behind it stay: they may be about something
/// else, and the editor of texts would take them for the setting's own.
fn without(text: &str, place: &Place) -> Result<String, TomlError> {
    let document = Document::parse(text)?;
    let span = match written(&document, place) {
        Written::Nowhere => return Ok(text.to_owned()),
        Written::Within => {
            let mut document: DocumentMut = text.parse()?;
            // Cannot fail: it is there.
            if let Ok(table) = table(&mut document, place) {
                table.remove(&place.key);
            }
            return Ok(document.to_string());
        }
        Written::Lines(span) => span,
    };
    let before = text.get(..span.start).unwrap_or_default();
    let behind = text.get(span.end..).unwrap_or_default().trim_start_matches([' ', '\t']);
    let behind = behind.strip_prefix("\r\n").or(behind.strip_prefix('\n')).unwrap_or(behind);
    Ok(format!("{before}{behind}"))
}

/// How a setting is written.
enum Written {
    Nowhere,
    /// Among others on one line: `mqtt = { url = "…" }`.
    Within,
    /// On lines of its own, from the beginning of the first to the end of its value.
    Lines(Range<usize>),
}

fn written(document: &Document<&str>, place: &Place) -> Written {
    let lines = |table: &Table| {
        let (key, item) = table.get_key_value(&place.key)?;
        let start = document.raw().get(..key.span()?.start)?.rfind('\n').map_or(0, |end| end + 1);
        Some(Written::Lines(start..item.span()?.end))
    };
    let found = match document.get(place.section.name()) {
        Some(Item::Table(table)) => lines(table),
        Some(Item::ArrayOfTables(meters)) => meters.get(place.meter).and_then(lines),
        Some(Item::Value(_)) => Some(Written::Within),
        Some(Item::None) | None => None,
    };
    found.unwrap_or(Written::Nowhere)
}

fn set(document: &mut DocumentMut, place: &Place, text: &str) -> Result<(), String> {
    let new = to_value(typed(place.section.name(), &place.key, text.to_owned())?)?;
    put(table(document, place)?, &place.key, new);
    Ok(())
}

/// The section in which a setting stands, which is begun if it is not there.
fn table<'d>(
    document: &'d mut DocumentMut,
    place: &Place,
) -> Result<&'d mut dyn TableLike, String> {
    match place.section {
        Section::Meter => meter_table(document, place.meter),
        section => section_table(document, section.name()),
    }
}

/// Puts a value in the place of another, with the comment behind it, or after all others.
fn put(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => drop(table.insert(key, value(new))),
    }
}

fn section_table<'d>(
    document: &'d mut DocumentMut,
    name: &str,
) -> Result<&'d mut dyn TableLike, String> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_like_mut().ok_or_else(|| format!("in the file, {name} is no section"))
}

/// The section of a meter. The next one is begun if it is not there, and the first with it: a file
/// that says nothing of meters has one.
fn meter_table(document: &mut DocumentMut, number: usize) -> Result<&mut dyn TableLike, String> {
    let item = document.entry("meter").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let next = meter_count(item).max(1);
    if number > next {
        return Err(format!("there is no meter {number}: the next one is meter {next}"));
    }
    while meter_count(item) <= number {
        match item {
            Item::ArrayOfTables(meters) => meters.push(Table::new()),
            Item::Value(Value::Array(meters)) => meters.push(InlineTable::new()),
            _ => break,
        }
    }
    let table: Option<&mut dyn TableLike> = match item {
        Item::ArrayOfTables(meters) => meters.get_mut(number).map(|table| table as _),
        Item::Value(Value::Array(meters)) => meters
            .get_mut(number)
            .and_then(Value::as_inline_table_mut)
            .map(|table| table as &mut dyn TableLike),
        _ => None,
    };
    table.ok_or_else(|| "in the file, meter is no list of sections".into())
}

fn meter_count(item: &Item) -> usize {
    match item {
        Item::ArrayOfTables(meters) => meters.len(),
        Item::Value(Value::Array(meters)) => meters.len(),
        _ => 0,
    }
}

fn remove_meter(document: &mut DocumentMut, number: usize) -> Result<(), String> {
    let is_there = match document.get_mut("meter") {
        Some(Item::ArrayOfTables(meters)) if number < meters.len() => {
            meters.remove(number);
            true
        }
        Some(Item::Value(Value::Array(meters))) if number < meters.len() => {
            drop(meters.remove(number));
            true
        }
        _ => false,
    };
    let has_none = |item: &Item| meter_count(item) == 0;
    if document.get("meter").is_some_and(has_none) {
        document.remove("meter");
    }
    if is_there { Ok(()) } else { Err(format!("the file has no meter {}", number + 1)) }
}

/// The same value for the editor of texts.
fn to_value(value: toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::String(text) => Ok(text.into()),
        toml::Value::Integer(number) => Ok(number.into()),
        toml::Value::Float(number) => Ok(number.into()),
        toml::Value::Boolean(switch) => Ok(switch.into()),
        _ => Err("expected a single value".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    fn changed(text: &str, set: &[(&str, Option<&str>)]) -> String {
        let set = set.iter().map(|(place, text)| (self::place(place), text.map(String::from)));
        edit(text, &Edit { set: set.collect(), remove_meter: None }).unwrap()
    }

    #[test]
    fn what_is_there_gets_another_value_and_keeps_its_comment() {
        let text = "# mine\n[mqtt]\nurl = \"mqtt://a\"   # the old one\n# username = \"me\"\n";
        assert_eq!(
            changed(text, &[("mqtt.url", Some("mqtt://b"))]),
            "# mine\n[mqtt]\nurl = \"mqtt://b\"   # the old one\n# username = \"me\"\n"
        );
        assert_eq!(
            changed(text, &[("mqtt.url", None)]),
            "# mine\n[mqtt]\n# the old one\n# username = \"me\"\n"
        );
        let plain = "mqtt.url = \"a\"\nmqtt.client_id = \"\"\"b\nc\"\"\"\r\nx.y = 1\n";
        assert_eq!(changed(plain, &[("mqtt.url", None), ("mqtt.client_id", None)]), "x.y = 1\n");
        assert_eq!(changed("mqtt = { url = \"a\" }", &[("mqtt.url", None)]), "mqtt = {}\n");
    }

    #[test]
    fn what_is_new_comes_behind_what_is_there() {
        let text =
            "[store]\nkeep_days = 5 # short\n\n# the page\n[web]\nlisten = \"127.0.0.1:1\"\n";
        assert_eq!(
            changed(text, &[("store.path", Some("a.db")), ("influxdb.status", Some("false"))]),
            "[store]\nkeep_days = 5 # short\npath = \"a.db\"\n\n# the page\n[web]\nlisten = \
             \"127.0.0.1:1\"\n\n[influxdb]\nstatus = false\n"
        );
        assert_eq!(changed("", &[("mqtt.url", Some("x"))]), "[mqtt]\nurl = \"x\"\n");
    }

    #[test]
    fn values_get_the_type_of_their_setting() {
        let set = [
            ("meter.0.max_power_kw", Some("25")),
            ("meter.0.serial", Some("5100025085")),
            ("homeassistant.enabled", Some("true")),
        ];
        assert_eq!(
            changed("", &set),
            "[[meter]]\nmax_power_kw = 25\nserial = \"5100025085\"\n\n[homeassistant]\nenabled = true\n"
        );
        let set = [
            ("store.keep_days", "long"),
            ("mqtt.ulr", "x"),
            ("web.ingress", "yes"),
            ("meter.2.id", "x"),
            ("meter.18446744073709551615.id", "x"),
        ];
        let wrong = set.map(|(place, text)| (self::place(place), Some(text.to_owned())));
        let refusals = edit("", &Edit { set: wrong.into(), remove_meter: None }).unwrap_err();
        let refusals: Vec<_> = refusals
            .iter()
            .map(|Refusal { place, message }| format!("{} {message}", place.as_ref().unwrap()))
            .collect();
        assert_eq!(
            refusals,
            [
                "mqtt.ulr unknown field `ulr`, expected one of `url`, `ca_file`, `username`, `password`, `client_id`, `share_name`",
                "meter.2.id there is no meter 2: the next one is meter 1",
                "meter.18446744073709551615.id there is no meter 18446744073709551615: the next one is meter 1",
                "store.keep_days invalid type: string \"long\", expected a whole number",
                "web.ingress invalid type: string \"yes\", expected a boolean",
            ]
        );
    }

    #[test]
    fn meters_come_and_go() {
        let two = "[[meter]]\nid = \"a\" # first\n\n# second\n[[meter]]\nid = \"b\"\n\n[web]\n";
        assert_eq!(
            changed(two, &[("meter.1.name", Some("B")), ("meter.2.id", Some("c"))]),
            "[[meter]]\nid = \"a\" # first\n\n# second\n[[meter]]\nid = \"b\"\nname = \"B\"\n\n\
             [[meter]]\nid = \"c\"\n\n[web]\n"
        );
        let remove = |text: &str, number| {
            edit(text, &Edit { remove_meter: Some(number), ..Edit::default() })
        };
        assert_eq!(remove(two, 0).unwrap(), "\n# second\n[[meter]]\nid = \"b\"\n\n[web]\n");
        assert_eq!(remove("[[meter]]\nid = \"a\"\n[web]\n", 0).unwrap(), "[web]\n");
        assert!(remove(two, 2).is_err());
        // The one that a file without any has is written down, once there is another.
        assert_eq!(
            changed("", &[("meter.1.id", Some("b"))]),
            "[[meter]]\n\n[[meter]]\nid = \"b\"\n"
        );
    }

    #[test]
    fn other_ways_of_writing_are_kept() {
        assert_eq!(
            changed("mqtt = { url = \"a\" }\n", &[("mqtt.username", Some("me"))]),
            "mqtt = { url = \"a\" , username = \"me\" }\n"
        );
        assert_eq!(
            changed("mqtt.url = \"a\" # x\n", &[("mqtt.url", Some("b"))]),
            "mqtt.url = \"b\" # x\n"
        );
        assert_eq!(
            changed("meter = [{ id = \"a\" }]\n", &[("meter.0.name", Some("A"))]),
            "meter = [{ id = \"a\" , name = \"A\" }]\n"
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_changed_nor_quoted() {
        let set = [(place("mqtt.url"), Some("x".to_owned()))].into();
        let refusals = edit("[mqtt]\npassword = \"secret", &Edit { set, remove_meter: None });
        let message = &refusals.unwrap_err()[0].message;
        assert!(message.contains("the file cannot be read"), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }

    const STYLES: [&str; 5] = [
        "",
        include_str!("default.toml"),
        include_str!("../../../../examples/xt211-bridge.toml"),
        "# top\nmqtt = { url = \"mqtt://a\" } # in one line\nmeter = [ # all\n  { id = \"a\" },\n]\n",
        "mqtt.url = \"mqtt://a\" # dotted\nstore.keep_days = 5\n\n# end",
    ];

    fn comments(text: &str) -> Vec<&str> {
        // No value of these texts has a # in it.
        text.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment).collect()
    }

    proptest! {
        #[test]
        fn a_change_changes_what_it_names_and_nothing_else(
            style in prop::sample::select(&STYLES[..]),
            key in prop::sample::select(&[
                "mqtt.url", "mqtt.username", "mqtt.password", "meter.0.name", "meter.1.name",
                "meter.0.serial", "homeassistant.topic_prefix", "influxdb.org", "store.path",
            ][..]),
            value in prop::option::of("[^#]{0,20}"),
        ) {
            let place = place(key);
            let set = [(place.clone(), value.clone())].into();
            let after = edit(style, &Edit { set, remove_meter: None }).unwrap();
            prop_assert_eq!(comments(style), comments(&after));
            let table = |text: &str| text.parse::<toml::Table>().unwrap();
            let look = |table: &toml::Table| {
                let section = table.get(place.section.name())?;
                let section = match section.as_array() {
                    Some(meters) => meters.get(place.meter)?,
                    None => section,
                };
                section.get(&place.key)?.as_str().map(String::from)
            };
            prop_assert_eq!(look(&table(&after)), value);
            // Back again, all is as it was, but for sections that were begun.
            let set = [(place.clone(), look(&table(style)))].into();
            let back = edit(&after, &Edit { set, remove_meter: None }).unwrap();
            let mut back = table(&back);
            if place.section != Section::Meter && !table(style).contains_key(place.section.name()) {
                back.remove(place.section.name());
            }
            if place.section == Section::Meter {
                let before = table(style).get("meter").and_then(|it| it.as_array().cloned());
                let before = before.unwrap_or_default();
                let meters = back.get("meter").and_then(|it| it.as_array().cloned());
                let meters = meters.unwrap_or_default();
                prop_assert_eq!(&meters[..before.len()], &before[..]);
            } else {
                prop_assert_eq!(back, table(style));
            }
        }
    }
}
