//! Where settings come from: the file, and over it the environment.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{ConfigError, Problem, raw::RawConfig};

/// Where the file is looked for when nobody says.
const USUAL_PLACES: [&str; 2] = ["xt211-bridge.toml", "/etc/xt211-bridge/config.toml"];

/// What every environment variable of ours begins with.
const PREFIX: &str = "XT211_";

/// Variables that are not settings.
const NOT_SETTINGS: [&str; 2] = ["XT211_CONFIG", "XT211_LOG"];

/// The settings as written, and where each of them stands.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) raw: RawConfig,
    file: Option<PathBuf>,
    /// Settings from the environment (`mqtt.url`), with the variable that holds each.
    variables: BTreeMap<String, String>,
}

impl Source {
    /// Reads the given file, else the first of the usual places that exists, else none.
    pub(super) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let usual = || USUAL_PLACES.iter().map(PathBuf::from).find(|place| place.is_file());
        match file.map(Path::to_owned).or_else(usual) {
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
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = parse(text, file.as_deref())?;
        let mut variables = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, value) in environment {
            if !name.starts_with(PREFIX) || NOT_SETTINGS.contains(&name.as_str()) {
                continue;
            }
            match apply(&name, value, &mut table) {
                Ok(key) => {
                    variables.insert(key, name);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        // Cannot fail: the file was read as this type, and so was each variable.
        let raw = table.try_into().map_err(|error: toml::de::Error| {
            Problem::new("configuration", error.message().to_owned())
        })?;
        Ok(Self { raw, file, variables })
    }

    /// Where a setting stands, for an error about it: the variable, or the key in the file.
    pub(super) fn place(&self, key: &str) -> String {
        match (self.variables.get(key), &self.file) {
            (Some(variable), _) => format!("environment variable {variable}"),
            (None, Some(file)) => format!("{}: {key}", file.display()),
            (None, None) => format!("default settings: {key}"),
        }
    }

    /// The file that was read.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Reads the file's text, and checks it against the types of all settings.
fn parse(text: &str, file: Option<&Path>) -> Result<Table, Problem> {
    let place = |error: &toml::de::Error| {
        let name = file.map_or_else(|| "configuration".into(), |file| file.display().to_string());
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        match key_at(text, line) {
            Some(key) => format!("{name}, line {line}: {key}"),
            None => format!("{name}, line {line}"),
        }
    };
    // Only the message: the whole error would quote the line, which may hold a secret.
    let problem = |error: toml::de::Error| Problem::new(place(&error), remedy(error.message()));
    toml::from_str::<RawConfig>(text).map_err(problem)?;
    toml::from_str(text).map_err(problem)
}

/// The key that a line sets, with its section: `mqtt.url`.
fn key_at(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line).collect();
    let (last, before) = lines.split_last()?;
    let key = last.split_once('=')?.0.trim();
    let section = before.iter().rev().find_map(|line| line.trim().strip_prefix('['));
    let section = section.map(|rest| rest.trim_matches(['[', ']', ' ']));
    Some(section.map_or_else(|| key.to_owned(), |section| format!("{section}.{key}")))
}

/// Says what to do where the parser only says what it met.
fn remedy(message: &str) -> String {
    match message {
        "invalid type: map, expected a sequence" => {
            "meters are a list: write [[meter]] with two brackets".into()
        }
        _ => message.trim().replace('\n', "; "),
    }
}

/// Sets what one environment variable says, and returns its key.
fn apply(name: &str, value: String, table: &mut Table) -> Result<String, Problem> {
    let place = || format!("environment variable {name}");
    let lower = name.get(PREFIX.len()..).unwrap_or_default().to_ascii_lowercase();
    let Some((section, key)) = lower.split_once('_') else {
        return Err(Problem::new(
            place(),
            "expected XT211_<SECTION>_<KEY>, such as XT211_MQTT_URL",
        ));
    };
    let (key, value) = match key.strip_suffix("_file") {
        Some(secret @ ("password" | "token")) => (secret, secret_from(&value, &place)?),
        _ => (key, value),
    };

    let typed = typed(section, key, value).map_err(|message| Problem::new(place(), message))?;
    let section_table = match section {
        "meter" => the_one_meter(table)
            .ok_or_else(|| Problem::new(place(), "the file has several meters; set it there"))?,
        _ => table
            .entry(section)
            .or_insert_with(|| Table::new().into())
            .as_table_mut()
            // Cannot happen: the file was checked to have tables there.
            .ok_or_else(|| Problem::new(place(), format!("{section} is not a section")))?,
    };
    section_table.insert(key.to_owned(), typed);
    Ok(format!("{section}.{key}"))
}

/// A secret's file without the line break at its end, which editors add.
fn secret_from(path: &str, place: &dyn Fn() -> String) -> Result<String, Problem> {
    let text = fs::read_to_string(path)
        .map_err(|error| Problem::new(place(), format!("cannot read {path}: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The value in the type that its setting has: a text if it takes one, else a number or a switch.
fn typed(section: &str, key: &str, text: String) -> Result<Value, String> {
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

/// Whether a setting takes a value of this type.
fn accepted(section: &str, key: &str, value: &Value) -> Result<(), String> {
    let settings = Value::Table(Table::from_iter([(key.to_owned(), value.clone())]));
    let settings = if section == "meter" { Value::Array(vec![settings]) } else { settings };
    Table::from_iter([(section.to_owned(), settings)])
        .try_into::<RawConfig>()
        .map(drop)
        .map_err(|error| remedy(error.message()))
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
