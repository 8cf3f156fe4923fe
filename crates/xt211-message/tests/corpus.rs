//! Every message of the corpus, and every failure.

use std::{fs, path::Path};

use time::UtcOffset;
use xt211_message::Message;

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn messages() {
    let mut count = 0;
    for entry in fs::read_dir(corpus()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let bytes = fs::read(&path).unwrap();
            let message = Message::decode(&bytes, &UtcOffset::UTC)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            insta::assert_json_snapshot!(name, message);
            count += 1;
        }
    }
    assert_eq!(count, 14);
}

#[test]
fn failures() {
    let path = corpus().join("failures.txt");
    let mut actual = String::new();
    let expected = fs::read_to_string(&path).unwrap();
    for line in expected.lines() {
        if line.starts_with("    ") {
            continue;
        }
        actual.push_str(line);
        actual.push('\n');
        if !line.is_empty() && !line.starts_with('#') {
            actual.push_str(&outcome(line));
        }
    }
    // To take over a change: run with `UPDATE_FAILURES=1`, and read the difference.
    if std::env::var_os("UPDATE_FAILURES").is_some() {
        fs::write(&path, actual).unwrap();
    } else {
        assert_eq!(actual, expected);
    }
}

/// The lines that say what is wrong with an input.
fn outcome(input: &str) -> String {
    let text = if let Some(values) = input.strip_prefix("values:") {
        format!(
            r#"{{"data":{{"reading_datetime":"2026-02-21 20:27:09","values":{{{}}}}}}}"#,
            values.trim_start()
        )
    } else if let Some(fields) = input.strip_prefix("status:") {
        format!(r#"{{"Status":{{{}}}}}"#, fields.trim_start())
    } else {
        input.to_owned()
    };
    match Message::decode(text.as_bytes(), &UtcOffset::UTC) {
        Ok(message) => format!("    decoded: {message:?}\n"),
        Err(error) => {
            let position = error.position();
            let position = position.map(|(line, column)| format!(" at {line}:{column}"));
            format!("    {}{}\n    {error}\n", error.code(), position.unwrap_or_default())
        }
    }
}
