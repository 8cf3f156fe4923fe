//! Where settings come from: the file, and over it the environment.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{ConfigError, DEFAULT, Problem, raw::RawConfig, secret::is_secret};

/// Where the file is looked for when nobody says.
pub(super) const USUAL_PLACES: [&str; 2] = ["xt211-bridge.toml", "/etc/xt211-bridge/config.toml"];

/// What every environment variable of ours begins with.
const PREFIX: &str = "XT211_";

/// Variables that are not settings.
const NOT_SETTINGS: [&str; 2] = ["XT211_CONFIG", "XT211_LOG"];

/// The settings as written, and where each of them stands.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) raw: RawConfig,
    /// What is set, as it is written.
    pub(super) set: Table,
    /// What cannot be used, by key, and so is not among the settings.
    pub(super) unusable: Vec<(String, Problem)>,
    text: String,
    file: Option<PathBuf>,
    /// Settings from the environment (`mqtt.url`), with the variable that holds each.
    pub(super) variables: BTreeMap<String, String>,
}

/// The first of the usual places where there is a file.
pub(super) fn usual_file() -> Option<PathBuf> {
    USUAL_PLACES.iter().map(PathBuf::from).find(|place| place.is_file())
}

impl Source {
    /// Reads the given file, else the first of the usual places that exists, else none.
    pub(super) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        match file.map(Path::to_owned).or_else(usual_file) {
            Some(path) => match fs::read_to_string(&path) {
                Ok(text) => Self::new(&text, Some(path), environment),
                Err(error) => {
                    Err(Problem::new(path.display().to_string(), error.to_string()).into())
                }
            },
            None => Self::new("", None, environment),
        }
    }

    /// Takes the text, which stands in that file, and over it the environment.
    pub(super) fn new(
        text: &str,
        file: Option<PathBuf>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let document = Document { text, file: file.as_deref() };
        let mut unusable = Vec::new();
        let mut table = document.settings(&mut unusable)?;
        let mut variables = BTreeMap::new();
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            if NOT_SETTINGS.contains(&name) {
                continue;
            }
            if let Err((key, message)) = apply(name, value, &mut table, &mut variables) {
                let place = format!("environment variable {name}");
                let problem = Problem::new(place, message).about(&key, 0);
                unusable.push((key, problem));
            }
        }
        // Cannot fail: whatever is not of this type was left out.
        let raw = table
            .clone()
            .try_into()
            .map_err(|_| Problem::new("configuration", "cannot be read as a whole"))?;
        Ok(Self { raw, set: table, unusable, text: text.to_owned(), file, variables })
    }

    /// Where a setting stands, for an error about it: the variable, or the key in the file. Of
    /// meters, that of this number.
    pub(super) fn place(&self, key: &str, meter: usize) -> String {
        if let Some(variable) = self.variables.get(key) {
            return format!("environment variable {variable}");
        }
        let document = Document { text: &self.text, file: self.file.as_deref() };
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        document.place(document.line_of(section, meter, name), section, name)
    }

    /// The file that was read.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// The text of a configuration file.
#[derive(Clone, Copy)]
struct Document<'d> {
    text: &'d str,
    file: Option<&'d Path>,
}

impl Document<'_> {
    /// The settings that can be used; the others are noted, each with its line.
    fn settings(self, unusable: &mut Vec<(String, Problem)>) -> Result<Table, Problem> {
        let table: Table = toml::from_str(self.text).map_err(|error| self.syntax(&error))?;
        let mut usable = Table::new();
        for (section, value) in table {
            let mut refuse = |meter, key: &str, message| {
                let place = self.place(self.line_of(&section, meter, key), &section, key);
                let key = format!("{section}.{key}");
                let problem = Problem::new(place, message).about(&key, meter);
                unusable.push((key, problem));
            };
            let value = match (section.as_str(), value) {
                ("meter", Value::Array(meters)) if meters.iter().all(Value::is_table) => {
                    let meters = meters.into_iter().enumerate().map(|(number, meter)| {
                        let refuse = |key: &str, message| refuse(number, key, message);
                        Value::Table(usable_keys("meter", meter, refuse))
                    });
                    Value::Array(meters.collect())
                }
                ("meter", _) => {
                    refuse(0, "", "meters are a list: write [[meter]] with two brackets".into());
                    continue;
                }
                (section, value @ Value::Table(_)) if is_section(section) => {
                    Value::Table(usable_keys(section, value, |key, message| {
                        refuse(0, key, message)
                    }))
                }
                (section, _) if is_section(section) => {
                    refuse(0, "", format!("is a section: write [{section}], and its keys below"));
                    continue;
                }
                (section, _) => {
                    let sections = "mqtt, meter, homeassistant, influxdb, store and web";
                    let message = format!("there is no section {section}, only {sections}");
                    refuse(0, "", message);
                    continue;
                }
            };
            usable.insert(section, value);
        }
        Ok(usable)
    }

    /// An error of the parser: only its message, since the whole would quote the line, which may
    /// hold a secret.
    fn syntax(self, error: &toml::de::Error) -> Problem {
        let start = error.span().map_or(0, |span| span.start);
        let line = self.text.get(..start).unwrap_or(self.text).matches('\n').count() + 1;
        let message = error.message().trim().replace('\n', "; ");
        Problem::new(self.place(Some(line), "", ""), message)
    }

    fn place(self, line: Option<usize>, section: &str, key: &str) -> String {
        let file =
            self.file.map_or_else(|| "configuration".into(), |file| file.display().to_string());
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        match (section, key) {
            ("", _) => format!("{file}{line}"),
            (_, "") => format!("{file}{line}: {section}"),
            _ => format!("{file}{line}: {section}.{key}"),
        }
    }

    /// The line in which a key is set, if it is set in the plain way; without a key, that of the
    /// section. Of meters, the one of this number.
    fn line_of(self, section: &str, meter: usize, key: &str) -> Option<usize> {
        let (mut current, mut seen) = ("", 0);
        for (index, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                current = header.split(']').next().unwrap_or_default().trim_matches(['[', ' ']);
                seen += usize::from(current == section);
                if key.is_empty() && current == section {
                    return Some(index + 1);
                }
            }
            let set = line.split_once('=').map(|(name, _)| name.trim());
            let is_here = current == section && seen == meter + 1 && set == Some(key);
            let is_section = current.is_empty() && key.is_empty() && set == Some(section);
            if is_here || is_section {
                return Some(index + 1);
            }
        }
        None
    }
}

/// The settings of a section that are known and of the right type; the others are refused.
fn usable_keys(section: &str, settings: Value, mut refuse: impl FnMut(&str, String)) -> Table {
    let Value::Table(settings) = settings else { return Table::new() };
    let is_usable = |(key, value): &(String, Value)| {
        let accepted = accepted(section, key, value);
        accepted.map_err(|message| refuse(key, message)).is_ok()
    };
    settings.into_iter().filter(is_usable).collect()
}

/// Whether there is such a section. The default configuration names them all.
fn is_section(name: &str) -> bool {
    let mut headers = DEFAULT.lines().filter(|line| line.starts_with('['));
    headers.any(|header| header.trim_matches(['[', ']']) == name)
}

/// Sets what one environment variable says; else says why it cannot, and of which key.
fn apply(
    name: &str,
    value: OsString,
    table: &mut Table,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), (String, String)> {
    let lower = name.get(PREFIX.len()..).unwrap_or_default().to_ascii_lowercase();
    let Some((section, key)) = lower.split_once('_') else {
        let message = "expected XT211_<SECTION>_<KEY>, such as XT211_MQTT_URL";
        return Err((lower, message.into()));
    };
    let (key, from_file) = match key.strip_suffix("_file").filter(|key| is_secret(key)) {
        Some(secret) => (secret, true),
        None => (key, false),
    };
    let full_key = format!("{section}.{key}");
    let refuse = |message: String| (full_key.clone(), message);
    let value = value.into_string().map_err(|_| refuse("is not UTF-8".into()))?;
    let value = if from_file { secret_from(&value).map_err(refuse)? } else { value };
    let typed = typed(section, key, value).map_err(refuse)?;
    if let Some(other) = variables.get(&full_key) {
        return Err(refuse(format!("{other} sets the same; keep one of them")));
    }
    let settings = match section {
        "meter" => the_one_meter(table),
        _ => table.entry(section).or_insert_with(|| Table::new().into()).as_table_mut(),
    };
    let settings =
        settings.ok_or_else(|| refuse("the file has several meters; set it there".into()))?;
    settings.insert(key.to_owned(), typed);
    variables.insert(full_key, name.to_owned());
    Ok(())
}

/// A secret's file without the line break at its end, which editors add. The path is not quoted:
/// it may be the secret itself, given by mistake.
fn secret_from(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("the file that it names cannot be read: {error}"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err("the file that it names is empty".into()),
        secret => Ok(secret.to_owned()),
    }
}

/// The value in the type that its setting has: a text if it takes one, else a number or a switch.
pub(super) fn typed(section: &str, key: &str, text: String) -> Result<Value, String> {
    let candidates = [
        text.parse().map(Value::Boolean).ok(),
        text.parse().map(Value::Integer).ok(),
        text.parse().map(Value::Float).ok(),
    ];
    let as_text = Value::String(text);
    let refused = match accepted(section, key, &as_text) {
        Ok(()) => return Ok(as_text),
        Err(message) => message,
    };
    candidates
        .into_iter()
        .flatten()
        .find(|value| accepted(section, key, value).is_ok())
        .ok_or(refused)
}

/// Whether a setting is one, and takes a value of this type.
fn accepted(section: &str, key: &str, value: &Value) -> Result<(), String> {
    let settings = Value::Table(Table::from_iter([(key.to_owned(), value.clone())]));
    let settings = if section == "meter" { Value::Array(vec![settings]) } else { settings };
    Table::from_iter([(section.to_owned(), settings)])
        .try_into::<RawConfig>()
        .map(drop)
        .map_err(|error| in_words(error.message()))
}

/// The parser's words, without those for programmers.
fn in_words(message: &str) -> String {
    let types =
        [("expected f64", "expected a number"), ("expected u32", "expected a whole number")];
    let message = message.trim().replace('\n', "; ");
    types.iter().fold(message, |message, (rust, words)| message.replace(rust, words))
}

/// The only meter, made if there is none; `None` if there are several.
fn the_one_meter(table: &mut Table) -> Option<&mut Table> {
    let meters = table.entry("meter").or_insert_with(|| Value::Array(Vec::new()));
    let meters = meters.as_array_mut()?;
    if meters.is_empty() {
        meters.push(Table::new().into());
    }
    match meters.as_mut_slice() {
        [meter] => meter.as_table_mut(),
        _ => None,
    }
}
