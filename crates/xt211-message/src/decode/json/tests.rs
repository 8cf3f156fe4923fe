//! The same as `serde_json`, on texts of all kinds.

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

/// What a text says, read by us: objects key by key, everything else as it stands.
fn read(text: &str) -> Decoded<Value> {
    let mut json = Reader::new(text.as_bytes());
    let value = read_value(&mut json)?;
    json.end()?;
    Ok(value)
}

fn read_value(json: &mut Reader<'_>) -> Decoded<Value> {
    if json.peek() != Some(b'{') {
        let Some(scalar) = json.value()? else { return Ok(Value::Null) };
        return Ok(match scalar.token() {
            Ok(Token::Bool(truth)) => truth.into(),
            Ok(Token::Text(text)) => text.into(),
            Ok(Token::Number(number)) => number_of(number),
            // Not looked into.
            Ok(Token::Nested) | Err(_) => serde_json::from_str(scalar.json()).unwrap_or_default(),
        });
    }
    let mut object = serde_json::Map::new();
    assert!(matches!(json.start()?, Start::Object));
    while let Some(key) = json.key(object.is_empty())? {
        json.colon()?;
        let key = format!("{} {}", object.len(), str::from_utf8(&key).unwrap());
        object.insert(key, read_value(json)?);
    }
    Ok(object.into())
}

/// A number may be larger than `serde_json`'s.
fn number_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// What a text says, read by `serde_json`, in the same form.
fn expected(text: &str) -> Option<Value> {
    struct Keyed(Value);

    impl<'de> serde::Deserialize<'de> for Keyed {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(KeyedVisitor).map(Self)
        }
    }

    struct KeyedVisitor;

    impl<'de> serde::de::Visitor<'de> for KeyedVisitor {
        type Value = Value;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a value")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
            let mut object = serde_json::Map::new();
            while let Some((key, Keyed(value))) = map.next_entry::<String, Keyed>()? {
                object.insert(format!("{} {key}", object.len()), value);
            }
            Ok(object.into())
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
            let mut array = Vec::new();
            while let Some(value) = seq.next_element::<Value>()? {
                array.push(value);
            }
            Ok(array.into())
        }

        fn visit_unit<E>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }

        fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
            Ok(truth.into())
        }

        fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
            Ok(number.into())
        }

        fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
            Ok(number.into())
        }

        fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
            Ok(number.into())
        }

        fn visit_str<E>(self, text: &str) -> Result<Value, E> {
            Ok(text.into())
        }
    }

    serde_json::from_str(text).ok().map(|Keyed(value)| value)
}

/// Compares the two readers on a text.
fn compare(text: &str) {
    // What is passed over: the same is accepted, and refused in the same words at the same place.
    let mut json = Reader::new(text.as_bytes());
    let passed = json.value().map(drop).and_then(|()| json.end());
    let passed = passed.map_err(|error| (error.detail().to_owned(), error.position()));
    let ignored = serde_json::from_str::<IgnoredAny>(text).map(drop);
    let ignored = ignored.map_err(|error| {
        let position = (error.line(), error.column().max(1));
        (error.to_string(), Some(position))
    });
    assert_eq!(passed, ignored, "{text:?}");
    // What is read: the same values, where serde_json has them.
    if let Some(expected) = expected(text) {
        assert_eq!(read(text).ok(), Some(expected), "{text:?}");
    }
    // As a text.
    let mut json = Reader::new(text.as_bytes());
    let string = match json.peek() {
        Some(b'"') => json.text().and_then(|string| {
            json.end().map(|()| String::from_utf8(string.into_owned()).unwrap())
        }),
        _ => return,
    };
    let string = string.map_err(|error| error.detail().to_owned());
    assert_eq!(string, serde_json::from_str::<String>(text).map_err(|e| e.to_string()), "{text:?}");
}

fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.collect()
}

#[test]
fn samples_and_seeds() {
    let inputs = [files("corpus"), files("../../fuzz/seeds/message")].concat();
    assert!(inputs.len() > 20);
    for input in &inputs {
        let text = String::from_utf8_lossy(input);
        compare(&text);
        text.lines().for_each(compare);
        // Cut off anywhere.
        let ends = text.char_indices().map(|(end, _)| end).take(400);
        ends.for_each(|end| compare(&text[..end]));
    }
}

#[test]
fn texts_of_all_kinds() {
    for text in [
        "",
        " ",
        "\u{feff}{}",
        "\u{a0}1",
        "{}",
        "[]",
        "[,]",
        "[1,]",
        "{,}",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\",1}",
        "{1:1}",
        "[1 2]",
        "[1}",
        "{\"a\":1]",
        "{\"a\":1,\"a\":2}",
        "{} {}",
        "1 ",
        "nul",
        "nulL",
        "true ",
        "truefalse",
        "-",
        "-0",
        "00",
        "01",
        "-01",
        "1.",
        ".1",
        "+1",
        "1.e1",
        "1e",
        "1e+",
        "1E-7",
        "1e999",
        "-1e999",
        "0.10000000000000000000000000000001",
        "12345678901234567890123",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "\"",
        "\"\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0041\\n\\/\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\\ud83d\\n\"",
        "\"\n\"",
        "\"\t\"",
        "\"\u{7f}\u{80}\u{2028}\"",
        "\"\\u0000\"",
        "{\"\\ud800\":1}",
        "{\"\\u0061\":1,\"a\":2}",
        "\0",
        "1\0",
        "'a'",
        "[1,// no\n2]",
        "{\"a\":[{\"b\":[[],{}]}]}",
    ] {
        compare(text);
    }
}

/// As a struct, which only objects are read as.
struct Object;

impl<'de> serde::Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("", &[], Object)
    }
}

impl serde::de::Visitor<'_> for Object {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }
}

#[test]
fn where_no_object_is_said_to_end() {
    for text in
        ["[]", "[ ]", "[", "[,", "[ , 1]", "[1]", "[\n]", "[,\n1]", "\"a\"", " 12.5", "true"]
    {
        let mut json = Reader::new(text.as_bytes());
        assert!(matches!(json.start(), Ok(Start::Other(_))), "{text:?}");
        let error = serde_json::from_str::<Object>(text).map(drop).unwrap_err();
        assert_eq!(json.position(), (error.line(), error.column().max(1)), "{text:?}: {error}");
    }
}

#[test]
fn any_depth() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1_000, 100_000] {
        compare(&"[".repeat(depth));
        compare(&"{\"a\":".repeat(depth));
        let nested = format!("{}1{}", "[{\"a\":".repeat(depth), "}]".repeat(depth));
        let mut json = Reader::new(nested.as_bytes());
        assert_eq!(json.value().unwrap().map(Scalar::json), Some(nested.as_str()));
        assert!(json.end().is_ok());
        let crossed = format!("{}1{}", "[{\"a\":".repeat(depth), "]}".repeat(depth));
        compare(&crossed);
    }
}

/// Texts made of JSON's tokens, mostly in no order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "{",
        "}",
        "[",
        "]",
        "[",
        "]",
        ":",
        ":",
        ":",
        ",",
        ",",
        ",",
        "\"",
        "\"",
        "\\",
        " ",
        "\n",
        "\t",
        "null",
        "true",
        "false",
        "\"a\"",
        "\"a\":",
        "\"a\":1",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\\ud83d",
        "\\u12",
        "0",
        "1",
        "-",
        "1.5",
        ".",
        "e",
        "+",
        "1e999",
        "é",
        "\u{1f}",
    ]);
    vec(token, 0..20).prop_map(|tokens| tokens.concat())
}

/// Well-formed values, with white space.
fn values() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        vec(any::<char>(), 0..8).prop_map(|text| {
            let units = text.into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec());
            let escapes = units.map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", escapes.collect::<String>())
        }),
    ];
    let spaced = (leaf, "[ \n\r\t]{0,2}").prop_map(|(leaf, space)| format!("{space}{leaf}{space}"));
    spaced.prop_recursive(5, 60, 8, |inner| {
        let member = ("[a-c\u{e9}]{0,3}", inner.clone());
        let member = member.prop_map(|(key, value)| format!(" \"{key}\" :{value}"));
        prop_oneof![
            vec(inner, 0..8).prop_map(|inner| format!("[{}]", inner.join(","))),
            vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text(text: String) {
        compare(&text);
    }

    #[test]
    fn any_tokens(text in tokens()) {
        compare(&text);
    }

    #[test]
    fn any_value(text in values()) {
        prop_assert!(read(&text).is_ok());
        compare(&text);
    }

    #[test]
    fn a_damaged_value(text in values(), at: prop::sample::Index, with in tokens()) {
        let mut text = text;
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).collect();
        let at = places[at.index(places.len())];
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        text.replace_range(at..end, &with);
        compare(&text);
    }
}
